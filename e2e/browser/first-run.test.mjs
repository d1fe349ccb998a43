// The first minute with the product: open the page, start the demo, watch it finish.
//
// BASE_URL        where the server is, default http://127.0.0.1:3000
// SCREENSHOT_DIR  where pictures go; none are taken without it
// CHROMIUM        the browser, default /usr/bin/chromium
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const base = process.env.BASE_URL ?? "http://127.0.0.1:3000";
const pictures = process.env.SCREENSHOT_DIR ?? "";
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

let browser;

before(async () => {
  if (pictures !== "") mkdirSync(pictures, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
});

after(() => browser?.close());

/** Opens a page that notes everything the browser complains about. */
async function openPage(options) {
  const context = await browser.newContext({ baseURL: base, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    // The settings of a new server are a 404 by contract; the browser logs that as an error of its own.
    const expected = message.location().url.endsWith("/api/settings") && message.text().includes("404");
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

async function picture(page, name) {
  if (pictures !== "") await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** No page may be wider than its screen. */
async function assertFits(page) {
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(content <= screen, `the page is ${content} px wide on a screen of ${screen} px`);
}

test("the demo conversation runs from the first click to its end", { timeout: 180_000 }, async () => {
  const { page, complaints } = await openPage({ viewport: desktop, colorScheme: "dark" });
  await page.goto("/");
  await page.getByRole("heading", { name: "What should be done?" }).waitFor();
  await picture(page, "home-dark");

  await page.getByRole("button", { name: /^Show me what you can do/ }).click();
  await page.waitForURL(/\/conversations\/[^/]+$/);
  await page.getByTestId("run-card").first().waitFor({ timeout: 60_000 });
  await picture(page, "working-dark");
  await page.getByTestId("finish-card").waitFor({ timeout: 150_000 });

  const outputs = await page.getByTestId("run-card").filter({ has: page.getByTestId("run-output") }).count();
  assert.ok(outputs >= 4, `only ${outputs} commands with output are shown`);
  assert.equal(await page.getByTestId("finish-card").count(), 1);
  assert.equal(await page.getByTestId("connection").innerText(), "Connected");
  await picture(page, "finished-dark");

  await page.emulateMedia({ colorScheme: "light" });
  await picture(page, "finished-light");
  const address = page.url();

  // The same conversation opened anew, on a phone, shows the same.
  const mobile = await openPage({ viewport: phone, colorScheme: "light", hasTouch: true, isMobile: true });
  await mobile.page.goto(address);
  await mobile.page.getByTestId("finish-card").waitFor({ timeout: 30_000 });
  assert.equal(
    await mobile.page.getByTestId("run-card").count(),
    await page.getByTestId("run-card").count(),
    "the replay shows other commands than the live view",
  );
  await assertFits(mobile.page);
  await picture(mobile.page, "finished-phone");
  await mobile.page.getByRole("button", { name: "Conversations" }).click();
  await mobile.page.getByRole("navigation", { name: "Conversations" }).getByRole("link").first().waitFor();
  await picture(mobile.page, "list-phone");
  await mobile.page.goto("/");
  await mobile.page.getByRole("heading", { name: "What should be done?" }).waitFor();
  await assertFits(mobile.page);
  await picture(mobile.page, "home-phone");

  assert.deepEqual([...complaints, ...mobile.complaints], []);
});

test("an address of an unknown conversation leads home with a word about it", { timeout: 30_000 }, async () => {
  const { page } = await openPage({ viewport: desktop });
  await page.goto("/conversations/0123456789abcdef0123456789abcdef");
  await page.getByText("This conversation does not exist").waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
});
