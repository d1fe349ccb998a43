// A stand-in for the server, for looking at the interface without one: `npm run build && npm run mock`.
// It speaks the REST routes and Socket.IO events that the interface uses, and plays a scripted conversation.
//
// Messages that contain one of these words do something special:
//   error   the model refuses the key            drop    the connection breaks for a while
//   long    2 000 rows of history                end     the server ends the session
//   refuse  the action is refused                many    everything the interface can draw
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";

import { Server } from "socket.io";

import { demo, everything, failing, history } from "./scripts.mjs";

const port = Number(process.env.PORT ?? 3000);
const dist = fileURLToPath(new URL("../../../dist", import.meta.url));
const sandboxNotice = process.env.SANDBOX_NOTICE ?? "";
const pace = Number(process.env.PACE ?? 1);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms * pace));
const conversations = new Map();
let settings = null;

const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws:; frame-ancestors 'none'";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

class Conversation {
  constructor(id) {
    this.id = id;
    this.title = `Conversation ${id.slice(0, 5)}`;
    this.created = new Date();
    this.updated = new Date();
    this.events = [];
    this.receipts = new Map();
    this.status = "STARTING";
    this.run = 0;
    this.start();
  }

  get state() {
    return this.events.findLast((event) => event.observation === "agent_state_changed")?.extras.agent_state;
  }

  start() {
    if (this.status === "RUNNING") return;
    this.status = "STARTING";
    setTimeout(() => {
      this.status = "RUNNING";
    }, 400 * pace);
  }

  info() {
    return {
      conversation_id: this.id,
      title: this.title,
      last_updated_at: this.updated.toISOString(),
      created_at: this.created.toISOString(),
      status: this.status,
      runtime_status: this.status === "RUNNING" ? "STATUS$READY" : this.status === "STARTING" ? "STATUS$STARTING_RUNTIME" : null,
      session_api_key: null,
      url: null,
    };
  }

  append(event) {
    const id = this.events.length;
    const stored = { id, timestamp: new Date().toISOString().replace("Z", "000"), source: "agent", message: "", ...event };
    this.events.push(stored);
    this.updated = new Date();
    io.to(this.id).emit("oh_event", stored);
    return id;
  }

  setState(agentState, reason = "") {
    if (this.state === agentState) return;
    this.append({ observation: "agent_state_changed", content: "", extras: { agent_state: agentState, reason } });
  }

  say(text) {
    const id = this.append({
      source: "user",
      type: "message",
      message: text,
      action: "message",
      args: { content: text, file_urls: [], image_urls: [], wait_for_response: false, security_risk: -1 },
    });
    if (this.title.startsWith("Conversation ")) {
      this.title = text.slice(0, 50);
      io.to(this.id).emit("oh_event", { status_update: true, type: "info", message: this.id, conversation_title: this.title });
    }
    void this.work(text);
    return id;
  }

  async work(text) {
    const run = (this.run += 1);
    this.setState("running");
    const script = /error/i.test(text) ? failing : /long/i.test(text) ? history : /many/i.test(text) ? everything : demo;
    if (/drop/i.test(text)) setTimeout(dropConnections, 1500);
    if (/\bend\b/i.test(text)) setTimeout(() => this.stop(), 1500);
    for (const step of script(text)) {
      await sleep(step.wait ?? 0);
      if (this.run !== run) return;
      if (step.say) {
        const after = this.events.length - 1;
        for (const word of step.say.split(/(?<= )/)) {
          io.to(this.id).emit("oh_delta", { type: "message", id: after, text: word });
          await sleep(25);
          if (this.run !== run) return;
        }
      }
      if (step.state) this.setState(step.state, step.reason);
      if (step.status) io.to(this.id).emit("oh_event", { status_update: true, type: "error", ...step.status });
      if (!step.event) continue;
      const id = this.append(step.event);
      if (!step.answer) continue;
      for (const piece of step.output ?? []) {
        await sleep(step.pause ?? 60);
        if (this.run !== run) break;
        io.to(this.id).emit("oh_delta", { type: "output", id, text: piece });
      }
      await sleep(step.takes ?? 150);
      if (this.run !== run) {
        this.append({
          cause: id,
          observation: "error",
          content: "Stop button pressed. The action has not been executed.",
          extras: { error_id: "AGENT_ERROR$ERROR_ACTION_NOT_EXECUTED_STOPPED" },
        });
        return this.setState("stopped");
      }
      this.append({ cause: id, ...step.answer });
    }
  }

  act(payload) {
    const known = this.receipts.get(payload.client_id);
    if (known !== undefined) return { ok: true, id: known };
    let id;
    if (payload.action === "message" || payload.type === "message") {
      const text = payload.args?.content ?? payload.message;
      if (/refuse/.test(text)) return { error: true, message: "this conversation takes no messages", code: "refused" };
      id = this.say(text);
    } else if (payload.action === "change_agent_state") {
      const to = payload.args.agent_state;
      id = this.append({ source: "user", action: "change_agent_state", args: { agent_state: to, thought: "" } });
      if (to === "running") void this.work("continue");
      else {
        const busy = this.events.some(
          (event) => event.action === "run" && !this.events.some((other) => other.cause === event.id),
        );
        this.run += 1;
        if (!busy) this.setState(to);
      }
    } else return { error: true, message: `unknown action ${JSON.stringify(payload.action)}`, code: "bad_action" };
    if (payload.client_id) this.receipts.set(payload.client_id, id);
    return { ok: true, id };
  }

