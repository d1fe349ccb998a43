import type { McpServer, McpStatus } from "@/api/mcp";
import { IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";

const DOTS: Record<McpStatus["status"], string> = {
  connecting: "bg-warn",
  connected: "bg-ok",
  disconnected: "bg-line-strong",
  failed: "bg-bad",
};

interface ServerRowProps {
  name: string;
  /** Null for one that is not of the settings. */
  server: McpServer | null;
  status: McpStatus | null;
  onEdit: () => void;
  onRemove: () => void;
}

/** One server: what it is, and how it is in the open conversation. */
export function ServerRow({ name, server, status, onEdit, onRemove }: ServerRowProps) {
  const texts = m.settings.mcp;
  return (
    <li className="py-2 pr-2 pl-4">
      <div className="flex items-center gap-1">
        <div className="min-w-0 flex-1">
          <p className="flex min-w-0 items-baseline gap-2 text-sm leading-5">
            <span className="truncate font-medium">{name}</span>
            {server !== null && <span className="shrink-0 text-xs text-muted">{texts.transports[server.transport]}</span>}
          </p>
          <p className="truncate font-mono text-xs leading-5 text-muted" title={server === null ? undefined : place(server)}>
            {server === null ? <span className="font-sans">{texts.configured}</span> : place(server)}
          </p>
        </div>
        {server !== null && (
          <>
            <IconButton label={texts.editServer(name)} onClick={onEdit}>
              <Icon name="edit" />
            </IconButton>
            <IconButton label={texts.removeServer(name)} onClick={onRemove}>
              <Icon name="cross" />
            </IconButton>
          </>
        )}
      </div>
      {status !== null && <Status status={status} />}
    </li>
  );
}

function place(server: McpServer): string {
  const texts = m.settings.mcp;
  if (server.transport !== "stdio") return [server.url, ...(server.apiKey === null ? [] : [texts.hasKey])].join(" · ");
  const count = Object.keys(server.env).length;
  const line = [server.command, ...server.args].join(" ");
  return count === 0 ? line : `${line} · ${texts.variables(count)}`;
}

function Status({ status }: { status: McpStatus }) {
  const texts = m.settings.mcp;
  const { tools } = status;
  const line = (
    <span className="inline-flex items-center gap-1.5">
      <span className={`size-1.5 rounded-full ${DOTS[status.status]}`} />
      {texts.status[status.status]}
      {tools.length > 0 && ` · ${texts.tools(tools.length)}`}
    </span>
  );
  return (
    <div className="mt-0.5 pr-2 text-xs leading-5 text-muted">
      {tools.length === 0 ? (
        line
      ) : (
        <details>
          <summary className="w-fit rounded hover:text-ink">{line}</summary>
          <p className="mt-1 max-h-32 overflow-y-auto font-mono wrap-anywhere">{tools.join(", ")}</p>
        </details>
      )}
      {status.error !== null && <p className="wrap-anywhere text-bad">{status.error}</p>}
    </div>
  );
}
