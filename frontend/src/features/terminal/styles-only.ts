/** What of a program's output reaches the screen: text, colors and rewritten lines, but nothing that moves or asks. */

const SEQUENCE =
  /\x1b\[[0-9;:?<=>!]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[()*+#%][ -~]|\x1b[ -~]|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]|[\x80-\x9f]/g;
/** Colors and weights, and erasing the rest of a line, as progress bars do. */
const KEPT = /^\x1b\[(?:[0-9;:]*m|[0-2]?K)$/;
/** The beginning of a sequence whose end has not come yet. */
const UNFINISHED = /\x1b(?:\[[0-9;:?<=>!]*[ -/]*|[\]PX^_][^\x07\x1b]*)?$/;
/** A sequence that is longer than this is none. */
const LONGEST = 4096;

export interface Styled {
  text: string;
  /** Belongs before what comes next. */
  rest: string;
}

/** Returns what may be written of a piece of output. */
export function keepStyles(piece: string): Styled {
  const begun = UNFINISHED.exec(piece)?.index ?? piece.length;
  const end = piece.length - begun > LONGEST ? piece.length : begun;
  const text = piece.slice(0, end).replace(SEQUENCE, (sequence) => (KEPT.test(sequence) ? sequence : ""));
  return { text, rest: piece.slice(end) };
}
