/** What the agent's browser showed, step by step, from what the log says of it. */

import { isShowable } from "@/conversation/pictures";
import type { ConversationView } from "@/conversation/view";
import { isRecord, numberAt, stringAt, stringsAt } from "@/lib/guards";
import type { LoggedEvent } from "@/wire/decode";

export type Screenshot = { kind: "shown"; address: string } | { kind: "none" } | { kind: "refused" };

export interface Visit {
  id: number;
  address: string;
  tabs: readonly { address: string; isActive: boolean }[];
  screenshot: Screenshot;
  /** What went wrong, or empty. */
  error: string;
  text: string;
  /** What led here: its event and what it was, as the agent wrote it. */
  action: { id: number; text: string } | null;
}

/** Returns every page that was shown, oldest first. */
export function visitsOf(view: ConversationView): Visit[] {
  const actions = new Map<number, LoggedEvent>();
  const visits: Visit[] = [];
  for (const logged of view.log) {
    if (logged.kind !== "event") continue;
    const { event } = logged;
    if ("action" in event) {
      if (event.action === "browse" || event.action === "browse_interactive") actions.set(event.id, logged);
    } else if (event.observation === "browse") {
      const cause = event.cause === undefined ? undefined : actions.get(event.cause);
      visits.push(visitOf(logged.raw, event.id, event.content, cause));
    }
  }
  return visits;
}

function visitOf(raw: Record<string, unknown>, id: number, content: string, cause: LoggedEvent | undefined): Visit {
  const extras = isRecord(raw["extras"]) ? raw["extras"] : {};
  const active = numberAt(extras, "active_page_index") ?? 0;
  const said = stringAt(extras, "last_browser_action_error") ?? "";
  const failed = extras["error"] === true;
  return {
    id,
    address: stringAt(extras, "url") ?? "",
    tabs: stringsAt(extras, "open_pages_urls").map((address, at) => ({ address, isActive: at === active })),
    screenshot: screenshotOf(stringAt(extras, "screenshot") ?? ""),
    error: said !== "" ? said : failed ? content : "",
    text: failed && said === "" ? "" : content,
    action: cause === undefined ? null : { id: cause.event.id, text: actionText(cause.raw, extras) },
  };
}

function actionText(raw: Record<string, unknown>, extras: Record<string, unknown>): string {
  const args = isRecord(raw["args"]) ? raw["args"] : {};
  const text = stringAt(args, "browser_actions") ?? stringAt(args, "url") ?? "";
  return text.trim() || (stringAt(extras, "last_browser_action") ?? "");
}

function screenshotOf(source: string): Screenshot {
  if (source === "") return { kind: "none" };
  return isShowable(source) ? { kind: "shown", address: source } : { kind: "refused" };
}

/** Returns an address that a link may lead to, or null. */
export function linkTo(address: string): string | null {
  const url = URL.parse(address);
  return url !== null && (url.protocol === "http:" || url.protocol === "https:") ? url.href : null;
}
