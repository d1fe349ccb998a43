import { useEffect, useRef, useState } from "react";

import { CopyButton } from "@/components/copy-button";
import { Icon, Spinner } from "@/components/icons";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

import { CommandLine } from "./command-line";
import { openScreen, type Screen } from "./screen";
import { Transcript } from "./transcript";

/** Every command of the conversation as a terminal would show it, and a line for one more. */
export function TerminalPanel({ view, isLive, send, readEarlier, isReadingEarlier }: PanelProps) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<{ screen: Screen; transcript: Transcript } | null>(null);
  const [isEmpty, setEmpty] = useState(true);

  useEffect(() => {
    if (box.current === null) return;
    const screen = openScreen(box.current, m.workspace.terminal.label);
    shown.current = { screen, transcript: new Transcript() };
    return () => {
      shown.current = null;
      screen.close();
    };
  }, []);

  useEffect(() => {
    if (shown.current === null) return;
    const { screen, transcript } = shown.current;
    const { resets, text } = transcript.update(view);
    if (resets) screen.clear();
    screen.write(text);
    setEmpty(transcript.isEmpty);
  }, [view]);

  const { terminal } = m.workspace;
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-term text-term-ink">
      {!view.reachesStart && (
        <div className="flex h-9 shrink-0 items-center justify-between gap-3 border-b border-term-line px-3 text-xs text-term-muted">
          <span className="truncate">{terminal.notAllKnown}</span>
          <button
            type="button"
            onClick={readEarlier}
            disabled={isReadingEarlier}
            className="flex h-7 items-center gap-1.5 rounded-md px-2 font-medium text-term-ink hover:bg-white/10"
          >
            {isReadingEarlier && <Spinner className="size-3.5" />} {m.workspace.loadEarlier}
          </button>
        </div>
      )}
      <div className="group relative min-h-0 flex-1">
        <div ref={box} data-testid="terminal-screen" className="absolute inset-y-2 right-0 left-3 overflow-hidden" />
        {isEmpty ? (
          <div className="pointer-events-none absolute inset-0 flex flex-col items-center justify-center gap-1 bg-term p-6 text-center">
            <Icon name="terminal" className="mb-2 size-6 text-term-muted" />
            <p className="text-sm font-medium">{terminal.empty.title}</p>
            <p className="max-w-sm text-sm leading-5 text-term-muted">{terminal.empty.help}</p>
          </div>
        ) : (
          <CopyButton
            label={terminal.copyAll}
            text={() => shown.current?.screen.text() ?? ""}
            className="absolute top-1 right-4 z-10 !size-8 bg-term !text-term-muted opacity-0 group-hover:opacity-100 focus-visible:opacity-100 hover:!bg-term-line hover:!text-term-ink"
          />
        )}
      </div>
      <CommandLine
        view={view}
        isLive={isLive}
        onRun={(command) => {
          send({ kind: "run", command });
          shown.current?.screen.toEnd();
        }}
        onStop={() => send({ kind: "state", state: "stopped" })}
      />
    </div>
  );
}
