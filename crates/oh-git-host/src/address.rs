use url::{Host, Url};

use crate::{GitHostError, Provider};

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitAddress {
    provider: Provider,
    web: Url,
}

impl GitAddress {
    /// Reads a host, a name or an address; without one it is the usual one of the service.
    ///
    /// # Errors
    /// Fails if the host is not one, or if a token could not be kept secret on the way.
    pub fn new(provider: Provider, host: Option<&str>) -> Result<Self, GitHostError> {
        Ok(Self { provider, web: web_address(provider, host)? })
    }

    /// Returns which service it is.
    #[must_use]
    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Returns where people and git find it, without a slash at the end.
    #[must_use]
    pub fn web_address(&self) -> &str {
        self.web.as_str().trim_end_matches('/')
    }

    /// Returns where git finds a repository; there is no token in it.
    ///
    /// # Errors
    /// Fails if the name is not one.
    pub fn clone_url(&self, repository: &str) -> Result<String, GitHostError> {
        let path = name_parts(repository)?.join("/");
        Ok(format!("{}/{path}.git", self.web_address()))
    }

    /// Says whether an address is one of this service.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        url.host() == self.web.host() && url.port() == self.web.port()
    }

    /// Returns where programs find it.
    pub(crate) fn interface(&self) -> Result<Url, GitHostError> {
        let Self { provider, web } = self;
        let (other, path) = provider.interface(web.host_str().unwrap_or_default());
        let base = format!("{}{path}", other.unwrap_or(web.as_str()).trim_end_matches('/'));
        Url::parse(&base).map_err(|_| GitHostError::Address {
            provider: *provider,
            host: web.to_string(),
            problem: "write it like `git.example.com`",
        })
    }
}

/// Reads a host: a name, or an address with a scheme.
fn web_address(provider: Provider, host: Option<&str>) -> Result<Url, GitHostError> {
    let host = host.map(str::trim).filter(|host| !host.is_empty());
    let host = host.unwrap_or(provider.default_host());
    let wrong = |problem| GitHostError::Address { provider, host: host.to_owned(), problem };
    let text = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let url = Url::parse(&text).map_err(|_| wrong("write it like `git.example.com`"))?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.host().is_some();
    if !is_plain {
        return Err(wrong(
            "write it like `git.example.com`, without a user, a query or a fragment",
        ));
    }
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(wrong("it must be reached over https, so that nobody reads the token on the way")),
    }
}

/// Splits `owner/name`; GitLab's owners have several parts.
pub(crate) fn name_parts(name: &str) -> Result<Vec<&str>, GitHostError> {
    let parts: Vec<&str> = name.split('/').collect();
    let is_part = |part: &&str| {
        let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        !part.is_empty()
            && !part.starts_with('-')
            && *part != "."
            && *part != ".."
            && part.chars().all(is_allowed)
    };
    if parts.len() < 2 || parts.len() > 20 || !parts.iter().all(is_part) {
        return Err(GitHostError::Name { name: name.to_owned() });
    }
    Ok(parts)
}
