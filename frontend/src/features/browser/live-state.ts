/** What is known of the browser while it is watched. Pure: the same news always give the same state. */

import { assertNever } from "@/lib/guards";
import type { BrowserNews, BrowserView } from "@/wire/live-browser";

export interface LiveState {
  /** `lost` while it is tried again. */
  link: "connecting" | "open" | "lost";
  /** What the server said last; null before it has. */
  view: BrowserView | null;
  /** Has this person taken the browser over? The server has the last word. */
  isAsked: boolean;
  /** What the server could not do, until something else is done. */
  problem: string | null;
}

export type LiveEvent =
  | { kind: "opened" }
  | { kind: "lost" }
  /** Nobody is looking: it is not tried again before somebody does. */
  | { kind: "paused" }
  | { kind: "asked"; for: "take_over" | "hand_back" }
  /** The person did something: what was said of what they did before no longer counts. */
  | { kind: "acted" }
  | BrowserNews;

export const notConnected: LiveState = { link: "connecting", view: null, isAsked: false, problem: null };

export function reduceLive(state: LiveState, event: LiveEvent): LiveState {
  switch (event.kind) {
    case "opened":
      return { ...state, link: "open" };
    case "lost":
      // The server gives the browser back when somebody leaves.
      return { ...state, link: "lost", isAsked: false, problem: null };
    case "paused":
      return { ...state, link: "connecting", isAsked: false, problem: null };
    case "asked":
      return { ...state, isAsked: event.for === "take_over", problem: null };
    case "acted":
      return state.problem === null ? state : { ...state, problem: null };
    case "problem":
      return { ...state, problem: event.message };
    case "view": {
      const { view } = event;
      const wasGiven = state.view?.control === "user" && view.control === "agent";
      const isOver = wasGiven || !view.isRunning;
      return { ...state, view, isAsked: state.isAsked && !isOver, problem: isOver ? null : state.problem };
    }
    default:
      return assertNever(event);
  }
}

/** Who uses the browser, as one person sees it. */
export type Holder = "agent" | "me" | "other";

export function holderOf({ view, isAsked, link }: LiveState): Holder {
  if (view?.control !== "user" || link !== "open") return "agent";
  return isAsked ? "me" : "other";
}

/** Is there a picture to look at? Also while the connection comes back. */
export function isLive({ view }: LiveState): boolean {
  return view?.isRunning === true;
}

export function addressOf(view: BrowserView | null): string {
  return view?.active == null ? "" : (view.tabs[view.active] ?? "");
}
