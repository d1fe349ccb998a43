// A browser for the tests, and pages that note everything it complains about.
//
// BASE_URL        where the server is, default http://127.0.0.1:3000
// SCREENSHOT_DIR  where pictures go; none are taken without it
// CHROMIUM        the browser, default /usr/bin/chromium

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

const pictures = process.env.SCREENSHOT_DIR ?? "";

export const BASE = process.env.BASE_URL ?? "http://127.0.0.1:3000";
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const ON_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true };

/** Answers that say something, which the browser logs as errors of its own. */
const BY_CONTRACT = [
  // A new server has no settings yet.
  [/\/api\/settings$/, "404"],
  // A workspace may be no repository.
  [/\/git\/changes$/, "404"],
  // A file may be no text.
  [/\/select-file\?/, "415"],
];

export function launch() {
  if (pictures !== "") mkdirSync(pictures, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** Opens a page; `complaints` are its errors, refusals by the content policy among them. */
export async function openPage(browser, options) {
  const context = await browser.newContext({ baseURL: BASE, reducedMotion: "reduce", viewport: DESKTOP, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    const { url } = message.location();
    const expected = BY_CONTRACT.some(([path, status]) => path.test(url) && message.text().includes(status));
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.exposeFunction("noteViolation", (text) => complaints.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.noteViolation(`${event.violatedDirective} refused ${event.blockedURI}`);
    });
  });
  return { page, complaints };
}

/** Opens a new conversation at its page, ready for a message; returns the message field. */
export async function openConversation(page, base = BASE) {
  const answer = await fetch(`${base}/api/conversations`, { method: "POST" });
  const { conversation_id: id } = await answer.json();
  await page.goto(`${base}/conversations/${id}`);
  const field = page.getByRole("textbox", { name: "Message to the agent" });
  await page.locator('[data-testid="agent-bar"][data-state="awaiting_user_input"]').waitFor();
  return field;
}

/** Waits until the agent is in a state. */
export const agentIs = (page, state) => page.locator(`[data-testid="agent-bar"][data-state="${state}"]`).waitFor();

export async function picture(page, name) {
  if (pictures !== "") await page.screenshot({ path: join(pictures, `${name}.png`) });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

/** Returns what keeps out those who do not see, or do not use a mouse. */
export async function violations(page) {
  // By the debugger's way, which a content policy does not see.
  await page.evaluate(axe);
  const found = await page.evaluate((runOnly) => window.axe.run(document, { resultTypes: ["violations"], runOnly }), RULES);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary}`).join("; ")}`);
}

export const assertAccessible = async (page) => assert.deepEqual(await violations(page), []);

/** No page may be wider than its screen. */
export async function assertFits(page) {
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert.ok(content <= screen, `the page is ${content} px wide on a screen of ${screen} px`);
}
