/** The session key is shown to the server once; what stays in the browser is a cookie that no script can read. */

/** Shows the key to the server; returns what is wrong, or null if the browser is logged in. */
export async function logIn(key: string): Promise<string | null> {
  try {
    const response = await fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key }),
    });
    if (response.ok) return null;
    if (response.status === 429) return "Too many tries. Wait a few seconds and try again.";
    return response.status === 401 ? "This is not the session key." : `The server answered ${response.status}.`;
  } catch {
    return "The server does not answer. Is it running?";
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
