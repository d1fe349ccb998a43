import type { Conversation } from "@/api/conversations";
import type { SandboxStatus } from "@/api/health";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import type { ConversationView } from "@/conversation/view";
import { m } from "@/i18n/language";
import { dollars, seconds, tokenCount } from "@/lib/format";

interface UsageDialogProps {
  view: ConversationView;
  conversation: Conversation | null;
  model: string;
  sandbox: SandboxStatus | null;
  onClose: () => void;
}

/** What a conversation has used, where it stops, and what holds its commands in. */
export function UsageDialog({ view, conversation, model, sandbox, onClose }: UsageDialogProps) {
  const words = m.chat.status;
  const limit = (used: string, most: string | null) => (most === null ? used : words.of(used, most));
  const { metrics } = view;
  const usage = conversation?.usage ?? null;
  const tokens = metrics?.accumulated_token_usage ?? null;
  const rows: [string, string][] = [[words.model, model === "demo" ? m.common.demoModel : model]];
  if (usage !== null) {
    rows.push([words.steps, limit(String(usage.steps), usage.maxSteps === null ? null : String(usage.maxSteps))]);
    rows.push([words.cost, limit(dollars(usage.cost), usage.maxCost === null ? null : dollars(usage.maxCost))]);
    rows.push([words.calls, String(usage.calls)], [words.time, seconds(usage.seconds)]);
  } else if (metrics !== null) {
    rows.push([words.cost, dollars(metrics.accumulated_cost)]);
  }
  if (tokens !== null) {
    rows.push([words.input, tokenCount(tokens.prompt_tokens)]);
    if (tokens.cache_read_tokens > 0) rows.push([words.cacheRead, tokenCount(tokens.cache_read_tokens)]);
    rows.push([words.output, tokenCount(tokens.completion_tokens)]);
    if (tokens.context_window > 0) {
      rows.push([words.context, words.of(tokenCount(tokens.per_turn_token), tokenCount(tokens.context_window))]);
    }
  }
  if (sandbox !== null) {
    rows.push([words.sandbox, sandbox.isSandboxed ? sandbox.mode.replaceAll("+", ", ") : words.noSandbox]);
    if (sandbox.network !== "") rows.push([words.network, sandbox.network]);
  }
  return (
    <Dialog title={words.title} onClose={onClose}>
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 text-sm whitespace-normal">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="text-right tabular-nums [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      {metrics === null && usage === null && <p className="mt-3 text-sm text-muted">{words.none}</p>}
      <div className="mt-5 flex justify-end">
        <Button onClick={onClose} autoFocus>
          {m.common.close}
        </Button>
      </div>
    </Dialog>
  );
}