  stop() {
    this.run += 1;
    this.setState("stopped");
    this.status = "STOPPED";
    io.in(this.id).disconnectSockets();
  }
}

function create(text) {
  const conversation = new Conversation(randomBytes(16).toString("hex"));
  conversations.set(conversation.id, conversation);
  conversation.setState("loading");
  conversation.append({
    message: "You are OpenHands agent…",
    action: "system",
    args: { content: "You are OpenHands agent, a helpful assistant that can use a computer.\n…", tools: ["a", "b", "c"], openhands_version: "0.62.0", agent_class: "CodeActAgent" },
  });
  if (text) setTimeout(() => conversation.say(text), 600 * pace);
  else conversation.setState("awaiting_user_input");
  return conversation;
}

const reply = (response, status, body) => {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
};

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text === "" ? {} : JSON.parse(text);
}

async function api(request, response, path) {
  const route = `${request.method} ${path}`;
  if (route === "GET /api/options/config") {
    return reply(response, 200, { APP_MODE: "oss", ...(sandboxNotice === "" ? {} : { SANDBOX_NOTICE: sandboxNotice }) });
  }
  if (route === "GET /api/options/models") return reply(response, 200, ["anthropic/claude-sonnet-4-5", "demo", "openai/gpt-5"]);
  if (route === "GET /api/settings") {
    return settings === null ? reply(response, 404, { error: "Settings not found" }) : reply(response, 200, settings);
  }
  if (route === "POST /api/settings") {
    const body = await bodyOf(request);
    settings = { ...body, llm_api_key: null, llm_api_key_set: Boolean(body.llm_api_key) };
    return reply(response, 200, { message: "Settings stored" });
  }
  if (route === "GET /api/conversations") {
    const results = [...conversations.values()].reverse().map((conversation) => conversation.info());
    return reply(response, 200, { results, next_page_id: null });
  }
  if (route === "POST /api/conversations") {
    const { initial_user_msg: text } = await bodyOf(request);
    const { id } = create(text);
    return reply(response, 200, { status: "ok", conversation_id: id, message: null, conversation_status: "STARTING" });
  }
  if (request.method === "GET" && path.endsWith("/list-files")) return reply(response, 200, []);
  const [, id, verb] = /^\/api\/conversations\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  const conversation = conversations.get(id);
  if (id !== undefined && verb === undefined) {
    if (request.method === "GET") return reply(response, 200, conversation?.info() ?? null);
    if (request.method === "PATCH") {
      conversation.title = (await bodyOf(request)).title;
      io.to(id).emit("oh_event", { status_update: true, type: "info", message: id, conversation_title: conversation.title });
      return reply(response, 200, true);
    }
    if (request.method === "DELETE") {
      conversation?.stop();
      return reply(response, 200, conversations.delete(id));
    }
  }
  if (verb === "start" && conversation) {
    conversation.start();
    return reply(response, 200, { status: "ok", conversation_id: id, message: null, conversation_status: conversation.status });
  }
  if (verb === "stop" && conversation) {
    conversation.stop();
    return reply(response, 200, { status: "ok" });
  }
  return reply(response, 404, { detail: "Not Found" });
}

function file(response, path) {
  let name = normalize(join(dist, path === "/test" ? "/test.html" : path));
  if (!name.startsWith(dist) || !existsSync(name) || statSync(name).isDirectory()) name = join(dist, "index.html");
  response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": CSP });
  createReadStream(name).pipe(response);
}

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://mock");
  if (pathname.startsWith("/api/")) {
    api(request, response, pathname).catch((error) => reply(response, 500, { error: String(error) }));
  } else file(response, pathname);
});

const io = new Server(server, { transports: ["websocket"] });
io.use((socket, next) => {
  const { conversation_id: id } = socket.handshake.query;
  next(conversations.has(id) ? undefined : new Error(id ? "Conversation not found" : "No conversation_id in query params"));
});
io.on("connection", (socket) => {
  const { conversation_id: id, latest_event_id: latest } = socket.handshake.query;
  const conversation = conversations.get(id);
  for (const event of conversation.events) {
    if (event.id > Number(latest)) socket.emit("oh_event", event);
  }
  void socket.join(id);
  const onAction = (payload, ack) => {
    const answer = conversation.act(payload);
    ack?.(answer);
  };
  socket.on("oh_user_action", onAction);
  socket.on("oh_action", onAction);
});

/** Breaks every connection without a word and refuses new ones for a while, as a network that fails would. */
function dropConnections() {
  for (const socket of io.sockets.sockets.values()) socket.conn.close();
  const refuse = (request, socket) => socket.destroy();
  const listeners = server.listeners("upgrade");
  server.removeAllListeners("upgrade");
  server.on("upgrade", refuse);
  setTimeout(() => {
    server.removeAllListeners("upgrade");
    for (const listener of listeners) server.on("upgrade", listener);
  }, 6000 * pace);
}

server.listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}\n`));
