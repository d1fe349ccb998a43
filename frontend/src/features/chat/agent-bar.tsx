import { Button } from "@/components/button";
import { Elapsed } from "@/components/elapsed";
import { Icon, Spinner } from "@/components/icons";
import { isWorking, runningStep } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { stateInWords, statusInWords } from "@/conversation/words";
import { m } from "@/i18n/language";
import type { OutgoingAction } from "@/wire/outbox";

interface AgentBarProps {
  view: ConversationView;
  /** Has the server ended the session? Then resuming it comes first. */
  hasEnded: boolean;
  onSend: (action: OutgoingAction) => void;
}

const state = (to: Extract<OutgoingAction, { kind: "state" }>["state"]): OutgoingAction => ({ kind: "state", state: to });

/** The command that runs now, or null. */
function runningCommand(view: ConversationView): string | null {
  const action = runningStep(view)?.action;
  return action?.action === "run" ? action.args.command : null;
}

/** What the agent is at now, in one line. */
function nowInWords(view: ConversationView): string {
  const { agentState } = view;
  const words = m.chat.agentBar;
  if (agentState === null || agentState === "loading") {
    return (view.status && statusInWords(view.status.id)) ?? words.gettingReady;
  }
  if (agentState === "running") {
    if (view.status?.id === "STATUS$LLM_RETRY") return statusInWords("STATUS$LLM_RETRY") ?? words.working;
    const step = runningStep(view);
    if (step === null) return words.thinking;
    return step.action.action === "run" ? words.runningCommand : words.usingTool;
  }
  return stateInWords(agentState);
}

const DOTS: Record<string, string> = {
  finished: "bg-ok",
  error: "bg-bad",
  rejected: "bg-bad",
  awaiting_user_confirmation: "bg-warn",
  awaiting_user_input: "bg-accent",
};

/** The agent's state, and the one thing one can do about it. Always there, so that nothing jumps. */
export function AgentBar({ view, hasEnded, onSend }: AgentBarProps) {
  const { agentState } = view;
  const words = m.chat.agentBar;
  const isBusy = !hasEnded && (isWorking(view) || agentState === null || agentState === "loading");
  const command = isBusy ? runningCommand(view) : null;
  return (
    <div className="flex h-11 items-center gap-2.5 px-1 text-sm" data-testid="agent-bar" data-state={agentState ?? ""}>
      {isBusy ? (
        <Spinner className="size-4 text-accent" />
      ) : (
        <span className={`mx-1 size-2 shrink-0 rounded-full ${DOTS[agentState ?? ""] ?? "bg-line-strong"}`} />
      )}
      <span className="flex min-w-0 flex-1 items-baseline gap-2 text-muted">
        <span className="shrink-0" role="status">
          {hasEnded ? words.sessionEnded : nowInWords(view)}
        </span>
        {command !== null && <code className="truncate font-mono text-xs">{command.split("\n")[0]}</code>}
        {isBusy && isWorking(view) && <Elapsed key={runningStep(view)?.id ?? view.rows.at(-1)?.id} className="shrink-0 text-xs text-muted" />}
      </span>
      {!hasEnded && isWorking(view) && (
        <>
          <Button look="quiet" onClick={() => onSend(state("paused"))} className="min-h-8 px-2.5" title={words.pause}>
            <Icon name="pause" className="size-3.5" />
            <span className="hidden sm:inline">{words.pause}</span>
          </Button>
          <Button onClick={() => onSend(state("stopped"))} className="min-h-8 px-3" title={words.stopTitle}>
            <Icon name="stop" className="size-3.5 fill-current" /> {words.stop}
            <kbd className="hidden font-sans text-2xs text-muted sm:inline">{"Esc"}</kbd>
          </Button>
        </>
      )}
      {!hasEnded && (agentState === "stopped" || agentState === "paused") && (
        <Button onClick={() => onSend(state("running"))} className="min-h-8 px-3">
          <Icon name="play" className="size-3.5 fill-current" /> {words.continue}
        </Button>
      )}
      {!hasEnded && agentState === "error" && (
        <Button onClick={() => onSend(state("running"))} className="min-h-8 px-3">
          {words.tryAgain}
        </Button>
      )}
    </div>
  );
}
