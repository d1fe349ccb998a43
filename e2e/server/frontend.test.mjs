// Every call of OpenHands' own web interface, in the order and the words in which that interface makes them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { call, ScriptedModel } from "../scripted-model.mjs";
import { Client, closeClients, eventually, stateOf } from "./client.mjs";

let model;
let server;
let id;
let client;

before(async () => {
  model = await ScriptedModel.start();
  // Nothing is configured: the first-run dialog does it.
  server = await OpenHands.start({ env: { LLM_MODEL: "" } });
});
after(async () => {
  closeClients();
  await server?.stop();
  model?.stop();
});

/** Asks as the interface does and returns status and body. */
async function ask(method, path, body, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...(body === undefined || body instanceof FormData ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined || body instanceof FormData ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  let parsed = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not everything is JSON.
  }
  return { status: answer.status, body: parsed, headers: answer.headers };
}

const ok = async (method, path, body) => {
  const answer = await ask(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** The query as engine.io-client writes it: every value as text, also those that are not there. */
const connect = (conversation, from = -1) =>
  new Client(server, conversation, { from, query: { providers_set: [], session_api_key: null } });

const message = (content) => ({
  action: "message",
  args: { content, image_urls: [], file_urls: [], timestamp: new Date().toISOString() },
});

/** Waits as the interface does: it asks again and again. */
async function untilRunning(conversation) {
  let info;
  await eventually("the conversation runs", async () => {
    info = await ok("GET", `/api/conversations/${conversation}`);
    return info.status === "RUNNING" && info.runtime_status !== null;
  });
  return info;
}

test("boot: options, no settings yet, then the settings of the dialog", async () => {
  const config = await ok("GET", "/api/options/config");
  assert.equal(config.APP_MODE, "oss");
  assert.equal(config.POSTHOG_CLIENT_KEY, "");
  assert.deepEqual(config.FEATURE_FLAGS, { ENABLE_BILLING: false, HIDE_LLM_SETTINGS: false });
  const none = await ask("GET", "/api/settings");
  assert.deepEqual([none.status, none.body], [404, { error: "Settings not found" }]);
  for (const list of ["models", "agents", "security-analyzers"]) {
    const names = await ok("GET", `/api/options/${list}`);
    assert.deepEqual(names, [...new Set(names)].toSorted(), list);
  }
  const settings = {
    llm_model: "openai/scripted",
    llm_base_url: model.url,
    llm_api_key: "sk-scripted-0123456789abcdef",
    agent: "CodeActAgent",
    language: "en",
    confirmation_mode: false,
    security_analyzer: "llm",
    remote_runtime_resource_factor: 1,
    provider_tokens_set: {},
    enable_default_condenser: true,
    condenser_max_size: 120,
    enable_sound_notifications: false,
    user_consents_to_analytics: false,
    enable_proactive_conversation_starters: false,
    enable_solvability_analysis: false,
    search_api_key: "",
    max_budget_per_task: null,
    git_user_name: "openhands",
    git_user_email: "openhands@all-hands.dev",
  };
  assert.deepEqual(await ok("POST", "/api/settings", settings), { message: "Settings stored" });
  const stored = await ok("GET", "/api/settings");
  assert.equal(stored.llm_model, "openai/scripted");
  assert.equal(stored.llm_api_key, null);
  assert.equal(stored.llm_api_key_set, true);
  assert.equal(stored.search_api_key_set, false);
  assert.deepEqual(stored.secrets_store, { provider_tokens: {} });
});

test("create: it starts, is polled, and is ready for a socket", async () => {
  assert.deepEqual(await ok("GET", "/api/conversations?limit=20"), { results: [], next_page_id: null });
  const made = await ok("POST", "/api/conversations", { repository: null, git_provider: null, selected_branch: null, initial_user_msg: null, suggested_task: null, create_microagent: null, conversation_instructions: null });
  assert.equal(made.status, "ok");
  assert.match(made.conversation_id, /^[0-9a-f]{32}$/);
  id = made.conversation_id;
  const info = await untilRunning(id);
  assert.equal(info.conversation_version, "V0");
  assert.equal(info.url, `/api/conversations/${id}`);
  assert.equal(info.title, `Conversation ${id.slice(0, 5)}`);
  client = connect(id);
  await client.until("a connection", () => client.connections.includes("connect"));
  const parts = ["config", "web-hosts", "list-files", "vscode-url"];
  const answers = await Promise.all(parts.map((part) => ok("GET", `/api/conversations/${id}/${part}`)));
  assert.deepEqual(Object.keys(answers[0]).toSorted(), ["runtime_id", "session_id"]);
  assert.equal(typeof answers[1].hosts, "object");
  assert.deepEqual(answers[2], []);
  assert.deepEqual(answers[3], { vscode_url: null });
  const changes = await ask("GET", `/api/conversations/${id}/git/changes`);
  assert.deepEqual([changes.status, changes.body], [404, { error: "Not a git repository" }]);
  await client.state("awaiting_user_input");
});

test("chat: a message is answered with work, and everything of it is seen", async () => {
  const command = "git init -q . && echo one > a.txt && git add a.txt && git commit -qm first && echo two > a.txt";
  model.script({ calls: [call("execute_bash", { command, security_risk: "LOW" })] }, { calls: [call("finish", { message: "All done." })] });
  // The interface asks for no acknowledgement.
  client.socket.emit("oh_user_action", message("Make a repository"));
  const said = await client.event("the message", (event) => event.action === "message" && event.source === "user");
  assert.equal(said.args.content, "Make a repository");
  const finish = await client.event("the end", (event) => event.action === "finish", said.id);
  assert.equal(finish.args.final_thought, "All done.");
  await client.state("finished", said.id);
  const ran = client.events.find((event) => event.observation === "run");
  assert.equal(ran.extras.metadata.exit_code, 0);
  assert.equal(ran.cause, client.events.find((event) => event.action === "run").id);
  for (const event of client.events) assert.ok(["user", "agent"].includes(event.source) && typeof event.message === "string");
});

test("files, changes and differences", async () => {
  assert.deepEqual(await ok("GET", `/api/conversations/${id}/list-files`), ["a.txt"]);
  assert.deepEqual(await ok("GET", `/api/conversations/${id}/select-file?file=a.txt`), { code: "two\n" });
  assert.deepEqual(await ok("GET", `/api/conversations/${id}/git/changes`), [{ status: "M", path: "a.txt" }]);
  const diff = await ok("GET", `/api/conversations/${id}/git/diff?path=a.txt`);
  assert.deepEqual([diff.modified, diff.original], ["two\n", "one\n"]);
  const form = new FormData();
  form.append("files", new Blob([new Uint8Array([0, 255, 254, 10])]), "data.bin");
  form.append("files", new Blob(["text"]), "note.txt");
  const uploaded = await ok("POST", `/api/conversations/${id}/upload-files`, form);
  assert.equal(uploaded.uploaded_files.length, 2);
  assert.deepEqual(uploaded.skipped_files, []);
  assert.deepEqual(await ok("GET", `/api/conversations/${id}/list-files`), ["a.txt", "data.bin", "note.txt"]);
  assert.equal((await ask("GET", `/api/conversations/${id}/select-file?file=data.bin`)).status, 415);
  const archive = await ask("GET", `/api/conversations/${id}/zip-directory`);
  assert.equal(archive.headers.get("content-type"), "application/zip");
  assert.match(archive.headers.get("content-disposition"), /filename="workspace.zip"/);
});

test("reconnect: the transport breaks and the rest comes exactly once", async () => {
  const before = client.events.length;
  client.socket.io.engine.close();
  await client.until("the loss", () => client.connections.some((what) => what.startsWith("disconnect")));
  model.script({ text: "Still here." });
  await ok("POST", `/api/conversations/${id}/events`, message("Are you there?"));
  await client.event("the answer", (event) => event.action === "message" && event.message === "Still here.");
  const ids = client.events.map((event) => event.id);
  assert.ok(client.events.length > before);
  assert.deepEqual(ids, [...new Set(ids)].toSorted((a, b) => a - b));
  // Somebody who comes late sees the same.
  const late = connect(id, undefined);
  await late.until("the history", () => late.events.length >= client.events.length);
  assert.deepEqual(late.events.map((event) => event.id), ids);
  late.close();
});

test("stop and resume: the button, then a message", async () => {
  model.script({ calls: [call("execute_bash", { command: "sleep 600", security_risk: "LOW" })] });
  const { id: asked } = await client.act(message("Wait a while"));
  await client.event("the command", (event) => event.action === "run" && event.args.command.includes("sleep"), asked);
  client.socket.emit("oh_user_action", { action: "change_agent_state", args: { agent_state: "stopped" } });
  const stopped = await client.state("stopped", asked);
  model.script({ text: "Going on." });
  client.socket.emit("oh_user_action", message("continue"));
  await client.event("the answer", (event) => event.message === "Going on.", stopped.id);
});

test("rename: the room hears of the new title", async () => {
  assert.equal(await ok("PATCH", `/api/conversations/${id}`, { title: "A better title" }), true);
  await client.until("the title", () => client.notices.find((notice) => notice.conversation_title === "A better title" && notice.message === id));
  assert.equal((await ok("GET", "/api/conversations?limit=100")).results[0].title, "A better title");
});

test("secrets and MCP servers of the settings pages", async () => {
  const made = await ask("POST", "/api/secrets", { name: "TOKEN", value: "a-secret-value", description: "for tests" });
  assert.equal(made.status, 201);
  assert.deepEqual(await ok("GET", "/api/secrets"), { custom_secrets: [{ name: "TOKEN", description: "for tests" }] });
  await ok("PUT", "/api/secrets/TOKEN", { name: "RENAMED", description: "" });
  await ok("DELETE", "/api/secrets/RENAMED");
  assert.deepEqual(await ok("GET", "/api/secrets"), { custom_secrets: [] });

  // The page sends the whole settings back, with the servers in them.
  const settings = await ok("GET", "/api/settings");
  const mcp_config = { sse_servers: [{ url: "https://sse.example/x", api_key: "k-123456" }], stdio_servers: [], shttp_servers: [] };
  await ok("POST", "/api/settings", { ...settings, mcp_config });
  const shown = await ok("GET", "/api/settings");
  assert.equal(shown.mcp_config.sse_servers[0].url, "https://sse.example/x");
  assert.ok(!JSON.stringify(shown).includes("k-123456"));
  assert.equal(shown.llm_api_key_set, true);
  await ok("POST", "/api/settings", { ...shown, mcp_config: { sse_servers: [], stdio_servers: [], shttp_servers: [] } });
  assert.deepEqual(await ok("POST", "/api/add-git-providers", { provider_tokens: { github: { token: "", host: null } } }), { message: "Git providers stored" });
  await ok("POST", "/api/unset-provider-tokens");
});

test("confirmation mode: a risky command waits for the button", async () => {
  const settings = await ok("GET", "/api/settings");
  await ok("POST", "/api/settings", { ...settings, confirmation_mode: true, security_analyzer: "llm" });
  const made = await ok("POST", "/api/conversations", {});
  await untilRunning(made.conversation_id);
  const cautious = connect(made.conversation_id);
  await cautious.state("awaiting_user_input");
  model.script({ calls: [call("execute_bash", { command: "echo risky", security_risk: "HIGH" })] }, { text: "It ran." });
  cautious.socket.emit("oh_user_action", message("Do it"));
  const waiting = await cautious.state("awaiting_user_confirmation");
  cautious.socket.emit("oh_user_action", { action: "change_agent_state", args: { agent_state: "user_confirmed" } });
  await cautious.event("the output", (event) => event.observation === "run", waiting.id);
  await cautious.event("the answer", (event) => event.message === "It ran.", waiting.id);
  cautious.close();
});

test("stop, start again and delete from the list", async () => {
  const stopped = await ok("POST", `/api/conversations/${id}/stop`);
  assert.deepEqual([stopped.status, stopped.message], ["ok", "Conversation stopped successfully"]);
  await client.until("the goodbye", () => client.connections.includes("disconnect: io server disconnect"));
  assert.equal(stateOf(client.events.filter((event) => stateOf(event)).at(-1)), "stopped");
  assert.equal((await ok("GET", `/api/conversations/${id}`)).status, "STOPPED");
  await ok("POST", `/api/conversations/${id}/start`, { providers_set: [] });
  await untilRunning(id);
  const again = connect(id, client.lastId);
  await again.state("awaiting_user_input", client.lastId);
  const trajectory = await ok("GET", `/api/conversations/${id}/trajectory`);
  assert.ok(trajectory.trajectory.length > 5);
  assert.equal(await ok("DELETE", `/api/conversations/${id}`), true);
  assert.equal(await ok("GET", `/api/conversations/${id}`), null);
  assert.equal(await ok("DELETE", `/api/conversations/${id}`), false);
});
