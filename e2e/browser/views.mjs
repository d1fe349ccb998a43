// Every view of the interface, and how one gets there. Tests look at each; `screenshots.mjs` takes their pictures.

import { setTimeout as sleep } from "node:timers/promises";

import { OpenHands } from "../openhands.mjs";
import { openEquipped } from "./equipped-conversation.mjs";
import { FAILED, importConversations, RICH } from "./rich-conversation.mjs";

export const SIZES = [
  { name: "desktop", viewport: { width: 1440, height: 900 } },
  { name: "tablet", viewport: { width: 1024, height: 768 } },
  { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
];
export const SCHEMES = ["dark", "light"];

const conversation = (id, query = "") => `/conversations/${id}?${query}`;
const chat = "tab=chat";

/** The page whose picture the agent's browser "took". */
const CART = `<body style="margin:0;font:20px sans-serif;background:#fff"><header style="background:#b0421a;color:#fff;padding:20px">Tea shop</header>
<main style="padding:24px"><h1>Your cart</h1><p>1 × Tea <b style="float:right">4.50</b></p><p>Discount</p><button style="font:inherit;padding:8px 20px">Pay</button></main>`;

async function pictureOfCart(browser) {
  const page = await browser.newPage({ viewport: { width: 640, height: 400 } });
  await page.setContent(CART);
  const bytes = await page.screenshot();
  await page.close();
  return `data:image/png;base64,${bytes.toString("base64")}`;
}

const agentIs = (page, state) => page.locator(`[data-testid="agent-bar"][data-state="${state}"]`).waitFor({ state: "attached" });

const connected = (page) => page.locator('[data-testid="connection"]', { hasText: "Connected" }).waitFor({ state: "attached" });

const REPOSITORY = [
  "mkdir -p src && cd src && git init -q . && git config user.email a@b.c && git config user.name A",
  `printf 'def greet(name):\\n    return "Hello, " + name\\n' > greet.py`,
  "printf '# Greeter\\n\\nSays hello.\\n' > README.md && printf 'a,b\\n1,2\\n' > data.csv",
  "git add -A && git commit -qm first && rm data.csv && printf 'x\\n' > new.txt",
  `printf 'def greet(name, loud=False):\\n    text = f"Hello, {name}"\\n    return text.upper() if loud else text\\n' > greet.py`,
].join(" && ");

/** Servers with something to look at: one as it is after some work, one on its first day, and so on. */
export async function openServers(browser) {
  const [equipped, server, fresh, asking, locked] = await Promise.all([
    openEquipped(),
    OpenHands.start(),
    OpenHands.start(),
    OpenHands.start({ env: { SECURITY_CONFIRMATION_MODE: "true", SECURITY_CONFIRM: "all" } }),
    OpenHands.start({ env: { SESSION_API_KEY: "the-key-of-this-test" } }),
  ]);
  await server.down();
  await importConversations(server, await pictureOfCart(browser));
  await server.up();
  const work = await server.createConversation();
  await server.api(`/api/conversations/${work}`, { method: "PATCH", body: { title: "A greeter in Python" } });
  const run = async (command) => {
    const { last_event_id: before = -1 } = await server.api(`/api/conversations/${work}`);
    await server.api(`/api/conversations/${work}/events`, { method: "POST", body: { action: "run", args: { command } } });
    for (;;) {
      const { events } = await server.api(`/api/conversations/${work}/events?start_id=${before + 1}&limit=100`);
      const answer = events.find(({ observation }) => observation === "run" || observation === "error");
      if (answer?.observation === "error") throw new Error(answer.content);
      if (answer !== undefined) return;
      await sleep(50);
    }
  };
  await run(REPOSITORY);
  await run("cd .. && git -C src status --short && ls --color=always src");
  const asked = await asking.createConversation("run rm -rf build && make all");
  return {
    equipped, server, fresh, asking, locked, work, asked,
    async stop() {
      await Promise.all([equipped, server, fresh, asking, locked].map((each) => each.stop()));
    },
  };
}

/** Opens the tab of the workspace that the address names, on whatever size. */
async function panel(page, base, id, tab) {
  await page.goto(`${base}${conversation(id, `tab=${tab}`)}`);
  await page.locator(`#panel-${tab}`).waitFor();
}

/** The agent's browser, once its picture has come. */
async function openLive(page, { url, browsing }) {
  await panel(page, url, browsing, "browser");
  const live = page.getByTestId("live-picture");
  await live.evaluate(async (canvas) => {
    const isBlank = () => canvas.getContext("2d").getImageData(8, 8, 1, 1).data[3] === 0;
    while (isBlank()) await new Promise((done) => requestAnimationFrame(done));
  });
}

export const VIEWS = [
  {
    name: "first-run",
    async open(page, { fresh }) {
      await page.goto(`${fresh.url}/`);
      await page.getByRole("button", { name: /Show me what you can do/ }).waitFor();
    },
  },
  {
    name: "start",
    async open(page, { server }) {
      await page.goto(`${server.url}/`);
      await page.getByRole("heading", { level: 1 }).waitFor();
    },
  },
  {
    name: "list",
    async open(page, { server }) {
      await page.goto(`${server.url}/`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      const menu = page.getByRole("button", { name: "Conversations", exact: true });
      if (await menu.isVisible()) await menu.click();
      await page.getByRole("link", { name: /A greeter in Python/ }).waitFor();
    },
  },
  {
    name: "conversation",
    async open(page, { server }) {
      await panel(page, server.url, RICH, "terminal");
      await page.locator(".xterm-rows").getByText("7 passed").waitFor();
      await connected(page);
    },
  },
  {
    name: "chat",
    async open(page, { server }) {
      await page.goto(`${server.url}${conversation(RICH, chat)}`);
      await page.getByTestId("finish-card").waitFor();
      await connected(page);
    },
  },
  {
    name: "chat-steps",
    async open(page, { server }) {
      await page.goto(`${server.url}${conversation(RICH, `${chat}&event=15`)}`);
      await page.locator('[data-event="15"]').waitFor();
      await page.getByText("+5").first().waitFor();
      await connected(page);
    },
  },
  {
    name: "chat-failed",
    async open(page, { server }) {
      await page.goto(`${server.url}${conversation(FAILED, chat)}`);
      await page.getByText("The model refused the API key").waitFor();
      await connected(page);
    },
  },
  {
    name: "approval",
    async open(page, { asking, asked }) {
      await page.goto(`${asking.url}${conversation(asked, chat)}`);
      await page.getByTestId("approval").waitFor();
    },
  },
  {
    name: "usage",
    async open(page, { server, work }) {
      await page.goto(`${server.url}${conversation(work, chat)}`);
      await agentIs(page, "awaiting_user_input");
      await page.getByTitle("Tokens, cost and limits").click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "palette",
    async open(page, { server, work }) {
      await page.goto(`${server.url}${conversation(work, chat)}`);
      await agentIs(page, "awaiting_user_input");
      await page.keyboard.press("Control+k");
      await page.getByRole("option", { name: /A greeter/ }).waitFor();
    },
  },
  {
    name: "keys",
    async open(page, { server }) {
      await page.goto(`${server.url}/`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("keyboard");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    },
  },
  {
    name: "terminal",
    async open(page, { server, work }) {
      await panel(page, server.url, work, "terminal");
      await page.locator(".xterm-rows").waitFor();
    },
  },
  {
    name: "changes",
    async open(page, { server, work }) {
      await panel(page, server.url, work, "changes");
      await page.getByRole("option", { name: /greet\.py/ }).click();
      await page.getByTestId("diff").getByText("loud").first().waitFor();
    },
  },
  {
    name: "files",
    async open(page, { server, work }) {
      await panel(page, server.url, work, "files");
      await page.getByRole("treeitem", { name: /src/ }).click();
      await page.getByRole("treeitem", { name: /greet\.py/ }).click();
      await page.getByText("def greet").first().waitFor();
    },
  },
  {
    name: "browser",
    async open(page, { server }) {
      await panel(page, server.url, RICH, "browser");
      await page.locator("#panel-browser img").first().waitFor();
    },
  },
  {
    name: "browser-live",
    async open(page, { equipped }) {
      await openLive(page, equipped);
    },
  },
  {
    name: "browser-taken-over",
    async open(page, { equipped }) {
      await openLive(page, equipped);
      await page.getByRole("button", { name: "Take over" }).click();
      await page.getByText("You are using the browser").waitFor();
    },
  },
  {
    name: "notebook",
    async open(page, { equipped }) {
      await page.goto(`${equipped.url}${conversation(equipped.drawing, chat)}`);
      await page.getByRole("img", { name: "A picture from the tool" }).evaluate((image) => image.decode());
      await page.getByText("The week ended well").waitFor();
      await connected(page);
    },
  },
  {
    name: "events",
    async open(page, { server }) {
      await panel(page, server.url, RICH, "events");
      await page.locator("#panel-events").getByText("finish").first().waitFor();
    },
  },
  ...["model", "agent", "mcp", "secrets", "git", "appearance"].map((section) => ({
    name: `settings-${section}`,
    async open(page, { server }) {
      await page.goto(`${server.url}/settings/${section}`);
      await page.getByRole("heading").first().waitFor();
    },
  })),
  {
    name: "login",
    async open(page, { locked }) {
      await page.goto(`${locked.url}/`);
      await page.getByLabel("Session key").waitFor();
    },
  },
];

/** Opens a view and waits until nothing on it moves. */
export async function show(page, view, servers) {
  await view.open(page, servers);
  await page.evaluate(() => document.fonts.ready);
  await settle(page);
}

/** Until two pictures in a row are the same. */
export async function settle(page) {
  let last = null;
  for (let at = 0; at < 20; at += 1) {
    const now = (await page.screenshot()).toString("base64");
    if (now === last) return;
    last = now;
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
}
