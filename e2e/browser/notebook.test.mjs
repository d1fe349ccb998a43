// The page of a conversation whose agent uses its Python notebook. It starts a server and a model of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { OpenHands } from "../openhands.mjs";
import { ScriptedModel, call } from "../scripted-model.mjs";
import { launch, openConversation, openPage, picture } from "./page.mjs";

// A picture of 120 by 60 pixels, or a figure where there is matplotlib.
const CODE = `import struct, zlib

class Ramp:
    """Grows from black to white."""
    def __repr__(self):
        return "a ramp"
    def _repr_png_(self):
        rows = b"".join(b"\\0" + bytes(x * 2 for x in range(120)) for _ in range(60))
        part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        head = part(b"IHDR", struct.pack(">IIBBBBB", 120, 60, 8, 0, 0, 0, 0))
        return b"\\x89PNG\\r\\n\\x1a\\n" + head + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")

try:
    import matplotlib.pyplot as plt
    plt.plot([x * x for x in range(10)], label="squares")
    plt.legend();
except ImportError:
    display(Ramp())
print("sum:", sum(range(10)))`;

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

test("a cell is shown in color, with what it printed and its picture", async () => {
  const { page, complaints } = await openPage(browser);
  const cell = { code: CODE, security_risk: "LOW" };
  model.script({ text: "Let me draw it.", calls: [call("execute_ipython_cell", cell)] }, { text: "There it is." });
  const field = await openConversation(page, server.url);
  await field.fill("Draw something");
  await field.press("Enter");
  await page.getByText("There it is.").waitFor();
  await page.getByText("sum: 45").waitFor();
  const image = page.getByRole("img", { name: "A picture from the tool" });
  assert.match(await image.getAttribute("src"), /^\/api\/conversations\/\w+\/pictures\/[0-9a-f]{64}\.png$/);
  await image.evaluate((element) => element.decode());
  assert.ok((await image.evaluate((element) => element.naturalWidth)) >= 120);
  await page.locator(".hljs-keyword").first().waitFor();
  await picture(page, "notebook");
  assert.deepEqual(complaints, []);
});
