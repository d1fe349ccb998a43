// A person at the wheel in the browser: messages, Stop, the keyboard alone, a phone. See page.mjs for settings.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { agentIs, assertFits, BASE, launch, ON_PHONE, openConversation, openPage, picture } from "./page.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test("Stop ends a running command, and the next message goes on", async () => {
  const { page, complaints } = await openPage(browser);
  const field = await openConversation(page);
  await field.fill("run sleep 1000");
  await field.press("Enter");
  await page.getByTestId("run-card").getByText("sleep 1000").waitFor();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await page.getByText("Running a command").waitFor();
  await picture(page, "running");
  const start = performance.now();
  await page.getByRole("button", { name: "Stop" }).click();
  await agentIs(page, "stopped");
  const took = performance.now() - start;
  assert.ok(took < 2000, `stopping took ${Math.round(took)} ms`);
  await page.getByRole("button", { name: "Continue" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Stop" }).count(), 0);
  await picture(page, "stopped");

  await field.fill("run echo on we go");
  await field.press("Enter");
  await page.getByTestId("run-output").getByText("on we go").waitFor();
  await agentIs(page, "awaiting_user_input");
  await picture(page, "continued");
  assert.deepEqual(complaints, []);
});

test("everything works without a pointer", async () => {
  const { page, complaints } = await openPage(browser);
  await page.goto("/");
  await page.getByRole("heading", { name: "What should be done?" }).waitFor();
  // The field has the focus: typing is all it takes.
  await page.keyboard.type("run sleep 1000");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/conversations\/[^/]+$/);
  await page.getByTestId("run-card").getByText("sleep 1000").waitFor();
  await page.keyboard.press("Escape");
  await agentIs(page, "stopped");
  await page.getByRole("textbox", { name: "Message to the agent" }).focus();
  await page.keyboard.type("two lines");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("in one message");
  assert.equal(
    await page.getByRole("textbox", { name: "Message to the agent" }).inputValue(),
    "two lines\nin one message",
  );
  assert.deepEqual(complaints, []);
});

test("on a phone one can write, stop and go to another conversation", async () => {
  const { page, complaints } = await openPage(browser, ON_PHONE);
  const field = await openConversation(page);
  await field.fill(`run echo ${"a-long-word-without-end".repeat(8)}; sleep 1000`);
  await page.getByRole("button", { name: "Send" }).tap();
  await page.getByTestId("run-card").first().waitFor();
  await assertFits(page);
  await picture(page, "running-phone");
  await page.getByRole("button", { name: "Stop" }).tap();
  await agentIs(page, "stopped");
  await page.getByRole("button", { name: "Conversations", exact: true }).tap();
  await page.getByRole("link", { name: "New conversation" }).tap();
  await page.getByRole("heading", { name: "What should be done?" }).waitFor();
  await assertFits(page);
  assert.deepEqual(complaints, []);
});

test("an image from elsewhere stays a link", async () => {
  const { page, complaints } = await openPage(browser);
  const field = await openConversation(page);
  await field.fill("say ![chart](https://example.invalid/chart.png)");
  await field.press("Enter");
  const link = page.getByRole("link", { name: /Open image: chart/ });
  await link.waitFor();
  assert.equal(await link.getAttribute("href"), "https://example.invalid/chart.png");
  assert.equal(await link.getAttribute("target"), "_blank");
  assert.equal(await page.getByRole("log").locator("img").count(), 0);
  assert.deepEqual(complaints, []);
});

test("the test page says whether the socket works", async () => {
  const { page, complaints } = await openPage(browser);
  await page.goto("/test");
  assert.equal(new URL(page.url()).origin, BASE);
  await page.getByRole("button", { name: "make a new one" }).click();
  await page.waitForFunction(() => document.querySelector("input")?.value !== "");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByText(/0\{"sid":/).first().waitFor();
  await page.getByText(/40\{"sid":/).first().waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText(/43\d*\[\{"ok":true/).first().waitFor();
  await picture(page, "test-page");
  assert.deepEqual(complaints, []);
});
