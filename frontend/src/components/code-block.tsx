import { useEffect, useState, type ReactNode } from "react";

import { CopyButton } from "./copy-button";

interface CodeBlockProps {
  code: string;
  /** As it stands behind the fence; empty if none is named. */
  language: string;
}

/** Longer code is shown plain: coloring it would hold up the page. */
const COLORED_LIMIT = 40_000;

/** Code with its language's colors, which are fetched when the first such block is shown. */
export function CodeBlock({ code, language }: CodeBlockProps) {
  const colored = useColored(code, language);
  return (
    <div className="group/code relative my-3 overflow-hidden rounded-lg border border-term-line bg-term text-term-ink">
      <div className="flex h-8 items-center justify-between border-b border-term-line pr-1 pl-3.5 text-2xs text-term-muted">
        <span className="font-mono">{language}</span>
        <CopyButton text={code} className="!size-7 text-term-muted hover:bg-term-line hover:text-term-ink" />
      </div>
      <pre tabIndex={0} className="code-colors overflow-x-auto px-3.5 py-3 font-mono text-[0.8125rem] leading-5 focus-visible:-outline-offset-2">
        <code>{colored ?? code}</code>
      </pre>
    </div>
  );
}

/** Code in the colors of its language, without a frame; it needs a dark ground. */
export function ColoredCode({ code, language }: CodeBlockProps) {
  const colored = useColored(code, language);
  return <code className="code-colors">{colored ?? code}</code>;
}

function useColored(code: string, language: string): ReactNode {
  const [colored, setColored] = useState<{ code: string; nodes: ReactNode } | null>(null);
  useEffect(() => {
    if (language === "" || code.length > COLORED_LIMIT) return;
    let isGone = false;
    const color = async () => {
      const { highlight } = await import("./highlight");
      if (!isGone) setColored({ code, nodes: highlight(code, language) });
    };
    // Without its colors it can be read all the same.
    color().catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [code, language]);
  return colored?.code === code ? colored.nodes : null;
}
