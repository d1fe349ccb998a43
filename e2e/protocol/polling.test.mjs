// What Engine.IO protocol v4 and Socket.IO protocol v5 ask of a server over HTTP, and on the way from there to a WebSocket.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { io } from "socket.io-client";

import { PATIENCE, RawClient, within } from "./raw-client.mjs";
import { startServer } from "./server.mjs";

const CONCURRENCY = 8;
const PING_INTERVAL = 300;
const PING_TIMEOUT = 200;

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

/** One session over HTTP. */
class PollingClient {
  constructor(path, sid) {
    this.query = `EIO=4&sid=${sid}`;
    this.url = `http://${server.address}${path}?transport=polling&${this.query}`;
    this.path = path;
  }

  /** Opens a session and checks its open packet. */
  static async open(path) {
    const response = await request(path, "EIO=4&transport=polling");
    assert.equal(response.status, 200);
    const text = await response.text();
    assert.match(text, /^0/);
    const { sid, ...rest } = JSON.parse(text.slice(1));
    assert.equal(typeof sid, "string");
    assert.deepEqual(rest, {
      upgrades: ["websocket"],
      pingInterval: PING_INTERVAL,
      pingTimeout: PING_TIMEOUT,
      maxPayload: 1_000_000,
    });
    return new PollingClient(path, sid);
  }

  get(suffix = "") {
    return fetch(this.url + suffix, { signal: AbortSignal.timeout(PATIENCE) });
  }

  post(body) {
    return fetch(this.url, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE) });
  }

  /** The body of a GET that succeeds; pings are answered and passed over. */
  async poll() {
    for (;;) {
      const response = await this.get();
      const text = await response.text();
      assert.equal(response.status, 200, text);
      const packets = text.split("\x1e").filter((packet) => packet !== "2");
      if (packets.length < text.split("\x1e").length) await this.push("3");
      if (packets.length > 0) return packets.join("\x1e");
    }
  }

  /** A POST that succeeds. */
  async push(...packets) {
    const response = await this.post(packets.join("\x1e"));
    assert.deepEqual([response.status, await response.text()], [200, "ok"]);
  }

  async expectOver() {
    const response = await this.get();
    assert.equal(response.status, 400, await response.text());
  }

  /** The WebSocket that may take the session over. */
  websocket() {
    return new RawClient(`ws://${server.address}${this.path}?transport=websocket&${this.query}`);
  }

  /** Moves to a WebSocket. */
  async upgrade() {
    const socket = this.websocket();
    await socket.opened;
    socket.send("2probe");
    await socket.expect("3probe");
    socket.send("5");
    return socket;
  }

  /** Moves to a WebSocket and waits until the session is there. */
  async moved() {
    const socket = await this.upgrade();
    socket.send("4moved");
    await socket.expect("4moved");
    return socket;
  }
}

function request(path, query, method = "GET") {
  return fetch(`http://${server.address}${path}?${query}`, { method, signal: AbortSignal.timeout(PATIENCE) });
}

const onEngine = (body) => async () => body(await PollingClient.open("/engine.io/"));

/** A session in the main namespace. */
const joined = (body) => async () => {
  const client = await PollingClient.open("/socket.io/");
  await client.push("40");
  assert.match(await client.poll(), /^40\{"sid":"[^"]+"\}\x1e42\["auth",\{\}\]$/);
  await body(client);
};

for (const path of ["/engine.io/", "/socket.io/"]) {
  describe(`handshake over HTTP on ${path}`, { concurrency: CONCURRENCY }, () => {
    test("a GET gets the open packet", () => PollingClient.open(path));

    test("every session has an id of its own", async () => {
      const [first, second] = await Promise.all([PollingClient.open(path), PollingClient.open(path)]);
      assert.notEqual(first.query, second.query);
    });

    for (const method of ["POST", "PUT", "DELETE"]) {
      test(`a session does not start with ${method}`, async () => {
        const response = await request(path, "EIO=4&transport=polling", method);
        assert.equal(response.status, 400);
      });
    }

    for (const method of ["GET", "POST"]) {
      test(`${method} of an unknown session is refused`, async () => {
        const response = await request(path, "EIO=4&transport=polling&sid=nobody", method);
        assert.equal(response.status, 400);
        assert.match(await response.json(), /^Invalid session/);
      });
    }

    test("a WebSocket for an unknown session is refused", async () => {
      const client = new PollingClient(path, "nobody");
      const socket = client.websocket();
      await socket.expectRefusal(403);
    });
  });

  describe(`heartbeat over HTTP on ${path}`, { concurrency: CONCURRENCY }, () => {
    const open = async () => {
      const client = await PollingClient.open(path);
      if (path === "/socket.io/") {
        await client.push("40");
        await client.poll();
      }
      return client;
    };

    test("pings come at the interval while they are answered", async () => {
      const client = await open();
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        const response = await client.get();
        assert.deepEqual([response.status, await response.text()], [200, "2"]);
        const waited = performance.now() - start;
        assert.ok(waited > 150 && waited < 1000, `${waited} ms between pings`);
        await client.push("3");
      }
    });

    test("a session whose client is silent ends", async () => {
      const client = await open();
      await sleep(PING_INTERVAL + PING_TIMEOUT + 100);
      await client.expectOver();
    });

    test("an unanswered ping ends the session, and the GET that hangs", async () => {
      const client = await open();
      assert.equal(await (await client.get()).text(), "2");
      const response = await client.get();
      assert.deepEqual([response.status, await response.text()], [200, "1"]);
      await client.expectOver();
    });
  });
}

