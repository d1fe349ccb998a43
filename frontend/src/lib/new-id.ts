/** Returns a random id; `crypto.randomUUID` exists only on secure pages, and a server on a home network is none. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
