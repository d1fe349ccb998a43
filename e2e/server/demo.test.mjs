// What the demo model does is real: its files exist and its tests ran.

import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { execFile } from "node:child_process";

import { OpenHands } from "../openhands.mjs";
import { Client, closeClients } from "./client.mjs";

let server;
before(async () => (server = await OpenHands.start()));
after(async () => {
  closeClients();
  await server?.stop();
});

test("the demo writes a program, sees a test fail, fixes it, and goes on when asked", async () => {
  const id = await server.createConversation("Show me what you can do");
  const client = new Client(server, id);
  const finished = await client.state("finished");

  const events = await server.events(id);
  const workspace = join(server.dataDir, "workspaces", id);
  const paths = new Set(events.filter(({ action }) => action === "edit").map(({ args }) => args.path));
  assert.deepEqual([...paths], ["/workspace/demo/roman.sh", "/workspace/demo/test.sh"]);
  for (const path of paths) await access(join(workspace, relative("/workspace", path)));
  assert.match(await readFile(join(workspace, "demo/roman.sh"), "utf8"), /50:L 40:XL 10:X/);
  const { stdout } = await promisify(execFile)("sh", [join(workspace, "demo/roman.sh"), "1492"]);
  assert.equal(stdout, "MCDXCII\n");

  const tests = events.filter(({ observation, extras }) => observation === "run" && extras.command.includes("test.sh'"));
  assert.deepEqual(tests.map(({ extras }) => extras.metadata.exit_code), [1, 0]);
  assert.match(tests[0].content, /6 passed, 1 failed/);
  assert.match(tests[1].content, /7 passed, 0 failed/);
  assert.equal(events.at(-2).action, "finish");

  const second = await client.say("run echo hello");
  await client.state("awaiting_user_input", finished.id);
  const run = client.events.find((event) => event.id > second && event.action === "run");
  assert.equal(run.args.command, "echo hello");
  const observation = client.events.find(({ cause }) => cause === run.id);
  assert.match(observation.content, /^hello\b/);
  assert.equal(observation.extras.metadata.exit_code, 0);
  const answer = client.events.findLast(({ source, action }) => source === "agent" && action === "message");
  assert.equal(answer.message, "The command ended with exit code 0.");
  client.close();
});
