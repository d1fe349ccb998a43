// The first minute with the product: open the page, start the demo, watch it finish. See page.mjs for settings.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertFits, launch, ON_PHONE, openPage, picture } from "./page.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Only what is near the screen is drawn: scrolls through the whole log and collects the commands. */
async function everyCommand(page) {
  const found = new Map();
  const log = page.getByRole("log");
  await log.evaluate((element) => (element.parentElement.scrollTop = 0));
  for (;;) {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    for (const card of await page.getByTestId("run-card").all()) {
      const row = await card.evaluate((element) => Number(element.closest("[data-event]").dataset.event));
      found.set(row, await card.getAttribute("aria-label"));
    }
    const isAtEnd = await log.evaluate(({ parentElement: box }) => {
      const before = box.scrollTop;
      box.scrollTop += box.clientHeight / 2;
      return box.scrollTop === before;
    });
    if (isAtEnd) return [...found].sort(([a], [b]) => a - b);
  }
}

test("the demo conversation runs from the first click to its end", { timeout: 180_000 }, async () => {
  const { page, complaints } = await openPage(browser, { colorScheme: "dark" });
  await page.goto("/");
  await page.getByRole("heading", { name: "What should be done?" }).waitFor();
  await picture(page, "home-dark");

  await page.getByRole("button", { name: /^Show me what you can do/ }).click();
  await page.waitForURL(/\/conversations\/[^/]+$/);
  await page.getByTestId("run-card").first().waitFor({ timeout: 60_000 });
  await picture(page, "working-dark");
  await page.getByTestId("finish-card").waitFor({ timeout: 150_000 });

  // What comes next is one click away.
  const next = page.getByRole("link", { name: "Use your own model" });
  assert.equal(await next.getAttribute("href"), "/settings/model");

  const commands = await everyCommand(page);
  assert.ok(commands.length >= 4, `only ${commands.length} commands are shown`);
  assert.equal(await page.getByTestId("finish-card").count(), 1);
  assert.equal(await page.getByTestId("connection").innerText(), "Connected");
  await picture(page, "finished-dark");

  await page.emulateMedia({ colorScheme: "light" });
  await picture(page, "finished-light");
  const address = page.url();

  // The same conversation opened anew, on a phone, shows the same.
  const mobile = await openPage(browser, { ...ON_PHONE, colorScheme: "light" });
  await mobile.page.goto(address);
  await mobile.page.getByTestId("finish-card").waitFor({ timeout: 30_000 });
  await assertFits(mobile.page);
  await picture(mobile.page, "finished-phone");
  assert.deepEqual(await everyCommand(mobile.page), await everyCommand(page), "the replay shows other commands than the live view");
  await mobile.page.getByRole("button", { name: "Conversations", exact: true }).click();
  await mobile.page.getByRole("navigation", { name: "Conversations" }).getByRole("link").first().waitFor();
  await picture(mobile.page, "list-phone");
  await mobile.page.goto("/");
  await mobile.page.getByRole("heading", { name: "What should be done?" }).waitFor();
  await assertFits(mobile.page);
  await picture(mobile.page, "home-phone");

  assert.deepEqual([...complaints, ...mobile.complaints], []);
});

test("an address of an unknown conversation leads home with a word about it", { timeout: 30_000 }, async () => {
  const { page } = await openPage(browser);
  await page.goto("/conversations/0123456789abcdef0123456789abcdef");
  await page.getByText("This conversation does not exist").waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
});
