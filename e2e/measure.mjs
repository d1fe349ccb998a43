// Measures the web interface in Chromium against a server of its own: `node measure.mjs [--rounds N]`.
// The limits are those of the README; it exits with 1 if one is missed. See openhands.mjs and browser/page.mjs.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { binaryPath, OpenHands } from "./openhands.mjs";
import { launch } from "./browser/page.mjs";

const EVENTS = 10_000;
const KEYSTROKES = 150;
const EVENTS_PER_SECOND = 100;
const CONVERSATION = "5".repeat(32);

const rounds = Number(process.argv[process.argv.indexOf("--rounds") + 1]) || 5;

/** A state directory of OpenHands with one long conversation: a message, then commands with a KiB of output each. */
async function longConversation() {
  const root = await mkdtemp(join(tmpdir(), "openhands-measure-"));
  const folder = join(root, "sessions", CONVERSATION);
  await mkdir(join(folder, "events"), { recursive: true });
  const now = Date.now();
  const time = (id) => new Date(now - (EVENTS - id) * 100).toISOString().slice(0, -1);
  const output = Array.from({ length: 16 }, (_, at) => `${at}: ${"output of a command ".repeat(3)}`).join("\n");
  const make = (id) => {
    const envelope = { id, timestamp: time(id), message: "" };
    if (id === 0) return { ...envelope, source: "user", action: "message", args: { content: "work for a long time" } };
    if (id === EVENTS - 1) return { ...envelope, source: "agent", action: "message", args: { content: "the very last words" } };
    if (id % 2 === 1) return { ...envelope, source: "agent", action: "run", args: { command: `step ${id}`, thought: "" } };
    const extras = { command: `step ${id - 1}`, metadata: { exit_code: 0, working_dir: "/workspace" } };
    return { ...envelope, source: "agent", observation: "run", cause: id - 1, content: output, extras };
  };
  await Promise.all(Array.from({ length: EVENTS }, (_, id) => writeFile(join(folder, "events", `${id}.json`), JSON.stringify(make(id)))));
  const metadata = { conversation_id: CONVERSATION, title: "A long one", created_at: new Date(now - 3_600_000).toISOString() };
  await writeFile(join(folder, "metadata.json"), JSON.stringify(metadata));
  return root;
}

async function newPage(browser, url) {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 } });
  return context.newPage();
}

const firstPaint = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => {
          const entry = list.getEntriesByName("first-contentful-paint")[0];
          if (entry) done(entry.startTime);
        }).observe({ type: "paint", buffered: true });
      }),
  );

async function measureFirstPaint(browser, url) {
  const page = await newPage(browser, url);
  await page.goto("/");
  const result = await firstPaint(page);
  await page.context().close();
  return result;
}

/** Until the newest words are on the screen and a key that is pressed shows its letter. */
async function measureOpening(browser, url) {
  const page = await newPage(browser, url);
  await page.addInitScript(() => {
    const look = () => {
      const field = document.querySelector("textarea");
      const log = document.querySelector('[role="log"]');
      if (field === null || !log?.textContent.includes("the very last words")) {
        requestAnimationFrame(look);
        return;
      }
      field.focus();
      document.execCommand("insertText", false, "x");
      requestAnimationFrame(() => requestAnimationFrame(() => (window.interactiveAt = field.value.endsWith("x") ? performance.now() : NaN)));
    };
    addEventListener("DOMContentLoaded", look);
  });
  await page.goto(`/conversations/${CONVERSATION}`);
  const handle = await page.waitForFunction(() => window.interactiveAt);
  const result = await handle.jsonValue();
  await page.context().close();
  return result;
}

/** From a key to the next picture, by the browser's own account, while events stream. */
async function measureTyping(browser, server) {
  const { conversation_id: id } = await server.api("/api/conversations", { method: "POST" });
  const page = await newPage(browser, server.url);
  await page.goto(`/conversations/${id}`);
  await page.locator('[data-testid="agent-bar"][data-state="awaiting_user_input"]').waitFor();
  await page.evaluate(() => {
    window.delays = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.name === "keydown") window.delays.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 });
  });
  const before = (await server.api(`/api/conversations/${id}`)).last_event_id;
  let isStreaming = true;
  const stream = (async () => {
    // A command is two events: itself and what came of it.
    for (let at = 0, start = performance.now(); isStreaming; at += 1) {
      const body = { action: "run", args: { command: `echo ${at} ${"x".repeat(200)}` } };
      await server.api(`/api/conversations/${id}/events`, { method: "POST", body });
      const due = start + ((at + 1) * 2000) / EVENTS_PER_SECOND;
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
    }
  })();
  const start = performance.now();
  const field = page.getByRole("textbox", { name: "Message to the agent" });
  await field.focus();
  for (let at = 0; at < KEYSTROKES; at += 1) {
    await page.keyboard.press("a");
    await new Promise((done) => setTimeout(done, 50));
  }
  const seconds = (performance.now() - start) / 1000;
  isStreaming = false;
  await stream;
  const after = (await server.api(`/api/conversations/${id}`)).last_event_id;
  const slow = await page.evaluate(() => window.delays);
  await page.context().close();
  // What took less than 16 ms is not reported: it counts as 16.
  const delays = [...Array(Math.max(0, KEYSTROKES - slow.length)).fill(16), ...slow].sort((a, b) => a - b);
  return { p95: delays[Math.floor(delays.length * 0.95)], rate: (after - before) / seconds };
}

async function measureScripts(browser, url) {
  const page = await newPage(browser, url);
  const sizes = new Map();
  page.on("response", async (response) => {
    if (!new URL(response.url()).pathname.endsWith(".js")) return;
    sizes.set(response.url(), gzipSync(await response.body()).length);
  });
  const at = async (path, name) => {
    sizes.clear();
    await page.goto(path, { waitUntil: "networkidle" });
    return [name, [...sizes.values()].reduce((sum, size) => sum + size, 0) / 1024];
  };
  const result = [await at("/", "initial scripts of the start page"), await at(`/conversations/${CONVERSATION}?tab=none`, "initial scripts of a conversation")];
  await page.context().close();
  return result;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const repeat = async (work) => {
  const results = [];
  for (let round = 0; round < rounds; round += 1) results.push(await work());
  return results;
};

const source = await longConversation();
const server = await OpenHands.start();
await promisify(execFile)(binaryPath(), ["import", source, "--data-dir", server.dataDir]);
await server.down();
await server.up();
const browser = await launch();
const rows = [];
try {
  rows.push(["first contentful paint, start page", median(await repeat(() => measureFirstPaint(browser, server.url))), 1000, "ms"]);
  rows.push([`${EVENTS} events, until one can write`, median(await repeat(() => measureOpening(browser, server.url))), 1000, "ms"]);
  const typing = await repeat(() => measureTyping(browser, server));
  const rate = Math.round(median(typing.map((run) => run.rate)));
  rows.push([`typing p95 while ${rate} events/s arrive`, median(typing.map((run) => run.p95)), 50, "ms"]);
  for (const [name, size] of await measureScripts(browser, server.url)) rows.push([name, size, 350, "KiB gzip"]);
} finally {
  await browser.close();
  await server.stop();
  await rm(source, { recursive: true, force: true });
}
for (const [name, value, limit, unit] of rows) {
  console.log(`${value <= limit ? "ok  " : "MISS"} ${name}: ${Math.round(value)} ${unit} (at most ${limit})`);
}
process.exitCode = rows.every(([, value, limit]) => value <= limit) ? 0 : 1;
