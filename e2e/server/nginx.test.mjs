// Behind nginx: the guide's location block as it stands there, and the configuration that we recommend.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";

import { freePort, OpenHands } from "../openhands.mjs";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const KEY = "the-key-of-this-test";

const hasNginx = (() => {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const skip = hasNginx ? false : "nginx is not installed; apt-get install -y nginx gets it";

/** Runs nginx with the given `http` content in a folder of its own. */
class Nginx {
  static async start(content, port) {
    const folder = await mkdtemp(join(tmpdir(), "openhands-nginx-"));
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join("\n");
    await writeFile(
      join(folder, "nginx.conf"),
      `${process.getuid() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
${temporary}
access_log off;
${content(folder)}
}
`,
    );
    const nginx = new Nginx();
    nginx.folder = folder;
    nginx.child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")], { stdio: "inherit" });
    nginx.ended = once(nginx.child, "exit");
    const deadline = Date.now() + 10_000;
    for (;;) {
      const socket = connect(port, "127.0.0.1");
      const isUp = await new Promise((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      });
      socket.destroy();
      if (isUp) return nginx;
      assert.ok(Date.now() < deadline && nginx.child.exitCode === null, `nginx does not start: ${await nginx.log()}`);
      await sleep(50);
    }
  }

  log() {
    return readFile(join(this.folder, "error.log"), "utf8").catch(() => "");
  }

  async stop() {
    this.child.kill("SIGQUIT");
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Follows a conversation: every event once, in order, also over reconnections. */
function follow(url, query, options = {}) {
  const events = [];
  const socket = io(url, {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    query: { conversation_id: "proxied", latest_event_id: -1, ...query },
    ...options,
  });
  socket.on("oh_event", (event) => {
    if (typeof event.id === "number") events.push(event);
    if (events.length > 0) socket.io.opts.query.latest_event_id = events.at(-1).id;
  });
  const until = async (isIt) => {
    const deadline = Date.now() + 30_000;
    while (!events.some(isIt)) {
      assert.ok(Date.now() < deadline, `it never came: ${JSON.stringify(events).slice(-600)}`);
      await sleep(20);
    }
  };
  return { socket, events, until };
}

const says = (text) => (event) => event.action === "message" && event.args.content === text;
const message = (content) => ({ action: "message", args: { content, image_urls: [], file_urls: [] } });

describe("the guide's location block", { skip }, () => {
  let server, nginx, url;

  before(async () => {
    server = await OpenHands.start({ env: { SESSION_API_KEY: KEY } });
    const port = await freePort();
    nginx = await Nginx.start(
      () => `
server {
    listen 127.0.0.1:${port};
    location /socket.io/ {
        proxy_pass http://127.0.0.1:${server.port};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
    }
    location / {
        proxy_pass http://127.0.0.1:${server.port};
    }
}`,
      port,
    );
    url = `http://127.0.0.1:${port}`;
  });

  after(async () => {
    await nginx?.stop();
    await server?.stop();
  });

  test("HTTP and sockets go through it, with the key", async () => {
    assert.equal((await fetch(`${url}/api/health`)).status, 200);
    assert.match(await (await fetch(`${url}/`)).text(), /<title>/);
    assert.equal((await fetch(`${url}/api/conversations`)).status, 401);
    const allowed = await fetch(`${url}/api/conversations`, { headers: { "X-Session-API-Key": KEY } });
    assert.equal(allowed.status, 200);
    const { socket, until, events } = follow(url, { session_api_key: KEY });
    await once(socket, "connect");
    const answer = await socket.emitWithAck("oh_user_action", message("through the proxy"));
    assert.equal(answer.ok, true);
    await until(says("through the proxy"));
    assert.deepEqual(events.map(({ id }) => id), events.map(({ id }) => id).toSorted((a, b) => a - b));
    socket.disconnect();
  });

  test("who has no key is refused, wherever the proxy runs", async () => {
    const { socket } = follow(url, {});
    const [error] = await once(socket, "connect_error");
    assert.equal(error.message, "invalid_session_api_key");
    socket.disconnect();
  });
});

describe("deploy/nginx.conf", { skip }, () => {
  let server, nginx, url, agent, cookie;

  const request = (path, { method = "GET", headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const call = https.request(`${url}${path}`, { method, headers, agent }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      call.on("error", reject).end(body);
    });

  before(async () => {
    server = await OpenHands.start({ env: { SESSION_API_KEY: KEY, SECURITY_TRUSTED_PROXIES: "127.0.0.1" } });
    const [port, plain] = [await freePort(), await freePort()];
    const written = await readFile(join(repository, "deploy/nginx.conf"), "utf8");
    nginx = await Nginx.start((folder) => {
      execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`], { stdio: "ignore" });
      return written
        .replaceAll("127.0.0.1:12000", `127.0.0.1:${server.port}`)
        .replaceAll("openhands.example.org;", "localhost;")
        .replace(/listen \[::\].*;\n/g, "\n")
        .replace("listen 80;", `listen 127.0.0.1:${plain};`)
        .replace("listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`)
        .replace(/ssl_certificate .*;/, `ssl_certificate ${folder}/cert.pem;`)
        .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${folder}/key.pem;`);
    }, port);
    agent = new https.Agent({ rejectUnauthorized: false });
    url = `https://localhost:${port}`;
  });

  after(async () => {
    agent?.destroy();
    await nginx?.stop();
    await server?.stop();
  });

  test("a browser logs in and works with its cookie", async () => {
    assert.equal((await request("/api/conversations")).status, 401);
    const body = JSON.stringify({ key: KEY });
    const login = await request("/api/login", { method: "POST", headers: { "content-type": "application/json", origin: url }, body });
    assert.equal(login.status, 200, login.text);
    // The proxy says that the browser speaks HTTPS, and it is believed.
    assert.match(login.headers["set-cookie"][0], /HttpOnly; SameSite=Strict; Secure$/);
    cookie = login.headers["set-cookie"][0].split(";")[0];
    assert.equal((await request("/api/conversations", { headers: { cookie, origin: url } })).status, 200);
    const elsewhere = { cookie, origin: "https://evil.example" };
    assert.equal((await request("/api/conversations", { headers: elsewhere })).status, 401);
  });

  test("sockets work, and come back after the server was started again", async () => {
    const extraHeaders = { cookie, origin: url };
    const { socket, events, until } = follow(url, {}, { extraHeaders, rejectUnauthorized: false });
    await once(socket, "connect");
    await socket.emitWithAck("oh_user_action", message("before"));
    await until(says("before"));
    await server.crash();
    await server.up();
    const deadline = Date.now() + 20_000;
    while (!socket.connected) {
      assert.ok(Date.now() < deadline, "it does not come back");
      await sleep(50);
    }
    await socket.emitWithAck("oh_user_action", message("after"));
    await until(says("after"));
    const ids = events.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].toSorted((a, b) => a - b));
    socket.disconnect();
  });

  test("clients are told apart by the address that the proxy saw", async () => {
    // This machine is itself trusted here, so what it says of others counts.
    const tryAs = async (address) => {
      const headers = { "content-type": "application/json", "x-forwarded-for": address };
      return (await request("/api/login", { method: "POST", headers, body: '{"key":"wrong"}' })).status;
    };
    const tries = [];
    for (let n = 0; n < 15; n += 1) tries.push(await tryAs("203.0.113.1"));
    assert.ok(tries.includes(429), String(tries));
    assert.equal(await tryAs("203.0.113.2"), 401);
  });
});
