import { useMemo, useState } from "react";

import { IconButton } from "@/components/button";
import { CopyButton } from "@/components/copy-button";
import { Icon } from "@/components/icons";
import { PanelNotice } from "@/components/panel-notice";
import type { PanelProps } from "@/conversation/panels";
import { m } from "@/i18n/language";

import { linkTo, visitsOf, type Visit } from "./visits";

/** The pages that the agent looked at; the newest unless somebody goes back. */
export function BrowserPanel({ view, showEvent }: PanelProps) {
  const { browser } = m.workspace;
  const visits = useMemo(() => visitsOf(view, window.location.origin), [view]);
  /** Null follows the newest. */
  const [chosen, setChosen] = useState<number | null>(null);
  const found = chosen === null ? -1 : visits.findIndex(({ id }) => id === chosen);
  const at = found < 0 ? visits.length - 1 : found;
  const visit = visits[at];
  if (visit === undefined) return <PanelNotice icon="globe" {...browser.empty} />;
  const go = (step: 1 | -1) => {
    const next = at + step;
    setChosen(next === visits.length - 1 ? null : (visits[next]?.id ?? null));
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-11 shrink-0 items-center gap-0.5 px-2">
        <IconButton label={browser.previous} disabled={at === 0} onClick={() => go(-1)} className="!size-8">
          <Icon name="back" />
        </IconButton>
        <IconButton label={browser.next} disabled={at === visits.length - 1} onClick={() => go(1)} className="!size-8">
          <Icon name="back" className="rotate-180" />
        </IconButton>
        <Address address={visit.address} />
      </div>
      {visit.tabs.length > 1 && <OpenPages tabs={visit.tabs} />}
      <Page key={visit.id} visit={visit} />
      <div className="flex min-h-10 shrink-0 items-center gap-2 border-t border-line py-1 pr-2 pl-4 text-xs text-muted">
        <span className="min-w-0 flex-1 truncate" title={visit.action?.text}>
          {visit.action !== null && (
            <>
              {browser.action} <code className="font-mono text-ink">{visit.action.text}</code>
            </>
          )}
        </span>
        <span className="shrink-0 tabular-nums">{browser.position(at + 1, visits.length)}</span>
        <IconButton
          label={m.workspace.showInChat}
          onClick={() => showEvent(visit.action?.id ?? visit.id)}
          className="!size-8"
        >
          <Icon name="chat" />
        </IconButton>
      </div>
    </div>
  );
}

function Address({ address }: { address: string }) {
  const { browser } = m.workspace;
  const link = linkTo(address);
  return (
    <div className="ml-1 flex h-8 min-w-0 flex-1 items-center rounded-lg border border-line bg-raised pl-3">
      <span aria-label={browser.address} role="textbox" aria-readonly="true" tabIndex={0} title={address} className="min-w-0 flex-1 truncate font-mono text-xs">
        {address || browser.blank}
      </span>
      <CopyButton label={m.common.copy} text={() => address} className="!size-7" />
      {link !== null && (
        <a
          href={link}
          target="_blank"
          rel="noreferrer noopener"
          aria-label={browser.openOutside}
          title={browser.openOutside}
          className="inline-flex size-7 items-center justify-center rounded-lg text-muted hover:bg-panel hover:text-ink"
        >
          <Icon name="external" className="size-3.5" />
        </a>
      )}
    </div>
  );
}

function OpenPages({ tabs }: { tabs: Visit["tabs"] }) {
  const { browser } = m.workspace;
  return (
    <ul aria-label={browser.tabs} tabIndex={0} className="flex shrink-0 gap-1 overflow-x-auto px-3 pb-2">
      {tabs.map(({ address, isActive }, at) => (
        <li
          key={at}
          aria-current={isActive ? "page" : undefined}
          title={address}
          className={`max-w-48 shrink-0 truncate rounded-md px-2 py-0.5 text-xs ${isActive ? "bg-raised ring-1 ring-line" : "text-muted"}`}
        >
          {address.replace(/^https?:\/\//, "") || browser.blank}
        </li>
      ))}
    </ul>
  );
}

function Page({ visit }: { visit: Visit }) {
  const { browser } = m.workspace;
  const { screenshot } = visit;
  return (
    <div tabIndex={0} role="group" aria-label={visit.address} className="min-h-0 flex-1 overflow-y-auto border-t border-line bg-sunken focus-visible:-outline-offset-2">
      {visit.error !== "" && (
        <div role="alert" className="border-b border-line bg-bad-soft px-4 py-2 text-sm text-bad">
          <p className="font-medium">{browser.error}</p>
          <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{visit.error}</p>
        </div>
      )}
      {screenshot.kind === "shown" ? (
        <img src={screenshot.address} alt={browser.screenshot(visit.address)} className="block w-full bg-white" />
      ) : (
        visit.error === "" && (
          <p className="px-4 py-3 text-sm text-muted">
            {screenshot.kind === "none" ? browser.noScreenshot : browser.refusedScreenshot}
          </p>
        )
      )}
      {visit.text !== "" && (
        <details open={screenshot.kind !== "shown"} className="border-t border-line">
          <summary className="px-4 py-2 text-xs font-medium text-muted hover:text-ink">{browser.text}</summary>
          <pre className="px-4 pb-4 font-mono text-xs leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]">{visit.text}</pre>
        </details>
      )}
    </div>
  );
}
