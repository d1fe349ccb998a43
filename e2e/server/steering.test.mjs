// A person at the wheel: stop, pause, resume, and answers to what they send.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients, stateOf, eventually } from "./client.mjs";

let server;
before(async () => (server = await OpenHands.start()));
after(async () => {
  closeClients();
  await server?.stop();
});

/** Process ids with exactly these arguments among what the server started, and what that started. */
async function processesOf(...wanted) {
  const parents = new Map();
  const found = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      parents.set(pid, /^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]);
      if ((await readFile(`/proc/${pid}/cmdline`, "utf8")) === `${wanted.join("\0")}\0`) found.push(pid);
    } catch {
      // It ended meanwhile.
    }
  }
  return found.filter((pid) => {
    let ancestor = pid;
    while (ancestor !== undefined && ancestor !== String(server.pid)) ancestor = parents.get(ancestor);
    return ancestor !== undefined;
  });
}

test("stop ends a running command within a second, and the conversation goes on", async () => {
  const client = new Client(server, await server.createConversation());
  const asked = await client.say("run sleep 1000");
  const run = await client.event("the command", ({ action }) => action === "run", asked);
  await eventually("the process", async () => (await processesOf("sleep", "1000")).length === 1);

  const start = performance.now();
  client.socket.emit("oh_user_action", { action: "change_agent_state", args: { agent_state: "stopped" } });
  const stopped = await client.state("stopped", run.id);
  const took = performance.now() - start;
  assert.ok(took < 1000, `stopping took ${Math.round(took)} ms`);
  await eventually("the end of the process", async () => (await processesOf("sleep", "1000")).length === 0);
  assert.equal(client.events.filter(({ cause }) => cause === run.id).length, 1);

  await client.say("run echo still here");
  const next = await client.event("the next result", ({ observation }) => observation === "run", stopped.id);
  assert.match(next.content, /^still here/);
  client.close();
});

test("pause holds the agent, resume lets it go on", async () => {
  const client = new Client(server, await server.createConversation());
  const asked = await client.say("run sleep 1; echo done");
  const run = await client.event("the command", ({ action }) => action === "run", asked);
  assert.equal((await client.change("paused")).ok, true);
  const paused = await client.state("paused", run.id);
  const [first] = client.events.filter((event) => event.id > paused.id && event.source === "agent" && event.action);
  assert.equal(first, undefined, "the agent acted while it was paused");

  assert.equal((await client.change("running")).ok, true);
  await client.state("running", paused.id);
  const waiting = await client.state("awaiting_user_input", paused.id);
  const [observation, ...more] = client.events.filter(({ cause }) => cause === run.id);
  assert.deepEqual(more, []);
  assert.ok(observation.id < waiting.id);
  const answer = client.events.findLast(({ source, action }) => source === "agent" && action === "message");
  assert.ok(answer.id > paused.id && answer.id < waiting.id);
  client.close();
});

test("an action is answered with its id, or with what is wrong", async () => {
  const client = new Client(server, await server.createConversation());
  const answer = await client.act({ type: "message", source: "user", message: "say yes" });
  assert.deepEqual(Object.keys(answer), ["ok", "id"]);
  assert.equal(answer.ok, true);
  const echo = await client.event("the message", ({ source, type }) => source === "user" && type === "message");
  assert.equal(echo.id, answer.id);
  await client.state("awaiting_user_input", echo.id);

  for (const [action, code] of [
    ["text", "malformed_action"],
    [{ args: {} }, "malformed_action"],
    [{ action: "fly", args: {} }, "unknown_action"],
    [{ type: "message", message: "" }, "invalid_arguments"],
    [{ action: "change_agent_state", args: { agent_state: "loading" } }, "not_allowed"],
    [{ action: "finish", args: {} }, "not_allowed"],
  ]) {
    const before = client.lastId;
    const refusal = await client.act(action);
    assert.equal(refusal.error, true, JSON.stringify(refusal));
    assert.equal(refusal.code, code);
    assert.ok(typeof refusal.message === "string" && refusal.message !== "");
    assert.equal(client.lastId, before);
  }
  client.close();
});

test("a client_id sent twice is recorded once", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  const action = { type: "message", source: "user", message: "say once", client_id: "a-client-id" };
  const [first, second] = await Promise.all([client.act(action), client.act(action)]);
  assert.deepEqual(first, second);
  assert.equal(first.ok, true);
  await client.state("awaiting_user_input", first.id);
  const third = await client.act(action);
  assert.deepEqual(third, first);
  const said = (await server.events(id)).filter(({ source, action }) => source === "user" && action === "message");
  assert.equal(said.length, 1);
  client.close();
});

test("ending a conversation says goodbye after the last event", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  await client.state("awaiting_user_input");
  const gone = client.until("the goodbye", () => client.connections.find((what) => what.startsWith("disconnect")));
  await server.api(`/api/conversations/${id}/stop`, { method: "POST" });
  assert.equal(await gone, "disconnect: io server disconnect");
  assert.equal(stateOf(client.events.at(-1)), "stopped");
  client.close();
});
