// The browser of the agent, live on the page of its conversation. It starts servers and a model of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { ScriptedModel } from "../scripted-model.mjs";
import { agentIs, assertAccessible, assertFits, launch, ON_PHONE, openConversation, openPage } from "./page.mjs";
import { ADDRESS, browse, BUTTON, FIELD, HELP, openShop } from "./shop.mjs";

/** The color of the page's head, with what JPEG makes of it. */
const isBrick = ([red, green, blue]) => Math.abs(red - 0xb0) < 24 && Math.abs(green - 0x42) < 24 && Math.abs(blue - 0x1a) < 24;

let browser;
let model;
let server;
before(async () => {
  model = await ScriptedModel.start();
  server = await OpenHands.start({
    env: { LLM_MODEL: "openai/scripted", LLM_BASE_URL: model.url, LLM_API_KEY: "key" },
  });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  model?.stop();
});

/** Lets the agent open its shop, and opens the Browser tab. */
async function openShopLive(options) {
  const { page, complaints } = await openPage(browser, options);
  page.setDefaultTimeout(20_000);
  const field = await openConversation(page, server.url);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const say = async (text) => {
    await field.fill(text);
    await field.press("Enter");
  };
  model.script(...openShop("Over to you."));
  await say("Open the shop");
  await page.getByText("Over to you.").waitFor();
  await page.getByRole("tab", { name: "Browser" }).click();
  const live = page.getByTestId("live-picture");
  await waitForPixel(live, { x: 20, y: 20 }, isBrick);
  return { page, complaints, live, say, id };
}

/** Waits until the picture has a color at a place of the page. */
async function waitForPixel(live, place, isWanted) {
  for (let tries = 0; tries < 200; tries += 1) {
    const color = await live.evaluate((canvas, { x, y }) => {
      const at = (value, most, size) => Math.round((value / most) * size);
      const data = canvas.getContext("2d").getImageData(at(x, 1280, canvas.width), at(y, 720, canvas.height), 1, 1).data;
      return [...data];
    }, place);
    if (isWanted(color)) return;
    await live.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  }
  assert.fail(`the picture never showed what was expected at ${JSON.stringify(place)}`);
}

/** Where a place of the page is on the screen. */
async function onScreen(live, { x, y }) {
  const box = await live.boundingBox();
  return [box.x + (x / 1280) * box.width, box.y + (y / 720) * box.height];
}

const observed = async (id) => {
  const { events } = await server.api(`/api/conversations/${id}/events?limit=100&reverse=true&pictures=url`);
  return events.filter(({ observation }) => observation === "browse");
};

test("somebody looks on, takes the browser over, uses it and hands it back to the waiting agent", async () => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const { page, complaints, live, say, id } = await openShopLive({ permissions });
  await page.getByText("this is the agent’s browser").waitFor();
  await page.getByRole("img", { name: `Live picture of ${ADDRESS}` }).waitFor();
  await assertAccessible(page);

  await page.getByRole("button", { name: "Take over" }).click();
  await page.getByText("You are using the browser").waitFor();
  await page.getByRole("application", { name: `The page ${ADDRESS}, used by you` }).waitFor();
  const keyboard = page.getByLabel("Keyboard for the page");
  await keyboard.and(page.locator(":focus")).waitFor();
  await assertAccessible(page);

  // The agent wants it, and waits.
  model.script({ text: "I look again.", calls: [browse("noop(1)")] }, { text: "You bought it." });
  await say("What do you see?");
  await agentIs(page, "running");
  await page.getByText("I look again.").waitFor();

  await page.mouse.dblclick(...(await onScreen(live, BUTTON)));
  await page.mouse.click(...(await onScreen(live, FIELD)));
  await page.keyboard.type("Tea é+1");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.evaluate(() => navigator.clipboard.writeText("2 – pasted"));
  await page.keyboard.press("Control+v");
  await page.keyboard.press("Enter");
  // For the page, not for the agent that works.
  await page.keyboard.press("Escape");
  await page.mouse.move(...(await onScreen(live, { x: 700, y: 500 })));
  await page.mouse.down();
  await page.mouse.move(...(await onScreen(live, { x: 800, y: 520 })), { steps: 4 });
  await page.mouse.up();
  await page.mouse.wheel(0, 60);

  await page.keyboard.press("Control+Shift+Enter");
  await page.getByRole("button", { name: "Hand back" }).and(page.locator(":focus")).waitFor();
  const address = page.getByRole("textbox", { name: "Address" });
  await address.fill("chrome://version");
  await address.press("Enter");
  await page.getByText(/^That did not work: /).waitFor();
  await agentIs(page, "running");

  await page.getByRole("button", { name: "Hand back" }).click();
  await page.getByText("You bought it.").waitFor();
  const [{ content }] = await observed(id);
  assert.match(content, /The user has used the browser since your last call/);
  assert.match(content, /button 'Bought'/);
  for (const note of ["twice", "entered Tea é+2 – pasted", "escape", "dragged", "scrolled"]) {
    assert.match(content, new RegExp(`noted ${note.replace("+", "\\+")}`));
  }
  await page.getByText("this is the agent’s browser").waitFor();
  assert.deepEqual(complaints, []);
});

