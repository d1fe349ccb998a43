import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";

import { conversationPages } from "@/api/conversations";
import type { Command } from "@/components/command-menu";
import { Icon, type IconName } from "@/components/icons";
import { m } from "@/i18n/language";

interface PaletteProps {
  commands: readonly Command[];
  onClose: () => void;
}

interface Entry {
  key: string;
  group: "conversations" | "commands";
  icon: IconName;
  title: string;
  aside: string;
  run: () => void;
}

const MOST_CONVERSATIONS = 8;

/** Finds conversations and commands by what they are called. */
export function Palette({ commands, onClose }: PaletteProps) {
  const navigate = useNavigate();
  const pages = useInfiniteQuery(conversationPages);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const matches = (title: string) => words.every((word) => title.toLocaleLowerCase().includes(word));
  const all = pages.data?.pages.flatMap((page) => page.conversations) ?? [];
  const entries: Entry[] = [
    ...all
      .filter(({ title, repository }) => matches(`${title} ${repository ?? ""}`))
      .slice(0, MOST_CONVERSATIONS)
      .map(
        ({ id, title, repository }): Entry => ({
          key: id,
          group: "conversations",
          icon: "chat",
          title,
          aside: repository ?? "",
          run: () => void navigate(`/conversations/${encodeURIComponent(id)}`),
        }),
      ),
    ...commands
      .filter(({ name, title }) => matches(`${title} ${name}`))
      .map(
        ({ name, title, run }): Entry => ({ key: `/${name}`, group: "commands", icon: "chevron", title, aside: `/${name}`, run }),
      ),
  ];
  const at = Math.min(chosen, entries.length - 1);

  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && entries.length > 0) {
      const next = (at + step + entries.length) % entries.length;
      setChosen(next);
      document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) choose(entries[at]);
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      aria-label={m.shell.palette.title}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      className="mx-auto mt-[12vh] w-[min(36rem,calc(100vw-2rem))] overflow-hidden rounded-2xl border border-line-strong bg-raised p-0 text-ink shadow-2xl"
    >
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Icon name="search" className="text-muted" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={entries.length > 0 ? `${listId}-${at}` : undefined}
          aria-label={m.shell.palette.placeholder}
          placeholder={m.shell.palette.placeholder}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-muted"
        />
      </div>
      <ul id={listId} role="listbox" aria-label={m.shell.palette.title} className="max-h-[50vh] overflow-y-auto p-1.5">
        {entries.length === 0 && (
          <li role="option" aria-selected="false" aria-disabled="true" className="px-3 py-4 text-sm text-muted">
            {m.shell.palette.nothing}
          </li>
        )}
        {entries.map((entry, index) => (
          <li
            key={entry.key}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => setChosen(index)}
            onClick={() => choose(entry)}
            className={`flex min-h-9 cursor-pointer items-center gap-3 rounded-lg px-3 text-sm ${index === at ? "bg-accent-soft" : ""} ${
              entry.group === "commands" && entries[index - 1]?.group === "conversations" ? "mt-1.5" : ""
            }`}
          >
            <Icon name={entry.icon} className="size-3.5 text-muted" />
            <span className="min-w-0 flex-1 truncate">{entry.title}</span>
            <span className="max-w-40 shrink-0 truncate font-mono text-2xs text-muted">{entry.aside}</span>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
