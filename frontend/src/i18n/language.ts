/** Which language the interface speaks, and how one learns that it changed. */

import { useSyncExternalStore } from "react";

import { readStored, writeStored } from "@/lib/stored-text";

import { en } from "./en/all";

export type Messages = typeof en;

export interface Language {
  /** As OpenHands' settings spell it. */
  code: string;
  name: string;
}

export const languages: readonly Language[] = [
  { code: "en", name: "English" },
  { code: "de", name: "Deutsch" },
  { code: "zh-CN", name: "简体中文" },
];

const STORAGE_KEY = "openhands.language";

/** All but English are fetched when they are first spoken. */
const catalogues: Record<string, () => Promise<Messages>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import("./de/all")).de,
  "zh-CN": async () => (await import("./zh/all")).zh,
};

/** The texts of the language in use. Read it while drawing: it changes with the language. */
export let m: Messages = en;

let current = "en";
/** The one that was asked for last; another one may still be on its way. */
let wanted = current;
const listeners = new Set<() => void>();

/** Returns the language we have that comes nearest to a code such as `de-AT`, or null. */
export function nearestLanguage(code: string): string | null {
  const wanted = code.toLowerCase();
  const base = wanted.split("-")[0];
  const exact = languages.find((language) => language.code.toLowerCase() === wanted);
  return (exact ?? languages.find((language) => language.code.toLowerCase().split("-")[0] === base))?.code ?? null;
}

/** Returns the chosen language, else the first one of the browser's that we have. */
export function preferredLanguage(): string {
  const codes = [readStored(STORAGE_KEY), ...navigator.languages];
  return codes.map(nearestLanguage).find((code) => code !== null) ?? "en";
}

/** Speaks another language from now on; one that we do not have is English, one that cannot be fetched changes nothing. */
export async function speak(code: string): Promise<void> {
  const nearest = nearestLanguage(code) ?? "en";
  wanted = nearest;
  const messages = await catalogues[nearest]?.().catch(() => null);
  if (messages === null || messages === undefined || wanted !== nearest) return;
  m = messages;
  current = nearest;
  document.documentElement.lang = nearest;
  for (const listener of listeners) listener();
}

/** Keeps the choice for the next visit of this browser. */
export function rememberLanguage(code: string): void {
  writeStored(STORAGE_KEY, code);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The code of the language in use; what is drawn under it as a key is drawn anew when it changes. */
export function useLanguage(): string {
  return useSyncExternalStore(subscribe, () => current);
}

/** How dates and numbers are written: in the language in use, by the customs of the reader's country if the browser names it. */
export function locale(): string {
  const [base] = current.split("-");
  return navigator.languages.find((code) => code.split("-")[0] === base) ?? current;
}
