// The agent with a model server in OpenAI's form: what it is asked, and what comes of its answers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { call, ScriptedModel } from "../scripted-model.mjs";
import { Client, closeClients } from "./client.mjs";

const API_KEY = "sk-scripted-0123456789abcdef";
const CONVERSATION = "scripted";

let model;
let server;
let workspace;

before(async () => {
  model = await ScriptedModel.start();
  server = await OpenHands.start({
    env: { LLM_MODEL: "openai/scripted", LLM_BASE_URL: model.url, LLM_API_KEY: API_KEY },
  });
  workspace = join(server.dataDir, "workspaces", CONVERSATION);
  const risk = { security_risk: "LOW" };
  model.script(
    { text: "First a file.", calls: [call("execute_bash", { command: "echo one > one.txt && echo made", ...risk })] },
    {
      text: "Then two things at once.",
      calls: [
        call("str_replace_editor", { command: "create", path: join(workspace, "two.txt"), file_text: "two\n", ...risk }),
        call("execute_bash", { command: "cat one.txt", ...risk }),
      ],
    },
    { calls: [call("execute_bash", { command: "cat two.txt; echo key=$LLM_API_KEY", ...risk })] },
    { calls: [call("finish", { message: "Both files are there." })] },
    { text: "You are welcome." },
  );
});
after(async () => {
  closeClients();
  await server?.stop();
  model?.stop();
});

test("tool calls are carried out, their results go back in order, and a second message goes on", async () => {
  const client = new Client(server, CONVERSATION);
  const asked = await client.say("Make two files");
  const finished = await client.state("finished", asked);
  assert.equal(await readFile(join(workspace, "one.txt"), "utf8"), "one\n");
  assert.equal(await readFile(join(workspace, "two.txt"), "utf8"), "two\n");
  assert.equal(client.events.findLast(({ action }) => action === "finish").args.final_thought, "Both files are there.");

  const thanks = await client.say("Thank you");
  await client.state("awaiting_user_input", finished.id);
  const answer = client.events.findLast((event) => event.source === "agent" && event.type === "message");
  assert.ok(answer.id > thanks);
  assert.equal(answer.message, "You are welcome.");

  assert.equal(model.requests.length, 5);
  for (const { path, authorization, body } of model.requests) {
    assert.equal(path, "/v1/chat/completions");
    assert.equal(authorization, `Bearer ${API_KEY}`);
    assert.equal(body.model, "scripted");
    const names = body.tools.map((tool) => tool.function.name);
    for (const name of ["execute_bash", "str_replace_editor", "finish"]) assert.ok(names.includes(name), name);
  }
  const { messages } = model.requests[3].body;
  const text = ({ content }) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text).join(""));
  const calls = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
  const results = messages.filter(({ role }) => role === "tool");
  assert.deepEqual(calls, ["call_1_0", "call_2_0", "call_2_1", "call_3_0"]);
  assert.deepEqual(results.map(({ tool_call_id }) => tool_call_id), calls);
  for (const [index, expected] of [/made/, /two\.txt/, /^one/, /^two\nkey=(\n|$)/].entries()) {
    assert.match(text(results[index]), expected);
  }
  assert.ok(messages.some((message) => message.role === "user" && text(message).includes("Make two files")));
  assert.ok(model.requests[4].body.messages.some((message) => message.role === "user" && text(message) === "Thank you"));

  // Each request only adds to the last, so that a provider can keep what it has read.
  for (let index = 1; index < 4; index += 1) {
    const [before, now] = [model.requests[index - 1].body.messages, model.requests[index].body.messages];
    assert.deepEqual(now.slice(0, before.length).map(text), before.map(text));
  }
  client.close();
});

test("the key of the model shows nowhere", async () => {
  const stored = JSON.stringify(await server.events(CONVERSATION));
  assert.ok(!stored.includes(API_KEY), "an event holds the key");
  assert.ok(!server.output.includes(API_KEY), "the log holds the key");
  const config = await server.api("/api/options/config");
  assert.equal(config.LLM_MODEL, "openai/scripted");
  assert.ok(!JSON.stringify(config).includes(API_KEY));
});

test("a model that refuses is reported in the conversation", async () => {
  const client = new Client(server, "refused");
  const asked = await client.say("Hello");
  const failed = await client.state("error", asked);
  assert.match(JSON.stringify(client.events.slice(-3)) + JSON.stringify(client.notices), /the script has no more answers/);
  assert.ok(!JSON.stringify(failed).includes(API_KEY));
  client.close();
});
