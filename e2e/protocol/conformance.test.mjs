// What Engine.IO protocol v4 and Socket.IO protocol v5 ask of a server over a WebSocket; polling.test.mjs has the rest.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { io } from "socket.io-client";

import { RawClient, within } from "./raw-client.mjs";
import { startServer } from "./server.mjs";

/** Tests run side by side, but few enough for a slow machine to answer pings within the 200 ms they have. */
const CONCURRENCY = 8;

const PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
const ATTACHMENTS = [Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6])];

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

/** Runs a test with a raw client on `path?query` and ends the client whatever happens. */
function withClient(path, query, body) {
  return async () => {
    const client = new RawClient(`ws://${server.address}${path}?${query}`);
    try {
      await body(client);
    } finally {
      client.close();
    }
  };
}

const refusesUpgrade = (path, query) => withClient(path, query, (client) => client.expectRefusal(403));

const onEngine = (body) => withClient("/engine.io/", "EIO=4&transport=websocket", body);
const onSocket = (body) => withClient("/socket.io/", "EIO=4&transport=websocket", body);

/** Like `onEngine`, with the open packet read. */
const opened = (body) =>
  onEngine(async (client) => {
    assert.match(await client.next(), /^0/);
    await body(client);
  });

/** Like `onSocket`, with the open packet read. */
const handshaken = (body) =>
  onSocket(async (client) => {
    assert.match(await client.next(), /^0/);
    await body(client);
  });

/** Like `handshaken`, and in the main namespace. */
const joined = (body) =>
  handshaken(async (client) => {
    client.send("40");
    await expectJoin(client, "40", '42["auth",{}]');
    await body(client);
  });

async function expectJoin(client, prefix, auth) {
  const answer = await client.next();
  assert.ok(answer.startsWith(prefix), answer);
  const payload = JSON.parse(answer.slice(prefix.length));
  assert.deepEqual(Object.keys(payload), ["sid"]);
  assert.equal(typeof payload.sid, "string");
  await client.expect(auth);
  return payload.sid;
}

async function expectOpenPacket(client) {
  const frame = await client.next();
  assert.match(frame, /^0/);
  const { sid, ...rest } = JSON.parse(frame.slice(1));
  assert.equal(typeof sid, "string");
  assert.notEqual(sid, "");
  assert.deepEqual(rest, {
    upgrades: [],
    pingInterval: 300,
    pingTimeout: 200,
    maxPayload: 1000000,
  });
}

for (const path of ["/engine.io/", "/socket.io/"]) {
  describe(`handshake on ${path}`, { concurrency: CONCURRENCY }, () => {
    test("a WebSocket gets the open packet", withClient(path, "EIO=4&transport=websocket", expectOpenPacket));
    test("a missing EIO is refused", refusesUpgrade(path, "transport=websocket"));
    test("another EIO is refused", refusesUpgrade(path, "EIO=abc&transport=websocket"));
    test("EIO 3 is refused", refusesUpgrade(path, "EIO=3&transport=websocket"));
    test("a missing transport is refused", refusesUpgrade(path, "EIO=4"));
    test("an unknown transport is refused", refusesUpgrade(path, "EIO=4&transport=abc"));

    for (const [query, message] of [
      ["transport=polling", "The client is using an unsupported version of the Socket.IO or Engine.IO protocols"],
      ["EIO=abc&transport=polling", "The client is using an unsupported version of the Socket.IO or Engine.IO protocols"],
      ["EIO=4", "Invalid transport"],
      ["EIO=4&transport=abc", "Invalid transport"],
      ["EIO=4&transport=websocket", "Invalid websocket upgrade"],
    ]) {
      for (const method of ["GET", "POST", "PUT"]) {
        test(`${method} ${query} is a bad request`, async () => {
          const response = await fetch(`http://${server.address}${path}?${query}`, { method });
          assert.equal(response.status, 400);
          assert.match(response.headers.get("content-type"), /^text\/plain/);
          assert.equal(await response.json(), message);
        });
      }
    }
  });

  describe(`heartbeat on ${path}`, { concurrency: CONCURRENCY }, () => {
    const leavingPings = (body) =>
      withClient(path, "EIO=4&transport=websocket", async (client) => {
        client.leavePings();
        assert.match(await client.next(), /^0/);
        if (path === "/socket.io/") {
          client.send("40");
          await expectJoin(client, "40", '42["auth",{}]');
        }
        await body(client);
      });

    test("pings come at the interval while they are answered", leavingPings(async (client) => {
      for (let round = 0; round < 5; round += 1) {
        const start = performance.now();
        await client.expect("2");
        const waited = performance.now() - start;
        assert.ok(waited > 150 && waited < 1000, `${waited} ms between pings`);
        client.send("3");
      }
    }));

    test("an unanswered ping ends the session", leavingPings(async (client) => {
      await client.expect("2");
      await client.expectClose(1008);
    }));

    test("only a pong answers a ping", leavingPings(async (client) => {
      await client.expect("2");
      client.send("6");
      await client.expectClose(1008);
    }));
  });
}

