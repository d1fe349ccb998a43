import { act, render, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { Transcript } from "@/features/chat/transcript";
import { action, exitCode, observation } from "@/testing/fixtures";
import { ScriptedSocket } from "@/testing/scripted-socket";
import type { Incoming, LoggedEvent } from "@/wire/decode";

import { useConversation, type History, type LiveConversation } from "./use-conversation";

const event = (id: number, source: string, content: string) => ({
  id,
  source,
  message: content,
  timestamp: "2026-01-02T03:04:05",
  action: "message",
  args: { content, image_urls: [], file_urls: [] },
});

const noHistory: History = {
  newest: () => Promise.resolve({ events: [], reachesStart: true }),
  since: () => Promise.resolve({ events: [], reachesStart: true }),
  beginning: () => Promise.resolve([]),
};

const isLogged = (incoming: Incoming): incoming is LoggedEvent => incoming.kind === "event" || incoming.kind === "other_event";

function show(history: History = noHistory) {
  const socket = new ScriptedSocket();
  const current: { live: LiveConversation | null } = { live: null };
  function Conversation() {
    const live = useConversation({
      id: "c1",
      key: null,
      isReady: true,
      agentState: null,
      openSocket: socket.open,
      history,
    });
    current.live = live;
    const nothing = () => undefined;
    return (
      <Transcript
        view={live.view}
        outbox={live.outbox}
        isReadingEarlier={live.isReadingEarlier}
        target={null}
        timesAsked={0}
        isShown
        onReadEarlier={live.readEarlier}
        onReadBackTo={live.readBackTo}
        onDiscard={live.discard}
        onRetry={nothing}
        onCopyLink={nothing}
      />
    );
  }
  render(<Conversation />);
  return { socket, current };
}

it("replaces the message being sent by the one recorded, and never shows both", async () => {
  const { socket, current } = show();
  act(() => socket.server.connected());
  act(() => current.live?.send({ kind: "message", text: "do it" }));
  await screen.findByText("sending…");

  act(() => socket.server.event(event(0, "user", "do it")));
  await waitFor(() => expect(screen.queryByText("sending…")).toBeNull());
  expect(screen.getAllByText("do it")).toHaveLength(1);

  act(() => socket.emitted[0]?.ack({ ok: true, id: 0 }));
  await waitFor(() => expect(current.live?.outbox).toEqual([]));
  expect(screen.getAllByText("do it")).toHaveLength(1);
});

it("keeps what was typed while the connection was lost, and sends it on return", async () => {
  const { socket, current } = show();
  act(() => socket.server.connected());
  act(() => socket.server.disconnected("transport close"));
  expect(current.live?.connection).toEqual({ kind: "reconnecting", attempt: 0 });
  act(() => current.live?.send({ kind: "message", text: "still here" }));
  await screen.findByText("sending…");
  act(() => socket.server.connected());
  expect(socket.emitted).toHaveLength(1);
});

it("shows why a message was refused, and lets go of it", async () => {
  const { socket, current } = show();
  act(() => socket.server.connected());
  act(() => current.live?.send({ kind: "message", text: "do it" }));
  act(() => socket.emitted[0]?.ack({ error: true, message: "no room" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Not sent: no room");
  act(() => screen.getByRole("button", { name: "Discard" }).click());
  await waitFor(() => expect(screen.queryByText("do it")).toBeNull());
});

it("reads on while the end of the log has nothing to show", async () => {
  const answer = (id: number) => observation(id, "run", 0, "done", exitCode(0));
  const pages = [[answer(8), answer(9)], [action(5, "message", { content: "what was asked" }, { source: "user" })]];
  const newest = vi.fn(() => Promise.resolve({ events: (pages.shift() ?? []).filter(isLogged), reachesStart: pages.length === 0 }));
  show({ ...noHistory, newest });
  await screen.findByText("what was asked");
  expect(newest).toHaveBeenCalledTimes(2);
});
