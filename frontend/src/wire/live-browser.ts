/** What is said over the connection to the browser of a conversation. Pictures come as messages of their own, as JPEG. */

import { isRecord, numberAt, stringAt, stringsAt } from "@/lib/guards";

/** The page is as large as this, in its own pixels. */
export const PAGE = { width: 1280, height: 720 };

export interface BrowserView {
  isRunning: boolean;
  control: "agent" | "user";
  tabs: readonly string[];
  /** The place of the tab that is shown; null if there is none. */
  active: number | null;
  isLoading: boolean;
}

export type BrowserNews = { kind: "view"; view: BrowserView } | { kind: "problem"; message: string };

export type MouseButton = "left" | "middle" | "right";

/** What a person does. Places are in pixels of the page. */
export type BrowserInput =
  | { type: "take_over" | "hand_back" | "back" | "forward" | "reload" }
  /** With the button that is held meanwhile. */
  | { type: "move"; x: number; y: number; button?: MouseButton }
  | { type: "press" | "release"; x: number; y: number; button: MouseButton; count: number }
  | { type: "scroll"; x: number; y: number; dx: number; dy: number }
  | { type: "keys"; keys: string }
  | { type: "text"; text: string }
  | { type: "tab"; index: number }
  | { type: "goto"; url: string };

/** Tells what a text is, or null if it is nothing we know. */
export function decodeBrowserNews(text: string): BrowserNews | null {
  const told = parsed(text);
  if (!isRecord(told)) return null;
  if (told["type"] === "problem") return { kind: "problem", message: stringAt(told, "message") ?? "" };
  if (told["type"] !== "view") return null;
  const view: BrowserView = {
    isRunning: told["is_running"] === true,
    control: told["control"] === "user" ? "user" : "agent",
    tabs: stringsAt(told, "tabs"),
    active: numberAt(told, "active"),
    isLoading: told["is_loading"] === true,
  };
  return { kind: "view", view };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