describe("Engine.IO", { concurrency: CONCURRENCY }, () => {
  test("a text message comes back", opened(async (client) => {
    client.send("4hello");
    await client.expect("4hello");
  }));

  test("messages come back in order", opened(async (client) => {
    client.send("4a", Buffer.from([1]), "4", "4é\n");
    await client.expect("4a", Buffer.from([1]), "4", "4é\n");
  }));

  test("a binary message comes back", opened(async (client) => {
    client.send(Buffer.from([1, 2, 3, 4]));
    await client.expect(Buffer.from([1, 2, 3, 4]));
  }));

  test("an unknown packet type ends the session", opened(async (client) => {
    client.send("abc");
    await client.expectClose(1002);
  }));

  test("an empty packet ends the session", opened(async (client) => {
    client.send("");
    await client.expectClose(1002);
  }));

  test("a close packet ends the session", opened(async (client) => {
    client.send("1");
    await client.expectClose(1000);
  }));

  test("a message above the limit ends the session", opened(async (client) => {
    const largest = `4${"x".repeat(999_999)}`;
    client.send(largest);
    await client.expect(largest);
    client.send(`${largest}x`);
    await client.expectClose(1009);
  }));
});

describe("Socket.IO connect", { concurrency: CONCURRENCY }, () => {
  for (const [frame, prefix, auth] of [
    ["40", "40", '42["auth",{}]'],
    ['40{"token":"123"}', "40", '42["auth",{"token":"123"}]'],
    ["40/custom,", "40/custom,", '42/custom,["auth",{}]'],
    ["40/custom", "40/custom,", '42/custom,["auth",{}]'],
    ['40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'],
  ]) {
    test(`${frame} joins`, handshaken(async (client) => {
      client.send(frame);
      await expectJoin(client, prefix, auth);
    }));
  }

  test("one connection can be in both namespaces", joined(async (client) => {
    client.send("40/custom,");
    await expectJoin(client, "40/custom,", '42/custom,["auth",{}]');
    client.send('42["message",1]', '42/custom,["message",2]');
    await client.expect('42["message-back",1]', '42/custom,["message-back",2]');
  }));

  test("an unknown namespace is refused", handshaken(async (client) => {
    client.send("40/random");
    await client.expect('44/random,{"message":"Invalid namespace"}');
    client.send("40");
    await expectJoin(client, "40", '42["auth",{}]');
  }));

  test("an invalid first packet closes", handshaken(async (client) => {
    client.send("4abc");
    await client.expectClose(1002);
  }));

  test("an event before the connect packet closes", handshaken(async (client) => {
    client.send('42["message"]');
    await client.expectClose(1002);
  }));

  test("an invalid connect payload closes", handshaken(async (client) => {
    client.send("40{");
    await client.expectClose(1002);
  }));

  test("no connect packet in time closes", handshaken(async (client) => {
    const start = performance.now();
    await client.expectClose(1008);
    assert.ok(performance.now() - start > 500);
  }));

  test("a joined client stays past the connect timeout", joined(async (client) => {
    client.leavePings();
    for (let round = 0; round < 5; round += 1) {
      await client.expect("2");
      client.send("3");
    }
    client.send('42["message"]');
    await client.expect('42["message-back"]');
  }));

  test("a second connect packet closes", joined(async (client) => {
    client.send("40");
    await client.expectClose(1002);
  }));
});

describe("Socket.IO disconnect", { concurrency: CONCURRENCY }, () => {
  test("leaving the main namespace keeps the connection", joined(async (client) => {
    client.leavePings();
    client.send("41");
    await client.expect("2");
    client.send("3");
    await client.expect("2");
  }));

  test("leaving a custom namespace keeps the main one", joined(async (client) => {
    client.send("40/custom");
    await expectJoin(client, "40/custom,", '42/custom,["auth",{}]');
    client.send("41/custom", '42["message","message to main namespace"]');
    await client.expect('42["message-back","message to main namespace"]');
  }));

  test("a namespace can be joined again under a new id", handshaken(async (client) => {
    client.send("40");
    const first = await expectJoin(client, "40", '42["auth",{}]');
    client.send("41", "40");
    const second = await expectJoin(client, "40", '42["auth",{}]');
    assert.notEqual(first, second);
  }));

  test("an event to a namespace that was left closes", joined(async (client) => {
    client.send("41", '42["message"]');
    await client.expectClose(1002);
  }));
});

