use serde_json::Value;
use url::Url;

use crate::address::{GitAddress, name_parts};
use crate::api::Api;
use crate::{
    Branch, BranchPage, GitHostError, Page, Provider, PullRequest, Repository, SuggestedTask, User,
    bitbucket, forgejo, github, github_tasks, gitlab,
};

/// A service at an address, with a token.
#[derive(Debug)]
pub struct GitHost {
    api: Api,
    address: GitAddress,
}

impl GitHost {
    /// Returns the service at an address. Without a token it shows what is public.
    ///
    /// # Errors
    /// Fails if the token cannot be sent.
    pub fn new(address: GitAddress, token: &str) -> Result<Self, GitHostError> {
        Ok(Self { api: Api::new(address.provider(), address.interface()?, token)?, address })
    }

    /// Returns which service it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.api.provider
    }

    /// Returns whose token it is.
    ///
    /// # Errors
    /// Fails if the service does not answer so, like all that follow.
    pub async fn user(&self) -> Result<User, GitHostError> {
        match self.provider() {
            Provider::GitHub => github::user(&self.api).await,
            Provider::GitLab => gitlab::user(&self.api).await,
            Provider::Bitbucket => bitbucket::user(&self.api).await,
            Provider::Forgejo => forgejo::user(&self.api).await,
        }
    }

    /// Returns the ids of GitHub's installations, or the names of Bitbucket's workspaces.
    ///
    /// # Errors
    /// Fails for a service that has neither.
    pub async fn installations(&self) -> Result<Vec<String>, GitHostError> {
        match self.provider() {
            Provider::GitHub => github::installations(&self.api).await,
            Provider::Bitbucket => bitbucket::workspaces(&self.api).await,
            provider @ (Provider::GitLab | Provider::Forgejo) => {
                Err(GitHostError::Unsupported { provider, what: "installations" })
            }
        }
    }

    /// Returns a page of the user's repositories, of one installation if it is named.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn repositories(
        &self,
        sort: &str,
        page: Page,
        installation: Option<&str>,
    ) -> Result<Vec<Repository>, GitHostError> {
        match self.provider() {
            Provider::GitHub => github::repositories(&self.api, sort, page, installation).await,
            Provider::GitLab => gitlab::repositories(&self.api, sort, page).await,
            Provider::Bitbucket => {
                bitbucket::repositories(&self.api, sort, page, installation).await
            }
            Provider::Forgejo => forgejo::repositories(&self.api, page).await,
        }
    }

    /// Finds repositories by a part of their name; an address finds the repository there.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn search(
        &self,
        query: &str,
        size: u32,
        (sort, order): (&str, &str),
    ) -> Result<Vec<Repository>, GitHostError> {
        if let Ok(url) = Url::parse(query) {
            if !self.address.is_at(&url) {
                return Ok(Vec::new());
            }
            let path = url.path().trim_matches('/').trim_end_matches(".git");
            return match self.repository(path).await {
                Ok(repository) => Ok(vec![repository]),
                Err(GitHostError::Missing { .. } | GitHostError::Name { .. }) => Ok(Vec::new()),
                Err(error) => Err(error),
            };
        }
        let page = Page { number: 1, size };
        match self.provider() {
            Provider::GitHub => github::search(&self.api, query, page, (sort, order)).await,
            Provider::GitLab => gitlab::search(&self.api, query, page, order).await,
            Provider::Bitbucket => bitbucket::search(&self.api, query, page).await,
            Provider::Forgejo => forgejo::search(&self.api, query, page, order).await,
        }
    }

    /// Returns a repository, `owner/name`.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn repository(&self, name: &str) -> Result<Repository, GitHostError> {
        let parts = name_parts(name)?;
        match self.provider() {
            Provider::GitHub => github::repository(&self.api, &parts).await,
            Provider::GitLab => gitlab::repository(&self.api, name).await,
            Provider::Bitbucket => bitbucket::repository(&self.api, &parts).await,
            Provider::Forgejo => forgejo::repository(&self.api, &parts).await,
        }
    }

    /// Returns a page of a repository's branches.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn branches(&self, name: &str, page: Page) -> Result<BranchPage, GitHostError> {
        let parts = name_parts(name)?;
        match self.provider() {
            Provider::GitHub => github::branches(&self.api, &parts, page).await,
            Provider::GitLab => gitlab::branches(&self.api, name, page, None).await,
            Provider::Bitbucket => bitbucket::branches(&self.api, &parts, page, None).await,
            Provider::Forgejo => forgejo::branches(&self.api, &parts, page).await,
        }
    }

    /// Finds branches by a part of their name.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn search_branches(
        &self,
        name: &str,
        query: &str,
        size: u32,
    ) -> Result<Vec<Branch>, GitHostError> {
        let parts = name_parts(name)?;
        let page = Page { number: 1, size };
        let found = match self.provider() {
            Provider::GitHub => {
                return github_tasks::branches(&self.api, &parts, query, size).await;
            }
            Provider::GitLab => gitlab::branches(&self.api, name, page, Some(query)).await?,
            Provider::Bitbucket => {
                bitbucket::branches(&self.api, &parts, page, Some(query)).await?
            }
            Provider::Forgejo => {
                let page = Page { number: 1, size: crate::api::MAX_PAGE };
                let mut found = forgejo::branches(&self.api, &parts, page).await?;
                let query = query.to_lowercase();
                found.branches.retain(|branch| branch.name.to_lowercase().contains(&query));
                found.branches.truncate(usize::try_from(size).unwrap_or(usize::MAX));
                found
            }
        };
        Ok(found.branches)
    }

    /// Returns what is waiting for the user: pull requests with trouble, and issues.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn suggested_tasks(&self) -> Result<Vec<SuggestedTask>, GitHostError> {
        match self.provider() {
            Provider::GitHub => github_tasks::suggested(&self.api).await,
            Provider::GitLab => gitlab::suggested_tasks(&self.api).await,
            // Bitbucket does not list what is assigned over all repositories.
            Provider::Bitbucket => Ok(Vec::new()),
            Provider::Forgejo => forgejo::suggested_tasks(&self.api).await,
        }
    }

    /// Returns the paths of the files in a folder of the main branch; none if there is no folder.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn files(&self, name: &str, folder: &str) -> Result<Vec<String>, GitHostError> {
        let parts = name_parts(name)?;
        let found = match self.provider() {
            Provider::GitHub | Provider::Forgejo => github::files(&self.api, &parts, folder).await,
            Provider::GitLab => gitlab::files(&self.api, name, folder).await,
            Provider::Bitbucket => bitbucket::files(&self.api, &parts, folder).await,
        };
        match found {
            Err(GitHostError::Missing { .. }) => Ok(Vec::new()),
            result => result,
        }
    }

    /// Returns the text of a file of the main branch.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn file(&self, name: &str, path: &str) -> Result<String, GitHostError> {
        let parts = name_parts(name)?;
        match self.provider() {
            Provider::GitHub | Provider::Forgejo => github::file(&self.api, &parts, path).await,
            Provider::GitLab => gitlab::file(&self.api, name, path).await,
            Provider::Bitbucket => bitbucket::file(&self.api, &parts, path).await,
        }
    }

    /// Opens a pull request and returns its address.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn open_pull_request(&self, request: &PullRequest) -> Result<String, GitHostError> {
        let name = &request.repository;
        match self.provider() {
            Provider::GitHub => {
                github::open_pull_request(&self.api, &name_parts(name)?, request).await
            }
            // A number names a project there too.
            Provider::GitLab => gitlab::open_merge_request(&self.api, name, request).await,
            Provider::Bitbucket => {
                bitbucket::open_pull_request(&self.api, &name_parts(name)?, request).await
            }
            Provider::Forgejo => {
                forgejo::open_pull_request(&self.api, &name_parts(name)?, request).await
            }
        }
    }

    /// Says whether a pull request is neither merged nor closed.
    ///
    /// # Errors
    /// See [`Self::user`].
    pub async fn is_open(&self, name: &str, number: i64) -> Result<bool, GitHostError> {
        let parts = name_parts(name)?;
        let number = number.to_string();
        let state =
            |json: &Value| json.pointer("/state").and_then(Value::as_str).map(str::to_owned);
        let (path, open): (Vec<&str>, &str) = match self.provider() {
            Provider::GitHub | Provider::Forgejo => {
                ([&["repos"], parts.as_slice(), &["pulls", &number]].concat(), "open")
            }
            Provider::GitLab => (vec!["projects", name, "merge_requests", &number], "opened"),
            Provider::Bitbucket => {
                ([&["repositories"], parts.as_slice(), &["pullrequests", &number]].concat(), "OPEN")
            }
        };
        Ok(state(&self.api.get(&path, &[]).await?.json).is_some_and(|state| state == open))
    }
}
