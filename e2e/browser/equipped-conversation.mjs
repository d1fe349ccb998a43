// Conversations whose agent has used its browser and its notebook, on a server with a model that follows a script.

import { setTimeout as sleep } from "node:timers/promises";

import { OpenHands } from "../openhands.mjs";
import { call, ScriptedModel } from "../scripted-model.mjs";
import { openShop } from "./shop.mjs";

/** Draws a line as a picture, on machines that have no matplotlib as well. */
const CHART = `import struct, zlib

WIDTH, HEIGHT, EDGE = 1200, 480, 40
WHITE, GRAY, RED = (255, 255, 255), (214, 207, 198), (176, 66, 26)

class Chart:
    def __init__(self, values):
        self.values = values

    def __repr__(self):
        return f"a chart of {len(self.values)} values"

    def _repr_png_(self):
        rows = [[WHITE] * WIDTH for _ in range(HEIGHT)]
        def dot(x, y, size, color):
            for row in rows[max(0, y - size):y + size]:
                row[max(0, x - size):x + size] = [color] * (min(WIDTH, x + size) - max(0, x - size))
        for step in range(5):
            y = EDGE + step * (HEIGHT - 2 * EDGE) // 4
            rows[y][EDGE:-EDGE] = [GRAY] * (WIDTH - 2 * EDGE)
        most, last = max(self.values), len(self.values) - 1
        spots = [(EDGE + at * (WIDTH - 2 * EDGE) / last, HEIGHT - EDGE - value / most * (HEIGHT - 2 * EDGE)) for at, value in enumerate(self.values)]
        for (x0, y0), (x1, y1) in zip(spots, spots[1:]):
            for part in range(201):
                dot(int(x0 + (x1 - x0) * part / 200), int(y0 + (y1 - y0) * part / 200), 3, RED)
        for x, y in spots:
            dot(int(x), int(y), 8, RED)
        data = b"".join(b"\\0" + b"".join(map(bytes, row)) for row in rows)
        part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        head = part(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
        return b"\\x89PNG\\r\\n\\x1a\\n" + head + part(b"IDAT", zlib.compress(data)) + part(b"IEND", b"")
`;

const CELL = `from chart import Chart

visitors = [120, 180, 150, 260, 310, 290, 420]
print("most:", max(visitors), "least:", min(visitors))
Chart(visitors)`;

const WEEK = "The week ended well: **420** visitors on Sunday, more than three times as many as on Monday.";

const drawWeek = [
  { text: "I draw the week.", calls: [call("execute_bash", { command: `cat > chart.py <<'END'\n${CHART}END`, security_risk: "LOW" })] },
  { text: "", calls: [call("execute_ipython_cell", { code: CELL, security_risk: "LOW" })] },
  { text: WEEK },
];

/** Starts a server with both conversations; `stop` ends it and its model. */
export async function openEquipped() {
  const model = await ScriptedModel.start();
  const server = await OpenHands.start({
    // The Python of the system, so that what the notebook says is the same everywhere.
    env: { LLM_MODEL: "openai/scripted", LLM_BASE_URL: model.url, LLM_API_KEY: "key", PATH: "/usr/bin:/bin" },
  });
  const converse = async (title, words, answers) => {
    model.script(...answers);
    const id = await server.createConversation(words);
    for (;;) {
      const { events } = await server.api(`/api/conversations/${id}/events?reverse=true&limit=20&pictures=url`);
      const [last] = events.filter(({ observation }) => observation === "agent_state_changed");
      if (last?.extras.agent_state === "awaiting_user_input" && events.some(({ action, source }) => action === "message" && source === "agent")) break;
      if (last?.extras.agent_state === "error") throw new Error(last.extras.reason);
      await sleep(50);
    }
    await server.api(`/api/conversations/${id}`, { method: "PATCH", body: { title } });
    return id;
  };
  const browsing = await converse("Look at the tea shop", "Does the tea shop work?", openShop("It does. You can log in yourself, if you take the browser over."));
  const drawing = await converse("Draw the visitors of the week", "Draw how many visitors came this week.", drawWeek);
  return {
    url: server.url, browsing, drawing,
    async stop() {
      await server.stop();
      model.stop();
    },
  };
}
