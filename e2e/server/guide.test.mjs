// The example of the WebSocket guide, as written there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { io } from "socket.io-client";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients, eventually } from "./client.mjs";

let server;
before(async () => (server = await OpenHands.start()));
after(async () => {
  closeClients();
  await server?.stop();
});

/** The code of the guide; its `console.log` is `log`. */
function guideExample(log) {
  const socket = io(server.url, {
    transports: ["websocket"],
    query: {
      conversation_id: "your-conversation-id",
      latest_event_id: -1,
      providers_set: "github,gitlab", // Optional
    },
  });
  socket.on("connect", () => log("Connected to OpenHands WebSocket"));
  socket.on("oh_event", (event) => {
    if (event.source === "agent" && event.type === "message") {
      log("Agent says:", event.message);
    } else if (event.action === "run") {
      log("Command executed:", event.args.command);
      log("Result:", event.result);
    } else if (event.source === "user" && event.type === "message") {
      log("User says:", event.message);
    }
  });
  socket.on("connect_error", (error) => log("Connection error:", error));
  socket.on("disconnect", (reason) => log("Disconnected:", reason));
  return socket;
}

test("the guide's example connects, sends a message and sees what comes of it", async () => {
  const lines = [];
  const socket = guideExample((...line) => lines.push(line));
  const client = new Client(server, "your-conversation-id");
  const message = "Hello, can you help me with my project?";
  // Sent at once, as the guide does: the client keeps it until it is connected.
  socket.emit("oh_user_action", { type: "message", source: "user", message });

  const finished = await client.state("finished");
  await client.say("say Gladly.");
  await client.state("awaiting_user_input", finished.id);
  // The example has a socket of its own, which may hear a little later.
  await eventually("the answer in the example", () => lines.some(([, text]) => text === "Gladly."));
  socket.disconnect();
  assert.deepEqual(lines[0], ["Connected to OpenHands WebSocket"]);
  assert.deepEqual(lines.filter(([what]) => what === "User says:").map(([, text]) => text), [message, "say Gladly."]);
  assert.deepEqual(lines.filter(([what]) => what === "Agent says:").at(-1), ["Agent says:", "Gladly."]);
  assert.equal(lines.filter(([what]) => what === "Command executed:").length, 4);
  assert.deepEqual(lines.at(-1), ["Disconnected:", "io client disconnect"]);

  // Live, a command comes before its result, which the observation brings; on replay the action has it as well.
  for (const run of client.events.filter(({ action }) => action === "run")) {
    const [observation, ...more] = client.events.filter(({ cause }) => cause === run.id);
    assert.deepEqual(more, []);
    assert.equal(observation.observation, "run");
    assert.equal(observation.result, observation.content);
  }
  client.close();

  const replayed = [];
  const again = guideExample((...line) => replayed.push(line));
  const last = new Client(server, "your-conversation-id");
  await last.event("the last message", (event) => event.type === "message" && event.message === "Gladly.");
  const runs = last.events.filter(({ action }) => action === "run");
  assert.equal(runs.length, 4);
  for (const run of runs) {
    const observation = last.events.find(({ cause }) => cause === run.id);
    assert.equal(run.result, observation.content);
  }
  assert.match(runs[1].result, /FAIL 42: expected XLII/);
  const results = () => replayed.filter(([what]) => what === "Result:").map(([, text]) => text);
  await eventually("the replay of the example", () => results().length === runs.length);
  again.disconnect();
  assert.deepEqual(results(), runs.map(({ result }) => result));
  last.close();
});

test("every event has the fields of the guide", async () => {
  const client = new Client(server, "event-structure");
  await client.say("Hello");
  await client.state("finished");
  for (const event of client.events) {
    assert.ok(["user", "agent"].includes(event.source), JSON.stringify(event));
    assert.ok(!Number.isNaN(Date.parse(event.timestamp)), event.timestamp);
    assert.equal(typeof event.message, "string");
    assert.ok((event.action === undefined) !== (event.observation === undefined));
    if (event.action !== undefined) assert.equal(typeof event.args, "object");
  }
  client.close();
});
