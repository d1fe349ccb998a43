// The page of a conversation whose agent asks before it acts. It starts a server of its own; see openhands.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, launch, openConversation, openPage, picture } from "./page.mjs";

let browser;
let server;
before(async () => {
  server = await OpenHands.start({ env: { SECURITY_CONFIRMATION_MODE: "true", SECURITY_CONFIRM: "all" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("an action waits for Approve, runs once, and is not shown twice; Reject keeps it from running", async () => {
  const { page, complaints } = await openPage(browser);
  const field = await openConversation(page, server.url);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  await field.fill("run echo allowed");
  await field.press("Enter");
  await agentIs(page, "awaiting_user_confirmation");
  await page.getByTestId("approval").getByText("echo allowed").waitFor();
  const cards = page.getByTestId("run-card");
  await cards.getByText("echo allowed").waitFor();
  await picture(page, "approval");
  await page.getByRole("button", { name: "Approve" }).click();
  await agentIs(page, "awaiting_user_input");
  await cards.getByText("echo allowed").waitFor();
  assert.equal(await cards.count(), 1);
  const ran = (await server.events(id)).filter(({ observation }) => observation === "run");
  assert.deepEqual(ran.map(({ content }) => content.trim()), ["allowed"]);

  await field.fill("run echo refused");
  await field.press("Enter");
  await agentIs(page, "awaiting_user_confirmation");
  await page.getByRole("button", { name: "Reject" }).click();
  await agentIs(page, "awaiting_user_input");
  assert.equal(await cards.count(), 2);
  await picture(page, "rejected");
  const after = (await server.events(id)).filter(({ observation }) => observation === "run");
  assert.equal(after.length, 1);
  assert.deepEqual(complaints, []);
});