describe("Engine.IO over HTTP", { concurrency: CONCURRENCY }, () => {
  for (const [name, ...packets] of [
    ["a text message", "4hello"],
    ["several messages", "4test1", "4test2", "4test3"],
    ["text and binary", "4hello", "bAQIDBA=="],
    ["an empty message and one that is not ASCII", "4", "4é\n"],
  ]) {
    test(`${name} comes back`, onEngine(async (client) => {
      await client.push(...packets);
      assert.equal(await client.poll(), packets.join("\x1e"));
    }));
  }

  test("a message reaches the GET that hangs", onEngine(async (client) => {
    const hanging = client.poll();
    await client.push("4hello");
    assert.equal(await hanging, "4hello");
  }));

  test("messages of many requests come back in order", onEngine(async (client) => {
    const sent = Array.from({ length: 50 }, (_, n) => `4${n}`);
    const received = [];
    const polling = (async () => {
      while (received.length < sent.length) received.push(...(await client.poll()).split("\x1e"));
    })();
    for (const packet of sent) await client.push(packet);
    await polling;
    assert.deepEqual(received, sent);
  }));

  for (const [name, body] of [
    ["an unknown packet type", "abc"],
    ["an empty body", ""],
    ["an empty packet", "4a\x1e"],
    ["broken base64", "bA"],
    ["bytes that are no text", new Uint8Array([0x34, 0xff])],
  ]) {
    test(`${name} ends the session`, onEngine(async (client) => {
      const response = await client.post(body);
      assert.equal(response.status, 400);
      await client.expectOver();
    }));
  }

  test("a body above the limit ends the session", onEngine(async (client) => {
    const largest = `4${"x".repeat(999_999)}`;
    await client.push(largest);
    assert.equal(await client.poll(), largest);
    // The server need not read all of it.
    const status = await client.post(`${largest}x`).then((response) => response.status, () => 413);
    assert.equal(status, 413);
    await client.expectOver();
  }));

  test("two GETs at a time end the session", onEngine(async (client) => {
    const first = client.get();
    // Which of them comes first, nobody knows.
    const answers = await Promise.all([first, client.get("&t=second")]);
    const ends = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    ends.sort(([a], [b]) => a - b);
    assert.deepEqual(ends[0], [200, "1"]);
    assert.equal(ends[1][0], 400);
    await client.expectOver();
  }));

  test("a close packet releases the GET that hangs", onEngine(async (client) => {
    const hanging = client.get();
    await sleep(50);
    await client.push("1");
    const response = await hanging;
    assert.deepEqual([response.status, await response.text()], [200, "6"]);
    await client.expectOver();
  }));

  test("a GET that is given up ends the session", onEngine(async (client) => {
    await fetch(client.url, { signal: AbortSignal.timeout(100) }).catch(() => {});
    await sleep(100);
    await client.expectOver();
  }));
});

describe("upgrade", { concurrency: CONCURRENCY }, () => {
  test("a session goes on over a WebSocket", onEngine(async (client) => {
    const socket = await client.upgrade();
    socket.send("4hello", Buffer.from([1]));
    await socket.expect("4hello", Buffer.from([1]));
    socket.close();
  }));

  test("a probe releases the GET that hangs", onEngine(async (client) => {
    const hanging = client.get();
    await sleep(50);
    const socket = await client.upgrade();
    assert.equal(await (await hanging).text(), "6");
    socket.send("4hello");
    await socket.expect("4hello");
    socket.close();
  }));

  test("what was sent before the upgrade comes after it", onEngine(async (client) => {
    await client.push("4first", "bAQI=");
    const socket = await client.upgrade();
    socket.send("4second");
    await socket.expect("4first", Buffer.from([1, 2]), "4second");
    socket.close();
  }));

  test("HTTP requests are refused after the upgrade", onEngine(async (client) => {
    const socket = await client.moved();
    await client.expectOver();
    assert.equal((await client.post("4late")).status, 400);
    socket.send("4hello");
    await socket.expect("4hello");
    socket.close();
  }));

  test("a second WebSocket is refused after the upgrade", onEngine(async (client) => {
    const socket = await client.moved();
    await client.websocket().expectRefusal(403);
    socket.send("4hello");
    await socket.expect("4hello");
    socket.close();
  }));

  test("the heartbeat goes on over the WebSocket", onEngine(async (client) => {
    const socket = (await client.upgrade()).leavePings();
    for (let round = 0; round < 3; round += 1) {
      await socket.expect("2");
      socket.send("3");
    }
    await socket.expect("2");
    await socket.expectClose(1008);
  }));

  for (const frames of [["5"], ["4hello"], ["2probe", "4hello"], ["2probe", "2probe"], [Buffer.from([1])]]) {
    test(`a WebSocket that sends ${frames.join(", ")} does not take over`, onEngine(async (client) => {
      const socket = client.websocket();
      await socket.opened;
      socket.send(...frames);
      await within(socket.closed, "the end of the WebSocket");
      await client.push("4hello");
      assert.equal(await client.poll(), "4hello");
    }));
  }
});

