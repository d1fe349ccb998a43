/** The providers that are offered by name, and how their models are named on the server. */

export type ProviderId =
  | "anthropic"
  | "openai"
  | "gemini"
  | "openrouter"
  | "deepseek"
  | "mistral"
  | "groq"
  | "xai"
  | "azure"
  | "ollama"
  | "lmStudio"
  | "compatible"
  | "demo"
  | "other";

export interface Provider {
  id: ProviderId;
  /** A brand; null for those that have a name in each language. */
  brand: string | null;
  /** What stands before the name of a model; the first one is written, all are read. */
  prefixes: readonly string[];
  key: "needed" | "possible" | "none";
  address: "needed" | "possible" | "none";
  /** Shown where the address is entered. */
  exampleAddress: string;
  /** Where keys are made. */
  keyPage: string | null;
}

const hosted = (id: ProviderId, brand: string, keyPage: string): Provider => ({
  id,
  brand,
  prefixes: [id],
  key: "needed",
  address: "possible",
  exampleAddress: "https://proxy.example.com",
  keyPage,
});

export const PROVIDERS: readonly Provider[] = [
  hosted("anthropic", "Anthropic", "https://console.anthropic.com/settings/keys"),
  // With another address it is one of the compatible ones.
  { ...hosted("openai", "OpenAI", "https://platform.openai.com/api-keys"), address: "none" },
  hosted("gemini", "Google Gemini", "https://aistudio.google.com/apikey"),
  hosted("openrouter", "OpenRouter", "https://openrouter.ai/settings/keys"),
  hosted("deepseek", "DeepSeek", "https://platform.deepseek.com/api_keys"),
  hosted("mistral", "Mistral", "https://console.mistral.ai/api-keys"),
  hosted("groq", "Groq", "https://console.groq.com/keys"),
  hosted("xai", "xAI", "https://console.x.ai"),
  {
    ...hosted("azure", "Azure OpenAI", "https://portal.azure.com"),
    address: "needed",
    exampleAddress: "https://NAME.openai.azure.com",
  },
  {
    id: "ollama",
    brand: "Ollama",
    prefixes: ["ollama", "ollama_chat"],
    key: "none",
    address: "possible",
    exampleAddress: "http://127.0.0.1:11434",
    keyPage: null,
  },
  {
    id: "lmStudio",
    brand: "LM Studio",
    prefixes: ["lm_studio"],
    key: "none",
    address: "needed",
    exampleAddress: "http://127.0.0.1:1234/v1",
    keyPage: null,
  },
  {
    id: "compatible",
    brand: null,
    prefixes: ["openai", "hosted_vllm"],
    key: "possible",
    address: "needed",
    exampleAddress: "http://127.0.0.1:8000/v1",
    keyPage: null,
  },
  { id: "demo", brand: null, prefixes: [], key: "none", address: "none", exampleAddress: "", keyPage: null },
  {
    id: "other",
    brand: null,
    prefixes: [],
    key: "possible",
    address: "possible",
    exampleAddress: "https://api.example.com/v1",
    keyPage: null,
  },
];

export function providerOf(id: ProviderId): Provider {
  const found = PROVIDERS.find((provider) => provider.id === id);
  if (found === undefined) throw new Error(`unknown provider: ${id}`);
  return found;
}

/** A model as it is entered: in parts. */
export interface NamedModel {
  provider: ProviderId;
  /** Without the prefix of the provider. */
  name: string;
}

/** Takes a full name apart; the same name with an address may be somebody else's model. */
export function splitModel(model: string, baseUrl: string): NamedModel {
  if (model === "demo") return { provider: "demo", name: "" };
  const slash = model.indexOf("/");
  const [prefix, name] = [model.slice(0, slash), model.slice(slash + 1)];
  const found = slash < 0 ? [] : PROVIDERS.filter((provider) => provider.prefixes.includes(prefix));
  // OpenAI's protocol at another address is not OpenAI.
  const meant = baseUrl === "" ? found.find((one) => one.id !== "compatible") : (found.find((one) => one.address === "needed") ?? found[0]);
  return meant === undefined ? { provider: "other", name: model } : { provider: meant.id, name };
}

/** Returns the full name as the server wants it. */
export function joinModel({ provider, name }: NamedModel): string {
  const trimmed = name.trim();
  if (provider === "demo") return "demo";
  const [prefix] = providerOf(provider).prefixes;
  return prefix === undefined || trimmed === "" ? trimmed : `${prefix}/${trimmed}`;
}

/** Picks the models of a provider out of the server's list, without their prefix. */
export function suggestionsFor(provider: ProviderId, models: readonly string[]): string[] {
  if (provider === "compatible" || provider === "demo") return [];
  if (provider === "other") return [...models];
  const named = models.map((model) => splitModel(model, ""));
  return named.filter((model) => model.provider === provider).map((model) => model.name);
}
