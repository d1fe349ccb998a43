/** The services that the server can use for git, and where they usually are. */

export const GIT_PROVIDERS = ["github", "gitlab", "bitbucket", "forgejo"] as const;
export type GitProvider = (typeof GIT_PROVIDERS)[number];

export const usualHost: Record<GitProvider, string> = {
  github: "github.com",
  gitlab: "gitlab.com",
  bitbucket: "bitbucket.org",
  forgejo: "codeberg.org",
};
