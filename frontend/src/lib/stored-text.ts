/** Text kept in the browser across reloads; a browser that refuses storage loses only that. */

export function readStored(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** Returns false if storage is full or forbidden: the text is still on the screen. */
export function writeStored(key: string, value: string): boolean {
  try {
    if (value === "") localStorage.removeItem(key);
    else localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

/** Returns a text that was not sent: what this tab had, else what any tab of the browser had last. */
export function readDraft(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? readStored(key);
  } catch {
    return readStored(key);
  }
}

/** Keeps a text that is not sent yet: for this tab, and for one that is opened later. */
export function writeDraft(key: string, value: string): void {
  writeStored(key, value);
  try {
    // Empty is kept as well: this tab sent it, whatever another one is writing.
    sessionStorage.setItem(key, value);
  } catch {
    // Storage is full or forbidden: the text is still on the screen.
  }
}
