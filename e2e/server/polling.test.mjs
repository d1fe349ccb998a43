// Clients that come over HTTP long-polling, and those that move from it to a WebSocket.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients, idsOf, isDeliverable } from "./client.mjs";

const POLLING = { SOCKETIO_TRANSPORTS: "websocket,polling" };

let server;
before(async () => (server = await OpenHands.start({ env: POLLING })));
after(async () => {
  closeClients();
  await server?.stop();
});

const reconnection = (client, before) =>
  client.until("the next connection", () => client.connections.slice(before).includes("connect"));

async function expectEverythingOnce(client, id) {
  assert.deepEqual(idsOf(client.events), idsOf((await server.events(id)).filter(isDeliverable)));
}

for (const transports of [["polling"], ["polling", "websocket"]]) {
  describe(`with ${transports.join(" and ")}`, () => {
    const last = transports.at(-1);

    test("a conversation is led from the first message to the last", async () => {
      const id = await server.createConversation();
      const client = new Client(server, id, { transports });
      await client.say("Show me what you can do");
      await client.state("finished");
      const said = await client.say("say bye");
      await client.state("awaiting_user_input", said);
      assert.equal(client.socket.io.engine.transport.name, last);
      const refused = await client.act({ action: "dance" });
      assert.deepEqual([refused.error, refused.code], [true, "unknown_action"]);
      await expectEverythingOnce(client, id);
      assert.deepEqual(client.connections, ["connect"]);
      client.close();
    });

    test("passing notices come too", async () => {
      const id = await server.createConversation();
      const client = new Client(server, id, { transports, query: { deltas: "1" } });
      const pieces = [];
      client.socket.on("oh_delta", (piece) => pieces.push(piece));
      const said = await client.say("run echo some output; sleep 1");
      await client.state("awaiting_user_input", said);
      assert.ok(pieces.some(({ type, text }) => type === "output" && text.includes("some output")));
      client.close();
    });

    test("a client comes back after a crash and gets everything once", async () => {
      const id = await server.createConversation();
      const client = new Client(server, id, { transports });
      await client.state("awaiting_user_input");
      for (let round = 0; round < 3; round += 1) {
        const said = await client.say(`say ${round}`);
        await client.state("awaiting_user_input", said);
        const seen = client.connections.length;
        await server.crash();
        await server.up();
        await reconnection(client, seen);
      }
      const said = await client.say("say the end");
      await client.state("awaiting_user_input", said);
      await expectEverythingOnce(client, id);
      client.close();
    });

    test("a server that is asked to end lets its viewers come back", async () => {
      const id = await server.createConversation();
      const client = new Client(server, id, { transports });
      await client.state("awaiting_user_input");
      const seen = client.connections.length;
      assert.equal(await server.down(), 0);
      await server.up();
      await reconnection(client, seen);
      assert.ok(!client.connections.includes("disconnect: io server disconnect"), client.connections.join());
      const said = await client.say("say again");
      await client.state("awaiting_user_input", said);
      await expectEverythingOnce(client, id);
      client.close();
    });

    test("viewers that lose their connection again and again miss and repeat nothing", async () => {
      const id = await server.createConversation();
      const speaker = new Client(server, id);
      await speaker.state("awaiting_user_input");
      const viewers = Array.from({ length: 4 }, () => new Client(server, id, { transports }));
      let isOver = false;
      const breaking = viewers.map(async (viewer, n) => {
        for (let round = 0; !isOver; round += 1) {
          const seen = viewer.events.length;
          await viewer.until("more events, or the end", () => isOver || viewer.events.length > seen + 3 + n);
          // The transport is lost, wherever it is: in a GET, in an upgrade, on a WebSocket.
          if (!isOver) viewer.socket.io.engine.transport.close();
        }
      });
      const losses = ({ connections }) => connections.filter((what) => what.startsWith("disconnect")).length;
      for (let round = 0; round < 60 || viewers.some((viewer) => losses(viewer) < 3); round += 1) {
        assert.ok(round < 600, `connections were lost ${viewers.map(losses).join(", ")} times only`);
        await speaker.say(`say ${round}`);
      }
      const said = await speaker.say("say the end");
      await speaker.state("awaiting_user_input", said);
      isOver = true;
      for (const viewer of viewers) {
        await viewer.event("the newest event", (event) => event.id === speaker.lastId);
        await expectEverythingOnce(viewer, id);
      }
      closeClients();
      await Promise.allSettled(breaking);
    });
  });
}

test("viewers over both transports see the same, and a stop reaches them", async () => {
  const id = await server.createConversation();
  const viewers = [["polling"], ["websocket"], ["polling", "websocket"]].map((transports) => new Client(server, id, { transports }));
  const said = await viewers[0].say("say hello");
  for (const viewer of viewers) await viewer.state("awaiting_user_input", said);
  await server.api(`/api/conversations/${id}/stop`, { method: "POST" });
  for (const viewer of viewers) {
    await viewer.until("the goodbye", () => viewer.connections.includes("disconnect: io server disconnect"));
    await viewer.state("stopped");
    assert.deepEqual(idsOf(viewer.events), idsOf(viewers[1].events));
    viewer.close();
  }
});

test("the key is needed over HTTP as it is on a WebSocket", async () => {
  const guarded = await OpenHands.start({ env: { ...POLLING, SESSION_API_KEY: "right" } });
  try {
    for (const transports of [["polling"], ["polling", "websocket"]]) {
      const stranger = new Client(guarded, "x", { transports, query: { session_api_key: "wrong" } });
      await stranger.until("the refusal", () => stranger.connections.includes("connect_error: invalid_session_api_key"));
      stranger.close();
      for (const options of [{ query: { session_api_key: "right" } }, { extraHeaders: { "X-Session-API-Key": "right" } }]) {
        const client = new Client(guarded, "x", { transports, ...options });
        await client.state("awaiting_user_input");
        client.close();
      }
    }
  } finally {
    await guarded.stop();
  }
});

test("without the option polling is refused, and the client learns it", async () => {
  const plain = await OpenHands.start();
  try {
    const client = new Client(plain, "x", { transports: ["polling"], reconnection: false });
    await client.until("the refusal", () => client.connections.includes("connect_error: xhr poll error"));
    // What the official client does by default.
    const both = new Client(plain, "x", { transports: ["polling", "websocket"], tryAllTransports: true });
    await both.state("awaiting_user_input");
    client.close();
    both.close();
  } finally {
    await plain.stop();
  }
});
