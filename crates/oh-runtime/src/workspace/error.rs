use std::io;

/// Says why something could not be done with files of a workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is nothing by this name.
    #[error("`{path}` does not exist in the workspace")]
    Missing {
        /// The name as it was given.
        path: String,
    },
    /// The name, or a link on its way, leads out of the workspace.
    #[error("`{path}` is outside the workspace; name a file below /workspace")]
    Outside {
        /// The name as it was given.
        path: String,
    },
    /// There is something by this name that cannot be used like this.
    #[error("`{path}` is {found}, not a regular file")]
    NotAFile {
        /// The name as it was given.
        path: String,
        /// What it is.
        found: &'static str,
    },
    /// The file holds something else than UTF-8 text.
    #[error("`{path}` is binary and cannot be shown as text; download it instead")]
    NotText {
        /// The name as it was given.
        path: String,
    },
    /// The file is too large to be shown.
    #[error("`{path}` has more than the {limit} bytes that can be shown; download it instead")]
    TooLarge {
        /// The name as it was given.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// What was sent breaks a rule; the text says which one.
    #[error("{reason}")]
    Refused {
        /// The rule and how it was broken.
        reason: String,
    },
    /// The operating system refused.
    #[error("failed to {tried} `{path}`")]
    Io {
        /// What was tried.
        tried: &'static str,
        /// The name it was tried on.
        path: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl WorkspaceError {
    /// Sorts an error of the operating system by what the caller can do about it.
    pub(crate) fn of(tried: &'static str, path: &str, source: io::Error) -> Self {
        use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};

        const ELOOP: i32 = 40;
        let path = path.to_owned();
        // cap-std reports a path that leads out as its own error, without a code of the system.
        let leads_out =
            source.kind() == io::ErrorKind::PermissionDenied && source.raw_os_error().is_none();
        if leads_out {
            Self::Outside { path }
        } else if matches!(source.kind(), NotFound | NotADirectory | InvalidInput | InvalidFilename)
            || source.raw_os_error() == Some(ELOOP)
        {
            Self::Missing { path }
        } else {
            Self::Io { tried, path, source }
        }
    }

    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }
}
