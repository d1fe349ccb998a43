use crate::Provider;

/// Says why a service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitHostError {
    /// The host of the service is not one.
    #[error("the host `{host}` of {} cannot be used: {problem}", provider.title())]
    Address {
        /// The service.
        provider: Provider,
        /// What was given.
        host: String,
        /// What would be right.
        problem: &'static str,
    },
    /// The token is wrong, has expired, or may not do this.
    #[error("{} does not accept the token for this", provider.title())]
    Refused {
        /// The service.
        provider: Provider,
    },
    /// There is no such thing, or the token does not let it be seen.
    #[error("{} does not know `{what}`, or the token does not let it be seen", provider.title())]
    Missing {
        /// The service.
        provider: Provider,
        /// What was looked for.
        what: String,
    },
    /// The service has had too many requests.
    #[error("{} has had too many requests; try again later", provider.title())]
    RateLimited {
        /// The service.
        provider: Provider,
    },
    /// The service cannot be reached.
    #[error("{} cannot be reached", provider.title())]
    Unreachable {
        /// The service.
        provider: Provider,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The service answered that it will not.
    #[error("{} answered with status {status}: {message}", provider.title())]
    Answer {
        /// The service.
        provider: Provider,
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The answer cannot be read.
    #[error("{} answered something that cannot be read: {problem}", provider.title())]
    Malformed {
        /// The service.
        provider: Provider,
        /// What is wrong.
        problem: &'static str,
    },
    /// The service has nothing of the kind.
    #[error("{} has no {what}", provider.title())]
    Unsupported {
        /// The service.
        provider: Provider,
        /// What was asked for.
        what: &'static str,
    },
    /// The name is not one of a repository.
    #[error("`{name}` is not the name of a repository; write it as owner/name")]
    Name {
        /// What was given.
        name: String,
    },
}
