import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";

import { emptyView } from "@/conversation/view";

import { PreviewPanel } from "./preview-panel";

afterEach(() => vi.unstubAllGlobals());

function show(ports: unknown, isLive = true) {
  const answer = () => Promise.resolve(new Response(JSON.stringify({ ports }), { headers: { "content-type": "application/json" } }));
  const fetch = vi.fn(answer);
  vi.stubGlobal("fetch", fetch);
  const props = {
    conversationId: "a",
    view: emptyView,
    isLive,
    send: () => undefined,
    readEarlier: () => undefined,
    isReadingEarlier: false,
    showEvent: () => undefined,
  };
  render(
    <QueryClientProvider client={new QueryClient()}>
      <PreviewPanel {...props} />
    </QueryClientProvider>,
  );
  return fetch;
}

const WEB = { port: 3000, process: "node web.js", url: "/api/conversations/a/preview/3000" };
const API = { port: 8000, process: "python3 api.py", url: "/api/conversations/a/preview/8000" };

describe("the app panel", () => {
  it("shows the lowest port in a frame that cannot lead the page away", async () => {
    show([WEB, API]);
    const frame = await screen.findByTitle("App on port 3000");
    expect(frame.getAttribute("src")).toBe(WEB.url);
    const sandbox = frame.getAttribute("sandbox") ?? "";
    expect(sandbox).toContain("allow-scripts");
    expect(sandbox).not.toContain("allow-top-navigation");
    expect(sandbox).not.toContain("escape");
    fireEvent.change(screen.getByLabelText("Port"), { target: { value: "8000" } });
    expect(screen.getByTitle("App on port 8000").getAttribute("src")).toBe(API.url);
  });

  it("leads the frame and the tab of one's own to the path that was typed", async () => {
    show([WEB]);
    const path = await screen.findByLabelText("Path");
    fireEvent.change(path, { target: { value: "http://localhost:3000/about" } });
    fireEvent.submit(path);
    expect(screen.getByTitle("App on port 3000").getAttribute("src")).toBe(`${WEB.url}/about`);
    expect(screen.getByLabelText("Open in a tab of its own").getAttribute("href")).toBe(`${WEB.url}/about`);
  });

  it("never leads to another host", async () => {
    show([{ ...WEB, url: "//evil.example" }, { ...WEB, url: "https://evil.example" }]);
    expect(await screen.findByText("No app is open yet")).toBeTruthy();
  });

  it("asks nothing while no session runs", () => {
    const fetch = show([WEB], false);
    expect(screen.getByText("The conversation is not running")).toBeTruthy();
    expect(fetch).not.toHaveBeenCalled();
  });
});
