import { expect, test } from "vitest";

import { readServers, serverNames, writeServers } from "./mcp";

const stored = {
  sse_servers: [{ url: "https://old.example.com/sse", api_key: null }],
  shttp_servers: [
    { url: "https://a.example.com/mcp", api_key: "**********", timeout: 120 },
    { url: "https://a.example.com/other", api_key: null, timeout: null },
  ],
  stdio_servers: [{ name: "files", command: "npx", args: ["-y", "x"], env: { TOKEN: "**********" } }],
};

test("what is stored comes back as it was", () => {
  expect(writeServers(readServers(stored))).toEqual(stored);
});

test("an address alone is a server, and what cannot be read is passed over", () => {
  expect(readServers({ shttp_servers: ["https://b.example.com/mcp", 5, {}], stdio_servers: "x" })).toEqual([
    { transport: "shttp", url: "https://b.example.com/mcp", apiKey: null, timeout: undefined },
  ]);
  expect(readServers(null)).toEqual([]);
});

test("servers have the names that conversations give them", () => {
  expect(serverNames(readServers(stored))).toEqual(["old_example_com", "a_example_com", "a_example_com_2", "files"]);
});
