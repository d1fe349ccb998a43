/** Light or dark: as the system says, or as the person chose for this browser. */

import { readStored, writeStored } from "./stored-text";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "openhands.theme";

/** The color around the page, on phones: as `--page` in styles.css. */
const FRAME = { light: "#faf8f5", dark: "#161412" };

export function storedTheme(): Theme {
  const stored = readStored(STORAGE_KEY);
  return THEMES.find((theme) => theme === stored) ?? "system";
}

/** Shows a theme; to be called before anything is drawn. */
export function showTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset["theme"];
  else root.dataset["theme"] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const own = (meta.getAttribute("media") ?? "").includes("dark") ? "dark" : "light";
    meta.content = FRAME[theme === "system" ? own : theme];
  }
}

export function rememberTheme(theme: Theme): void {
  writeStored(STORAGE_KEY, theme === "system" ? "" : theme);
}
