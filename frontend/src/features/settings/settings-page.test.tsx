import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes } from "react-router";
import { beforeAll, expect, test } from "vitest";

import { SettingsServer } from "@/testing/settings-server";

import { SettingsPage } from "./settings-page";

beforeAll(() => {
  // What jsdom lacks of dialogs.
  HTMLDialogElement.prototype.showModal = function showModal() {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function close() {
    this.open = false;
  };
});

function open(section: string): void {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter initialEntries={[`/settings${section}`]}>
        <Routes>
          <Route path="/settings/*" element={<SettingsPage menu={null} />} />
        </Routes>
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

const type = (label: string | RegExp, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const click = (name: string | RegExp, role = "button") => fireEvent.click(screen.getByRole(role, { name }));

const STORED = {
  llm_model: "anthropic/claude-x",
  llm_base_url: "",
  llm_api_key: null,
  llm_api_key_set: true,
  confirmation_mode: true,
  security_analyzer: null,
  max_iterations: 40,
  enable_default_condenser: true,
  remote_runtime_resource_factor: 3,
  provider_tokens_set: { github: "ghe.example.com", gitlab: null },
};

test("saving a model changes nothing else, and asks with what is not shown", async () => {
  const server = new SettingsServer(STORED);
  open("/model");
  await screen.findByLabelText("Model name");
  type("Model name", "claude-y");
  click("Save");
  await screen.findByText(/^Saved\. New messages go to/);
  expect(server.sent("/api/settings")).toEqual([
    {
      llm_model: "anthropic/claude-y",
      llm_base_url: "",
      confirmation_mode: true,
      security_analyzer: null,
      max_iterations: 40,
      enable_default_condenser: true,
      remote_runtime_resource_factor: 3,
    },
  ]);
});

test("a stored key leaves with its provider, and is never sent to another one", async () => {
  const server = new SettingsServer(STORED).on("/api/options/test-model", { ok: false, kind: "STATUS$ERROR_LLM_AUTHENTICATION", message: "wrong" });
  open("/model");
  await screen.findByLabelText("Model name");
  click("OpenAI-compatible", "radio");
  screen.getByText("The stored key is for another address. It will be removed when you save.");
  type("Model name", "qwen");
  type("Base URL", "http://127.0.0.1:8000/v1");
  click("Test");
  await screen.findByText("The key was refused");
  screen.getByText("The provider refused this key.");
  click("Save");
  await screen.findByText(/^Saved/);
  expect(server.sent("/api/options/test-model")).toEqual([
    { llm_model: "openai/qwen", llm_base_url: "http://127.0.0.1:8000/v1", llm_api_key: "" },
  ]);
  expect(server.sent("/api/settings")[0]).toMatchObject({ llm_model: "openai/qwen", llm_api_key: "" });
});

test("what is wrong is said beside its field, and nothing is sent", async () => {
  const server = new SettingsServer();
  open("/model");
  fireEvent.click(await screen.findByRole("radio", { name: "Azure OpenAI" }));
  type("Base URL", "my azure");
  click("Save");
  expect(screen.getByLabelText("Model name").getAttribute("aria-invalid")).toBe("true");
  screen.getByText("Enter an address that begins with http:// or https://.");
  screen.getByText("This provider needs a key.");
  click("Test");
  expect(server.asked).toEqual([]);
});

test("a model of this machine is used with one click", async () => {
  const server = new SettingsServer().on("/api/options/local-models", {
    servers: [{ name: "Ollama", base_url: "http://127.0.0.1:11434", models: ["ollama/qwen3:8b"] }],
  });
  open("");
  fireEvent.click(await screen.findByRole("button", { name: "Use ollama/qwen3:8b of Ollama" }));
  await screen.findByText("In use");
  expect(server.sent("/api/settings")).toEqual([{ llm_model: "ollama/qwen3:8b", llm_base_url: "http://127.0.0.1:11434" }]);
});

test("what is entered stays while one looks at another section, and is marked", async () => {
  new SettingsServer(STORED);
  open("/agent");
  await screen.findByLabelText("Step limit");
  type("Step limit", "12");
  click("Git", "link");
  const agent = within(screen.getByRole("navigation")).getByRole("link", { name: /^Agent/ });
  within(agent).getByRole("img", { name: "Unsaved changes" });
  fireEvent.click(agent);
  expect(screen.getByLabelText<HTMLInputElement>("Step limit").value).toBe("12");
  click("Discard");
  expect(screen.getByLabelText<HTMLInputElement>("Step limit").value).toBe("40");
  expect(within(agent).queryByRole("img")).toBeNull();
});

test("limits are checked and empty ones are the server's", async () => {
  const server = new SettingsServer(STORED);
  open("/agent");
  await screen.findByLabelText("Step limit");
  type("Step limit", "0");
  type("Budget in dollars", "-1");
  type("Shorten beyond so many events", "5");
  click("Save");
  screen.getByText("Enter a whole number from 1 to 100,000, or nothing.");
  screen.getByText("Enter an amount above 0, such as 2.50, or nothing.");
  screen.getByText("Enter a whole number from 20 to 100,000, or nothing.");
  expect(server.asked).toEqual([]);
  type("Step limit", "");
  type("Budget in dollars", "2.5");
  type("Shorten beyond so many events", "100");
  fireEvent.click(screen.getByRole("radio", { name: /^Always/ }));
  click("Save");
  await screen.findByText(/^Saved/);
  expect(server.sent("/api/settings")[0]).toMatchObject({
    max_iterations: null,
    max_budget_per_task: 2.5,
    condenser_max_size: 100,
    confirmation_mode: true,
    security_analyzer: "none",
    llm_model: "anthropic/claude-x",
  });
});

test("a secret has a name that a shell can use", async () => {
  const server = new SettingsServer().on("POST /api/secrets", { message: "ok" }, 201);
  open("/secrets");
  await screen.findByText(/^No secrets yet/);
  type("Name", "1-x");
  click("Add");
  screen.getByText("Use letters, digits and _ only, and do not begin with a digit.");
  screen.getByText("Enter the value.");
  expect(server.asked).toEqual([]);
  type("Name", "TOKEN");
  type("Value", "s3cret");
  click("Add");
  await screen.findByText(/^TOKEN is stored/);
  expect(server.sent("/api/secrets")).toEqual([{ name: "TOKEN", description: "", value: "s3cret" }]);
  expect(screen.getByLabelText<HTMLInputElement>("Value").value).toBe("");
});

test("a refused token is said beside it, and the other tokens stay", async () => {
  const server = new SettingsServer(STORED).on("/api/add-git-providers", { error: "Invalid token." }, 401);
  open("/git");
  fireEvent.click(await screen.findByRole("button", { name: /^Forgejo/ }));
  type("Forgejo token", "abc");
  click("Check and save");
  const field = screen.getByLabelText("Forgejo token");
  await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
  screen.getByText("Invalid token.");
  expect(server.sent("/api/add-git-providers")).toEqual([
    {
      provider_tokens: {
        github: { token: "", host: "ghe.example.com" },
        gitlab: { token: "", host: null },
        forgejo: { token: "abc", host: null },
      },
    },
  ]);
});

test("a token does not follow to another host", async () => {
  const server = new SettingsServer(STORED);
  open("/git");
  fireEvent.click(await screen.findByRole("button", { name: /^GitHub/ }));
  type("GitHub host", "elsewhere.example.com");
  click("Check and save");
  screen.getByText("Enter a token.");
  expect(server.asked).toEqual([]);
});

test("the theme holds at once and for the next visit", async () => {
  new SettingsServer();
  open("/appearance");
  fireEvent.click(await screen.findByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset["theme"]).toBe("dark");
  expect(localStorage.getItem("openhands.theme")).toBe("dark");
  click("As the system", "radio");
  expect(document.documentElement.dataset["theme"]).toBeUndefined();
  expect(localStorage.getItem("openhands.theme")).toBeNull();
});

test("MCP servers are added, keep their masked keys, and are removed", async () => {
  const masked = { url: "https://a.example.com/mcp", api_key: "**********" };
  const server = new SettingsServer({ mcp_config: { sse_servers: [], shttp_servers: [masked], stdio_servers: [] } });
  open("/mcp");
  fireEvent.click(await screen.findByRole("button", { name: "Add a server" }));
  fireEvent.change(screen.getByLabelText("Connection"), { target: { value: "stdio" } });
  type("Name", "files and more");
  type("Command", "npx -y");
  type("Variables", "KEY");
  click("Save");
  screen.getByText("Use letters, digits, _ and - only.");
  screen.getByText("Enter one word; what follows it goes into the arguments.");
  screen.getByText("“KEY” is not of the form NAME=value.");
  expect(server.asked).toEqual([]);
  type("Name", "files");
  type("Command", "npx");
  type("Arguments", "-y\nserver with space");
  type("Variables", "KEY=a=b");
  click("Save");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  const program = { name: "files", command: "npx", args: ["-y", "server with space"], env: { KEY: "a=b" } };
  expect(server.stored?.["mcp_config"]).toEqual({ sse_servers: [], shttp_servers: [masked], stdio_servers: [program] });

  fireEvent.click(await screen.findByRole("button", { name: "Remove files" }));
  click("Remove");
  await waitFor(() => expect(screen.queryByText("files")).toBeNull());
  expect(server.stored?.["mcp_config"]).toEqual({ sse_servers: [], shttp_servers: [masked], stdio_servers: [] });
});
