//! Git hosting with the tokens that the user gave.

use oh_store::ProviderToken;

/// Returns the variable in which commands find a provider's token.
pub(crate) fn variable_of(provider: &str) -> Option<&'static str> {
    match provider {
        "github" => Some("GITHUB_TOKEN"),
        "gitlab" => Some("GITLAB_TOKEN"),
        "bitbucket" => Some("BITBUCKET_TOKEN"),
        "forgejo" => Some("FORGEJO_TOKEN"),
        _ => None,
    }
}

/// Returns what the agent is told of a token.
pub(crate) fn description_of(token: &ProviderToken) -> Option<String> {
    let name = match token.provider.as_str() {
        "github" => "GitHub",
        "gitlab" => "GitLab",
        "bitbucket" => "Bitbucket",
        "forgejo" => "Forgejo",
        _ => return None,
    };
    let place = token.host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
    Some(format!("the user's token for {name}{place}; git uses it by itself"))
}
