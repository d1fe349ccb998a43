//! Git hosting with the tokens that the user gave.

use oh_git_host::{GitAddress, GitHost, GitHostError, Provider};
use oh_store::ProviderToken;

/// The names of providers that clients may send; one of them has no interface.
pub(crate) const NAMES: [&str; 5] = ["github", "gitlab", "bitbucket", "forgejo", "enterprise_sso"];

/// Returns where a token is for; `None` without a token, or where there is no service.
fn address_of(token: &ProviderToken) -> Option<GitAddress> {
    let provider = Provider::parse(&token.provider).filter(|_| !token.token.is_empty())?;
    match GitAddress::new(provider, token.host.as_deref()) {
        Ok(address) => Some(address),
        Err(error) => {
            tracing::warn!(%error, "a token for git hosting is not used");
            None
        }
    }
}

/// Returns the services that the user has tokens for.
pub(crate) fn hosts(tokens: &[ProviderToken]) -> Vec<GitHost> {
    let host = |token: &ProviderToken| GitHost::new(address_of(token)?, &token.token).ok();
    tokens.iter().filter_map(host).collect()
}

/// Returns where a repository is fetched from: the named provider, else the first that the user
/// has a token for, else GitHub.
pub(crate) fn address_for(
    provider: Option<&str>,
    tokens: &[ProviderToken],
) -> Result<GitAddress, GitHostError> {
    let provider = provider.and_then(Provider::parse);
    let is_meant = |address: &GitAddress| provider.is_none_or(|one| one == address.provider());
    if let Some(address) = tokens.iter().filter_map(address_of).find(is_meant) {
        return Ok(address);
    }
    let provider = provider.unwrap_or(Provider::GitHub);
    let host = tokens.iter().find(|token| token.provider == provider.name());
    GitAddress::new(provider, host.and_then(|token| token.host.as_deref()))
}

/// Returns the variable in which commands find a token, and what the agent is told of it.
pub(crate) fn variable_of(token: &ProviderToken) -> Option<(&'static str, String)> {
    let address = address_of(token)?;
    let (provider, place) = (address.provider(), address.web_address());
    let text = format!(
        "the user's token for {} at {place}; git uses it by itself, its interface needs it in a header",
        provider.title()
    );
    Some((provider.variable(), text))
}

/// Returns settings by which git finds tokens in the variables of the shell, for their own host
/// only. They name the variables, so there is no token in them.
pub(crate) fn git_settings(tokens: &[ProviderToken]) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for address in tokens.iter().filter_map(address_of) {
        let key = format!("credential.{}.helper", address.web_address());
        // An empty one forgets those of the machine.
        settings.push((key.clone(), String::new()));
        settings.push((key, helper(address.provider())));
    }
    settings
}

/// A token may be a user's name and a password.
fn helper(provider: Provider) -> String {
    let (variable, user) = (provider.variable(), provider.git_user());
    format!(
        "!f() {{ test \"$1\" = get && test -n \"${variable}\" || return 0; case ${variable} in *:*) printf 'username=%s\\npassword=%s\\n' \"${{{variable}%%:*}}\" \"${{{variable}#*:}}\" ;; *) printf 'username={user}\\npassword=%s\\n' \"${variable}\" ;; esac; }}; f"
    )
}

/// Returns the variables by which git finds settings.
pub(crate) fn git_variables(settings: Vec<(String, String)>) -> Vec<(String, String)> {
    if settings.is_empty() {
        return Vec::new();
    }
    let mut variables = vec![("GIT_CONFIG_COUNT".to_owned(), settings.len().to_string())];
    for (number, (key, value)) in settings.into_iter().enumerate() {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), key));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), value));
    }
    variables
}
