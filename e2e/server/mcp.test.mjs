// The agent with real MCP servers, over each transport.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { OpenHands } from "../openhands.mjs";
import { call, ScriptedModel } from "../scripted-model.mjs";
import { Client, closeClients, eventually } from "./client.mjs";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const EVERYTHING = join(modules, "@modelcontextprotocol/server-everything/dist/index.js");
const FILESYSTEM = join(modules, "@modelcontextprotocol/server-filesystem/dist/index.js");
const SECRET = "canary-value-of-everything";

let model;
const running = [];

before(async () => (model = await ScriptedModel.start()));
after(async () => {
  closeClients();
  for (const server of running) await server.stop();
  model?.stop();
});

async function start(env) {
  const server = await OpenHands.start({
    env: {
      LLM_MODEL: "openai/scripted",
      LLM_BASE_URL: model.url,
      LLM_API_KEY: "sk-scripted-0123456789abcdef",
      // The modules may be in a home directory, which a sandbox hides.
      SANDBOX_VOLUMES: `${modules}:${modules}:ro`,
      ...env,
    },
  });
  running.push(server);
  return server;
}

/** Starts the server with every kind of tool over HTTP; returns its address. */
async function startEverything(mode) {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  const child = spawn(process.execPath, [EVERYTHING, mode], {
    env: { ...process.env, PORT: String(port) },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  running.push({
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(`the MCP server on port ${port}`, () => fetch(url).then(() => true, () => false));
  return url;
}

const use = (name, args) => ({ calls: [call(name, { ...args, security_risk: "LOW" })] });

/** Lets the agent make these calls; returns their observations and the tools it was offered. */
async function run(server, conversation, ...answers) {
  const first = model.requests.length;
  model.script(...answers, { calls: [call("finish", { message: "Done." })] });
  const client = new Client(server, conversation);
  const asked = await client.say("Use your tools");
  await client.until("the end", () => client.events.some(({ id, action }) => id > asked && action === "finish"), 60_000);
  const results = client.events
    .filter(({ id, observation }) => id > asked && observation === "mcp")
    .map(({ content, extras }) => ({ ...JSON.parse(content), extras }));
  const offered = model.requests.slice(first).map(({ body }) => body.tools.map((tool) => tool.function.name));
  return { client, results, offered };
}

const textOf = ({ content }) => content.map(({ text }) => text).join("");

test("programs run in the sandbox, and their tools keep their names", async () => {
  const server = await start({
    MCP_STDIO_SERVERS: JSON.stringify([
      { name: "everything", command: "node", args: [EVERYTHING, "stdio"], env: { CANARY: SECRET } },
      { name: "files", command: "node", args: [FILESYSTEM, ".", modules] },
    ]),
  });
  const conversation = await server.createConversation();
  const workspace = join(server.dataDir, "workspaces", conversation);
  const outside = join(modules, `outside-${process.pid}.txt`);
  const { client, results, offered } = await run(
    server,
    conversation,
    use("echo", { message: "hello" }),
    use("get-sum", { a: "no number" }),
    use("get-tiny-image", {}),
    use("get-env", {}),
    use("write_file", { path: "inside.txt", content: "inside\n" }),
    use("write_file", { path: outside, content: "outside\n" }),
    use("echo", { message: "still here" }),
  );
  assert.equal(results.length, 7);
  const [echo, wrong, picture, environment, inside, escaped, again] = results;
  assert.equal(textOf(echo), "Echo: hello");
  assert.equal(echo.isError, false);
  assert.deepEqual(echo.extras.arguments, { message: "hello" });
  assert.equal(wrong.isError, true);
  assert.match(picture.extras.image_urls[0], /^data:image\/png;base64,/);
  assert.equal(picture.content.find(({ type }) => type === "image").data, "[picture 1]");
  assert.ok(textOf(environment).includes("CANARY"));
  assert.equal(inside.isError ?? false, false, textOf(inside));
  assert.equal(await readFile(join(workspace, "inside.txt"), "utf8"), "inside\n");
  assert.equal(escaped.isError, true);
  assert.ok(!existsSync(outside));
  assert.equal(textOf(again), "Echo: still here");
  assert.ok(!JSON.stringify(client.events).includes(SECRET));
  assert.ok(!server.output.includes(SECRET));

  for (const names of offered) {
    assert.deepEqual(names, offered[0]);
    for (const name of ["echo", "get-sum", "write_file", "read_text_file"]) assert.ok(names.includes(name), name);
  }
  const { servers } = await server.api(`/api/conversations/${conversation}/mcp-servers`);
  assert.deepEqual(servers.map(({ name, transport, status }) => [name, transport, status]), [
    ["everything", "stdio", "connected"],
    ["files", "stdio", "connected"],
  ]);

  await server.api(`/api/conversations/${conversation}/stop`, { method: "POST" });
  const closed = await server.api(`/api/conversations/${conversation}/mcp-servers`);
  assert.deepEqual(closed, { servers: [] });
});

test("both HTTP transports are spoken, and a call that takes too long ends as an observation", async () => {
  const [streamable, sse] = [await startEverything("streamableHttp"), await startEverything("sse")];
  const server = await start({
    MCP_SHTTP_SERVERS: JSON.stringify([{ url: `${streamable}/mcp`, timeout: 2 }]),
    MCP_SSE_SERVERS: JSON.stringify([`${sse}/sse`, "http://127.0.0.1:1/sse"]),
  });
  const conversation = await server.createConversation();
  const { client, results } = await run(
    server,
    conversation,
    // The first is that of the list of SSE servers.
    use("127_0_0_1_echo", { message: "over events" }),
    use("127_0_0_1_3_echo", { message: "over streams" }),
    use("127_0_0_1_3_trigger-long-running-operation", { duration: 60, steps: 2 }),
    use("127_0_0_1_3_echo", { message: "afterwards" }),
  );
  const [first, second, late, afterwards] = results;
  assert.equal(textOf(first), "Echo: over events");
  assert.equal(textOf(second), "Echo: over streams");
  assert.deepEqual([late.isError, late.content], [true, []]);
  assert.match(late.error, /did not answer within 2 s/);
  assert.equal(textOf(afterwards), "Echo: afterwards");

  const { servers } = await server.api(`/api/conversations/${conversation}/mcp-servers`);
  assert.deepEqual(servers.map(({ transport, status }) => [transport, status]), [
    ["sse", "connected"],
    ["sse", "failed"],
    ["shttp", "connected"],
  ]);
  assert.match(servers[1].error, /refused/i);
  const told = client.notices.filter(({ status_update }) => status_update).map(({ message }) => message);
  assert.ok(told.some((text) => /The MCP server `127_0_0_1_2` cannot be used: .*refused/i.test(text)), told.join("\n"));
  client.close();
});
