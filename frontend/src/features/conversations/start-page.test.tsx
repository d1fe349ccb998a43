import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { beforeAll, expect, test, vi } from "vitest";

import { SettingsServer } from "@/testing/settings-server";

import { begin } from "./begin";
import { StartPage } from "./start-page";

beforeAll(() => {
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
});

const OWN = { llm_model: "openai/gpt-5", provider_tokens_set: {} };

function open(): { onStarted: ReturnType<typeof vi.fn> } {
  const onStarted = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <MemoryRouter>
        <StartPage menu={null} notice={null} onStarted={onStarted} />
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return { onStarted };
}

function say(text: string): void {
  const field = screen.getByRole("textbox", { name: "What should be done?" });
  fireEvent.change(field, { target: { value: text } });
  fireEvent.keyDown(field, { key: "Enter" });
}

const started = (server: SettingsServer) => server.on("POST /api/conversations", { conversation_id: "c1" });

test("a new server offers the demo first, and the way to a model of one's own", async () => {
  const server = started(new SettingsServer());
  const { onStarted } = open();
  const demo = await screen.findByRole("button", { name: "Show me what you can do (demo)" });
  expect(screen.getByRole("link", { name: "Use your own model" }).getAttribute("href")).toBe("/settings/model");
  fireEvent.click(demo);
  await waitFor(() => expect(onStarted).toHaveBeenCalledWith("c1"));
  expect(server.sent("/api/conversations")).toEqual([{ initial_user_msg: "Show me what you can do (demo)" }]);
});

test("with a model of one's own there is no demo", async () => {
  new SettingsServer(OWN);
  open();
  await screen.findByRole("link", { name: "Model: openai/gpt-5. Change it" });
  expect(screen.queryByRole("button", { name: /demo/ })).toBeNull();
  expect(screen.queryByRole("link", { name: "Use your own model" })).toBeNull();
});

test("an address is the place to work, is kept, and is forgotten once work has begun", async () => {
  const server = started(new SettingsServer(OWN));
  const { onStarted } = open();
  fireEvent.click(screen.getByRole("button", { name: "Workspace: Empty workspace. Change it" }));
  const field = screen.getByLabelText("Paste the address of a repository");
  fireEvent.change(field, { target: { value: "https://git.example.com/a/b" } });
  screen.getByText(/^git\.example\.com is none of the services/);
  fireEvent.change(field, { target: { value: "https://gitlab.com/group/tool" } });
  fireEvent.click(screen.getByRole("button", { name: /^group\/tool/ }));
  fireEvent.change(screen.getByLabelText("Branch"), { target: { value: "next" } });
  expect(JSON.parse(localStorage.getItem("openhands.draft.place") ?? "")).toEqual({
    repository: "group/tool",
    provider: "gitlab",
    branch: "next",
  });
  say("fix it");
  await waitFor(() => expect(onStarted).toHaveBeenCalled());
  expect(server.sent("/api/conversations")).toEqual([
    { initial_user_msg: "fix it", repository: "group/tool", git_provider: "gitlab", selected_branch: "next" },
  ]);
  expect(localStorage.getItem("openhands.draft.place")).toBeNull();
});

test("repositories, their branches and tasks come from the services that are set up", async () => {
  const server = started(new SettingsServer({ ...OWN, provider_tokens_set: { github: null } }))
    .on("/api/user/repositories?sort=pushed", [{ id: "1", full_name: "acme/tool", git_provider: "github", is_public: false }])
    .on("/api/user/repository/branches?repository=acme%2Ftool&selected_provider=github&per_page=100", {
      branches: [{ name: "main" }, { name: "next" }],
    })
    .on("/api/user/suggested-tasks", [
      { git_provider: "github", task_type: "OPEN_ISSUE", repo: "acme/tool", issue_number: 7, title: "It jumps" },
    ]);
  const { onStarted } = open();
  await screen.findByText("It jumps");
  fireEvent.click(screen.getByRole("button", { name: /^Workspace/ }));
  fireEvent.click(await screen.findByRole("button", { name: /^acme\/tool/ }));
  const branch = await screen.findByRole("combobox", { name: "Branch" });
  fireEvent.change(branch, { target: { value: "next" } });
  fireEvent.click(screen.getByRole("button", { name: /^It jumps/ }));
  await waitFor(() => expect(onStarted).toHaveBeenCalled());
  const task = { git_provider: "github", task_type: "OPEN_ISSUE", repo: "acme/tool", issue_number: 7, title: "It jumps" };
  expect(server.sent("/api/conversations")).toEqual([{ suggested_task: task }]);
});

test("what was typed comes back with the reason if nothing could be started", async () => {
  new SettingsServer(OWN).on("POST /api/conversations", { message: "The disk is full." }, 500);
  open();
  say("build it");
  await screen.findByText("Not sent. The disk is full.");
  expect(screen.getByRole<HTMLTextAreaElement>("textbox", { name: "What should be done?" }).value).toBe("build it");
});

test("files are in the workspace before the message says so", async () => {
  const server = started(new SettingsServer(OWN))
    .on("/api/conversations/c1/upload-files", { uploaded_files: ["notes.txt"], skipped_files: [] })
    .on("/api/conversations/c1/events", { success: true });
  expect(await begin("read it", [new File(["x"], "notes.txt", { type: "text/plain" })], null)).toBe("c1");
  expect(server.asked.map(({ path }) => path)).toEqual([
    "/api/conversations",
    "/api/conversations/c1/upload-files",
    "/api/conversations/c1/events",
  ]);
  expect(server.sent("/api/conversations/c1/events")).toEqual([
    { action: "message", args: { content: "read it", image_urls: [], file_urls: ["notes.txt"] } },
  ]);
});

test("a picture goes with the first message", async () => {
  const server = started(new SettingsServer(OWN));
  await begin("what is this", [new File(["x"], "a.png", { type: "image/png" })], null);
  expect(server.sent("/api/conversations")).toEqual([
    { initial_user_msg: "what is this", image_urls: ["data:image/png;base64,eA=="] },
  ]);
});

test("a conversation whose files were refused is not left behind", async () => {
  const server = started(new SettingsServer(OWN)).on("/api/conversations/c1/upload-files", { error: "too large" }, 413);
  await expect(begin("read it", [new File(["x"], "big.bin")], null)).rejects.toThrow("too large");
  expect(server.asked.at(-1)).toMatchObject({ method: "DELETE", path: "/api/conversations/c1" });
});
