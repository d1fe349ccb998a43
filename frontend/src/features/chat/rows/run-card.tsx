import { Clipped } from "@/components/clipped";
import { Elapsed } from "@/components/elapsed";
import { Spinner } from "@/components/icons";
import { TerminalText } from "@/components/terminal-text";
import { isAwaitingApproval } from "@/conversation/reduce";
import type { ActionOf, StepRow } from "@/conversation/view";
import { m } from "@/i18n/language";
import { duration } from "@/lib/format";

import { ShortPaths } from "./workspace";

const OUTPUT_LINES = 8;
const COMMAND_LINES = 8;

/** Commands that are keys, in words. */
function keyInWords(command: string): string | null {
  const { keys } = m.chat.run;
  if (command === "") return keys.look;
  if (command === "C-c") return keys.interrupt;
  if (command === "C-d") return keys.end;
  return command === "C-z" ? keys.suspend : null;
}

interface RunCardProps {
  row: StepRow;
  action: ActionOf<"run">;
  liveOutput: string;
}

function Outcome({ row, action }: { row: StepRow; action: ActionOf<"run"> }) {
  const { observation } = row;
  if (observation === null) {
    if (isAwaitingApproval(action)) return <Badge look="warn">{m.chat.run.needsApproval}</Badge>;
    return (
      <span className="flex items-center gap-2 text-xs text-term-muted">
        <Elapsed />
        <Spinner className="size-3.5" />
        <span className="sr-only">{m.chat.run.running}</span>
      </span>
    );
  }
  const took = duration(action.timestamp, observation.timestamp);
  return (
    <span className="flex items-center gap-2.5 text-xs text-term-muted">
      {action.source === "user" && <span>{m.chat.run.byYou}</span>}
      {took !== null && <span className="hidden tabular-nums sm:inline">{took}</span>}
      <ExitBadge row={row} />
    </span>
  );
}

function ExitBadge({ row }: { row: StepRow }) {
  const { observation } = row;
  if (observation?.observation === "run") {
    const code = observation.extras.metadata.exit_code;
    if (code === 0) return <Badge look="ok">{m.chat.run.exit(0)}</Badge>;
    if (code === -1) return <Badge look="warn">{m.chat.run.stillRunning}</Badge>;
    return <Badge look="bad">{m.chat.run.exit(code)}</Badge>;
  }
  if (observation?.observation === "user_rejected") return <Badge look="warn">{m.chat.run.rejected}</Badge>;
  if (observation?.observation === "error" && observation.extras.error_id.endsWith("_STOPPED")) {
    return <Badge look="warn">{m.chat.run.stopped}</Badge>;
  }
  return <Badge look="bad">{m.chat.run.notRun}</Badge>;
}

const BADGES = {
  ok: "bg-[#17301f] text-[#7fd1a3]",
  bad: "bg-[#43201c] text-[#f7a59d]",
  warn: "bg-[#3a2d11] text-[#edc478]",
};

function Badge({ look, children }: { look: keyof typeof BADGES; children: React.ReactNode }) {
  return (
    <span className={`rounded-md px-1.5 py-px font-mono text-2xs font-medium whitespace-nowrap ${BADGES[look]}`}>
      {children}
    </span>
  );
}

/** A command and its output, as a terminal would show them. Dark in both themes, as terminals are. */
export function RunCard({ row, action, liveOutput }: RunCardProps) {
  const { observation } = row;
  const { command, is_input: isInput } = action.args;
  const isRunning = observation === null;
  // A command that was cut short leaves what it printed so far, and a word on why it ended.
  const hasOutput = observation?.observation === "run";
  const output = (hasOutput ? observation.content : liveOutput).trimEnd();
  const ending = observation !== null && !hasOutput ? observation.content : "";
  const special = keyInWords(command);
  return (
    <section
      aria-label={m.chat.run.command(command)}
      data-testid="run-card"
      className="overflow-hidden rounded-xl border border-term-line bg-term font-mono text-[0.8125rem] leading-5 text-term-ink"
    >
      <div className="flex items-start gap-3 px-3.5 py-2.5">
        <span className="text-[#ef8f62] select-none" aria-hidden="true">
          {isInput ? ">" : "$"}
        </span>
        <div className="min-w-0 flex-1">
          {special === null ? (
            <Clipped
              text={command}
              limit={COMMAND_LINES}
              keep="start"
              buttonClassName="border-transparent text-term-muted hover:text-term-ink !px-0"
              render={(text) => (
                <pre className="font-medium whitespace-pre-wrap [overflow-wrap:anywhere]">
                  {/* Who is asked to approve a command sees all of it. */}
                  {isAwaitingApproval(action) ? text : <ShortPaths text={text} />}
                </pre>
              )}
            />
          ) : (
            <span className="text-term-muted italic">{special}</span>
          )}
        </div>
        <Outcome row={row} action={action} />
      </div>
      {output !== "" && (
        <div className="border-t border-term-line" data-testid="run-output" aria-live={isRunning ? "off" : undefined}>
          <Clipped
            text={output}
            limit={OUTPUT_LINES}
            keep={isRunning ? "end" : "start"}
            buttonClassName="border-term-line text-term-muted hover:text-term-ink"
            render={(text) => (
              <pre
                tabIndex={0}
                aria-label={m.chat.run.output}
                className="max-h-[26rem] overflow-auto px-3.5 py-2.5 whitespace-pre-wrap [overflow-wrap:anywhere] focus-visible:-outline-offset-2"
              >
                <TerminalText text={text} />
              </pre>
            )}
          />
        </div>
      )}
      {ending !== "" && (
        <p className="border-t border-term-line px-3.5 py-1.5 font-sans text-xs text-term-muted" data-testid="run-ending">
          {ending}
        </p>
      )}
      {output === "" && observation?.observation === "run" && special === null && (
        <div className="flex items-center gap-2 border-t border-term-line px-3.5 py-1.5 text-xs text-term-muted">
          {observation.extras.metadata.exit_code === -1 ? m.chat.run.noOutputYet : m.chat.run.noOutput}
        </div>
      )}
    </section>
  );
}
