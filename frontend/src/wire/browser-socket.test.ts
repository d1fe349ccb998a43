import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { BrowserSocket, type OpenPlainSocket, type PlainSocketEvents } from "./browser-socket";

/** The server's side of every connection, newest last. */
function connect() {
  const connections: { address: string; events: PlainSocketEvents; sent: string[]; isClosed: boolean }[] = [];
  const seen: string[] = [];
  const openSocket: OpenPlainSocket = (address, events) => {
    const sent: string[] = [];
    const connection = { address, events, sent, isClosed: false };
    connections.push(connection);
    return {
      send: (text) => sent.push(text),
      close: () => {
        connection.isClosed = true;
      },
    };
  };
  const socket = new BrowserSocket({
    conversationId: "a/b",
    sessionKey: "se&cret",
    openSocket,
    onOpened: () => seen.push("opened"),
    onNews: (news) => seen.push(news.kind),
    onPicture: ({ size }) => seen.push(`${size} bytes`),
    onLost: () => seen.push("lost"),
  });
  return { socket, connections, seen, last: () => connections[connections.length - 1]! };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const PROBLEM = '{"type":"problem","message":"no"}';

it("names the conversation and the key, and passes on what arrives", () => {
  const { connections, seen, last } = connect();
  expect(connections.map(({ address }) => address)).toEqual(["/api/conversations/a%2Fb/browser?session_api_key=se%26cret"]);
  last().events.opened();
  last().events.text(PROBLEM);
  last().events.text("nonsense");
  last().events.bytes(new Blob(["abc"]));
  expect(seen).toEqual(["opened", "problem", "3 bytes"]);
});

it("says nothing before it is connected and after it was lost", () => {
  const { socket, last } = connect();
  socket.send({ type: "back" });
  last().events.opened();
  socket.send({ type: "text", text: "a" });
  last().events.closed();
  socket.send({ type: "forward" });
  expect(last().sent).toEqual(['{"type":"text","text":"a"}']);
});

it("comes back after longer and longer waits, which begin anew once the server has said something", () => {
  const { connections, last } = connect();
  const waits: number[] = [];
  const lose = () => {
    const [before, since] = [connections.length, Date.now()];
    last().events.closed();
    while (connections.length === before) vi.advanceTimersByTime(100);
    waits.push(Date.now() - since);
  };
  for (let at = 0; at < 6; at += 1) lose();
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
  last().events.opened();
  lose();
  last().events.text(PROBLEM);
  lose();
  expect(waits.slice(6)).toEqual([10_000, 500]);
});

it("stays closed", () => {
  const { socket, connections, seen, last } = connect();
  last().events.closed();
  socket.close();
  vi.advanceTimersByTime(60_000);
  last().events.opened();
  last().events.bytes(new Blob());
  last().events.closed();
  vi.advanceTimersByTime(60_000);
  expect([connections.length, last().isClosed, seen]).toEqual([1, true, ["lost"]]);
});
