import { useEffect } from "react";

/** Keys by name, with `ctrl+` and `shift+` in this order before them, or `alt+` before a digit; Ctrl is Cmd on a Mac. */
export type Hotkeys = Record<string, () => void>;

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/** Runs what a key stands for, unless a dialog is open. A key by itself means nothing in a text field. */
export function useHotkeys(keys: Hotkeys): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
      const isControl = event.ctrlKey || event.metaKey;
      if (!isControl && !event.altKey && isField(event.target)) return;
      const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const name = `${isControl ? "ctrl+" : ""}${isControl && event.shiftKey ? "shift+" : ""}${letter}`;
      // With Alt a digit may be another character; with Ctrl as well it is AltGr, which writes.
      const digit = event.altKey && !isControl ? /^Digit(\d)$/.exec(event.code)?.[1] : undefined;
      const action = digit === undefined ? (event.altKey ? undefined : keys[name]) : keys[`alt+${digit}`];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
}
