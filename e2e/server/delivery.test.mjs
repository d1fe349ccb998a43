// Every event once and in order, whatever happens to the server or the connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients, idsOf, isDeliverable } from "./client.mjs";

let server;
before(async () => (server = await OpenHands.start()));
after(async () => {
  closeClients();
  await server?.stop();
});

const reconnection = (client, before) =>
  client.until("the next connection", () => client.connections.slice(before).includes("connect"));

test("a client comes back after a crash and gets everything once", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  const asked = await client.say("run sleep 1000");
  const run = await client.event("the command", ({ action }) => action === "run", asked);
  let seen = client.connections.length;
  await server.crash();
  await client.until("the loss", () => client.connections.some((what) => what.startsWith("disconnect: transport")));
  await server.up();
  await reconnection(client, seen);

  // What was running when the server died has its one result, and nothing runs by itself.
  const result = await client.event("the result of the interrupted command", ({ cause }) => cause === run.id);
  assert.ok(result.id > run.id);

  for (let round = 0; round < 3; round += 1) {
    const said = await client.say(`say ${round}`);
    await client.state("awaiting_user_input", said);
    seen = client.connections.length;
    await server.crash();
    await server.up();
    await reconnection(client, seen);
  }
  const said = await client.say("say the end");
  await client.state("awaiting_user_input", said);

  const stored = (await server.events(id)).filter(isDeliverable);
  assert.deepEqual(idsOf(client.events), idsOf(stored));
  assert.equal(client.events.filter(({ cause }) => cause === run.id).length, 1);
  const texts = client.events.filter(({ source, type }) => source === "agent" && type === "message");
  assert.deepEqual(texts.map(({ message }) => message), ["0", "1", "2", "the end"]);
  client.close();
});

test("two viewers see the same, whenever they come", async () => {
  const id = await server.createConversation();
  const first = new Client(server, id);
  await first.say("Show me what you can do");
  await first.event("a command", ({ action }) => action === "run");
  const second = new Client(server, id);
  await Promise.all([first.state("finished"), second.state("finished")]);
  const said = await second.say("say bye");
  await Promise.all([first.state("awaiting_user_input", said), second.state("awaiting_user_input", said)]);

  // An action that was over when a viewer came carries its result already; all else is the same.
  const plain = ({ result, ...event }) => (event.action === undefined ? { ...event, result } : event);
  assert.deepEqual(second.events.map(plain), first.events.map(plain));
  const middle = first.events[10].id;
  const late = new Client(server, id, { from: middle });
  await late.event("the newest event", (event) => event.id === first.lastId);
  assert.deepEqual(late.events.map(plain), first.events.filter((event) => event.id > middle).map(plain));
  for (const client of [first, second, late]) client.close();
});

test("a server that is asked to end lets its viewers come back", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  await client.state("awaiting_user_input");
  const seen = client.connections.length;
  assert.equal(await server.down(), 0);
  await server.up();
  await reconnection(client, seen);
  assert.ok(!client.connections.includes("disconnect: io server disconnect"), client.connections.join());
  const said = await client.say("say again");
  await client.state("awaiting_user_input", said);
  assert.deepEqual(idsOf(client.events), idsOf((await server.events(id)).filter(isDeliverable)));
  client.close();
});
