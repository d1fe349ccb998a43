use bollard::errors::Error as ApiError;

/// Why there is no container.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// Nobody answers, or nobody of this kind.
    #[error(
        "the container engine at `{address}` does not answer ({reason}); start Docker, or set DOCKER_HOST to its socket, and see that the user of this server may open it"
    )]
    Unreachable {
        /// Address of the engine.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The image is not there and cannot be had.
    #[error(
        "the image `{image}` is not on this machine and could not be pulled ({reason}); pull it by hand, or name another one in sandbox.base_container_image"
    )]
    Image {
        /// Name of the image.
        image: String,
        /// What happened.
        reason: String,
    },
    /// Our program does not run in the image.
    #[error("the program of this server does not run in the image `{image}` ({reason}); {hint}")]
    Program {
        /// Name of the image.
        image: String,
        /// What happened.
        reason: String,
        /// What would help.
        hint: String,
    },
    /// Somebody else's container has the name.
    #[error(
        "there is a container `{name}` that this server did not make; remove or rename it, and try again"
    )]
    NameTaken {
        /// Name of the container.
        name: String,
    },
    /// A setting that a container cannot keep.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The engine refused something else.
    #[error("failed to {step} `{name}`: {reason}")]
    Refused {
        /// What we tried.
        step: &'static str,
        /// Name of the container.
        name: String,
        /// What the engine said.
        reason: String,
    },
}

/// Returns the status that the engine refused a request with.
pub(super) fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Returns the error in a line, with its causes.
pub(super) fn reason(error: &ApiError) -> String {
    if let ApiError::DockerResponseServerError { message, .. } = error {
        return message.trim().to_owned();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
