/** Terminal output as styled text: colors are kept, every other control sequence is dropped. */

export interface Span {
  text: string;
  color: string | null;
  bold: boolean;
  dim: boolean;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const SEQUENCE = /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|\x1b[()][A-Z0-9]/g;
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

type Style = Omit<Span, "text">;

/** Returns what a terminal would show of lines that were rewritten with a carriage return. */
function settleLines(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replace(/\r+\n/g, "\n")
    .split("\n")
    .map((line) => {
      const parts = line.split("\r");
      return parts.findLast((part) => part !== "") ?? "";
    })
    .join("\n");
}

function restyle(style: Style, codes: string): Style {
  let next = style;
  const numbers = codes === "" ? [0] : codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i] ?? 0;
    if (code === 0) next = { color: null, bold: false, dim: false };
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next = { ...next, color: NAMES[code - 30] ?? null };
    else if (code >= 90 && code <= 97) next = { ...next, color: NAMES[code - 90] ?? null };
    else if (code === 39) next = { ...next, color: null };
    else if (code === 38 || code === 48) i += numbers[i + 1] === 5 ? 2 : 4;
  }
  return next;
}

export function parseAnsi(output: string): Span[] {
  const text = settleLines(output);
  const spans: Span[] = [];
  let style: Style = { color: null, bold: false, dim: false };
  let at = 0;
  const push = (piece: string) => {
    const clean = piece.replace(CONTROLS, "");
    if (clean !== "") spans.push({ text: clean, ...style });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") style = restyle(style, match[1] ?? "");
  }
  push(text.slice(at));
  return spans;
}
