// What the user decides while the agent works: allow, refuse, let it go on; and what it may use.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { call, ScriptedModel } from "../scripted-model.mjs";
import { Client, closeClients, eventually } from "./client.mjs";

let model;
let server;

before(async () => {
  model = await ScriptedModel.start();
  server = await OpenHands.start({
    env: {
      LLM_MODEL: "openai/scripted",
      LLM_BASE_URL: model.url,
      LLM_API_KEY: "sk-scripted-0123456789abcdef",
      SECURITY_CONFIRMATION_MODE: "true",
      MAX_ITERATIONS: "3",
    },
  });
});
after(async () => {
  closeClients();
  await server?.stop();
  model?.stop();
});

const run = (command, security_risk) => call("execute_bash", { command, security_risk });
const file = (id, name) => join(server.dataDir, "workspaces", id, name);
const exists = (path) => access(path).then(() => true, () => false);

test("a risky edit runs once it is allowed, and only once", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  const edit = { command: "create", path: "/workspace/a.txt", file_text: "a\n", security_risk: "HIGH" };
  model.script({ calls: [call("str_replace_editor", edit)] }, { calls: [call("finish", { message: "Done." })] });
  const asked = await client.say("Make a file");
  const waiting = await client.state("awaiting_user_confirmation", asked);
  const proposal = await client.event("the proposal", ({ action }) => action === "edit", waiting.id);
  assert.equal(proposal.args.confirmation_state, "awaiting_confirmation");
  assert.equal(proposal.args.security_risk, 2);
  assert.equal(await exists(file(id, "a.txt")), false);

  assert.equal((await client.change("user_confirmed")).ok, true);
  await client.state("finished", proposal.id);
  assert.equal(await readFile(file(id, "a.txt"), "utf8"), "a\n");
  const results = client.events.filter(({ observation }) => observation === "edit");
  assert.equal(results.length, 1);
  const states = client.events.filter((event) => event.observation === "agent_state_changed").map((event) => event.extras.agent_state);
  assert.deepEqual(states.slice(states.indexOf("awaiting_user_confirmation")), [
    "awaiting_user_confirmation",
    "user_confirmed",
    "running",
    "finished",
  ]);
});

test("a refused command does not run, and the model learns why", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  model.script({ calls: [run("touch b.txt", "HIGH")] }, { text: "Then not." });
  const asked = await client.say("Make another file");
  const waiting = await client.state("awaiting_user_confirmation", asked);
  const said = await client.say("Better not");
  await client.state("awaiting_user_input", said);
  assert.equal(await exists(file(id, "b.txt")), false);
  const rejected = client.events.find(({ observation }) => observation === "user_rejected");
  assert.ok(rejected.id > waiting.id);
  const last = model.requests.at(-1).body.messages.map((message) => JSON.stringify(message)).join("\n");
  assert.match(last, /did not allow this action/);
  assert.match(last, /Better not/);
});

test("the limit ends the work with an id, and a message goes on", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  model.script(
    ...[1, 2, 3].map((n) => ({ calls: [run(`echo ${n}`, "LOW")] })),
    { calls: [call("finish", { message: "Done." })] },
  );
  const asked = await client.say("Count");
  const failed = await client.state("error", asked);
  assert.match(failed.extras.reason, /Agent reached maximum iteration/);
  assert.deepEqual(failed.extras.error, { id: "STATUS$ERROR_MAX_ITERATIONS", kind: "quota", retryable: true, action: "retry" });
  await client.say("Go on");
  await client.state("finished", failed.id);
});

test("a model finds the title", async () => {
  const id = await server.createConversation();
  const client = new Client(server, id);
  model.script({ text: "Hello." });
  const asked = await client.say("Say hello to the reader of this file");
  await client.state("awaiting_user_input", asked);
  await eventually("the title", async () => (await server.api(`/api/conversations/${id}`)).title === "A scripted title");
  assert.match(JSON.stringify(model.titles.at(-1)), /Say hello to the reader/);
});
