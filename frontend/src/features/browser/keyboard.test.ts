import { expect, it } from "vitest";

import { meaningOf, type KeyPress } from "./keyboard";

type Held = "ctrl" | "alt" | "meta" | "shift" | "altgr" | "composing";

function press(key: string, ...held: Held[]): KeyPress {
  const has = (name: Held) => held.includes(name);
  return {
    key,
    ctrlKey: has("ctrl"),
    altKey: has("alt"),
    metaKey: has("meta"),
    shiftKey: has("shift"),
    isComposing: has("composing"),
    getModifierState: (name) => name === "AltGraph" && has("altgr"),
  };
}

const keys = (name: string) => ({ kind: "input", input: { type: "keys", keys: name } });
const text = (written: string) => ({ kind: "input", input: { type: "text", text: written } });
const does = (type: string) => ({ kind: "input", input: { type } });

it.each<[KeyPress, unknown]>([
  [press("a"), keys("a")],
  [press("A", "shift"), keys("A")],
  [press("+", "shift"), keys("+")],
  [press(" "), keys(" ")],
  [press("é"), text("é")],
  [press("日"), text("日")],
  [press("😀"), text("😀")],
  [press("@", "ctrl", "alt", "altgr"), keys("@")],
  [press("€", "ctrl", "alt", "altgr"), text("€")],
  [press("å", "alt"), text("å")],
  [press("Enter"), keys("Enter")],
  [press("Escape"), keys("Escape")],
  [press("Tab", "shift"), keys("Shift+Tab")],
  [press("ArrowLeft", "ctrl", "shift"), keys("Control+Shift+ArrowLeft")],
  [press("a", "ctrl"), keys("Control+a")],
  [press("Z", "ctrl", "shift"), keys("Control+Shift+z")],
  // The browser of the agent is not on a Mac.
  [press("c", "meta"), keys("Control+c")],
  [press("1", "alt"), keys("Alt+1")],
  [press("F5"), does("reload")],
  [press("r", "ctrl"), does("reload")],
  [press("ArrowLeft", "alt"), does("back")],
  [press("ArrowRight", "alt"), does("forward")],
])("%o goes to the page", (key, meaning) => {
  expect(meaningOf(key)).toEqual(meaning);
});

it.each<[string, KeyPress[]]>([
  ["leave", [press("Enter", "ctrl", "shift"), press("Enter", "meta", "shift")]],
  ["field", [press("v", "ctrl"), press("v", "meta"), press("Process"), press("a", "composing"), press("Dead"), press("Unidentified")]],
  ["nothing", [press("Shift", "shift"), press("Control", "ctrl"), press("CapsLock"), press("F7"), press("AudioVolumeUp")]],
])("means %s", (kind, presses) => {
  expect(presses.map((key) => meaningOf(key).kind)).toEqual(presses.map(() => kind));
});
