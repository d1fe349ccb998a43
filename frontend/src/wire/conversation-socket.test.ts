import { describe, expect, it } from "vitest";

import { ScriptedSocket } from "@/testing/scripted-socket";

import { ConversationSocket, type Connection } from "./conversation-socket";
import type { Incoming } from "./decode";
import type { OutboxEntry } from "./outbox";

const message = (id: number, content = "") => ({
  id,
  source: "agent",
  message: content,
  timestamp: "",
  action: "message",
  args: { content },
});

function open(conversationId = "c1", prefix = "client") {
  const socket = new ScriptedSocket();
  const seen: Incoming[] = [];
  const connections: Connection["kind"][] = [];
  let outbox: readonly OutboxEntry[] = [];
  let count = 0;
  const conversation = new ConversationSocket({
    conversationId,
    sessionKey: "secret",
    openSocket: socket.open,
    newId: () => `${prefix}-${(count += 1)}`,
    onIncoming: (incoming) => seen.push(incoming),
    onDelta: () => undefined,
    onConnection: (connection) => connections.push(connection.kind),
    onOutbox: (entries) => {
      outbox = entries;
    },
  });
  conversation.connect();
  const ids = () => seen.flatMap((incoming) => (incoming.kind === "event" ? [incoming.event.id] : []));
  return { socket, conversation, connections, ids, outbox: () => outbox };
}

describe("the cursor", () => {
  it("starts before the first event and names the conversation and the key", () => {
    const { socket } = open();
    expect(socket.queries).toEqual([
      { conversation_id: "c1", latest_event_id: "-1", providers_set: "", deltas: "1", pictures: "url", session_api_key: "secret" },
    ]);
  });

  it("is the last event seen on every later connection", () => {
    const { socket } = open();
    socket.server.connected();
    socket.server.event(message(0));
    socket.server.event(message(7));
    socket.reconnect();
    socket.server.event(message(8));
    socket.reconnect();
    expect(socket.queries.map((query) => query["latest_event_id"])).toEqual(["-1", "7", "8"]);
  });

  it("drops events that were seen before", () => {
    const { socket, ids } = open();
    socket.server.connected();
    for (const id of [0, 2, 2, 1, 3]) socket.server.event(message(id));
    socket.reconnect();
    for (const id of [3, 4]) socket.server.event(message(id));
    expect(ids()).toEqual([0, 2, 3, 4]);
  });

  it("is not moved by what is not an event", () => {
    const { socket } = open();
    socket.server.connected();
    socket.server.event({ status_update: true, type: "info", id: "STATUS$READY", message: "" });
    socket.server.event({ error: true, message: "no" });
    socket.server.event("nonsense");
    socket.reconnect();
    expect(socket.queries.at(-1)?.["latest_event_id"]).toBe("-1");
  });

  it("counts events of an unknown kind", () => {
    const { socket } = open();
    socket.server.connected();
    socket.server.event({ id: 5, action: "dance", args: {} });
    socket.reconnect();
    expect(socket.queries.at(-1)?.["latest_event_id"]).toBe("5");
  });
});

describe("the outbox", () => {
  it("sends an action under its own id and forgets it when its event is here", () => {
    const { socket, conversation, outbox } = open();
    socket.server.connected();
    conversation.send({ kind: "message", text: "hi" });
    expect(socket.emitted).toMatchObject([
      {
        name: "oh_user_action",
        payload: { action: "message", args: { content: "hi", image_urls: [], file_urls: [] }, client_id: "client-1" },
      },
    ]);
    socket.emitted[0]?.ack({ ok: true, id: 4 });
    expect(outbox()).toMatchObject([{ delivery: { kind: "accepted", eventId: 4 } }]);
    socket.server.event(message(4, "hi"));
    expect(outbox()).toEqual([]);
  });

  it("forgets an action whose event came before the answer", () => {
    const { socket, conversation, outbox } = open();
    socket.server.connected();
    conversation.send({ kind: "message", text: "hi" });
    socket.server.event(message(4, "hi"));
    expect(outbox()).toHaveLength(1);
    socket.emitted[0]?.ack({ ok: true, id: 4 });
    expect(outbox()).toEqual([]);
  });

  it("sends what was typed without a connection as soon as there is one, in order", () => {
    const { socket, conversation } = open();
    conversation.send({ kind: "message", text: "one" });
    conversation.send({ kind: "message", text: "two" });
    expect(socket.emitted).toEqual([]);
    socket.server.connected();
    expect(socket.emitted.map(({ payload }) => payload["client_id"])).toEqual(["client-1", "client-2"]);
  });

  it("sends again under the same id what was never answered", () => {
    const { socket, conversation, outbox } = open();
    socket.server.connected();
    conversation.send({ kind: "message", text: "one" });
    conversation.send({ kind: "state", state: "stopped" });
    socket.emitted[0]?.ack({ ok: true, id: 4 });
    socket.reconnect();
    expect(socket.emitted.map(({ payload }) => payload["client_id"])).toEqual(["client-1", "client-2", "client-2"]);
    socket.emitted[2]?.ack({ ok: true, id: 5 });
    socket.server.event(message(4));
    socket.server.event(message(5));
    expect(outbox()).toEqual([]);
  });

  it("keeps a refused message with its reason, and does not send it again", () => {
    const { socket, conversation, outbox } = open();
    socket.server.connected();
    conversation.send({ kind: "message", text: "one" });
    socket.emitted[0]?.ack({ error: true, message: "no room" });
    socket.reconnect();
    expect(socket.emitted).toHaveLength(1);
    expect(outbox()).toMatchObject([{ delivery: { kind: "refused", message: "no room" } }]);
    conversation.discard("client-1");
    expect(outbox()).toEqual([]);
  });

  it("survives a reload of the page", () => {
    open().conversation.send({ kind: "message", text: "typed before the reload" });
    const next = open("c1", "next");
    next.socket.server.connected();
    expect(next.socket.emitted).toMatchObject([
      { payload: { client_id: "client-1", args: { content: "typed before the reload" } } },
    ]);
    expect(open("c2").outbox()).toEqual([]);
  });
});

describe("the connection", () => {
  it("tells a lost connection, an ended session and a refusal apart", () => {
    const { socket, connections } = open();
    socket.server.connected();
    socket.reconnect();
    socket.server.disconnected("io server disconnect");
    socket.server.connectFailed("xhr error", true);
    socket.server.connectFailed("invalid_session_api_key", false);
    expect(connections).toEqual([
      "connecting",
      "connected",
      "reconnecting",
      "reconnecting",
      "connected",
      "ended",
      "refused",
    ]);
  });

  it("says nothing more once it is closed", () => {
    const { socket, conversation, connections, ids } = open();
    conversation.close();
    socket.server.connected();
    socket.server.event(message(0));
    expect([socket.isClosed, connections, ids()]).toEqual([true, ["connecting"], []]);
  });
});
