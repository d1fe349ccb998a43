import { Button } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { isAwaitingConfirmation, isWorking } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { stateInWords, statusInWords } from "@/conversation/words";
import type { OutgoingAction } from "@/wire/outbox";

interface AgentBarProps {
  view: ConversationView;
  /** Has the server ended the session? Then resuming it comes first. */
  hasEnded: boolean;
  onSend: (action: OutgoingAction) => void;
}

const state = (to: Extract<OutgoingAction, { kind: "state" }>["state"]): OutgoingAction => ({ kind: "state", state: to });

/** What the agent is at now, in one line. */
function nowInWords(view: ConversationView): string {
  const { agentState } = view;
  if (agentState === null || agentState === "loading") {
    return (view.status && statusInWords(view.status.id)) ?? "Getting ready";
  }
  if (agentState === "running") {
    if (view.status?.id === "STATUS$LLM_RETRY") return statusInWords("STATUS$LLM_RETRY") ?? "Working";
    const last = view.rows.at(-1);
    if (last?.kind === "step" && last.observation === null) {
      return last.action.action === "run" ? "Running a command" : "Working on a file or tool";
    }
    return "Thinking";
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
  const isBusy = !hasEnded && (isWorking(view) || agentState === null || agentState === "loading");
  return (
    <div className="flex h-11 items-center gap-2.5 px-1 text-sm" data-testid="agent-bar" data-state={agentState ?? ""}>
      {isBusy ? (
        <Spinner className="size-4 text-accent" />
      ) : (
        <span className={`mx-1 size-2 rounded-full ${DOTS[agentState ?? ""] ?? "bg-line-strong"}`} />
      )}
      <span className="min-w-0 flex-1 truncate text-muted" role="status">
        {hasEnded ? "Session ended" : nowInWords(view)}
      </span>
      {!hasEnded && isWorking(view) && (
        <Button onClick={() => onSend(state("stopped"))} className="min-h-8 px-3" title="Stop the agent (Esc)">
          <Icon name="stop" className="size-3.5 fill-current" /> Stop
          <kbd className="hidden font-sans text-2xs text-muted sm:inline">Esc</kbd>
        </Button>
      )}
      {!hasEnded && (agentState === "stopped" || agentState === "paused") && (
        <Button onClick={() => onSend(state("running"))} className="min-h-8 px-3">
          <Icon name="play" className="size-3.5 fill-current" /> Continue
        </Button>
      )}
      {!hasEnded && agentState === "error" && (
        <Button onClick={() => onSend(state("running"))} className="min-h-8 px-3">
          Try again
        </Button>
      )}
      {isAwaitingConfirmation(view) && (
        <>
          <Button onClick={() => onSend(state("user_rejected"))} className="min-h-8 px-3">
            Reject
          </Button>
          <Button look="primary" onClick={() => onSend(state("user_confirmed"))} className="min-h-8 px-3">
            Approve
          </Button>
        </>
      )}
    </div>
  );
}
