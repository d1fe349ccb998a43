/** The session key is shown to the server once; what stays in the browser is a cookie that no script can read. */

import { m } from "@/i18n/language";

/** Shows the key to the server; returns what is wrong, or null if the browser is logged in. */
export async function logIn(key: string): Promise<string | null> {
  try {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key }),
    });
    if (response.ok) return null;
    if (response.status === 429) return m.shell.key.tooMany;
    return response.status === 401 ? m.shell.key.wrong : m.common.answered(response.status, response.statusText);
  } catch {
    return m.common.noAnswer;
  }
}

/** Takes a key out of the address bar, where it arrives as `#key=…`, and out of the history. */
export function keyFromAddress(): string | null {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null || key === "") return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return key;
}

/** Where the browser wanted to go before it was asked for the key: a path of this server, and nothing else. */
export function nextPage(): string {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
