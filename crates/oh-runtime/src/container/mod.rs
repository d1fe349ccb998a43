//! Actions in a container, through the API of Docker.
//!
//! [`Containers`] knows the engine and how containers are made; [`ContainerRuntime`] is one of them.
//! Our own program is copied into the container and is its main process: it serves the same requests
//! as the supervisor of a sandbox, over the standard input and output that the engine attaches us to.
//! When that connection ends, whoever ended it, the main process ends, and with it the container.

mod archive;
mod attachment;
mod body;
mod config;
mod containers;
mod engine;
mod error;
mod image;
mod runtime;

pub use config::{ContainerConfig, ContainerOnClose, Gpus};
pub use containers::Containers;
pub use error::ContainerError;
pub use runtime::ContainerRuntime;
