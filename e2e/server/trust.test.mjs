// Who is let in, as the official client sees it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { io } from "socket.io-client";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients } from "./client.mjs";

const KEY = "a-key-for-this-test";

let server;
before(async () => (server = await OpenHands.start({ env: { SESSION_API_KEY: KEY } })));
after(async () => {
  closeClients();
  await server?.stop();
});

const first = (client) => client.until("an answer", () => client.connections[0]);

for (const [name, query] of [
  ["a wrong key", { session_api_key: "another" }],
  ["no key", {}],
  ["the text null for a key", { session_api_key: "null" }],
]) {
  test(`${name} is refused`, async () => {
    const client = new Client(server, "locked", { query });
    assert.equal(await first(client), "connect_error: invalid_session_api_key");
    assert.deepEqual([client.events, client.notices], [[], []]);
    assert.equal(client.socket.active, false, "a client that is refused does not try again");
    client.close();
  });
}

for (const [name, options] of [
  ["in the query", { query: { session_api_key: KEY } }],
  ["in the CONNECT payload", { auth: { session_api_key: KEY } }],
  ["as a header", { extraHeaders: { "X-Session-API-Key": KEY } }],
  ["as a bearer token", { extraHeaders: { Authorization: `Bearer ${KEY}` } }],
]) {
  test(`the key is taken ${name}`, async () => {
    const client = new Client(server, "locked", options);
    assert.equal(await first(client), "connect");
    client.close();
  });
}

test("another namespace is refused", async () => {
  const socket = io(`${server.url}/foo`, {
    transports: ["websocket"],
    forceNew: true,
    query: { conversation_id: "locked", session_api_key: KEY },
  });
  const outcome = await new Promise((resolve) => {
    socket.on("connect", () => resolve("connect"));
    socket.on("connect_error", () => resolve("connect_error"));
  });
  assert.equal(outcome, "connect_error");
  socket.disconnect();
});

test("a conversation has to be named", async () => {
  const client = new Client(server, "", { query: { session_api_key: KEY } });
  assert.equal(await first(client), "connect_error: No conversation_id in query params");
  client.close();
});
