// Starts the conformance server and finds out where it listens.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../", import.meta.url));

function binaryPath() {
  const target = resolve(repository, process.env.CARGO_TARGET_DIR ?? "target");
  return process.env.CONFORMANCE_BIN ?? resolve(target, "debug/examples/conformance");
}

/** Starts the server on a free port; resolves to its `host:port` and a function that ends it. */
export async function startServer() {
  const binary = binaryPath();
  if (!existsSync(binary)) {
    throw new Error(
      `no server at ${binary}\nhint: run \`cargo build -p oh-server --example conformance\``,
    );
  }
  const server = spawn(binary, ["0"], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(server, "exit");
  const lines = createInterface({ input: server.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exit.then(([code]) => {
      throw new Error(`the server ended with code ${code}`);
    }),
  ]);
  const address = /\d+\.\d+\.\d+\.\d+:\d+/.exec(line)?.[0];
  if (!address) throw new Error(`no address in: ${line}`);

  const stop = async () => {
    server.kill();
    await exit;
  };
  return { address, stop };
}
