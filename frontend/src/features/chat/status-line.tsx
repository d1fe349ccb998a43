import { Link } from "react-router";

import { usage } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { dollars, tokenCount } from "@/lib/format";
import type { Connection } from "@/wire/conversation-socket";

interface StatusLineProps {
  view: ConversationView;
  connection: Connection;
  /** The model in the settings; what the conversation reports itself comes first. */
  model: string;
}

const CONNECTIONS: Record<Connection["kind"], { text: string; dot: string }> = {
  connecting: { text: "Connecting", dot: "bg-warn" },
  connected: { text: "Connected", dot: "bg-ok" },
  reconnecting: { text: "Reconnecting", dot: "bg-warn" },
  ended: { text: "Session ended", dot: "bg-line-strong" },
  refused: { text: "Not connected", dot: "bg-bad" },
};

/** Connection, model, and what it has cost so far. */
export function StatusLine({ view, connection, model }: StatusLineProps) {
  const used = usage(view);
  const name = used?.model ?? model;
  const { text, dot } = CONNECTIONS[connection.kind];
  return (
    <div className="flex h-7 items-center gap-x-4 overflow-hidden px-1 text-2xs whitespace-nowrap text-muted">
      <span className="flex items-center gap-1.5" data-testid="connection">
        <span className={`size-1.5 rounded-full ${dot}`} />
        {text}
      </span>
      <Link to="/settings" className="truncate hover:text-ink hover:underline" title="Change the model">
        {name === "demo" ? "Demo model" : name}
      </Link>
      {used !== null && (
        <span className="tabular-nums" title="Tokens and cost of this conversation so far">
          {tokenCount(used.tokens)} tokens · {dollars(used.cost)}
        </span>
      )}
      <span className="ml-auto hidden md:inline">Enter sends · Shift+Enter new line</span>
    </div>
  );
}
