import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { openPorts, type OpenPort } from "@/api/ports";
import { Button, IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

import { addressAt, pathOf } from "./address";

/** What an app in the frame may do: be a page of its own origin, and not lead our page anywhere. */
const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads";

/** What programs of the agent serve, each port at an origin of its own. */
export function PreviewPanel({ conversationId, isLive }: PanelProps) {
  const { app } = m.workspace;
  const { data: ports, isError, refetch } = useQuery(openPorts(conversationId, isLive));
  /** Null is the lowest port. */
  const [chosen, setChosen] = useState<number | null>(null);
  if (!isLive) return <PanelNotice icon="play" {...app.notRunning} />;
  if (ports === undefined) {
    if (!isError) return <Spinner className="m-auto size-5 text-muted" />;
    return (
      <PanelNotice icon="warning" {...app.failed}>
        <Button onClick={() => void refetch()}>{m.common.tryAgain}</Button>
      </PanelNotice>
    );
  }
  const shown = ports.find(({ port }) => port === chosen) ?? (chosen === null ? ports[0] : undefined);
  if (shown === undefined && ports.length === 0) return <PanelNotice icon="play" {...app.empty} />;
  const selected = shown ?? ports[0];
  if (selected === undefined) return null;
  return <App key={selected.port} ports={ports} shown={selected} onChoose={setChosen} />;
}

interface AppProps {
  ports: readonly OpenPort[];
  shown: OpenPort;
  onChoose: (port: number) => void;
}

function App({ ports, shown, onChoose }: AppProps) {
  const { app } = m.workspace;
  const [typed, setTyped] = useState("/");
  /** What the frame was led to; a new number loads it anew. */
  const [visit, setVisit] = useState({ path: "/", number: 0 });
  const go = (path: string) => {
    setTyped(path);
    setVisit(({ number }) => ({ path, number: number + 1 }));
  };
  const address = addressAt(shown.url, visit.path);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <form
        className="flex h-11 shrink-0 items-center gap-1 px-2"
        onSubmit={(event) => {
          event.preventDefault();
          go(pathOf(typed));
        }}
      >
        <IconButton label={app.reload} onClick={() => go(visit.path)} className="!size-8">
          <Icon name="refresh" />
        </IconButton>
        <select
          aria-label={app.port}
          title={shown.process}
          value={shown.port}
          onChange={(event) => onChoose(Number(event.target.value))}
          className="h-8 max-w-40 min-w-0 shrink-0 rounded-lg border border-line bg-raised px-2 font-mono text-xs"
        >
          {ports.map(({ port, process }) => (
            <option key={port} value={port} title={process}>
              {port}
            </option>
          ))}
        </select>
        <input
          aria-label={app.path}
          value={typed}
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
          className="h-8 min-w-0 flex-1 rounded-lg border border-line bg-raised px-3 font-mono text-xs"
        />
        <a
          href={address}
          target="_blank"
          rel="noreferrer noopener"
          aria-label={app.openOutside}
          title={app.openOutside}
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-lg text-muted hover:bg-raised hover:text-ink"
        >
          <Icon name="external" />
        </a>
      </form>
      <iframe
        key={visit.number}
        src={address}
        title={app.frame(shown.port)}
        sandbox={SANDBOX}
        referrerPolicy="no-referrer"
        className="min-h-0 w-full flex-1 border-t border-line bg-white"
      />
      <p className="shrink-0 truncate border-t border-line px-4 py-2 font-mono text-xs text-muted" title={shown.process}>
        {shown.process}
      </p>
    </div>
  );
}
