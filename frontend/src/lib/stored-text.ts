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
