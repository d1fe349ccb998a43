import type { RefObject } from "react";

import { m } from "@/i18n/language";
import type { BrowserInput } from "@/wire/live-browser";

import { meaningOf } from "./keyboard";

/** As much as goes to the page at once; the server takes no longer texts. */
const PART = /[^]{1,2500}/gu;

interface KeyboardFieldProps {
  field: RefObject<HTMLTextAreaElement | null>;
  describedBy: string;
  onInput: (input: BrowserInput) => void;
  onLeave: () => void;
}

/** Takes the keys for the page: a field, because only a field gets composed text, what is pasted and a phone's keyboard. */
export function KeyboardField({ field, describedBy, onInput, onLeave }: KeyboardFieldProps) {
  const type = (text: string) => {
    for (const part of text.match(PART) ?? []) onInput({ type: "text", text: part });
  };
  const empty = (element: HTMLTextAreaElement) => {
    type(element.value);
    element.value = "";
  };
  return (
    <textarea
      ref={field}
      aria-label={m.workspace.browser.live.keyboard}
      aria-describedby={describedBy}
      autoCapitalize="off"
      autoComplete="off"
      spellCheck={false}
      onKeyDown={(event) => {
        // No key is for the interface while the page has them.
        event.stopPropagation();
        const { key, ctrlKey, altKey, metaKey, shiftKey, nativeEvent } = event;
        const { isComposing } = nativeEvent;
        const getModifierState = (name: string) => nativeEvent.getModifierState(name);
        const meaning = meaningOf({ key, ctrlKey, altKey, metaKey, shiftKey, isComposing, getModifierState });
        if (meaning.kind === "leave") onLeave();
        if (meaning.kind === "input") onInput(meaning.input);
        if (meaning.kind === "leave" || meaning.kind === "input") event.preventDefault();
      }}
      onPaste={(event) => {
        event.preventDefault();
        type(event.clipboardData.getData("text/plain"));
      }}
      onInput={(event) => {
        const isComposing = event.nativeEvent instanceof InputEvent && event.nativeEvent.isComposing;
        if (!isComposing) empty(event.currentTarget);
      }}
      onCompositionEnd={(event) => empty(event.currentTarget)}
      className="pointer-events-none absolute inset-0 resize-none text-base opacity-0"
    />
  );
}
