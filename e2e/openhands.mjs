// Starts the real binary for a test, each on its own data directory and port.
//
// OPENHANDS_BIN     the binary, default target/release/openhands of this repository (CARGO_TARGET_DIR is honoured)
// FRONTEND_DIR      a built web interface to serve instead of the one in the binary
// OPENHANDS_OUTPUT  "1" shows what the server logs

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../", import.meta.url));

/** How long a server may take until it answers; a machine that tests in parallel is slow. */
const START_LIMIT = 20_000;

/** What the tests say about a server, whatever the shell they run in says. */
const OWN_SETTINGS = /^(LLM_|MCP_|SESSION_API_KEY$|BACKEND_|VITE_|FILE_STORE|CORS_|SOCKETIO_|SERVER_|SANDBOX_|WORKSPACE_|SECURITY_|CORE_|LOG_|DEBUG$)/;

export function binaryPath() {
  const target = resolve(repository, process.env.CARGO_TARGET_DIR ?? "target");
  const binary = process.env.OPENHANDS_BIN ?? join(target, "release/openhands");
  if (!existsSync(binary)) {
    throw new Error(`no server at ${binary}\nhint: run \`cargo build --release\` or set OPENHANDS_BIN`);
  }
  return binary;
}

export async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}

/** A server that can be killed and started again on the same port and data. */
export class OpenHands {
  #environment;
  #arguments;
  #process = null;
  #output = "";

  constructor({ port, dataDir, env, args }) {
    this.port = port;
    this.dataDir = dataDir;
    this.url = `http://127.0.0.1:${port}`;
    this.#environment = env;
    this.#arguments = args;
  }

  /** Starts the binary with the demo model; `env` adds to or replaces its settings, `args` its flags. */
  static async start({ env = {}, args = [] } = {}) {
    const dataDir = await mkdtemp(join(tmpdir(), "openhands-e2e-"));
    const server = new OpenHands({ port: await freePort(), dataDir, env, args });
    await server.up();
    return server;
  }

  /** Starts the process and waits until it answers. */
  async up() {
    const inherited = Object.entries(process.env).filter(([name]) => !OWN_SETTINGS.test(name));
    const flags = ["serve", "--host", "127.0.0.1", "--port", String(this.port), "--data-dir", this.dataDir];
    const frontend = process.env.FRONTEND_DIR;
    if (frontend) flags.push("--frontend-dir", resolve(frontend));
    const child = spawn(binaryPath(), [...flags, ...this.#arguments], {
      // Away from any config.toml of the person who runs the tests.
      cwd: this.dataDir,
      env: { ...Object.fromEntries(inherited), LLM_MODEL: "demo", MAX_CONCURRENT_CONVERSATIONS: "0", ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.ended = once(child, "exit");
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#output += text;
        if (process.env.OPENHANDS_OUTPUT === "1") process.stderr.write(text);
      });
    }
    this.#process = child;
    const end = Date.now() + START_LIMIT;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}:\n${this.#output}`);
      const answer = await fetch(`${this.url}/api/health`).catch(() => null);
      if (answer?.ok) return;
      if (Date.now() > end) throw new Error(`no answer from the server:\n${this.#output}`);
      await sleep(20);
    }
  }

  /** The process that runs now; undefined while none does. */
  get pid() {
    return this.#process?.pid;
  }

  /** Everything the server has printed since the first start. */
  get output() {
    return this.#output;
  }

  async #end(signal) {
    const child = this.#process;
    if (child === null) return null;
    this.#process = null;
    child.kill(signal);
    const [code] = await child.ended;
    return code;
  }

  /** Ends the server without warning, as a crash would. */
  async crash() {
    await this.#end("SIGKILL");
  }

  /** Asks the server to end; returns its exit code. */
  async down() {
    return this.#end("SIGTERM");
  }

  /** Ends the server and deletes its data. */
  async stop() {
    const code = await this.down();
    await rm(this.dataDir, { recursive: true, force: true });
    return code;
  }

  async api(path, { method = "GET", body, headers = {} } = {}) {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} gave ${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Makes a conversation, idle without a first message; returns its id. */
  async createConversation(firstMessage) {
    const body = firstMessage === undefined ? {} : { initial_user_msg: firstMessage };
    return (await this.api("/api/conversations", { method: "POST", body })).conversation_id;
  }

  /** Every stored event of a conversation, oldest first. */
  async events(id) {
    const events = [];
    for (;;) {
      const start = events.length === 0 ? 0 : events.at(-1).id + 1;
      const page = await this.api(`/api/conversations/${id}/events?limit=100&start_id=${start}`);
      events.push(...page.events);
      if (!page.has_more) return events;
    }
  }
}
