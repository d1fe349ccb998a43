import { useMemo, useRef, useState, type KeyboardEvent } from "react";

import { Icon } from "@/components/icons";
import { isAwaitingConfirmation, isUserCommandRunning, isWorking } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { m } from "@/i18n/language";

interface CommandLineProps {
  view: ConversationView;
  isLive: boolean;
  onRun: (command: string) => void;
  onStop: () => void;
}

/** Why no command can be run now, or null if one can. */
export function whyNot(view: ConversationView, isLive: boolean): string | null {
  const reasons = m.workspace.terminal.disabled;
  if (!isLive) return reasons.notLive;
  if (isUserCommandRunning(view)) return reasons.ownCommand;
  if (isWorking(view)) return reasons.working;
  if (isAwaitingConfirmation(view)) return reasons.asking;
  if (view.agentState === null || view.agentState === "loading") return reasons.loading;
  return null;
}

/** What the user has run in this conversation, oldest first; a command that is repeated counts once. */
export function commandHistory(view: ConversationView): string[] {
  const commands: string[] = [];
  for (const row of view.rows) {
    if (row.kind !== "step" || row.action.action !== "run" || row.action.source !== "user") continue;
    if (commands.at(-1) !== row.action.args.command) commands.push(row.action.args.command);
  }
  return commands;
}

/** A line for a command of the user's own. */
export function CommandLine({ view, isLive, onRun, onStop }: CommandLineProps) {
  const [text, setText] = useState("");
  /** How far back in the history, and what was typed before. */
  const [back, setBack] = useState(0);
  const draft = useRef("");
  const history = useMemo(() => commandHistory(view), [view]);
  const reason = whyNot(view, isLive);
  const isOwn = isLive && isUserCommandRunning(view);

  const run = () => {
    const command = text.trim();
    if (command === "" || reason !== null) return;
    setText("");
    setBack(0);
    onRun(command);
  };
  const recall = (steps: number) => {
    const next = Math.min(history.length, Math.max(0, back + steps));
    if (next === back) return;
    if (back === 0) draft.current = text;
    setBack(next);
    setText(next === 0 ? draft.current : (history.at(-next) ?? ""));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    const hasSelection = event.currentTarget.selectionStart !== event.currentTarget.selectionEnd;
    if (event.key === "ArrowUp") recall(1);
    else if (event.key === "ArrowDown") recall(-1);
    else if (event.key === "c" && event.ctrlKey && isOwn && !hasSelection) onStop();
    else return;
    event.preventDefault();
  };

  const { terminal } = m.workspace;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
      className="shrink-0 border-t border-term-line bg-term px-3 pt-2 pb-[max(0.5rem,env(safe-area-inset-bottom))] text-term-ink"
    >
      <div className="flex h-9 items-center gap-2 rounded-lg border border-term-line px-2.5 focus-within:border-[#ef8f62]">
        <span aria-hidden="true" className="font-mono text-[0.8125rem] font-bold text-[#ef8f62]">
          $
        </span>
        <input
          type="text"
          value={text}
          aria-label={terminal.field}
          aria-describedby="terminal-reason"
          placeholder={terminal.placeholder}
          onChange={(event) => {
            setText(event.target.value);
            setBack(0);
          }}
          onKeyDown={onKeyDown}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          autoCorrect="off"
          enterKeyHint="send"
          className="h-full min-w-0 flex-1 bg-transparent font-mono text-base outline-none placeholder:text-term-muted sm:text-[0.8125rem]"
        />
        {isOwn ? (
          <button
            type="button"
            onClick={onStop}
            aria-label={terminal.stop}
            title={terminal.stop}
            className="-mr-1 inline-flex size-7 items-center justify-center rounded-md bg-[#43201c] text-[#f7a59d] hover:bg-[#5a2a25]"
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            disabled={reason !== null || text.trim() === ""}
            className="-mr-1 h-7 rounded-md px-2 text-xs font-medium text-[#ef8f62] hover:bg-white/10 disabled:cursor-not-allowed disabled:text-term-muted disabled:hover:bg-transparent"
          >
            {terminal.run}
          </button>
        )}
      </div>
      <p id="terminal-reason" role="status" className="h-5 truncate pt-1 text-2xs text-term-muted">
        {reason ?? terminal.hint}
      </p>
    </form>
  );
}
