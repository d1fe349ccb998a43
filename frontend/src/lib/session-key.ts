/** The session key of this browser tab: it arrives in the address as `#key=…` and stays out of history. */

const STORAGE_KEY = "openhands.session-key";

export function sessionKey(): string | null {
  try {
    return sessionStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

export function rememberSessionKey(key: string): void {
  try {
    sessionStorage.setItem(STORAGE_KEY, key);
  } catch {
    // Without storage the key lasts until the page is loaded again.
  }
}

/** Moves a key from the address bar into the tab's storage. */
export function adoptKeyFromAddress(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null || key === "") return;
  rememberSessionKey(key);
  history.replaceState(history.state, "", location.pathname + location.search);
}
