// The panels beside the chat: terminal, changes, files, browser, events. It starts a server of its own; see openhands.mjs.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { agentIs, assertFits, launch, ON_PHONE, openConversation, openPage, picture } from "./page.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** One red pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8Dwn4GBgYEBAA0EAQEAo9S6AAAAAElFTkSuQmCC",
  "base64",
);

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

/** Opens a new conversation; returns what its page is worked with. */
async function open(options) {
  const { page, complaints } = await openPage(browser, { permissions: ["clipboard-read", "clipboard-write"], ...options });
  const field = await openConversation(page, server.url);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  return {
    page,
    complaints,
    id,
    /** Has the agent run a command, and waits until it has. */
    async run(command) {
      const { length } = await server.events(id);
      await field.fill(`run ${command}`);
      await field.press("Enter");
      await page.getByTestId("run-card").filter({ hasText: command.split("\n")[0].slice(0, 40) }).last().waitFor();
      await agentIs(page, "awaiting_user_input");
      const events = (await server.events(id)).slice(length);
      assert.ok(events.some((event) => event.observation === "run"), `${command} was not run`);
    },
    /** Shows a panel. */
    async show(name) {
      await page.getByRole("tab", { name, exact: true }).click();
      return page.getByRole("tabpanel", { name });
    },
  };
}

/** What a person sees of the terminal, line by line. */
const screen = (page) =>
  page.getByTestId("terminal-screen").locator(".xterm-rows").evaluate((rows) => [...rows.children].map((row) => row.textContent.trimEnd()));

/** Waits until the terminal shows lines; says what it shows if it never does. */
async function shows(page, ...lines) {
  const end = Date.now() + 15_000;
  for (;;) {
    const seen = await screen(page);
    if (lines.every((line) => seen.includes(line))) return seen;
    if (Date.now() > end) assert.fail(`no ${JSON.stringify(lines)} in ${JSON.stringify(seen)}`);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
  }
}