describe("Socket.IO over HTTP", { concurrency: CONCURRENCY }, () => {
  test("events and acknowledgements are answered in one body", joined(async (client) => {
    await client.push('42["message",1,"2",{"3":[true]}]', '42456["message-with-ack",1]');
    assert.equal(await client.poll(), '42["message-back",1,"2",{"3":[true]}]\x1e43456[1]');
  }));

  test("attachments follow their event", joined(async (client) => {
    const placeholders = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    await client.push(`452-["message",${placeholders}]`, "bAQID", "bBAUG");
    assert.equal(await client.poll(), `452-["message-back",${placeholders}]\x1ebAQID\x1ebBAUG`);
  }));

  test("several namespaces share a session", joined(async (client) => {
    await client.push('40/custom,{"token":"abc"}', "40/random");
    assert.match(
      await client.poll(),
      /^40\/custom,\{"sid":"[^"]+"\}\x1e42\/custom,\["auth",\{"token":"abc"\}\]\x1e44\/random,\{"message":"Invalid namespace"\}$/,
    );
  }));

  for (const packet of ["4abc", "42{}", '42["message"', '42abc["message"]', '42/custom,["message"]', "bAQID"]) {
    test(`${packet} ends the session`, joined(async (client) => {
      await client.push(packet);
      await client.expectEnd();
    }));
  }

  test("no connect packet in time ends the session", async () => {
    const client = await PollingClient.open("/socket.io/");
    await client.expectEnd();
  });
});

/** Polls until the session is over, which a GET may learn by a close packet. */
PollingClient.prototype.expectEnd = async function expectEnd() {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const response = await this.get();
    const text = await response.text();
    if (response.status === 400 || text.endsWith("1")) return;
    assert.equal(text, "2");
    await this.post("3");
  }
  assert.fail("the session goes on");
};

describe("the official client", { concurrency: CONCURRENCY }, () => {
  for (const transports of [["polling"], ["polling", "websocket"], ["websocket", "polling"]]) {
    const connected = (body) => async () => {
      const socket = io(`http://${server.address}/`, { transports, reconnection: false, forceNew: true, auth: { token: "123" } });
      const event = (name) => within(new Promise((resolve) => socket.once(name, (...args) => resolve(args))), `\`${name}\``);
      try {
        const auth = event("auth");
        await event("connect");
        assert.deepEqual(await auth, [{ token: "123" }]);
        await body(socket, event);
      } finally {
        socket.disconnect();
      }
    };

    describe(transports.join(", "), { concurrency: CONCURRENCY }, () => {
      test("stays, past many pings", connected(async (socket) => {
        let isConnected = true;
        socket.on("disconnect", () => (isConnected = false));
        for (let ping = 0; ping < 4; ping += 1) {
          await within(new Promise((resolve) => socket.io.once("ping", resolve)), "a ping");
        }
        assert.equal(isConnected, true);
        assert.equal(await socket.timeout(1000).emitWithAck("message-with-ack", "é"), "é");
        const transport = transports.includes("websocket") ? "websocket" : "polling";
        assert.equal(socket.io.engine.transport.name, transport);
      }));

      test("sends and receives text and binary", connected(async (socket, event) => {
        const back = event("message-back");
        socket.emit("message", { deep: [Buffer.from([1, 2])] }, "text", Buffer.from([3]));
        assert.deepEqual(await back, [{ deep: [Buffer.from([1, 2])] }, "text", Buffer.from([3])]);
      }));

      test("loses and doubles nothing on the way to another transport", connected(async (socket) => {
        const count = 200;
        const answers = [];
        for (let n = 0; n < count; n += 1) {
          answers.push(socket.timeout(PATIENCE).emitWithAck("message-with-ack", n));
          if (n % 10 === 0) await sleep(1);
        }
        assert.deepEqual(await Promise.all(answers), Array.from({ length: count }, (_, n) => n));
      }));
    });
  }
});
