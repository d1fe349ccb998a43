import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { conversationById } from "@/api/conversations";
import { healthQuery } from "@/api/health";
import { Button, IconButton } from "@/components/button";
import { Icon, Spinner } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";
import { openPlainSocket } from "@/wire/browser-socket";

import { AddressShown } from "./address-bar";
import { LivePage } from "./live-page";
import { isLive } from "./live-state";
import { TabStrip } from "./tab-strip";
import { useLiveBrowser } from "./use-live-browser";
import { VisitPage } from "./visit-page";
import { visitsOf, type Visit } from "./visits";

/** The agent's browser: live while it runs, and every page that was shown before. */
export function BrowserPanel(props: PanelProps) {
  return <Browser key={props.conversationId} {...props} />;
}

function Browser({ conversationId, isLive: hasSession, view, showEvent }: PanelProps) {
  const conversation = useQuery(conversationById(conversationId));
  const live = useLiveBrowser({
    conversationId,
    sessionKey: conversation.data?.sessionKey ?? null,
    isWanted: hasSession,
    openSocket: openPlainSocket,
  });
  const runs = isLive(live.state);
  const visits = useMemo(() => visitsOf(view), [view]);
  /** Null follows the newest, which is the live one if there is one. */
  const [chosen, setChosen] = useState<number | null>(null);

  const last = visits.length - (runs ? 0 : 1);
  const found = chosen === null ? -1 : visits.findIndex(({ id }) => id === chosen);
  const at = found < 0 ? last : found;
  const visit = visits[at];
  if (!runs && visit === undefined) {
    const isAsked = hasSession && live.state.view === null && live.state.link === "connecting";
    return isAsked ? <Spinner className="m-auto size-5 text-muted" /> : <Nothing />;
  }
  const go = (to: number) => setChosen(to === last ? null : (visits[to]?.id ?? null));
  const steps = <Steps at={at} last={last} onGo={go} />;
  const { browser } = m.workspace;
  const newest = visit ?? visits.at(-1);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {visit === undefined ? (
        <LivePage live={live} earlier={steps} />
      ) : (
        <>
          <div className="flex h-11 shrink-0 items-center gap-0.5 px-2">
            {steps}
            <AddressShown address={visit.address} isLoading={false} />
          </div>
          {visit.tabs.length > 1 && <OpenPages tabs={visit.tabs} />}
          {runs && (
            <div className="flex h-11 shrink-0 items-center gap-2.5 border-t border-line pr-2 pl-4 text-xs text-muted">
              <p className="min-w-0 flex-1">{browser.live.isEarlier}</p>
              <Button onClick={() => setChosen(null)} className="!min-h-8 shrink-0 !px-3 !text-xs">
                {browser.live.show}
              </Button>
            </div>
          )}
          <VisitPage key={visit.id} visit={visit} />
        </>
      )}
      <div className="flex min-h-10 shrink-0 items-center gap-2 border-t border-line py-1 pr-2 pl-4 text-xs text-muted">
        <span className="min-w-0 flex-1 truncate" title={newest?.action?.text}>
          {newest?.action != null && (
            <>
              {visit === undefined ? browser.live.action : browser.action} <code className="font-mono text-ink">{newest.action.text}</code>
            </>
          )}
        </span>
        <span className="shrink-0 tabular-nums">
          {visit === undefined ? browser.live.now : browser.position(at + 1, visits.length)}
        </span>
        {newest !== undefined && (
          <IconButton label={m.workspace.showInChat} onClick={() => showEvent(newest.action?.id ?? newest.id)} className="!size-8">
            <Icon name="chat" />
          </IconButton>
        )}
      </div>
    </div>
  );
}

interface StepsProps {
  at: number;
  last: number;
  onGo: (to: number) => void;
}

function Steps({ at, last, onGo }: StepsProps) {
  const { browser } = m.workspace;
  return (
    <>
      <IconButton label={browser.previous} disabled={at === 0} onClick={() => onGo(at - 1)} className="!size-8">
        <Icon name="back" />
      </IconButton>
      <IconButton label={browser.next} disabled={at === last} onClick={() => onGo(at + 1)} className="!size-8">
        <Icon name="back" className="rotate-180" />
      </IconButton>
    </>
  );
}

function OpenPages({ tabs }: { tabs: Visit["tabs"] }) {
  const active = tabs.findIndex(({ isActive }) => isActive);
  return <TabStrip tabs={tabs.map(({ address }) => address)} active={active < 0 ? null : active} onSelect={null} />;
}

/** There is nothing to look at: what to do, or what is missing. */
function Nothing() {
  const { browser } = m.workspace;
  const missing = useQuery(healthQuery).data?.missingBrowser ?? null;
  if (missing === null) return <PanelNotice icon="globe" {...browser.empty} />;
  return <PanelNotice icon="globe" title={browser.missing.title} help={browser.missing.help(missing.what, missing.fix)} />;
}
