// A browser on a server that wants its key: ours, and an interface that knows nothing of keys.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { launch, openPage, picture } from "./page.mjs";

const KEY = "the-key-of-this-test";

let browser;
let server;
before(async () => {
  server = await OpenHands.start({ env: { SESSION_API_KEY: KEY } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const isRefusal = (text) => /40[13]|Failed to load resource/.test(text);

/** Everything that scripts of the page can read and that lasts. */
const readable = (page) =>
  page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));

test("the key is asked for once, and no script can read it afterwards", async () => {
  const { page, complaints } = await openPage(browser, { baseURL: server.url });
  await page.goto("/");
  const field = page.getByLabel("Session key");
  await field.fill("wrong");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("This is not the session key.").waitFor();
  await picture(page, "login");
  await field.fill(KEY);
  await field.press("Enter");
  await page.getByRole("link", { name: /New conversation/i }).first().waitFor();
  assert.ok(!(await readable(page)).includes(KEY));
  await page.reload();
  await page.getByRole("link", { name: /New conversation/i }).first().waitFor();
  assert.deepEqual(complaints.filter((text) => !isRefusal(text)), []);
});

test("the address that the server prints logs in and leaves no trace", async () => {
  const { page, complaints } = await openPage(browser, { baseURL: server.url });
  await page.goto(`/#key=${KEY}`);
  await page.getByRole("link", { name: /New conversation/i }).first().waitFor();
  assert.equal(new URL(page.url()).hash, "");
  assert.ok(!(await readable(page)).includes(KEY));
  // Sockets come with the cookie as well.
  const id = await page.evaluate(async () => (await (await fetch("/api/conversations", { method: "POST" })).json()).conversation_id);
  await page.goto(`/conversations/${id}`);
  await page.locator('[data-testid="agent-bar"][data-state="awaiting_user_input"]').waitFor();
  assert.deepEqual(complaints, []);
});

test("another interface is shown after the login, with its own scripts and no others", async () => {
  const folder = await mkdtemp(join(tmpdir(), "openhands-interface-"));
  await writeFile(
    join(folder, "index.html"),
    `<!doctype html><title>Other</title><p id="own">no</p><script>document.getElementById("own").textContent = "own script ran";</script>`,
  );
  const other = await OpenHands.start({ env: { SESSION_API_KEY: KEY }, args: ["--frontend-dir", folder] });
  try {
    const { page, complaints } = await openPage(browser, { baseURL: other.url });
    await page.goto("/settings");
    assert.equal(new URL(page.url()).pathname, "/login");
    await page.getByLabel("Session key").fill(KEY);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("own script ran").waitFor();
    assert.equal(new URL(page.url()).pathname, "/settings");
    assert.deepEqual(complaints.filter((text) => !isRefusal(text)), []);
    const injected = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.injected = true";
      document.body.append(script);
      return window.injected === true;
    });
    assert.equal(injected, false);
  } finally {
    await other.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