test("a link opens another tab, and the way there and back goes by the buttons", async () => {
  const { page, complaints, live } = await openShopLive();
  await page.getByRole("button", { name: "Take over" }).click();
  await page.getByLabel("Keyboard for the page").and(page.locator(":focus")).waitFor();
  const address = page.getByRole("textbox", { name: "Address" });
  const shows = (url) => page.getByRole("application", { name: `The page ${url}, used by you` }).waitFor();

  await address.fill(`${ADDRESS}?two`);
  await address.press("Enter");
  await shows(`${ADDRESS}?two`);
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await shows(ADDRESS);
  await page.getByRole("button", { name: "Forward", exact: true }).click();
  await shows(`${ADDRESS}?two`);
  await page.getByRole("button", { name: "Load again" }).click();

  const tabs = page.getByRole("list", { name: "Open pages" }).getByRole("button");
  // A click on a page that is just loading again hits nothing, as for everybody.
  for (let tries = 0; (await tabs.count()) < 2 && tries < 10; tries += 1) {
    await page.mouse.click(...(await onScreen(live, HELP)), { button: "middle" });
    await tabs.nth(1).waitFor({ timeout: 2000 }).catch(() => {});
  }
  await tabs.nth(1).waitFor();
  await tabs.nth(1).click();
  await page.locator('[aria-current="page"]').getByText("help.html").waitFor();
  await tabs.nth(0).click();
  await shows(`${ADDRESS}?two`);
  await assertAccessible(page);
  assert.deepEqual(complaints, []);
});

test("pages that were shown before have their pictures, by address and alone", async () => {
  const { page, complaints } = await openShopLive();
  const chat = page.getByRole("img", { name: "What the browser showed" });
  assert.match(await chat.getAttribute("src"), /^\/api\/conversations\/\w+\/pictures\/[0-9a-f]{64}\.png$/);
  await page.getByRole("button", { name: "Earlier page" }).click();
  await page.getByText("This is how an earlier page looked.").waitFor();
  const picture = page.getByRole("img", { name: `Picture of ${ADDRESS}` });
  await picture.evaluate((image) => image.decode());
  assert.equal(await picture.evaluate((image) => image.naturalWidth), 1280);
  await assertAccessible(page);

  const [alone] = await Promise.all([page.context().waitForEvent("page"), picture.click()]);
  await alone.waitForLoadState();
  assert.equal(await alone.locator("img").evaluate((image) => image.naturalWidth), 1280);
  await alone.close();

  await page.getByRole("button", { name: "Show it live" }).click();
  await waitForPixel(page.getByTestId("live-picture"), { x: 20, y: 20 }, isBrick);
  assert.deepEqual(complaints, []);
});

test("a page that nobody looks at does not watch", async () => {
  const { page, complaints } = await openShopLive();
  const watched = () => page.evaluate(() => window.liveSockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length);
  // The sockets of the tab from now on.
  await page.evaluate(() => {
    window.liveSockets = [];
    const Plain = window.WebSocket;
    window.WebSocket = class extends Plain {
      constructor(...given) {
        super(...given);
        if (String(given[0]).endsWith("/browser")) window.liveSockets.push(this);
      }
    };
  });
  await page.getByRole("tab", { name: "Files" }).click();
  await page.getByRole("tab", { name: "Browser" }).click();
  await waitForPixel(page.getByTestId("live-picture"), { x: 20, y: 20 }, isBrick);
  assert.equal(await watched(), 1);
  await page.getByRole("tab", { name: "Files" }).click();
  await page.waitForFunction(() => window.liveSockets.every(({ readyState }) => readyState === WebSocket.CLOSED));
  assert.deepEqual(complaints, []);
});

test("on a phone a tap clicks and a finger scrolls", async () => {
  const { page, complaints, live, id } = await openShopLive(ON_PHONE);
  await page.getByRole("button", { name: "Take over" }).tap();
  await page.getByText("Tap to click, drag to scroll.").waitFor();
  await page.touchscreen.tap(...(await onScreen(live, BUTTON)));
  const finger = await page.context().newCDPSession(page);
  const touch = async (type, place) => {
    const touchPoints = place === null ? [] : [place].map(([x, y]) => ({ x, y }));
    await finger.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  await touch("touchStart", await onScreen(live, { x: 700, y: 600 }));
  await touch("touchMove", await onScreen(live, { x: 700, y: 500 }));
  await touch("touchMove", await onScreen(live, { x: 700, y: 300 }));
  await touch("touchEnd", null);
  await assertFits(page);
  await assertAccessible(page);
  await page.getByRole("button", { name: "Hand back" }).tap();
  await page.getByRole("button", { name: "Take over" }).waitFor();
  model.script({ text: "", calls: [browse("noop(1)")] }, { text: "You bought it." });
  await page.getByRole("tab", { name: "Chat" }).click();
  await page.getByRole("textbox", { name: "Message to the agent" }).fill("Look");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("You bought it.").waitFor();
  const [{ content }] = await observed(id);
  assert.match(content, /button 'Bought'/);
  assert.match(content, /noted scrolled/);
  assert.deepEqual(complaints, []);
});

test("without a browser on the machine, the page says what is missing and what helps", async () => {
  const bare = await OpenHands.start({ env: { SANDBOX_CHROMIUM_PATH: "/no/such/browser" } });
  try {
    const { page, complaints } = await openPage(browser);
    await openConversation(page, bare.url);
    await page.getByRole("tab", { name: "Browser" }).click();
    await page.getByText("The agent has no browser here").waitFor();
    await page.getByText("apt-get install chromium").waitFor();
    await assertAccessible(page);
    assert.deepEqual(complaints, []);
  } finally {
    await bare.stop();
  }
});
