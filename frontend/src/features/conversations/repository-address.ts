/** Addresses of repositories, as people copy them from their browser. */

import type { Place } from "@/api/conversations";
import { GIT_PROVIDERS, usualHost, type GitProvider } from "@/api/git-providers";
import { parseUrl } from "@/lib/url";

export type Address = { kind: "place"; place: Place; host: string } | { kind: "unknown-host"; host: string };

/** The services, each at the host where the server looks for it. */
export function hostsOf(set: ReadonlyMap<GitProvider, string | null>): [GitProvider, string][] {
  return GIT_PROVIDERS.map((provider) => [provider, bareHost(set.get(provider) || usualHost[provider])]);
}

const bareHost = (host: string): string => (host.includes("://") ? (parseUrl(host)?.host ?? host) : host).toLowerCase();

/** Reads an address, or null if the text is none. */
export function parseAddress(text: string, hosts: readonly [GitProvider, string][]): Address | null {
  const found = split(text.trim());
  if (found === null) return null;
  const known = hosts.find(([, host]) => host === found.host);
  if (known === undefined) return { kind: "unknown-host", host: found.host };
  const [provider] = known;
  const place = placeIn(provider, found.parts);
  return place === null ? null : { kind: "place", place, host: found.host };
}

function split(text: string): { host: string; parts: string[] } | null {
  const short = /^[\w.-]+@([\w.-]+):(?!\/)(.+)$/.exec(text);
  const url = short === null ? parseUrl(/^[\w-]+\.[\w.-]+\//.test(text) ? `https://${text}` : text) : null;
  if (short === null && (url === null || !["https:", "http:", "ssh:"].includes(url.protocol))) return null;
  // The port of SSH is not that of the pages.
  const host = short?.[1] ?? (url?.protocol === "ssh:" ? url.hostname : (url?.host ?? ""));
  const path = short?.[2] ?? url?.pathname ?? "";
  return { host: host.toLowerCase(), parts: path.split("/").filter((part) => part !== "") };
}

/** What stands between the repository and the branch. */
const BRANCH_AT: Record<GitProvider, readonly string[]> = {
  github: ["tree"],
  gitlab: ["-", "tree"],
  bitbucket: ["src"],
  forgejo: ["src", "branch"],
};

function placeIn(provider: GitProvider, parts: readonly string[]): Place | null {
  // The groups of GitLab have groups.
  const dash = parts.indexOf("-");
  const length = provider !== "gitlab" ? 2 : dash < 0 ? parts.length : dash;
  const name = parts.slice(0, length).map((part) => part.replace(/\.git$/, ""));
  if (name.length < 2 || !name.every((part) => /^[\w~][\w.~-]*$/.test(part))) return null;
  const marks = BRANCH_AT[provider];
  const rest = parts.slice(length);
  const isBranch = marks.every((mark, index) => rest[index] === mark);
  const branch = isBranch ? rest.slice(marks.length).map(decoded).join("/") : "";
  return { repository: name.join("/"), provider, branch: branch === "" ? null : branch };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
