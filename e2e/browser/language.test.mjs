// The language: chosen in the settings or taken from the browser, and kept. It starts a server of its own; see openhands.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, assertFits, launch, ON_PHONE, openPage, picture } from "./page.mjs";

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

/** Opens a page of the server that this file started, and notes which files it fetches. */
async function open(path, options = {}) {
  const opened = await openPage(browser, { baseURL: server.url, ...options });
  const fetched = [];
  opened.page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await opened.page.goto(path);
  return { ...opened, fetched };
}

const languageOf = (page) => page.evaluate(() => document.documentElement.lang);
const catalogues = (fetched) => fetched.filter((path) => /\/assets\/all-[\w-]+\.js$/.test(path));

test("German is spoken as soon as it is chosen, and after a reload", async () => {
  const { page, complaints, fetched } = await open("/settings/appearance");
  const choice = page.getByLabel("Language");
  await choice.waitFor();
  assert.equal(await languageOf(page), "en");
  assert.deepEqual(catalogues(fetched), [], "no other language is fetched before it is spoken");
  assert.deepEqual(await choice.locator("option").allTextContents(), ["English", "Deutsch", "简体中文"]);
  const stored = page.waitForResponse((answer) => answer.url().endsWith("/api/settings") && answer.request().method() === "POST");
  await choice.selectOption("Deutsch");
  await page.getByRole("heading", { name: "Darstellung", level: 2 }).waitFor();
  await page.getByLabel("Sprache").waitFor();
  assert.equal(await page.getByLabel("Sprache").inputValue(), "de");
  assert.equal(await languageOf(page), "de");
  assert.equal((await stored).status(), 200);
  assert.equal((await server.api("/api/settings")).language, "de");
  await picture(page, "language-de");

  await page.reload();
  await page.getByRole("heading", { name: "Darstellung", level: 2 }).waitFor();
  assert.equal(await languageOf(page), "de");
  await page.getByRole("link", { name: "Neue Konversation" }).click();
  const field = page.getByRole("textbox", { name: "Was ist zu tun?" });
  await field.fill("run echo hallo");
  await field.press("Enter");
  await agentIs(page, "awaiting_user_input");
  await page.getByRole("region", { name: "Befehl: echo hallo" }).first().waitFor();
  await page.getByTestId("agent-bar").getByText("Wartet auf Antwort").waitFor();
  await page.getByTestId("connection").getByText("Verbunden").waitFor();

  await page.goto("/settings/appearance");
  await page.getByLabel("Sprache").selectOption("English");
  await page.getByRole("heading", { name: "Appearance", level: 2 }).waitFor();
  assert.equal(await languageOf(page), "en");
  assert.deepEqual(complaints, []);
});

test("a browser that prefers Chinese begins in Chinese, and its reader may choose another one", async () => {
  const { page, complaints, fetched } = await open("/", { locale: "zh-CN" });
  await page.getByRole("heading", { name: "要做什么？", level: 1 }).waitFor();
  assert.equal(await languageOf(page), "zh-CN");
  assert.equal(catalogues(fetched).length, 1, "one language is fetched");
  await page.getByRole("link", { name: "设置" }).click();
  await page.getByRole("navigation", { name: "设置的各部分" }).getByRole("link", { name: "外观" }).click();
  await page.getByLabel("语言").selectOption("English");
  await page.getByRole("heading", { name: "Appearance", level: 2 }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Appearance", level: 2 }).waitFor();
  assert.deepEqual(complaints, []);
});

test("a language that cannot be fetched leaves the page in English", async () => {
  const { page } = await openPage(browser, { baseURL: server.url, locale: "de-AT" });
  await page.route(/\/assets\/all-/, (route) => route.abort());
  await page.goto("/");
  await page.getByRole("heading", { name: "What should be done?", level: 1 }).waitFor();
  assert.equal(await languageOf(page), "en");
});

test("the chosen tab is in sight where the row of tabs is too long", async () => {
  const { conversation_id: id } = await server.api("/api/conversations", { method: "POST", body: {} });
  const { page, complaints } = await open(`/conversations/${id}?tab=events`, { ...ON_PHONE, locale: "de" });
  const tab = page.getByRole("tab", { name: "Ereignisse" });
  await tab.waitFor();
  await page.waitForFunction(() => {
    const { left, right } = document.querySelector('[role="tab"][aria-selected="true"]').getBoundingClientRect();
    return left >= 0 && right <= innerWidth;
  });
  await assertFits(page);
  assert.deepEqual(complaints, []);
});

for (const [name, options] of [["desktop", {}], ["tablet", { viewport: { width: 1024, height: 768 } }], ["phone", ON_PHONE]]) {
  for (const locale of ["de-DE", "zh-CN"]) {
    test(`every section of the settings fits in ${locale}: ${name}`, async () => {
      const { page, complaints } = await open("/settings", { ...options, locale });
      const links = page.getByRole("navigation", { name: /^(Bereiche der Einstellungen|设置的各部分)$/ }).getByRole("link");
      await links.first().waitFor();
      for (const link of await links.all()) {
        const section = await link.innerText();
        await link.click();
        await page.getByRole("heading", { name: section, level: 2 }).waitFor();
        await assertFits(page);
      }
      await page.goto("/");
      await page.getByRole("heading", { level: 1 }).waitFor();
      await assertFits(page);
      assert.deepEqual(complaints, []);
    });
  }
}
