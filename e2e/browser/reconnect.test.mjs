// The page while its server goes away and comes back. It starts a server of its own; see openhands.mjs and page.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, launch, openConversation, openPage, picture } from "./page.mjs";

let browser;
let server;
before(async () => {
  server = await OpenHands.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What a browser says by itself while a server is away. */
const isAboutTheAbsence = (text) => /ERR_CONNECTION|WebSocket connection to|Failed to load resource/.test(text);

test("a restart of the server loses neither typed text nor events", async () => {
  const { page, complaints } = await openPage(browser);
  const field = await openConversation(page, server.url);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const log = page.getByRole("log");
  await field.fill("say before");
  await field.press("Enter");
  await log.getByText("before", { exact: true }).waitFor();
  await agentIs(page, "awaiting_user_input");

  await field.fill("half a thought");
  await server.crash();
  await page.getByText("Connection lost. Reconnecting…").waitFor();
  await picture(page, "reconnecting");
  await server.up();
  await page.getByText("Connection lost. Reconnecting…").waitFor({ state: "hidden" });
  assert.equal(await field.inputValue(), "half a thought");

  // What happens now is shown, and what was shown is not shown twice.
  await server.api(`/api/conversations/${id}/message`, { method: "POST", body: { message: "say after" } });
  await log.getByText("after", { exact: true }).waitFor();
  await agentIs(page, "awaiting_user_input");
  assert.equal(await log.getByText("before", { exact: true }).count(), 1);

  // A message sent while the server is away arrives once it is back, once.
  await server.crash();
  await page.getByText("Connection lost. Reconnecting…").waitFor();
  await field.fill("say meanwhile");
  await field.press("Enter");
  await log.getByText("say meanwhile").waitFor();
  await server.up();
  await log.getByText("meanwhile", { exact: true }).waitFor();
  await agentIs(page, "awaiting_user_input");
  const said = (await server.events(id)).filter(({ source, action }) => source === "user" && action === "message");
  assert.deepEqual(said.map(({ args }) => args.content), ["say before", "say after", "say meanwhile"]);
  assert.equal(await log.getByText("say meanwhile").count(), 1);
  assert.equal(await field.inputValue(), "");

  // A reload shows the same.
  await page.reload();
  await log.getByText("meanwhile", { exact: true }).waitFor();
  assert.equal(await log.getByText("before", { exact: true }).count(), 1);
  assert.deepEqual(complaints.filter((text) => !isAboutTheAbsence(text)), []);
});
