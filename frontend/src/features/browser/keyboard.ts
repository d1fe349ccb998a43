/** What a key means to the page in the picture. */

import type { BrowserInput } from "@/wire/live-browser";

/** What we use of a keyboard event. */
export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  isComposing: boolean;
  getModifierState: (name: string) => boolean;
}

export type KeyMeaning =
  | { kind: "input"; input: BrowserInput }
  /** The person leaves the picture. */
  | { kind: "leave" }
  /** The field takes it: text that is being composed, what is pasted, a key of a phone. */
  | { kind: "field" }
  /** It means nothing by itself. */
  | { kind: "nothing" };

/** Keys that the page knows by name. */
const NAMED = new Set([
  "Enter", "Tab", "Escape", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown",
  "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
  "F1", "F2", "F3", "F4", "F6", "F10", "F11", "F12",
]);

const isText = (key: string) => /^.$/su.test(key);
/** What is on every keyboard goes as a key, which pages can listen to. */
const isPlain = (key: string) => /^[\x20-\x7e]$/.test(key);

export function meaningOf(press: KeyPress): KeyMeaning {
  const { key } = press;
  if (press.isComposing || key === "Process" || key === "Unidentified" || key === "Dead") return { kind: "field" };
  // With AltGr, and with Option on a Mac, keys write other characters.
  const writes = press.getModifierState("AltGraph") || (press.altKey && !press.ctrlKey && !press.metaKey && isText(key) && !isPlain(key));
  const isControl = !writes && (press.ctrlKey || press.metaKey);
  const isAlt = !writes && press.altKey;
  if (isControl && press.shiftKey && key === "Enter") return { kind: "leave" };
  if (isControl && !isAlt && key.toLowerCase() === "v") return { kind: "field" };
  if (key === "F5" || (isControl && !isAlt && key.toLowerCase() === "r")) return { kind: "input", input: { type: "reload" } };
  if (isAlt && !isControl && key === "ArrowLeft") return { kind: "input", input: { type: "back" } };
  if (isAlt && !isControl && key === "ArrowRight") return { kind: "input", input: { type: "forward" } };
  if (!isText(key) && !NAMED.has(key)) return { kind: "nothing" };
  if (isText(key) && !isControl && !isAlt) {
    return { kind: "input", input: isPlain(key) ? { type: "keys", keys: key } : { type: "text", text: key } };
  }
  const held = [isControl && "Control", isAlt && "Alt", press.shiftKey && "Shift"].filter((name) => name !== false);
  const last = isText(key) ? key.toLowerCase() : key;
  return { kind: "input", input: { type: "keys", keys: [...held, last].join("+") } };
}
