import { beforeEach, expect, test } from "vitest";

import { rememberTheme, showTheme, storedTheme } from "./theme";

const frames = () => [...document.querySelectorAll<HTMLMetaElement>("meta[name='theme-color']")].map((meta) => meta.content);

beforeEach(() => {
  document.head.innerHTML =
    '<meta name="theme-color" content="#faf8f5" media="(prefers-color-scheme: light)">' +
    '<meta name="theme-color" content="#161412" media="(prefers-color-scheme: dark)">';
});

test("a theme is shown on the page and around it, and taken back", () => {
  showTheme("dark");
  expect([document.documentElement.dataset["theme"], ...frames()]).toEqual(["dark", "#161412", "#161412"]);
  showTheme("light");
  expect([document.documentElement.dataset["theme"], ...frames()]).toEqual(["light", "#faf8f5", "#faf8f5"]);
  showTheme("system");
  expect([document.documentElement.dataset["theme"], ...frames()]).toEqual([undefined, "#faf8f5", "#161412"]);
});

test("a theme is remembered; what is none is the system's", () => {
  expect(storedTheme()).toBe("system");
  rememberTheme("dark");
  expect(storedTheme()).toBe("dark");
  localStorage.setItem("openhands.theme", "purple");
  expect(storedTheme()).toBe("system");
});
