import { memo, useMemo } from "react";

import { parseAnsi, type Span } from "@/lib/ansi";

const COLORS: Record<string, string> = {
  black: "text-[#8a8178]",
  red: "text-[#f2938b]",
  green: "text-[#7fd1a3]",
  yellow: "text-[#e6c07b]",
  blue: "text-[#8db8ea]",
  magenta: "text-[#d3a0dc]",
  cyan: "text-[#7fcad1]",
  white: "text-[#f4efe8]",
};

function classOf({ color, bold, dim }: Span): string {
  return [color === null ? "" : (COLORS[color] ?? ""), bold ? "font-bold" : "", dim ? "opacity-60" : ""].join(" ").trim();
}

/** Output of a terminal with its colors. */
export const TerminalText = memo(function TerminalText({ text }: { text: string }) {
  const spans = useMemo(() => parseAnsi(text), [text]);
  return (
    <>
      {spans.map((span, at) => {
        const style = classOf(span);
        return style === "" ? span.text : (
          <span key={at} className={style}>
            {span.text}
          </span>
        );
      })}
    </>
  );
});