describe("Socket.IO message", { concurrency: CONCURRENCY }, () => {
  for (const [sent, received] of [
    ['42["message",1,"2",{"3":[true]}]', '42["message-back",1,"2",{"3":[true]}]'],
    ['42["message"]', '42["message-back"]'],
    ['42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'],
    ['420["message-with-ack"]', "430[]"],
  ]) {
    test(`${sent} is answered`, joined(async (client) => {
      client.send(sent);
      await client.expect(received);
    }));
  }

  test("an acknowledgement names its namespace", handshaken(async (client) => {
    client.send("40/custom,");
    await expectJoin(client, "40/custom,", '42/custom,["auth",{}]');
    client.send('42/custom,7["message-with-ack",null]');
    await client.expect("43/custom,7[null]");
  }));

  test("an event with attachments comes back with them", joined(async (client) => {
    client.send(`452-["message",${PLACEHOLDERS}]`, ...ATTACHMENTS);
    await client.expect(`452-["message-back",${PLACEHOLDERS}]`, ...ATTACHMENTS);
  }));

  test("an acknowledgement carries attachments", joined(async (client) => {
    client.send(`452-789["message-with-ack",${PLACEHOLDERS}]`, ...ATTACHMENTS);
    await client.expect(`462-789[${PLACEHOLDERS}]`, ...ATTACHMENTS);
  }));

  test("several events are answered in order", joined(async (client) => {
    const count = 100;
    for (let id = 0; id < count; id += 1) client.send(`42${id}["message-with-ack",${id}]`);
    for (let id = 0; id < count; id += 1) await client.expect(`43${id}[${id}]`);
  }));

  for (const [name, ...frames] of [
    ["an unknown packet type", "4abc"],
    ["a packet type above 6", "47"],
    ["an empty packet", "4"],
    ["a payload that is no array", "42{}"],
    ["an event without a name", "42[]"],
    ["an event without a payload", "42"],
    ["broken JSON", '42["message"'],
    ["an invalid acknowledgement id", '42abc["message-with-ack",1,"2",{"3":[false]}]'],
    ["an invalid attachment count", '45x-["message"]'],
    ["an attachment nobody announced", Buffer.from([1])],
    ["text in place of an attachment", `452-["message",${PLACEHOLDERS}]`, '42["message"]'],
    ["an event for a namespace not joined", '42/custom,["message"]'],
    ["an Engine.IO packet of unknown type", "abc"],
  ]) {
    test(`${name} closes`, joined(async (client) => {
      client.send(...frames);
      await client.expectClose(1002);
    }));
  }

  test("a close packet closes", joined(async (client) => {
    client.send("1");
    await client.expectClose(1000);
  }));
});

describe("the official client", { concurrency: CONCURRENCY }, () => {
  /** Runs a test with one official client for each namespace, over one connection. */
  const withSockets = (namespaces, auth, body) => async () => {
    const base = `http://${server.address}`;
    const options = { transports: ["websocket"], auth, reconnection: false, forceNew: true };
    const first = io(base + namespaces[0], options);
    const others = namespaces.slice(1).map((namespace) => first.io.socket(namespace, { auth }));
    try {
      await body(first, ...others);
    } finally {
      [first, ...others].forEach((socket) => socket.disconnect());
    }
  };
  const event = (socket, name) =>
    within(new Promise((resolve) => socket.once(name, (...args) => resolve(args))), `\`${name}\``);

  test("connects, sends its credentials and stays", withSockets(["/"], { token: "123" }, async (socket) => {
    const auth = event(socket, "auth");
    await event(socket, "connect");
    assert.equal(typeof socket.id, "string");
    assert.deepEqual(await auth, [{ token: "123" }]);
    let disconnected = false;
    socket.on("disconnect", () => (disconnected = true));
    for (let ping = 0; ping < 4; ping += 1) {
      await within(new Promise((resolve) => socket.io.once("ping", resolve)), "a ping");
    }
    assert.deepEqual(await socket.timeout(1000).emitWithAck("message-with-ack", "é", null), "é");
    assert.equal(disconnected, false);
  }));

  test("sends and receives text and binary", withSockets(["/"], {}, async (socket) => {
    await event(socket, "connect");
    const back = event(socket, "message-back");
    socket.emit("message", { deep: [Buffer.from([1, 2])] }, "text", Buffer.from([3]));
    assert.deepEqual(await back, [{ deep: [Buffer.from([1, 2])] }, "text", Buffer.from([3])]);
    const answer = await socket.timeout(1000).emitWithAck("message-with-ack", Buffer.from([9]));
    assert.deepEqual(answer, Buffer.from([9]));
  }));

  test("shares one connection between namespaces", withSockets(["/", "/custom"], {}, async (main, custom) => {
    const connects = [event(main, "connect"), event(custom, "connect")];
    custom.connect();
    await Promise.all(connects);
    custom.disconnect();
    assert.equal(await main.timeout(1000).emitWithAck("message-with-ack", 1), 1);
  }));

  test("learns why a namespace is refused", withSockets(["/random"], {}, async (socket) => {
    const [error] = await event(socket, "connect_error");
    assert.equal(error.message, "Invalid namespace");
  }));
});
