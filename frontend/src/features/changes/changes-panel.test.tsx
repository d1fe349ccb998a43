import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { emptyView } from "@/conversation/view";

import { ChangesPanel } from "./changes-panel";

interface Answer {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

function show(changes: Answer, diff: Answer = { body: { original: "", modified: "", binary: true } }) {
  vi.stubGlobal("fetch", (path: string) => {
    const { status = 200, body, headers } = path.includes("/git/diff") ? diff : changes;
    return Promise.resolve(Response.json(body, { status, ...(headers === undefined ? {} : { headers }) }));
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ChangesPanel
        conversationId="c1"
        view={emptyView}
        isLive
        send={() => undefined}
        readEarlier={() => undefined}
        isReadingEarlier={false}
        showEvent={() => undefined}
      />
    </QueryClientProvider>,
  );
}

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ status: "AMDU".charAt(at % 4), path: `src/file${at}.ts` }));

it("says what to do where there is no repository", async () => {
  show({ status: 404, body: { error: "Not a git repository" } });
  await screen.findByText("No git repository");
  expect(screen.getByText(/git init/)).toBeTruthy();
});

it("says that nothing has changed", async () => {
  show({ body: [] });
  await screen.findByText("No changes");
});

it("says what failed, and tries again", async () => {
  show({ status: 500, body: { error: "git took too long" } });
  await screen.findByText("git took too long");
  show({ body: [] });
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findAllByText("No changes");
});

it("lists files with their state in words, says that there are more, and goes through them", async () => {
  show({ body: many(16), headers: { "x-openhands-truncated": "true" } });
  await screen.findByText("Only the first 16 changed files are listed.");
  const names = () => screen.getAllByRole("option").map((option) => option.textContent);
  expect(names().slice(0, 4)).toEqual(["src/file0.tsadded", "src/file1.tschanged", "src/file2.tsdeleted", "src/file3.tsconflict"]);
  fireEvent.keyDown(screen.getByRole("listbox"), { key: "ArrowDown" });
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("file1.ts");
  fireEvent.click(screen.getByRole("button", { name: "Next file" }));
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("file2.ts");
  fireEvent.change(screen.getByRole("textbox", { name: "Filter by name" }), { target: { value: "FILE15" } });
  expect(names()).toEqual(["src/file15.tsconflict"]);
  fireEvent.change(screen.getByRole("textbox", { name: "Filter by name" }), { target: { value: "nowhere" } });
  expect(screen.getByText("No changed file has this in its name.")).toBeTruthy();
});

it("says in words what cannot be compared", async () => {
  show({ body: many(1) });
  await screen.findByText("Not a text file");
  expect(screen.getByRole("link", { name: "Download" }).getAttribute("href")).toBe("/api/conversations/c1/raw-file?file=src%2Ffile0.ts");
});

it("says that a difference is too large", async () => {
  show({ body: many(1) }, { status: 500, body: { error: "`src/file0.ts` has more than the 1048576 bytes" } });
  await screen.findByText("This difference cannot be shown");
});
