import { useEffect } from "react";

import { Button } from "@/components/button";
import { Icon } from "@/components/icons";
import { Markdown } from "@/components/markdown";
import { awaitingStep, isAwaitingConfirmation } from "@/conversation/selectors";
import type { ConversationView, StepAction } from "@/conversation/view";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";
import type { OutgoingAction } from "@/wire/outbox";

interface ApprovalCardProps {
  view: ConversationView;
  onSend: (action: OutgoingAction) => void;
}

/** What is to be done, in words and in full. */
function describe(action: StepAction): { what: string; detail: string } {
  const words = m.chat.approval;
  switch (action.action) {
    case "run":
      return { what: words.command, detail: action.args.command };
    case "run_ipython":
      return { what: words.code, detail: action.args.code };
    case "edit": {
      const { command, path, file_text: text, old_str: before, new_str: after } = action.args;
      const change = [before, after].filter((part) => part !== null).join("\n→\n");
      return { what: words.edit(path), detail: command === "create" ? (text ?? "") : change };
    }
    case "write":
      return { what: words.write(action.args.path), detail: action.args.content };
    case "read":
      return { what: words.read(action.args.path), detail: "" };
    case "browse":
      return { what: words.browse, detail: action.args.url };
    case "browse_interactive":
      return { what: words.browse, detail: action.args.browser_actions };
    case "call_tool_mcp":
      return { what: words.tool(action.args.name), detail: JSON.stringify(action.args.arguments, null, 2) };
    case "delegate":
    case "task_tracking":
      return { what: words.other, detail: "" };
    default:
      return assertNever(action);
  }
}

const RISKS = {
  "-1": { key: "unknown", look: "text-muted" },
  "0": { key: "low", look: "text-ok" },
  "1": { key: "medium", look: "text-warn" },
  "2": { key: "high", look: "text-bad" },
} as const;

function riskOf(action: StepAction): (typeof RISKS)[keyof typeof RISKS] {
  const risk = "security_risk" in action.args ? action.args.security_risk : -1;
  return RISKS[risk];
}

function isWriting(target: EventTarget | null): boolean {
  return (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) && target.value !== "";
}

/** Asks whether the agent may do what it wants to do: everything one needs to decide is on the card. */
export function ApprovalCard({ view, onSend }: ApprovalCardProps) {
  const isAsking = isAwaitingConfirmation(view);
  useEffect(() => {
    if (!isAsking) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]") !== null) return;
      if (event.key !== "Enter" && event.key !== "Backspace") return;
      // In a text that is being written these keys belong to the text.
      if (isWriting(event.target)) return;
      event.preventDefault();
      onSend({ kind: "state", state: event.key === "Enter" ? "user_confirmed" : "user_rejected" });
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
  if (!isAsking) return null;
  const action = awaitingStep(view);
  const words = m.chat.approval;
  const { what, detail } = action === null ? { what: words.other, detail: "" } : describe(action);
  const risk = action === null ? RISKS["-1"] : riskOf(action);
  const reason = action?.args.thought.trim() ?? "";
  return (
    <section
      aria-label={words.title}
      data-testid="approval"
      className="mb-1 overflow-hidden rounded-2xl border border-warn/60 bg-raised shadow-sm"
    >
      <h2 className="flex items-center gap-2 bg-warn-soft px-4 py-2 text-sm font-semibold">
        <Icon name="shield" className="text-warn" /> {words.title}
        <span className={`ml-auto rounded-md bg-raised px-2 py-px text-xs font-medium ${risk.look}`}>{words.risks[risk.key]}</span>
      </h2>
      <div className="max-h-[38dvh] overflow-y-auto px-4 py-3 text-sm">
        <p className="font-medium">{what}</p>
        {detail !== "" && (
          <pre
            tabIndex={0}
            className="mt-2 max-h-60 overflow-auto rounded-lg bg-term px-3 py-2 font-mono text-[0.8125rem] leading-5 whitespace-pre-wrap text-term-ink [overflow-wrap:anywhere]"
          >
            {detail}
          </pre>
        )}
        <div className="mt-2 flex gap-1.5 text-muted">
          <span className="shrink-0">{words.reason}:</span>
          <div className="min-w-0 flex-1">{reason === "" ? words.noReason : <Markdown text={reason} />}</div>
        </div>
      </div>
      <div className="flex items-center justify-end gap-2 border-t border-line px-3 py-2">
        <span className="mr-auto hidden pl-1 text-2xs text-muted md:inline">{words.keys}</span>
        <Button onClick={() => onSend({ kind: "state", state: "user_rejected" })}>{words.reject}</Button>
        <Button look="primary" onClick={() => onSend({ kind: "state", state: "user_confirmed" })}>
          {words.approve}
        </Button>
      </div>
    </section>
  );
}
