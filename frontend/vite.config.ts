/// <reference types="vitest/config" />
import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type Plugin, type ProxyOptions } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Returns the address of the backend; `0.0.0.0` is a place to listen, not one to call. */
function backendUrl(env: Record<string, string>): string {
  const host = (env["VITE_BACKEND_HOST"] || "127.0.0.1:3000").replace(/^0\.0\.0\.0(?=:|$)/, "127.0.0.1");
  return `${env["VITE_USE_TLS"] === "true" ? "https" : "http"}://${host}`;
}

function proxyTo(target: string, env: Record<string, string>): Record<string, ProxyOptions> {
  const http: ProxyOptions = {
    target,
    // The server compares the page's origin with the host that was asked for.
    changeOrigin: false,
    xfwd: true,
    secure: env["VITE_INSECURE_SKIP_VERIFY"] === "false",
  };
  const paths = ["/mcp", "/health", "/alive", "/ready", "/server_info"];
  return {
    ...Object.fromEntries(paths.map((path) => [path, http])),
    // The browser of a conversation is shown over a WebSocket.
    "/api": { ...http, ws: true },
    "/socket.io": { ...http, ws: true },
  };
}

/** Serves the connection test page at `/test` in development, as the server does. */
const testPage: Plugin = {
  name: "test-page",
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      if (request.url === "/test" || request.url?.startsWith("/test?")) {
        request.url = request.url.replace("/test", "/test.html");
      }
      next();
    });
  },
};

export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, here("."), "VITE_");
  return {
    plugins: [react(), tailwindcss(), testPage],
    resolve: { alias: { "@": here("src") } },
    server: {
      host: "0.0.0.0",
      port: Number(env["VITE_FRONTEND_PORT"] || 12001),
      proxy: proxyTo(backendUrl(env), env),
    },
    build: {
      target: "es2022",
      // Inlined files would be `data:` addresses, which a strict content policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: { input: { index: here("index.html"), test: here("test.html") } },
    },
    test: {
      environment: "jsdom",
      setupFiles: [here("src/testing/setup.ts")],
      include: ["src/**/*.test.{ts,tsx}"],
    },
  };
});
