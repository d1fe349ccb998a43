import { useEffect, useId, useRef, useState, type ClipboardEvent, type KeyboardEvent } from "react";

import { m } from "@/i18n/language";
import { readDraft, writeDraft } from "@/lib/stored-text";
import { useDropZone } from "@/lib/use-files";

import { AttachmentList } from "./attachment-list";
import { CommandMenu, matchingCommands, type Command } from "./command-menu";
import { Icon, Spinner } from "./icons";

interface ComposerProps {
  /** Under which name the unfinished text is kept across reloads. */
  draftKey: string;
  placeholder: string;
  label: string;
  rows: number;
  busy: boolean;
  /** What a text that begins with a slash may run; none by default. */
  commands?: readonly Command[];
  /** Takes the text and its files; a promise that is rejected puts them back. */
  onSend: (text: string, files: File[]) => void | Promise<void>;
}

const MOST_FILES = 20;

/** A text field that grows with its text. Enter sends, Shift+Enter makes a new line; it can always be typed in. */
export function Composer({ draftKey, placeholder, label, rows, busy, commands = [], onSend }: ComposerProps) {
  const [text, setText] = useState(() => readDraft(draftKey));
  const [files, setFiles] = useState<readonly File[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const menuId = useId();
  const canSend = (text.trim() !== "" || files.length > 0) && !busy && !isSending;
  const found = dismissed === text ? [] : matchingCommands(commands, text);
  const at = Math.min(chosen, found.length - 1);

  useEffect(() => {
    writeDraft(draftKey, text);
  }, [draftKey, text]);

  // On a phone the keyboard would cover half of the page at once.
  useEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  const attach = (added: File[]) => {
    if (added.length === 0) return;
    setProblem(files.length + added.length > MOST_FILES ? m.chat.composer.tooMany(MOST_FILES) : null);
    setFiles([...files, ...added].slice(0, MOST_FILES));
  };
  const drop = useDropZone(attach);

  const send = async () => {
    if (!canSend) return;
    const sentFiles = files;
    setText("");
    setFiles([]);
    setProblem(null);
    setSending(sentFiles.length > 0);
    try {
      await onSend(text.trim(), [...sentFiles]);
    } catch (error) {
      setText((typed) => (typed === "" ? text : `${text}\n${typed}`));
      setFiles((added) => [...sentFiles, ...added]);
      setProblem(error instanceof Error ? m.chat.composer.failed(error.message) : m.common.somethingWrong);
    } finally {
      setSending(false);
    }
  };

  const run = (command: Command | undefined) => {
    if (command === undefined) return;
    setText("");
    command.run();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (found.length > 0) {
      const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (step !== 0) setChosen((at + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") run(found[at]);
      else if (event.key === "Escape") setDismissed(text);
      else return;
      event.preventDefault();
      return;
    }
    if (event.key !== "Enter" || event.shiftKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    void send();
  };

  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0) return;
    event.preventDefault();
    attach(pasted);
  };

  const box = "col-start-1 row-start-1 px-1 py-3 text-base leading-6 sm:text-[0.9375rem] whitespace-pre-wrap [overflow-wrap:anywhere]";
  return (
    <form
      {...drop.handlers}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      className="relative rounded-2xl border border-line-strong bg-raised shadow-sm focus-within:border-accent focus-within:ring-2 focus-within:ring-accent/15"
    >
      {found.length > 0 && <CommandMenu id={menuId} commands={found} chosen={at} onChoose={run} />}
      {drop.isOver && (
        <p className="pointer-events-none absolute inset-0 z-10 flex items-center justify-center rounded-2xl border-2 border-dashed border-accent bg-raised/90 text-sm font-medium text-accent">
          {m.chat.composer.dropHere}
        </p>
      )}
      {files.length > 0 && (
        <AttachmentList files={files} onRemove={(removed) => setFiles(files.filter((file) => file !== removed))} />
      )}
      {problem !== null && (
        <p role="alert" className="px-4 pt-2.5 text-sm text-bad">
          {problem}
        </p>
      )}
      {/* A tall field has its buttons below, a low one at its sides. */}
      <div className={rows > 1 ? "grid grid-cols-[1fr_auto] items-end" : "flex items-end"}>
        <button
          type="button"
          aria-label={m.chat.composer.attach}
          title={m.chat.composer.attach}
          onClick={() => picker.current?.click()}
          className="m-2 mr-1 inline-flex size-9 shrink-0 items-center justify-center rounded-xl text-muted transition-colors hover:bg-panel hover:text-ink"
        >
          <Icon name="clip" className="size-[1.125rem]" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          tabIndex={-1}
          aria-label={m.chat.composer.attach}
          onChange={(event) => {
            attach([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <div
          className={`grid max-h-[40dvh] min-w-0 flex-1 overflow-y-auto ${rows > 1 ? "order-first col-span-2 px-3" : ""}`}
        >
          <div aria-hidden="true" className={`${box} invisible`}>
            {text}{" "}
          </div>
          <textarea
            ref={field}
            value={text}
            rows={rows}
            aria-label={label}
            aria-controls={found.length > 0 ? menuId : undefined}
            aria-activedescendant={found.length > 0 ? `${menuId}-${at}` : undefined}
            placeholder={placeholder}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            enterKeyHint="send"
            className={`${box} resize-none overflow-hidden bg-transparent outline-none placeholder:text-muted`}
          />
        </div>
        <button
          type="submit"
          aria-label={m.chat.composer.send}
          title={m.chat.composer.sendTitle}
          disabled={!canSend}
          className="m-2 inline-flex size-9 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-colors hover:bg-accent-strong disabled:cursor-default disabled:bg-line disabled:text-muted"
        >
          {busy || isSending ? <Spinner /> : <Icon name="send" className="size-[1.125rem]" />}
        </button>
      </div>
    </form>
  );
}
