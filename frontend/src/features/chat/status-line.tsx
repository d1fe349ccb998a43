import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import type { Conversation } from "@/api/conversations";
import { healthQuery } from "@/api/health";
import { Icon } from "@/components/icons";
import { usage } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { m } from "@/i18n/language";
import { dollars, tokenCount } from "@/lib/format";
import type { Connection } from "@/wire/conversation-socket";

import { UsageDialog } from "./usage-dialog";

interface StatusLineProps {
  view: ConversationView;
  conversation: Conversation | null;
  connection: Connection;
  /** The model in the settings; what the conversation reports itself comes first. */
  model: string;
}

const DOTS: Record<Connection["kind"], string> = {
  connecting: "bg-warn",
  connected: "bg-ok",
  reconnecting: "bg-warn",
  ended: "bg-line-strong",
  refused: "bg-bad",
};

/** Connection, sandbox, model, and what it has cost so far. */
export function StatusLine({ view, conversation, connection, model }: StatusLineProps) {
  const health = useQuery(healthQuery);
  const [showsUsage, setShowsUsage] = useState(false);
  const used = usage(view);
  const name = used?.model ?? model;
  const sandbox = health.data?.sandbox ?? null;
  const words = m.chat.status;
  const cost = used === null ? "" : used.budget === null ? dollars(used.cost) : words.costOf(dollars(used.cost), dollars(used.budget));
  return (
    <div className="flex h-7 items-center gap-x-3.5 overflow-hidden px-1 text-2xs whitespace-nowrap text-muted">
      <span className="flex shrink-0 items-center gap-1.5" data-testid="connection">
        <span className={`size-1.5 rounded-full ${DOTS[connection.kind]}`} />
        {m.chat.connection.states[connection.kind]}
      </span>
      {sandbox !== null && (
        <span className="flex shrink-0 items-center gap-1" title={`${words.sandbox}: ${sandbox.mode}`}>
          <Icon name={sandbox.isSandboxed ? "shield" : "warning"} className={`size-3 ${sandbox.isSandboxed ? "" : "text-warn"}`} />
          <span className="hidden sm:inline">{sandbox.isSandboxed ? words.sandbox : words.noSandbox}</span>
        </span>
      )}
      <Link to="/settings/model" className="min-w-0 truncate rounded hover:text-ink hover:underline" title={words.changeModel}>
        {name === "demo" ? m.common.demoModel : name}
      </Link>
      <button
        type="button"
        onClick={() => setShowsUsage(true)}
        className="shrink-0 rounded tabular-nums hover:text-ink hover:underline"
        title={words.details}
      >
        {used === null ? words.title : `${words.tokens(tokenCount(used.tokens))} · ${cost}`}
      </button>
      {showsUsage && (
        <UsageDialog
          view={view}
          conversation={conversation}
          model={name}
          sandbox={sandbox}
          onClose={() => setShowsUsage(false)}
        />
      )}
    </div>
  );
}
