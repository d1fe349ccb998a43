import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { readStored, writeStored } from "@/lib/stored-text";

import { Icon, Spinner } from "./icons";

interface ComposerProps {
  /** Under which name the unfinished text is kept across reloads. */
  draftKey: string;
  placeholder: string;
  label: string;
  rows: number;
  busy: boolean;
  /** Takes the text; a promise that is rejected puts it back. */
  onSend: (text: string) => void | Promise<void>;
}

/** A text field that grows with its text. Enter sends, Shift+Enter makes a new line; it can always be typed in. */
export function Composer({ draftKey, placeholder, label, rows, busy, onSend }: ComposerProps) {
  const [text, setText] = useState(() => readStored(draftKey));
  const field = useRef<HTMLTextAreaElement>(null);
  const canSend = text.trim() !== "" && !busy;

  useEffect(() => {
    writeStored(draftKey, text);
  }, [draftKey, text]);

  // On a phone the keyboard would cover half of the page at once.
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  const send = async () => {
    if (!canSend) return;
    const sent = text;
    setText("");
    try {
      await onSend(sent.trim());
    } catch {
      setText((typed) => (typed === "" ? sent : `${sent}\n${typed}`));
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };

  const box = "col-start-1 row-start-1 px-4 py-3 text-base leading-6 sm:text-[0.9375rem] whitespace-pre-wrap [overflow-wrap:anywhere]";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      className="flex items-end rounded-2xl border border-line-strong bg-raised shadow-sm focus-within:border-accent focus-within:ring-2 focus-within:ring-accent/15"
    >
      <div className="grid max-h-[40dvh] min-w-0 flex-1 overflow-y-auto">
        <div aria-hidden="true" className={`${box} invisible`}>
          {text}{" "}
        </div>
        <textarea
          ref={field}
          value={text}
          rows={rows}
          aria-label={label}
          placeholder={placeholder}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          enterKeyHint="send"
          className={`${box} resize-none overflow-hidden bg-transparent outline-none placeholder:text-muted`}
        />
      </div>
      <button
        type="submit"
        aria-label="Send"
        title="Send (Enter)"
        disabled={!canSend}
        className="m-2 inline-flex size-9 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-colors hover:bg-accent-strong disabled:cursor-default disabled:bg-line disabled:text-muted"
      >
        {busy ? <Spinner /> : <Icon name="send" className="size-[1.125rem]" />}
      </button>
    </form>
  );
}
