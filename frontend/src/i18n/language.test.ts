import { afterEach, describe, expect, test, vi } from "vitest";

import { dollars, relativeTime, seconds, tokenCount, wholeNumber } from "@/lib/format";

import { de } from "./de/all";
import { en } from "./en/all";
import { languages, locale, m, nearestLanguage, preferredLanguage, rememberLanguage, speak } from "./language";
import { zh } from "./zh/all";

/** Names, addresses, examples, and words that both languages have. */
const SAME_EVERYWHERE = [
  "OpenHands", "GitHub", "GitLab", "Bitbucket", "Forgejo", "Git", "Streamable HTTP",
  "npx", "files", "openhands", "openhands@all-hands.dev",
  "Ctrl K", "Ctrl Shift O", "Ctrl B", "Alt 1 … 5", "Alt 0", "Enter", "Shift Enter", "/", "Esc", "Ctrl Enter", "Ctrl Backspace", "?",
];
const SAME_IN_GERMAN = ["Agent", "App", "Branch", "Browser", "Chat", "Demo", "Name", "Plan", "Port", "Sandbox", "Terminal"];

/** Every leaf of a catalogue, by its path. */
function leaves(part: unknown, path: string): [string, unknown][] {
  if (typeof part !== "object" || part === null) return [[path, part]];
  return Object.entries(part).flatMap(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`));
}

const english = new Map(leaves(en, ""));

const takesValues = (text: unknown): text is (...values: unknown[]) => unknown => typeof text === "function";

/** What a text with values says for each of a few values in all its places. */
function said(text: unknown): string[] {
  if (!takesValues(text)) return [String(text)];
  return [0, 1, 2, ""].map((value) => String(text(value, value)));
}

describe.each([
  ["de", de, SAME_IN_GERMAN],
  ["zh-CN", zh, []],
])("%s", (_code, catalogue, sameHere) => {
  const texts = leaves(catalogue, "");
  const same = new Set([...SAME_EVERYWHERE, ...sameHere]);

  test("has exactly the texts that English has", () => {
    expect(texts.map(([path, text]) => `${path}: ${typeof text}`).sort()).toEqual(
      [...english].map(([path, text]) => `${path}: ${typeof text}`).sort(),
    );
  });

  test("says something everywhere", () => {
    const silent = texts.filter(([, text]) => said(text).some((words) => words.trim() === "" || words.includes("undefined")));
    expect(silent).toEqual([]);
  });

  test("leaves nothing in English", () => {
    const left = texts.filter(
      ([path, text]) => typeof text === "string" && text === english.get(path) && !same.has(text) && !text.startsWith("https://"),
    );
    expect(left).toEqual([]);
  });

  test("keeps what stands for something else", () => {
    expect(catalogue.workspace.changes.unchanged).toContain("$");
    const addresses = (text: unknown) => String(text).match(/https?:\/\/[\w.:/-]*\w/g) ?? [];
    for (const [path, text] of texts) expect([path, addresses(text)]).toEqual([path, addresses(english.get(path))]);
  });

  test("uses the values that it is given", () => {
    for (const [path, text] of texts) {
      const original = english.get(path);
      if (!takesValues(text) || !takesValues(original)) continue;
      const given = ["17", "23"].filter((value) => String(original("17", "23")).includes(value));
      expect([path, given.filter((value) => !String(text("17", "23")).includes(value))]).toEqual([path, []]);
    }
  });
});

test("German tells one from many", () => {
  expect([1, 2].map(de.workspace.changes.count)).toEqual(["1 geänderte Datei", "2 geänderte Dateien"]);
  expect([1, 3].map((count) => de.workspace.files.uploading(count, 40))).toEqual([
    "1 Datei wird hochgeladen … 40 %",
    "3 Dateien werden hochgeladen … 40 %",
  ]);
});

describe("the language", () => {
  const reader = (...codes: string[]) => vi.spyOn(navigator, "languages", "get").mockReturnValue(codes);
  afterEach(async () => {
    vi.restoreAllMocks();
    await speak("en");
  });

  test.each([
    ["de", "de"],
    ["de-AT", "de"],
    ["DE", "de"],
    ["zh-CN", "zh-CN"],
    ["zh", "zh-CN"],
    ["zh-Hans-SG", "zh-CN"],
    ["en-GB", "en"],
    ["fr", null],
    ["", null],
  ])("nearest to %j is %j", (code, nearest) => {
    expect(nearestLanguage(code)).toBe(nearest);
  });

  test("is the chosen one, else the first of the browser's that there is, else English", () => {
    reader("fr-CH", "de-CH", "en");
    expect(preferredLanguage()).toBe("de");
    rememberLanguage("zh-CN");
    expect(preferredLanguage()).toBe("zh-CN");
    rememberLanguage("");
    reader("fr");
    expect(preferredLanguage()).toBe("en");
  });

  test.each(languages.map(({ code }) => code))("%s is spoken, and the page says so", async (code) => {
    await speak(code);
    expect(m).toBe({ en, de, "zh-CN": zh }[code]);
    expect(document.documentElement.lang).toBe(code);
  });

  test("is the one that was asked for last, whichever arrives first", async () => {
    await Promise.all([speak("zh-CN"), speak("en")]);
    expect(m).toBe(en);
    expect(document.documentElement.lang).toBe("en");
  });

  test("decides how numbers and times are written", async () => {
    reader("en-GB", "de-AT");
    await speak("de");
    expect(locale()).toBe("de-AT");
    reader("en-GB");
    expect(locale()).toBe("de");
    const plain = (text: string) => text.replace(/\s/g, " ");
    expect([tokenCount(1234), seconds(3.42), wholeNumber(1234567)].map(plain)).toEqual(["1,2k", "3,4 s", "1.234.567"]);
    expect([dollars(0.5), dollars(0.0012)].map(plain)).toEqual(["0,50 $", "0,0012 $"]);
    const now = Date.UTC(2026, 0, 20);
    expect(relativeTime("2026-01-20T00:00:00Z", now)).toBe("gerade eben");
    expect(relativeTime("2026-01-02T12:00:00Z", now)).toBe("2. Jan. 2026");
    await speak("zh-CN");
    expect(dollars(0.5)).toBe("$0.50");
    expect(relativeTime("2026-01-02T12:00:00Z", now)).toBe("2026年1月2日");
    await speak("en");
    expect(relativeTime("2026-01-02T12:00:00Z", now)).toBe("2 Jan 2026");
  });
});
