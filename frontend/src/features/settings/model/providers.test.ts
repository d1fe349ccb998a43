import { expect, test } from "vitest";

import { joinModel, splitModel, suggestionsFor } from "./providers";

test.each([
  ["anthropic/claude-sonnet-4-5", "", "anthropic", "claude-sonnet-4-5"],
  ["openrouter/anthropic/claude-sonnet-4.5", "", "openrouter", "anthropic/claude-sonnet-4.5"],
  ["openai/gpt-5", "", "openai", "gpt-5"],
  ["openai/Qwen/Qwen3", "http://127.0.0.1:8000/v1", "compatible", "Qwen/Qwen3"],
  ["hosted_vllm/Qwen/Qwen3", "http://127.0.0.1:8000/v1", "compatible", "Qwen/Qwen3"],
  ["anthropic/claude-x", "https://proxy.example.com", "anthropic", "claude-x"],
  ["lm_studio/devstral", "http://127.0.0.1:1234/v1", "lmStudio", "devstral"],
  ["ollama_chat/qwen3:8b", "", "ollama", "qwen3:8b"],
  ["azure/my-gpt", "https://x.openai.azure.com", "azure", "my-gpt"],
  ["together_ai/Qwen/Qwen3", "", "other", "together_ai/Qwen/Qwen3"],
  ["claude-sonnet-4-5", "", "other", "claude-sonnet-4-5"],
  ["demo", "", "demo", ""],
])("%s at “%s” is a model of %s", (model, baseUrl, provider, name) => {
  expect(splitModel(model, baseUrl)).toEqual({ provider, name });
});

test("a name is put together with what the server calls the provider", () => {
  expect(joinModel({ provider: "gemini", name: " gemini-2.5-pro " })).toBe("gemini/gemini-2.5-pro");
  expect(joinModel({ provider: "compatible", name: "Qwen/Qwen3" })).toBe("openai/Qwen/Qwen3");
  expect(joinModel({ provider: "lmStudio", name: "x" })).toBe("lm_studio/x");
  expect(joinModel({ provider: "other", name: "together_ai/x" })).toBe("together_ai/x");
  expect(joinModel({ provider: "other", name: "" })).toBe("");
  expect(joinModel({ provider: "demo", name: "left over" })).toBe("demo");
});

test("suggestions are those of the provider, without its prefix", () => {
  const models = ["anthropic/a", "demo", "openai/b", "openrouter/anthropic/a"];
  expect(suggestionsFor("openai", models)).toEqual(["b"]);
  expect(suggestionsFor("openrouter", models)).toEqual(["anthropic/a"]);
  expect(suggestionsFor("compatible", models)).toEqual([]);
  expect(suggestionsFor("other", models)).toEqual(models);
});