/** There is nothing that keeps people from using what is shown. */
async function assertAccessible(page) {
  // Run by the test itself: the page's own policy lets no foreign script in.
  await page.evaluate(await readFile(AXE, "utf8"));
  const violations = await page.evaluate(async () => {
    const found = await window.axe.run("[role=tabpanel]", { runOnly: ["wcag2a", "wcag2aa"] });
    return found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`);
  });
  assert.deepEqual(violations, []);
}

test("the terminal shows what the agent runs as it runs, and runs what the user types", async () => {
  const { page, complaints, run, show, id } = await open();
  await show("Terminal");
  await page.getByText("No commands yet").waitFor();
  await run("mkdir -p src && cd src && printf 'one\\ntwo\\n' && false");
  await shows(page, "one", "two", "exit code 1");

  // Nothing answers yet: what is seen has come while it runs.
  const line = page.getByRole("textbox", { name: "Command to run" });
  await line.fill("echo in $(basename $PWD); printf '\\033[32mgreen\\033[0m\\n'; read -t 600 < <(sleep 600)");
  await line.press("Enter");
  const seen = await shows(page, "in src", "green");
  assert.equal(seen.filter((text) => text === "in src").length, 1);
  assert.ok(seen.some((text) => text.startsWith("workspace/src $ echo in")), seen.join("\n"));
  assert.equal((await server.events(id)).at(-1).action, "run");
  await page.getByText("Your command is running.").waitFor();
  await picture(page, "terminal");
  await line.press("Control+c");
  await page.getByTestId("terminal-screen").getByText("Stop button pressed.").first().waitFor();

  await line.press("ArrowUp");
  assert.match(await line.inputValue(), /^echo in /);
  await line.press("ArrowDown");
  assert.equal(await line.inputValue(), "");

  // What is selected is copied, and nothing else.
  const rows = page.getByTestId("terminal-screen").locator(".xterm-screen");
  const { y: top } = await rows.boundingBox();
  const word = page.getByTestId("terminal-screen").locator(".xterm-rows > div").filter({ hasText: /^two\s*$/ });
  const { y } = await word.boundingBox();
  await rows.dblclick({ position: { x: 8, y: y - top + 8 } });
  await page.keyboard.press("Control+c");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "two");

  // The page opened anew shows the same.
  await page.reload();
  await shows(page, "one", "two", "exit code 1");
  await assertAccessible(page);
  await page.getByTestId("terminal-screen").hover();
  await page.getByRole("button", { name: "Copy everything" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /one\ntwo\nexit code 1\n/);
  assert.deepEqual(complaints, []);
});

test("much output does not keep the page from answering, and its end is shown", async () => {
  const { page, complaints, show } = await open();
  await show("Terminal");
  const line = page.getByRole("textbox", { name: "Command to run" });
  await line.fill("head -c 4000000 /dev/zero | base64; echo the very end");
  const longest = page.evaluate(
    () =>
      new Promise((done) => {
        let [last, worst] = [performance.now(), 0];
        const watch = (now) => {
          worst = Math.max(worst, now - last);
          last = now;
          if (document.querySelector(".xterm-rows")?.textContent.includes("the very end")) done(worst);
          else requestAnimationFrame(watch);
        };
        requestAnimationFrame(watch);
      }),
  );
  await line.press("Enter");
  await shows(page, "the very end");
  const worst = await longest;
  assert.ok(worst < 1500, `the page stood still for ${Math.round(worst)} ms`);
  assert.deepEqual(complaints, []);
});

test("changes of a repository are listed and compared, unified and side by side", async () => {
  const { page, complaints, run, show } = await open();
  const panel = await show("Changes");
  await panel.getByText("No git repository").waitFor();
  const lines = Array.from({ length: 40 }, (_, at) => `export const value${at} = ${at};`).join("\\n");
  await run(
    `git init -q && git config user.email a@b.c && git config user.name A && printf '${lines}\\n' > values.ts && echo old > gone.txt && git add . && git commit -qm one`,
  );
  await panel.getByText("No changes").waitFor();
  await run("sed -i 's/value20 = 20/value20 = 21/' values.ts; rm gone.txt; printf '\\0' > data.bin; mkdir docs; echo '# New' > docs/new.md");

  // The list follows what the agent does.
  await panel.getByRole("option").nth(3).waitFor();
  assert.deepEqual(await panel.getByRole("option").allInnerTexts(), [
    "data.bin\nadded",
    "docs/new.md\nadded",
    "gone.txt\ndeleted",
    "values.ts\nchanged",
  ].map((text) => text.replace("docs/new.md", "docs/\nnew.md")));
  await panel.getByText("Not a text file").waitFor();
  await panel.getByRole("listbox").press("End");
  const diff = panel.getByTestId("diff");
  await diff.getByText("17 unchanged lines").first().waitFor();
  assert.match(await diff.locator(".cm-deletedChunk").innerText(), /value20 = 20/);
  assert.match(await diff.locator(".cm-changedLine").innerText(), /value20 = 21/);
  await assertAccessible(page);
  await picture(page, "changes-unified");

  await panel.getByRole("button", { name: "Side by side" }).click();
  await panel.locator('[data-testid="diff"][data-layout="side_by_side"] .cm-merge-a').getByText("20;").waitFor();
  assert.equal(await diff.locator(".cm-editor").count(), 2);
  await assertAccessible(page);
  await picture(page, "changes-side-by-side");
  await page.reload();
  await panel.getByRole("button", { name: "Side by side", pressed: true }).waitFor();
  await panel.getByRole("option", { name: /values/ }).click();
  await panel.getByRole("button", { name: "Previous file" }).click();
  await panel.getByRole("option", { name: /gone/, selected: true }).waitFor();
  assert.deepEqual(complaints, []);
});

test("files are uploaded, looked at, and downloaded as they are", async () => {
  const { page, complaints, run, show } = await open();
  const panel = await show("Files");
  await panel.getByText("The workspace is empty").waitFor();
  const bytes = Buffer.from([0, 255, 10, 13, 7]);
  await page.getByTestId("upload").setInputFiles([
    { name: "hello world.py", mimeType: "text/x-python", buffer: Buffer.from("def hello():\n    return 'world'\n") },
    { name: "dot.png", mimeType: "image/png", buffer: PNG },
    { name: "data.bin", mimeType: "application/octet-stream", buffer: bytes },
  ]);
  await panel.getByText("3 files uploaded.").waitFor();

  const tree = panel.getByRole("tree");
  await tree.getByRole("treeitem", { name: "hello world.py" }).click();
  await panel.locator(".cm-content").getByText("return").waitFor();
  await assertAccessible(page);
  await picture(page, "files-text");
  await panel.getByRole("button", { name: "Wrap long lines" }).click();
  await panel.locator(".cm-lineWrapping").waitFor();

  await tree.getByRole("treeitem", { name: "dot.png" }).click();
  await panel.getByText("1 × 1 pixels").waitFor();
  await tree.getByRole("treeitem", { name: "data.bin" }).click();
  await panel.getByText("Not a text file").waitFor();
  const saved = page.waitForEvent("download");
  await panel.getByRole("link", { name: "Download" }).last().click();
  const download = await saved;
  assert.equal(download.suggestedFilename(), "data.bin");
  assert.deepEqual(await readFile(await download.path()), bytes);

  // The tree follows what the agent does, and the keyboard alone opens a folder and a file in it.
  await run("mkdir -p a/b && echo deep > a/b/deep.txt");
  await tree.getByRole("treeitem", { name: "a", exact: true }).waitFor();
  await tree.focus();
  await page.keyboard.press("Home");
  // Right opens a folder, and goes into one that is open.
  await page.keyboard.press("ArrowRight");
  await tree.getByRole("treeitem", { name: "b", exact: true }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await tree.getByRole("treeitem", { name: "deep.txt" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await panel.locator(".cm-content").getByText("deep").waitFor();

  // What is dropped goes to the folder that is open.
  await panel.evaluate((box) => {
    const target = box.firstElementChild;
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["dropped"], "dropped.txt"));
    for (const type of ["dragenter", "dragover", "drop"]) {
      target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    }
  });
  await panel.getByText("1 file uploaded.").waitFor();
  await tree.getByRole("treeitem", { name: "dropped.txt" }).waitFor();
  assert.equal(await tree.getByRole("treeitem", { name: "dropped.txt" }).getAttribute("title"), "a/b/dropped.txt");

  const zipped = page.waitForEvent("download");
  await panel.locator("summary").click();
  await panel.getByRole("link", { name: "All files (.zip)" }).click();
  assert.equal((await zipped).suggestedFilename(), "workspace.zip");
  assert.deepEqual(complaints, []);
});

test("a file that is not taken is named, with the reason", async () => {
  const strict = await OpenHands.start({ env: { FILE_UPLOADS_MAX_FILE_SIZE_MB: "1" } });
  try {
    const { page, complaints } = await openPage(browser);
    await openConversation(page, strict.url);
    await page.getByRole("tab", { name: "Files", exact: true }).click();
    await page.getByText("The workspace is empty").waitFor();
    await page.getByTestId("upload").setInputFiles([
      { name: "large.txt", mimeType: "text/plain", buffer: Buffer.alloc(1024 * 1024 + 1) },
      { name: "small.txt", mimeType: "text/plain", buffer: Buffer.from("ok") },
    ]);
    const alert = page.getByRole("tabpanel").getByRole("alert");
    await alert.waitFor();
    assert.equal(await alert.innerText(), "1 file uploaded.\n\nlarge.txt was not taken: File is larger than the limit of 1 MiB");
    await page.getByRole("treeitem", { name: "small.txt" }).waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await strict.stop();
  }
});

test("events are filtered, shown in full, copied, and found in the chat", async () => {
  const { page, complaints, run, show, id } = await open();
  await run("echo needle");
  const panel = await show("Events");
  await panel.getByRole("listitem").first().waitFor();
  await assertAccessible(page);
  await picture(page, "events");
  await panel.getByRole("textbox", { name: "Filter by text" }).fill("needle");
  await panel.getByRole("combobox", { name: "Kinds of events" }).selectOption("Observations");
  const stored = await server.events(id);
  const wanted = stored.filter((event) => event.observation === "run");
  await panel.getByText(new RegExp(`^${wanted.length} of \\d+ events$`)).waitFor();
  await panel.getByRole("button", { name: "Copy what is shown as JSON" }).click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.deepEqual(copied.map((event) => event.id), wanted.map((event) => event.id));

  const [ran] = wanted;
  const row = panel.getByRole("listitem").filter({ hasText: new RegExp(`^${ran.id}`) });
  const { y: place } = await row.boundingBox();
  await row.getByRole("button").first().click();
  const full = row.getByRole("region", { name: `Event ${ran.id} in full` });
  await full.waitFor();
  assert.equal((await row.boundingBox()).y, place, "what was opened has moved");
  assert.equal(JSON.parse(await full.innerText()).extras.command, "echo needle");
  await row.getByRole("button", { name: "Show in chat" }).click();
  await page.waitForURL((url) => url.searchParams.get("event") === String(ran.id));
  await panel.getByRole("textbox", { name: "Filter by text" }).fill("nothing has this");
  await panel.getByText("No event fits").waitFor();
  assert.deepEqual(complaints, []);
});

test("ten thousand events are scrolled through without a hitch, and stay where they are", async () => {
  const { page, complaints, show, id } = await open();
  const PAGE = 2500;
  const { timestamp } = (await server.events(id)).at(-1);
  const many = Array.from({ length: 10_000 }, (_, at) => ({
    id: 1000 + at,
    timestamp,
    source: "agent",
    message: "",
    action: "message",
    args: { content: `message ${at} ${"and more ".repeat(20)}`, image_urls: [], file_urls: [] },
  }));
  await page.route("**/events?*reverse=true*", async (route) => {
    const response = await route.fetch();
    const end = Number(new URL(route.request().url()).searchParams.get("end_id") ?? Infinity);
    const before = many.filter((event) => event.id <= end);
    const json = { events: before.slice(-PAGE).toReversed(), has_more: before.length > PAGE };
    await route.fulfill({ response, json });
  });
  const panel = await show("Events");
  await page.reload();
  await panel.getByText("message 9999").waitFor();
  const scroller = panel.getByRole("list").locator("xpath=..");
  await panel.getByRole("list").hover();
  await page.mouse.wheel(0, -500);
  await panel.getByRole("button", { name: "Jump to latest" }).waitFor();
  // Each time the beginning is reached the page before comes in above, and what was seen is seen still.
  const known = async () => Number((await panel.getByRole("status").innerText()).split(" ")[0]);
  await panel.getByRole("button", { name: "Load earlier" }).waitFor();
  for (let count = await known(); count < 10_000; count += PAGE) {
    assert.equal(count % PAGE, 0);
    await scroller.evaluate((box) => (box.scrollTop = 0));
    await panel.getByText(`${count + PAGE} events`).waitFor();
    await panel.getByText(`message ${10_000 - count} `).waitFor();
  }
  const worst = await scroller.evaluate(async (box) => {
    let [last, longest] = [performance.now(), 0];
    for (let step = 0; step < 60; step += 1) {
      box.scrollTop -= 2000;
      const now = await new Promise((drawn) => requestAnimationFrame(drawn));
      longest = Math.max(longest, now - last);
      last = now;
    }
    return longest;
  });
  assert.ok(worst < 400, `a frame took ${Math.round(worst)} ms`);
  await panel.getByRole("button", { name: "Jump to latest" }).click();
  await panel.getByText("message 9999").waitFor();
  // What is opened at the end stays where it is.
  const last = panel.getByRole("listitem").last();
  const { y } = await last.boundingBox();
  await last.getByRole("button").first().click();
  await last.getByRole("region").waitFor();
  assert.equal((await last.boundingBox()).y, y);
  assert.deepEqual(complaints, []);
});

test("a page that was browsed is shown with its picture, and one from elsewhere is not loaded", async () => {
  const { page, complaints, show, id } = await open();
  await show("Browser");
  await page.getByText("Nothing was browsed yet").waitFor();
  const extras = { url: "https://example.org/", open_pages_urls: ["https://example.org/", "https://example.org/b"], active_page_index: 0 };
  const stored = (await server.events(id)).at(-1);
  const base = { source: "agent", timestamp: stored.timestamp, message: "" };
  const browsed = [
    { ...base, id: stored.id + 1, action: "browse", args: { url: "https://example.org", thought: "" } },
    {
      ...base,
      id: stored.id + 2,
      cause: stored.id + 1,
      observation: "browse",
      content: "Example Domain <img src=x onerror=alert(1)>",
      extras: { ...extras, screenshot: `data:image/png;base64,${PNG.toString("base64")}` },
    },
    { ...base, id: stored.id + 3, action: "browse_interactive", args: { browser_actions: "click('7')", thought: "" } },
    {
      ...base,
      id: stored.id + 4,
      cause: stored.id + 3,
      observation: "browse",
      content: "",
      extras: { ...extras, screenshot: "https://elsewhere.invalid/x.png", error: true, last_browser_action_error: "no such element" },
    },
  ];
  await page.route("**/events?*reverse=true*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: { ...body, events: [...browsed.toReversed(), ...body.events] } });
  });
  await page.reload();
  const panel = page.getByRole("tabpanel", { name: "Browser" });
  await panel.getByText("no such element").waitFor();
  assert.equal(await panel.locator("img").count(), 0);
  await panel.getByText("2 of 2").waitFor();
  await panel.getByRole("button", { name: "Earlier page" }).click();
  await panel.getByRole("img", { name: "Picture of https://example.org/" }).waitFor();
  assert.equal(await panel.getByRole("listitem").count(), 2);
  await panel.getByText("Text of the page").click();
  await panel.getByText("<img src=x onerror=alert(1)>").waitFor();
  await assertAccessible(page);
  await picture(page, "browser");
  assert.deepEqual(complaints, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`on a phone in ${colorScheme} every panel fits and works`, async () => {
    const { page, complaints, run, show } = await open({ ...ON_PHONE, colorScheme });
    await run("git init -q; mkdir -p src; seq 1 3 > src/a-file-with-a-name-that-is-much-longer-than-a-phone-is-wide-and-goes-on.txt");
    const look = async (name) => {
      const panel = await show(name);
      await panel.waitFor();
      return panel;
    };
    await look("Terminal");
    const line = page.getByRole("textbox", { name: "Command to run" });
    await line.fill(`echo ${"wide".repeat(60)}; echo last`);
    await line.press("Enter");
    await shows(page, "last");
    await assertFits(page);
    await picture(page, `terminal-phone-${colorScheme}`);

    const changes = await look("Changes");
    await changes.getByTestId("diff").getByText("3", { exact: true }).last().waitFor();
    assert.equal(await changes.getByRole("button", { name: "Side by side" }).count(), 0);
    await assertFits(page);
    await assertAccessible(page);

    const files = await look("Files");
    await files.getByRole("treeitem", { name: "src" }).tap();
    await files.getByRole("treeitem", { name: /^a-file/ }).tap();
    await files.locator(".cm-content").waitFor();
    await assertFits(page);
    await assertAccessible(page);
    await files.getByRole("button", { name: "Back to the files" }).tap();
    await files.getByRole("treeitem", { name: "src" }).waitFor();

    const events = await look("Events");
    await events.getByRole("listitem").last().getByRole("button").first().tap();
    await events.getByRole("region").waitFor();
    await assertFits(page);
    await assertAccessible(page);
    await events.getByRole("button", { name: "Show in chat" }).tap();
    await page.getByRole("textbox", { name: "Message to the agent" }).waitFor();
    assert.deepEqual(complaints, []);
  });
}
