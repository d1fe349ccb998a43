import { expect, test } from "vitest";

import { hostsOf, parseAddress } from "./repository-address";

const usual = hostsOf(new Map());

test.each([
  ["https://github.com/acme/tool", "github", "acme/tool", null],
  ["https://github.com/acme/tool.git", "github", "acme/tool", null],
  ["github.com/acme/tool/", "github", "acme/tool", null],
  ["git@github.com:acme/tool.git", "github", "acme/tool", null],
  ["ssh://git@codeberg.org:22/acme/tool.git", "forgejo", "acme/tool", null],
  ["https://github.com/acme/tool/tree/feature/login", "github", "acme/tool", "feature/login"],
  ["https://github.com/acme/tool/pull/12", "github", "acme/tool", null],
  ["https://gitlab.com/group/part/tool/-/tree/main?ref_type=heads", "gitlab", "group/part/tool", "main"],
  ["https://gitlab.com/group/part/tool", "gitlab", "group/part/tool", null],
  ["https://bitbucket.org/team/tool/src/main/", "bitbucket", "team/tool", "main"],
  ["https://codeberg.org/acme/tool/src/branch/x%2Fy", "forgejo", "acme/tool", "x/y"],
] as const)("%s is %s of %s", (text, provider, repository, branch) => {
  expect(parseAddress(text, usual)).toMatchObject({ kind: "place", place: { repository, provider, branch } });
});

test.each(["acme/tool", "tool", "", "javascript:alert(1)//a/b", "https://github.com/acme", "https://github.com/--x/y"])("%s is no address", (text) => {
  expect(parseAddress(text, usual)).toBeNull();
});

test("a service is where its host is set", () => {
  const hosts = hostsOf(new Map([["github", "https://ghe.example.com:8443"], ["gitlab", null]]));
  const place = { repository: "a/b", provider: "github", branch: null };
  expect(parseAddress("https://ghe.example.com:8443/a/b", hosts)).toMatchObject({ kind: "place", place });
  expect(parseAddress("https://github.com/a/b", hosts)).toEqual({ kind: "unknown-host", host: "github.com" });
});
