import { act, renderHook } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import type { OpenPlainSocket, PlainSocketEvents } from "@/wire/browser-socket";

import { useLiveBrowser } from "./use-live-browser";

function start() {
  const connections: { events: PlainSocketEvents; sent: string[]; isClosed: boolean }[] = [];
  const openSocket: OpenPlainSocket = (_address, events) => {
    const sent: string[] = [];
    const connection = { events, sent, isClosed: false };
    connections.push(connection);
    return {
      send: (text) => sent.push(text),
      close: () => {
        connection.isClosed = true;
      },
    };
  };
  const hook = renderHook(
    ({ isWanted }) => useLiveBrowser({ conversationId: "c1", sessionKey: null, isWanted, openSocket }),
    { initialProps: { isWanted: true } },
  );
  const last = () => connections[connections.length - 1]!;
  const tell = (control: "agent" | "user") => {
    const view = { type: "view", is_running: true, control, tabs: ["a"], active: 0, is_loading: false };
    act(() => last().events.text(JSON.stringify(view)));
  };
  act(() => last().events.opened());
  tell("agent");
  const isOpen = () => !last().isClosed;
  return { ...hook, connections, last, tell, isOpen };
}

function look(isHidden: boolean) {
  vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
  act(() => {
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

afterEach(() => vi.restoreAllMocks());

it("lets go of the connection while the page is in the background", () => {
  const { connections, isOpen, result } = start();
  look(true);
  expect([connections.length, isOpen()]).toEqual([1, false]);
  look(false);
  expect([connections.length, isOpen()]).toEqual([2, true]);
  // What was shown last is there until the next picture comes.
  expect(result.current.state.view?.isRunning).toBe(true);
});

it("keeps it for who uses the browser and looks something up elsewhere", () => {
  const { result, connections, last, tell, isOpen } = start();
  act(() => result.current.send({ type: "take_over" }));
  tell("user");
  expect([last().sent, result.current.holder]).toEqual([['{"type":"take_over"}'], "me"]);
  look(true);
  expect([connections.length, isOpen()]).toEqual([1, true]);
  // The server does not wait for ever.
  tell("agent");
  expect(isOpen()).toBe(false);
});

it("shows nothing once the session has ended, and connects again with the next", () => {
  const { result, rerender, connections, isOpen } = start();
  rerender({ isWanted: false });
  expect([result.current.state.view, isOpen()]).toEqual([null, false]);
  rerender({ isWanted: true });
  expect([connections.length, isOpen()]).toEqual([2, true]);
});
