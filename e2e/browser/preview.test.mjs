// What the agent serves, seen in the interface, and what such a page cannot do. It starts a server of its own; see openhands.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, launch, openConversation, openPage, picture } from "./page.mjs";

/** A page that tries what it must not be able to do, and says what came of it. */
const PAGE = `<!doctype html><title>App</title><h1>Hello from the agent</h1><script>
const api = new URLSearchParams(location.search).get("api");
const attempt = async (name, work) => {
  let result;
  try { result = await work(); } catch (error) { result = error.name; }
  document.body.insertAdjacentHTML("beforeend", "<p id=" + name + "></p>");
  document.getElementById(name).textContent = String(result);
};
if (api) (async () => {
  await attempt("cookie", () => document.cookie);
  await attempt("fetch", async () => (await fetch(api + "/api/conversations", { credentials: "include" })).status);
  await attempt("blind", async () => (await fetch(api + "/api/conversations", { credentials: "include", mode: "no-cors" })).type);
  await attempt("parent", () => parent.document.title);
  await attempt("top", () => { if (top === self) return "alone"; top.location = "about:blank"; return "moved"; });
  await attempt("own", async () => (await fetch("/data.txt")).text());
  await attempt("storage", () => { localStorage.setItem("a", "1"); return localStorage.getItem("a"); });
  await attempt("done", () => "yes");
})();
</script>`;

let browser;
let server;
before(async () => {
  server = await OpenHands.start({ env: { SANDBOX_NETWORK: "off" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("an app is seen beside the chat, and can do nothing to its neighbors", async () => {
  const { page, complaints } = await openPage(browser);
  const field = await openConversation(page, server.url);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const run = async (command) => {
    await field.fill(`run ${command}`);
    await field.press("Enter");
    await page.getByTestId("run-card").filter({ hasText: command.slice(0, 30) }).last().waitFor();
    await agentIs(page, "awaiting_user_input");
  };
  const write = `echo ${Buffer.from(PAGE).toString("base64")} | base64 -d > index.html && echo own > data.txt`;
  await run(write);
  await run("python3 -m http.server 8321 > log 2>&1 &");

  await page.goto(`${server.url}/conversations/${id}?tab=app`);
  const frame = page.frameLocator('iframe[title="App on port 8321"]');
  await frame.getByRole("heading", { name: "Hello from the agent" }).waitFor();
  await page.getByRole("tab", { name: /^App/ }).filter({ hasText: "1" }).waitFor();
  const known = complaints.length;

  const path = page.getByLabel("Path", { exact: true });
  await path.fill(`/?api=${server.url}`);
  await path.press("Enter");
  await frame.locator("#done").waitFor();
  const outcome = async (name) => frame.locator(`#${name}`).textContent();
  assert.equal(await outcome("cookie"), "", "no cookie can be read");
  assert.equal(await outcome("fetch"), "TypeError", "the API cannot be read");
  assert.equal(await outcome("parent"), "SecurityError", "the page around it cannot be read");
  assert.equal(await outcome("top"), "SecurityError", "the page around it cannot be led away");
  assert.equal((await outcome("own")).trim(), "own", "its own files can");
  await picture(page, "app-preview");
  assert.equal(new URL(page.url()).pathname, `/conversations/${id}`);
  const shown = page.frames().find((one) => one !== page.mainFrame());
  assert.match(new URL(shown.url()).hostname, new RegExp(`^p8321-${id}\\.localhost$`));

  // In a tab of its own it is seen as well, by a ticket of its own.
  const [tab] = await Promise.all([page.context().waitForEvent("page"), page.getByLabel("Open in a tab of its own").click()]);
  await tab.getByRole("heading", { name: "Hello from the agent" }).waitFor();
  assert.doesNotMatch(tab.url(), /ticket/);
  await tab.locator("#done").waitFor();
  assert.equal(await tab.locator("#storage").textContent(), "1", "it has a storage of its own");
  assert.equal(await tab.locator("#fetch").textContent(), "TypeError", "the API cannot be read from there either");
  await tab.close();
  // Nobody else is let in there.
  const stranger = await (await browser.newContext()).newPage();
  const answer = await stranger.goto(`http://p8321-${id}.localhost:${server.port}/`);
  assert.equal(answer.status(), 401);
  await stranger.close();

  assert.deepEqual(complaints.slice(0, known), []);
  // What the browser says of the attempts, and nothing of ours.
  for (const complaint of complaints.slice(known)) assert.match(complaint, /CORS|401|Unsafe attempt|SecurityError|ERR_FAILED/);
});
