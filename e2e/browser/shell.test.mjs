// The frame around the conversations: the list, the palette, links, files that go with a message, long histories. It
// starts a server of its own; see openhands.mjs and page.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, assertFits, launch, ON_PHONE, openConversation, openPage, picture } from "./page.mjs";

let browser;
let server;
before(async () => {
  // A test asks faster than a person does.
  server = await OpenHands.start({ env: { SERVER_RATE_LIMIT: "0" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (options = {}) => openPage(browser, { baseURL: server.url, ...options });
const idOf = (page) => new URL(page.url()).pathname.split("/").at(-1);
const field = (page) => page.getByRole("textbox", { name: "Message to the agent" });

async function say(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

test("a conversation is found, renamed and deleted in the list", async () => {
  for (let at = 0; at < 7; at += 1) {
    const id = await server.createConversation();
    await server.api(`/api/conversations/${id}`, { method: "PATCH", body: { title: at === 3 ? "The needle" : `Hay ${at}` } });
  }
  const { page, complaints } = await open();
  await page.goto("/");
  const list = page.getByRole("navigation", { name: "Conversations" });
  await list.getByRole("link", { name: /Hay 6/ }).waitFor();
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("need");
  await list.getByRole("link", { name: /Hay/ }).first().waitFor({ state: "hidden" });
  assert.equal(await list.getByRole("link").count(), 1);
  await list.getByRole("button", { name: "Rename or delete “The needle”" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("A golden needle");
  await page.keyboard.press("Enter");
  await list.getByRole("link", { name: /A golden needle/ }).click();
  await page.getByRole("heading", { name: "A golden needle" }).waitFor();
  await list.getByRole("button", { name: "Rename or delete “A golden needle”" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("No conversation is called “need”.").waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
  assert.deepEqual(complaints, []);
});

test("everything is reached by the palette, and the list shows what has news", async () => {
  const { page, complaints } = await open();
  await openConversation(page, server.url);
  const first = idOf(page);
  await server.api(`/api/conversations/${first}`, { method: "PATCH", body: { title: "The first" } });
  await say(page, "say something");
  await page.getByRole("log").getByText("something", { exact: true }).waitFor();
  await agentIs(page, "awaiting_user_input");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("new conv");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/");

  await server.api(`/api/conversations/${first}/message`, { method: "POST", body: { message: "say news" } });
  const unread = page.getByRole("link", { name: /The first.*New since you last looked/ });
  await unread.waitFor({ timeout: 30_000 });
  await picture(page, "unread");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("first");
  await page.keyboard.press("Enter");
  await page.getByRole("log").getByText("news", { exact: true }).waitFor();
  await unread.waitFor({ state: "hidden" });

  await page.keyboard.press("Alt+0");
  await page.getByRole("button", { name: "Open the workspace" }).waitFor();
  await page.keyboard.press("Alt+3");
  await page.getByRole("tab", { name: "Files", selected: true }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("tab"), "files");
  await page.keyboard.press("Control+b");
  await page.getByRole("navigation", { name: "Conversations" }).waitFor({ state: "hidden" });
  await page.keyboard.press("Control+b");
  await page.getByRole("navigation", { name: "Conversations" }).waitFor();
  assert.deepEqual(complaints, []);
});

test("a slash runs a command, and a pause is one that goes on", async () => {
  const { page, complaints } = await open();
  await openConversation(page, server.url);
  await say(page, "run sleep 1000");
  await page.getByTestId("run-card").waitFor();
  await field(page).pressSequentially("/pau");
  await page.getByRole("option", { name: /Pause the agent/ }).waitFor();
  await page.keyboard.press("Enter");
  await agentIs(page, "paused");
  assert.equal(await field(page).inputValue(), "");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator('[data-testid="agent-bar"]:not([data-state="paused"])').waitFor();
  await field(page).pressSequentially("/chan");
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "Changes", selected: true }).waitFor();
  await server.api(`/api/conversations/${idOf(page)}/stop`, { method: "POST", body: {} });
  assert.deepEqual(complaints, []);
});

test("files go with a message into the workspace, and a model that sees no pictures says so", async () => {
  const { page, complaints } = await open();
  await openConversation(page, server.url);
  const id = idOf(page);
  const attach = (name, mimeType, buffer) => page.locator('input[type="file"]').first().setInputFiles([{ name, mimeType, buffer }]);
  await attach("numbers.csv", "text/csv", Buffer.from("a,b\n1,2\n"));
  await page.getByRole("list", { name: "Attachments" }).getByText("numbers.csv").waitFor();
  await picture(page, "attachments");
  await say(page, "say thanks");
  await page.getByRole("article", { name: "OpenHands" }).getByText("thanks").waitFor();
  assert.ok((await server.api(`/api/conversations/${id}/list-files`)).includes("numbers.csv"));
  const message = (await server.events(id)).find(({ source, action }) => source === "user" && action === "message");
  assert.match(message.args.file_urls.join(), /numbers\.csv$/);
  await page.getByRole("list", { name: "Attached" }).getByText("numbers.csv").waitFor();

  const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  await attach("dot.png", "image/png", Buffer.from(png, "base64"));
  await say(page, "say what is this");
  const refusal = page.getByRole("alert").filter({ hasText: "does not understand images" });
  await refusal.waitFor();
  assert.equal(await page.getByRole("log").getByRole("img", { name: "Attached" }).count(), 1);
  await refusal.getByRole("button", { name: "Discard" }).click();
  await refusal.waitFor({ state: "hidden" });
  assert.deepEqual(complaints, []);
});

test("a long history opens at its end, is read on the way up, and an address points into it", async () => {
  const id = await server.createConversation();
  for (let at = 0; at < 260; at += 1) {
    await server.api(`/api/conversations/${id}/events`, { method: "POST", body: { action: "run", args: { command: `echo step-${at}` } } });
  }
  const asked = [];
  const { page, complaints } = await open();
  page.on("request", (request) => {
    if (request.url().includes("/events?")) asked.push(request.url());
  });
  await page.goto(`/conversations/${id}`);
  const log = page.getByRole("log");
  await log.getByText("echo step-259").waitFor();
  assert.equal(await log.getByText("echo step-0", { exact: true }).count(), 0);
  const before = asked.length;

  const top = () => log.evaluate((element) => (element.parentElement.scrollTop = 0));
  await log.hover();
  for (let tries = 0; (await log.getByText("echo step-0", { exact: true }).count()) === 0; tries += 1) {
    assert.ok(tries < 60, "the beginning is never reached");
    await page.mouse.wheel(0, -4000);
    await top();
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  }
  assert.ok(asked.length > before, "earlier pages were not asked for");
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await log.getByText("echo step-259").waitFor();

  const { events } = await server.api(`/api/conversations/${id}/events?limit=100&start_id=20`);
  const target = events.find(({ action, args }) => action === "run" && args.command === "echo step-30");
  const other = await open(ON_PHONE);
  await other.page.goto(`/conversations/${id}?event=${target.id}`);
  await other.page.locator(`[data-event="${target.id}"]`).getByText("echo step-30").waitFor();
  await assertFits(other.page);
  await picture(other.page, "event-phone");
  // What comes meanwhile does not pull the reader away.
  await server.api(`/api/conversations/${id}/events`, { method: "POST", body: { action: "run", args: { command: "echo later" } } });
  await other.page.getByRole("button", { name: "Jump to latest" }).waitFor();
  assert.ok(await other.page.locator(`[data-event="${target.id}"]`).isVisible());
  assert.deepEqual([...complaints, ...other.complaints], []);
});

test("two tabs show the same, and each keeps its own draft of each conversation", async () => {
  const { page, complaints } = await open();
  await openConversation(page, server.url);
  const id = idOf(page);
  const second = await page.context().newPage();
  await second.goto(`/conversations/${id}`);
  await agentIs(second, "awaiting_user_input");
  await field(second).fill("not sent yet");
  await say(page, "say to both");
  for (const each of [page, second]) await each.getByRole("log").getByText("to both", { exact: true }).waitFor();
  assert.equal(await field(second).inputValue(), "not sent yet");

  const other = await server.createConversation();
  await second.goto(`/conversations/${other}`);
  await agentIs(second, "awaiting_user_input");
  assert.equal(await field(second).inputValue(), "");
  await second.goto(`/conversations/${id}`);
  await agentIs(second, "awaiting_user_input");
  assert.equal(await field(second).inputValue(), "not sent yet");
  assert.deepEqual(complaints, []);
});

test("who looks elsewhere is told when the agent is waiting", async () => {
  const { page, complaints } = await open({ permissions: ["notifications"] });
  await page.addInitScript(() => {
    localStorage.setItem("openhands.notifications", "on");
    window.notices = [];
    window.Notification = class {
      static permission = "granted";
      constructor(title, { body }) {
        window.notices.push(`${title}: ${body}`);
      }
    };
  });
  await openConversation(page, server.url);
  await server.api(`/api/conversations/${idOf(page)}`, { method: "PATCH", body: { title: "Far away" } });
  await page.waitForFunction(() => document.title.includes("Far away"));
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { get: () => true });
    Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
  });
  await say(page, "run echo done");
  await page.waitForFunction(() => window.notices.length > 0);
  assert.deepEqual(await page.evaluate(() => window.notices), ["Far away: Is waiting for your answer"]);
  assert.match(await page.title(), /^Waiting for you · Far away/);
  assert.deepEqual(complaints, []);
});

test("instructions of a workspace take effect once they are trusted", async () => {
  const id = await server.createConversation();
  const form = new FormData();
  form.append("files", new Blob(["Speak like a pirate."]), "AGENTS.md");
  const answer = await fetch(`${server.url}/api/conversations/${id}/upload-files`, { method: "POST", body: form });
  assert.equal(answer.status, 200);
  await server.api(`/api/conversations/${id}/stop`, { method: "POST", body: {} });
  const { page, complaints } = await open();
  await page.goto(`/conversations/${id}`);
  const notice = page.getByTestId("trust");
  await notice.getByText("AGENTS.md").waitFor();
  await picture(page, "trust");
  await notice.getByRole("button", { name: "Trust them" }).click();
  await notice.waitFor({ state: "hidden" });
  assert.deepEqual(await server.api(`/api/conversations/${id}/trust`).then(({ trusted, waiting }) => [trusted, waiting]), [true, []]);
  assert.deepEqual(complaints, []);
});
