// A conversation with one of everything that an agent does, as a state directory of OpenHands to be imported.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { binaryPath } from "../openhands.mjs";

export const RICH = "a".repeat(32);
export const FAILED = "b".repeat(32);
const WORK = "/workspace";

const said = (content, more = {}) => ({ source: "user", action: "message", args: { content, image_urls: [], file_urls: [], ...more } });
const answered = (content) => ({ source: "agent", action: "message", args: { content } });
const is = (agent_state, reason = "") => ({ source: "environment", observation: "agent_state_changed", content: "", extras: { agent_state, reason } });
const did = (action, args) => ({ source: "agent", action, args: { thought: "", ...args } });
const gave = (observation, content, extras = {}) => ({ source: "agent", observation, content, extras, cause: "last" });
const system = { source: "agent", action: "system", args: { content: "You are OpenHands.", tools: [], openhands_version: null, agent_class: "CodeActAgent" } };
const ran = (command, content, exit_code = 0, thought = "") => [
  did("run", { command, thought }),
  gave("run", content, { command, metadata: { exit_code, pid: -1, username: "openhands", hostname: "host", working_dir: `${WORK}/shop`, py_interpreter_path: null, prefix: "", suffix: "" } }),
];

const DIFF = `--- a/cart.py
+++ b/cart.py
@@ -1,6 +1,9 @@
 class Cart:
-    def total(self):
-        return sum(item.price for item in self.items)
+    def total(self, voucher=None):
+        total = sum(item.price for item in self.items)
+        if voucher is not None:
+            total = voucher.apply(total)
+        return max(total, 0)
 
     def add(self, item):
         self.items.append(item)
`;

const TASKS = [
  { id: "1", title: "Read how the cart counts", status: "done", notes: "" },
  { id: "2", title: "Let vouchers lower the total", status: "done", notes: "" },
  { id: "3", title: "Look at the page in the browser", status: "in_progress", notes: "" },
  { id: "4", title: "Write down how vouchers work", status: "todo", notes: "" },
];

const ANSWER = `Vouchers work now. What changed:

| File | Change |
|---|---|
| \`cart.py\` | \`total\` takes a voucher and never falls below zero |
| \`test_cart.py\` | three new tests |

\`\`\`python
cart = Cart([Item("tea", 4.50)])
print(cart.total(Voucher(percent=10)))  # 4.05
\`\`\`

- [x] tests pass
- [ ] the page still says “discount”`;

/** The events of the conversation; \`picture\` is a \`data:\` address of what the browser showed. */
function story(picture) {
  return [
    system,
    said("Vouchers should lower the total of the cart. The tests are in `test_cart.py`."),
    is("running"),
    did("task_tracking", { command: "plan", task_list: TASKS.map((task) => ({ ...task, status: "todo" })) }),
    gave("task_tracking", "Task list updated.", { command: "plan", task_list: TASKS }),
    did("read", { path: `${WORK}/shop/cart.py` }),
    gave("read", "class Cart:\n    def total(self):\n        return sum(item.price for item in self.items)\n", { path: `${WORK}/shop/cart.py` }),
    ...ran("pytest -q", "...F\n\x1b[31mFAILED\x1b[0m test_cart.py::test_voucher - TypeError\n1 failed, 3 passed in 0.12s\n", 1, "I run the tests first."),
    answered("The cart does not know vouchers yet. Shall they be able to make the total negative?"),
    is("awaiting_user_input"),
    said("No, zero is the least. Here is how the page looks now.", { image_urls: [picture], file_urls: [`${WORK}/shop/notes.txt`] }),
    is("running"),
    did("think", { thought: "A voucher is a *function of the total*, so `total` can take it as an argument." }),
    gave("think", "Your thought has been logged."),
    did("edit", { path: `${WORK}/shop/cart.py`, command: "str_replace", old_str: "a", new_str: "b", thought: "Now `total` takes a voucher." }),
    gave("edit", "The file has been edited.", { path: `${WORK}/shop/cart.py`, prev_exist: true, old_content: null, new_content: null, diff: DIFF }),
    ...ran("pytest -q", ".......\n\x1b[32m7 passed\x1b[0m in 0.14s\n"),
    did("call_tool_mcp", { name: "tickets_search", arguments: { query: "voucher", limit: 2 } }),
    gave("mcp", "SHOP-12 Vouchers\nSHOP-31 Negative totals", { name: "tickets_search", arguments: {} }),
    did("browse_interactive", { browser_actions: 'goto("http://localhost:8000/cart")', thought: "" }),
    gave("browse", "Cart: 1 × Tea, 4.50", {
      url: "http://localhost:8000/cart",
      screenshot: picture,
      open_pages_urls: ["http://localhost:8000/cart", "http://localhost:8000/help"],
      active_page_index: 0,
      last_browser_action: 'goto("http://localhost:8000/cart")',
    }),
    did("task_tracking", { command: "plan", task_list: TASKS }),
    gave("task_tracking", "Task list updated.", { command: "plan", task_list: TASKS }),
    did("finish", { final_thought: ANSWER, outputs: {} }),
    is("finished"),
  ];
}

const failure = [
  system,
  said("Explain the files in the workspace"),
  is("running"),
  is("error", "STATUS$ERROR_LLM_AUTHENTICATION"),
];

async function write(root, id, title, events) {
  const folder = join(root, "sessions", id, "events");
  await mkdir(folder, { recursive: true });
  const start = Date.now() - 3_600_000;
  let lastAction = -1;
  await Promise.all(
    events.map((event, at) => {
      if (event.action !== undefined) lastAction = at;
      const cause = event.cause === "last" ? { cause: lastAction } : {};
      const timestamp = new Date(start + at * 4000).toISOString().slice(0, -1);
      return writeFile(join(folder, `${at}.json`), JSON.stringify({ id: at, timestamp, message: "", ...event, ...cause }));
    }),
  );
  const metadata = { conversation_id: id, title, created_at: new Date(start).toISOString() };
  await writeFile(join(root, "sessions", id, "metadata.json"), JSON.stringify(metadata));
}

/** Puts the conversations into the data of a server, which must start anew to know them. */
export async function importConversations(server, picture) {
  const root = await mkdtemp(join(tmpdir(), "openhands-rich-"));
  await write(root, RICH, "Let vouchers lower the total", story(picture));
  await write(root, FAILED, "Explain the files", failure);
  await promisify(execFile)(binaryPath(), ["import", root, "--data-dir", server.dataDir]);
  await rm(root, { recursive: true, force: true });
}
