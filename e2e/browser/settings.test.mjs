// The settings: what is entered is tried, kept, shown again, and used. It starts servers of its own; see openhands.mjs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { ScriptedModel } from "../scripted-model.mjs";
import { agentIs, assertAccessible, assertFits, launch, ON_PHONE, openPage, picture } from "./page.mjs";

const SECTIONS = ["Model", "Agent", "MCP servers", "Secrets", "Git", "Appearance"];
const KEY = "sk-right-key";

let browser;
let server;
let model;
before(async () => {
  model = await ScriptedModel.start();
  model.key = KEY;
  server = await OpenHands.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  model?.stop();
});

/** Opens a page of the server that this file started. */
async function open(path, options = {}) {
  const opened = await openPage(browser, { baseURL: server.url, ...options });
  await opened.page.goto(path);
  return opened;
}

const save = async (page) => {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/^Saved\./).waitFor();
};

test("from the demo to a model of one's own: a refused key, a good one, and a conversation", async () => {
  const { page, complaints } = await open("/");
  await page.getByRole("button", { name: /^Show me what you can do/ }).waitFor();
  await page.getByRole("link", { name: "Use your own model" }).click();
  await page.getByText("The demo model is in use.").first().waitFor();
  assert.equal(new URL(page.url()).pathname, "/settings/model");
  await picture(page, "settings-model-demo");

  await page.getByRole("radio", { name: "OpenAI-compatible" }).check();
  await page.getByLabel("Model name").fill("scripted");
  await page.getByLabel("Base URL").fill(model.url);
  await page.getByLabel("API key").fill("sk-wrong-key");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The key was refused").waitFor();
  await page.getByText("The provider refused this key.").waitFor();
  await page.getByText("this key is not known here").waitFor();
  await picture(page, "settings-model-refused");

  await page.getByLabel("API key").fill(KEY);
  await page.getByText("The key was refused").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText(/^openai\/scripted answered in /).waitFor();
  await save(page);
  await picture(page, "settings-model-saved");

  await page.reload();
  assert.equal(await page.getByLabel("Model name").inputValue(), "scripted");
  assert.equal(await page.getByLabel("Base URL").inputValue(), model.url);
  assert.equal(await page.getByLabel("API key").inputValue(), "", "a stored key is never shown");
  await page.getByText("A key is stored.").waitFor();
  assert.ok(!(await page.content()).includes(KEY));
  // The stored key is tried where it belongs, and not elsewhere.
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText(/^openai\/scripted answered in /).waitFor();

  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByRole("link", { name: "Model: openai/scripted. Change it" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /^Show me what you can do/ }).count(), 0);
  model.script({ text: "Hello from the scripted model." });
  const field = page.getByRole("textbox", { name: "What should be done?" });
  await field.fill("say hello");
  await field.press("Enter");
  await page.getByText("Hello from the scripted model.").waitFor();
  assert.equal(model.requests.at(-1).authorization, `Bearer ${KEY}`);
  assert.deepEqual(complaints, []);
});

