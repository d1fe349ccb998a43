//! Where a server is and how it is asked.

use anyhow::{Context, Result};

/// The address of a server, and its key if one is needed.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Host and port.
    pub(crate) authority: String,
    pub(crate) key: Option<String>,
}

impl Target {
    pub(crate) fn parse(url: &str, key: Option<String>) -> Result<Self> {
        let rest = url
            .strip_prefix("http://")
            .with_context(|| format!("`{url}` does not begin with http://"))?;
        let host = rest.trim_end_matches('/');
        anyhow::ensure!(!host.is_empty() && !host.contains('/'), "`{url}` is more than an address");
        let authority = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        Ok(Self { authority, key })
    }
}
