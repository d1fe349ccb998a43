use serde::Serialize;

/// A service that hosts repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub, and GitHub Enterprise at an address of its own.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Forgejo, and Gitea.
    Forgejo,
}

impl Provider {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Bitbucket, Self::Forgejo];

    /// Returns the provider of a name as OpenHands writes it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// Returns the name as OpenHands writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
            Self::Forgejo => "forgejo",
        }
    }

    /// Returns the name as people write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
            Self::Forgejo => "Forgejo",
        }
    }

    /// Returns the variable in which commands find the token.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_TOKEN",
            Self::GitLab => "GITLAB_TOKEN",
            Self::Bitbucket => "BITBUCKET_TOKEN",
            Self::Forgejo => "FORGEJO_TOKEN",
        }
    }

    /// Returns the user whose password is a token without a name, for git over HTTP.
    #[must_use]
    pub fn git_user(self) -> &'static str {
        match self {
            Self::GitHub => "x-access-token",
            Self::GitLab | Self::Forgejo => "oauth2",
            Self::Bitbucket => "x-token-auth",
        }
    }

    pub(crate) fn default_host(self) -> &'static str {
        match self {
            Self::GitHub => "github.com",
            Self::GitLab => "gitlab.com",
            Self::Bitbucket => "bitbucket.org",
            Self::Forgejo => "codeberg.org",
        }
    }

    /// Returns where the interface of a host is: its address, if not the host's own, and a path.
    pub(crate) fn interface(self, host: &str) -> (Option<&'static str>, &'static str) {
        match self {
            Self::GitHub if host == "github.com" => (Some("https://api.github.com"), ""),
            Self::GitHub => (None, "/api/v3"),
            Self::GitLab => (None, "/api/v4"),
            Self::Bitbucket if host == "bitbucket.org" => {
                (Some("https://api.bitbucket.org"), "/2.0")
            }
            Self::Bitbucket => (None, "/2.0"),
            Self::Forgejo => (None, "/api/v1"),
        }
    }

    /// Returns what stands before the token in the header.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::GitHub | Self::GitLab | Self::Bitbucket => "Bearer",
            Self::Forgejo => "token",
        }
    }
}