test("a secret is stored, found by commands, renamed and removed", async () => {
  const { page, complaints } = await open("/settings/secrets");
  await page.getByText(/^No secrets yet/).waitFor();
  await page.getByLabel("Name", { exact: true }).fill("2BAD");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("Use letters, digits and _ only").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("MY_TOKEN");
  await page.getByLabel("Value").fill("s3cret-value");
  await page.getByLabel("What it is for").fill("Opens the door");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("MY_TOKEN is stored.").waitFor();
  await page.reload();
  const list = page.getByRole("list", { name: "Stored secrets" });
  await list.getByText("Opens the door").waitFor();
  assert.ok(!(await page.content()).includes("s3cret-value"));
  await picture(page, "settings-secrets");

  await page.getByRole("button", { name: "Edit MY_TOKEN" }).click();
  const dialog = page.getByRole("dialog", { name: "Edit MY_TOKEN" });
  await dialog.getByLabel("Name").fill("DOOR");
  await dialog.getByRole("button", { name: "Save" }).click();
  await list.getByText("DOOR", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove DOOR" }).click();
  await page.getByRole("dialog", { name: "Remove DOOR?" }).getByRole("button", { name: "Remove" }).click();
  await page.getByText(/^No secrets yet/).waitFor();
  assert.deepEqual((await server.api("/api/secrets")).custom_secrets, []);
  assert.deepEqual(complaints, []);
});

test("an MCP server is added, edited without losing its key, and removed", async () => {
  const { page, complaints } = await open("/settings/mcp");
  await page.getByRole("button", { name: "Add a server" }).click();
  const add = page.getByRole("dialog", { name: "Add an MCP server" });
  await add.getByRole("button", { name: "Save" }).click();
  await add.getByText(/^Enter an address such as/).waitFor();
  await add.getByLabel("Address").fill("https://mcp.example.com/mcp");
  await add.getByLabel("API key").fill("mcp-key-canary");
  await picture(page, "settings-mcp-add");
  await add.getByRole("button", { name: "Save" }).click();
  await add.waitFor({ state: "detached" });
  await page.getByText("https://mcp.example.com/mcp").waitFor();

  await page.getByRole("button", { name: "Edit mcp_example_com" }).click();
  const edit = page.getByRole("dialog", { name: "Edit mcp_example_com" });
  await edit.getByText("A key is stored; clear the field to remove it.").waitFor();
  await edit.getByLabel("Longest call, in seconds").fill("5000");
  await edit.getByRole("button", { name: "Save" }).click();
  await edit.getByText("Enter a whole number from 1 to 3600, or nothing.").waitFor();
  await edit.getByLabel("Longest call, in seconds").fill("120");
  await edit.getByRole("button", { name: "Save" }).click();
  await edit.waitFor({ state: "detached" });
  const stored = (await server.api("/api/settings")).mcp_config.shttp_servers;
  assert.equal(stored.length, 1);
  assert.deepEqual([stored[0].timeout, stored[0].api_key], [120, "**********"]);
  assert.ok(!(await page.content()).includes("canary"));
  await picture(page, "settings-mcp");

  await page.getByRole("button", { name: "Remove mcp_example_com" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText(/^No servers yet/).waitFor();
  assert.deepEqual(complaints, []);
});

test("limits hold for a conversation, and what is entered outlives a look at another section", async () => {
  const { page, complaints } = await open("/settings/agent");
  await page.getByLabel("Step limit").fill("none");
  await page.getByLabel("Budget in dollars").fill("2.5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Enter a whole number from 1 to 100,000, or nothing.").waitFor();
  const nav = page.getByRole("navigation", { name: "Sections of the settings" });
  await nav.getByRole("link", { name: "Secrets" }).click();
  await nav.getByRole("link", { name: "Agent" }).getByLabel("Unsaved changes").waitFor();
  await nav.getByRole("link", { name: "Agent" }).click();
  assert.equal(await page.getByLabel("Budget in dollars").inputValue(), "2.5");
  await page.getByLabel("Step limit").fill("7");
  await page.getByRole("radio", { name: /^Always/ }).check();
  await save(page);
  assert.equal(await nav.getByLabel("Unsaved changes").count(), 0);
  await page.reload();
  assert.equal(await page.getByLabel("Step limit").inputValue(), "7");
  assert.ok(await page.getByRole("radio", { name: /^Always/ }).isChecked());
  await picture(page, "settings-agent");

  const { conversation_id: id } = await server.api("/api/conversations", { method: "POST", body: {} });
  await page.goto(`/conversations/${id}`);
  await agentIs(page, "awaiting_user_input");
  const { usage } = await server.api(`/api/conversations/${id}`);
  assert.deepEqual([usage.max_iterations, usage.max_budget], [7, 2.5]);
  assert.deepEqual(complaints, []);
});

test("the theme is the system's until one is chosen, and then stays", async () => {
  const { page, complaints } = await open("/settings/appearance", { colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  // A change reaches what is drawn a little later.
  const becomes = (color) => page.waitForFunction((wanted) => getComputedStyle(document.body).backgroundColor === wanted, color);
  await page.getByRole("radio", { name: "As the system" }).waitFor();
  const light = await background();
  await page.getByRole("radio", { name: "Dark" }).check();
  await page.waitForFunction((old) => getComputedStyle(document.body).backgroundColor !== old, light);
  const dark = await background();
  await page.getByRole("radio", { name: "As the system" }).check();
  await becomes(light);
  await page.emulateMedia({ colorScheme: "dark" });
  await becomes(dark);
  await page.getByRole("radio", { name: "Light" }).check();
  await becomes(light);
  await page.reload();
  await page.getByRole("radio", { name: "Light" }).waitFor();
  assert.ok(await page.getByRole("radio", { name: "Light" }).isChecked());
  await becomes(light);
  assert.deepEqual(complaints, []);
});

test("a section can be used by the keyboard alone", async () => {
  const { page, complaints } = await open("/settings/agent");
  const steps = page.getByLabel("Step limit");
  await steps.waitFor();
  await page.getByRole("link", { name: "Agent" }).focus();
  // Past the other sections, to the one choice that is made, and down to the next one.
  while (!(await page.getByRole("radio", { checked: true }).evaluate((radio) => radio === document.activeElement))) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("ArrowUp");
  assert.ok(await page.getByRole("radio", { name: /^When it is risky/ }).isChecked());
  await page.keyboard.press("Tab");
  assert.ok(await steps.evaluate((field) => field === document.activeElement));
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("21");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  const condenses = page.getByRole("switch", { name: "Shorten long conversations" });
  const was = await condenses.getAttribute("aria-checked");
  await page.keyboard.press("Space");
  assert.notEqual(await condenses.getAttribute("aria-checked"), was);
  await page.keyboard.press("Space");
  await steps.press("Enter");
  await page.getByText(/^Saved\./).waitFor();
  const settings = await server.api("/api/settings");
  assert.deepEqual([settings.max_iterations, settings.security_analyzer], [21, null]);
  assert.equal(settings.llm_model, (await server.api("/api/options/config")).LLM_MODEL);
  assert.deepEqual(complaints, []);
});

for (const [name, options] of [["desktop", {}], ["tablet", { viewport: { width: 1024, height: 768 } }], ["phone", ON_PHONE]]) {
  test(`every section fits and is accessible: ${name}`, async () => {
    for (const colorScheme of ["light", "dark"]) {
      const { page, complaints } = await open("/settings", { ...options, colorScheme });
      const nav = page.getByRole("navigation", { name: "Sections of the settings" });
      for (const section of SECTIONS) {
        await nav.getByRole("link", { name: section }).click();
        await page.getByRole("heading", { name: section, level: 2 }).waitFor();
        await assertFits(page);
        await assertAccessible(page);
        await picture(page, `settings-${section.split(" ")[0].toLowerCase()}-${name}-${colorScheme}`);
      }
      await page.goto("/");
      await page.getByRole("button", { name: /^Workspace: / }).click();
      await page.getByLabel("Paste the address of a repository").fill("https://gitlab.com/group/a-tool/-/tree/main");
      await page.getByText("from gitlab.com").waitFor();
      await assertFits(page);
      await assertAccessible(page);
      await page.keyboard.press("Enter");
      assert.equal(await page.getByLabel("Branch").inputValue(), "main");
      await assertAccessible(page);
      await picture(page, `start-${name}-${colorScheme}`);
      assert.deepEqual(complaints, []);
    }
  });
}
