import { Children, isValidElement, memo, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";

import { m } from "@/i18n/language";
import { isRecord, stringAt } from "@/lib/guards";

import { CodeBlock } from "./code-block";

/** An image from elsewhere tells its host who is reading: it is a link, and opens in a tab of its own. */
function ImageLink({ src, alt }: { src: string; alt: string }) {
  return (
    <a
      href={src}
      target="_blank"
      rel="noreferrer noopener"
      className="inline-block rounded-lg border border-dashed border-line-strong px-3 py-1.5 text-sm"
    >
      {m.chat.markdown.openImage(alt)} <span className="text-xs break-all">({src.slice(0, 80)})</span>
    </a>
  );
}

/** A fenced block: the only child of `pre` is the code, whose class names the language. */
function Pre({ children }: { children?: ReactNode }) {
  const code = Children.toArray(children)[0];
  if (!isValidElement(code) || !isRecord(code.props)) return <pre>{children}</pre>;
  const language = /language-([\w+#.-]+)/.exec(stringAt(code.props, "className") ?? "")?.[1] ?? "";
  return <CodeBlock code={(stringAt(code.props, "children") ?? "").replace(/\n$/, "")} language={language} />;
}

const components: Components = {
  img: ({ src, alt }) => (typeof src === "string" ? <ImageLink src={src} alt={alt ?? ""} /> : null),
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  // Only the lists of tasks have inputs.
  input: ({ checked }) => {
    const { done, todo } = m.chat.plan.states;
    return <input type="checkbox" disabled checked={checked === true} readOnly aria-label={checked === true ? done : todo} />;
  },
  pre: ({ children }) => <Pre>{children}</Pre>,
  table: ({ children }) => (
    <div className="table-scroll" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

/** Text the model wrote, as Markdown; HTML in it stays text. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose-chat">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});
