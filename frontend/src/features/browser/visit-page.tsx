import { Picture } from "@/components/picture";
import { isKept } from "@/conversation/pictures";
import { m } from "@/i18n/language";

import type { Visit } from "./visits";

/** A page as it was: its picture, what went wrong, its text. */
export function VisitPage({ visit }: { visit: Visit }) {
  const { browser } = m.workspace;
  const { screenshot } = visit;
  return (
    <div
      tabIndex={0}
      role="group"
      aria-label={visit.address || browser.blank}
      className="min-h-0 flex-1 overflow-y-auto border-t border-line bg-sunken focus-visible:-outline-offset-2"
    >
      {visit.error !== "" && (
        <div role="alert" className="border-b border-line bg-bad-soft px-4 py-2 text-sm text-bad">
          <p className="font-medium">{browser.error}</p>
          <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{visit.error}</p>
        </div>
      )}
      {screenshot.kind === "shown" ? (
        <Picture
          address={screenshot.address}
          link={isKept(screenshot.address) ? screenshot.address : null}
          alt={browser.screenshot(visit.address)}
          className="block w-full bg-white"
        />
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
