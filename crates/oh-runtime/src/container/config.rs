//! How containers are made.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::sandbox::{NetworkPolicy, ResourceLimits, SandboxPolicy, Volume};

/// How the containers of a server are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerConfig {
    /// Address of the engine as in `DOCKER_HOST`.
    pub engine: String,
    /// What the container is made from.
    pub image: String,
    /// A platform such as `linux/amd64`, instead of the engine's own.
    pub platform: Option<String>,
    /// A program that calls [`sandbox_main`](crate::sandbox_main) first; it is copied into containers.
    pub program: PathBuf,
    /// As whom commands run, instead of the user of this process.
    pub user: Option<u32>,
    /// What may be changed of the workspace and the volumes.
    pub policy: SandboxPolicy,
    /// Who may be talked to.
    pub network: NetworkPolicy,
    /// Use the network of this machine instead of one of Docker's.
    pub uses_host_network: bool,
    /// Networks of Docker to connect to besides.
    pub additional_networks: Vec<String>,
    /// Where ports of the container are published.
    pub binding_address: IpAddr,
    /// More directories.
    pub volumes: Vec<Volume>,
    /// Directories and files of this machine that are hidden where they lie in a shared directory.
    pub masked: Vec<PathBuf>,
    /// How much may be used.
    pub limits: ResourceLimits,
    /// Which graphics cards may be used.
    pub gpus: Gpus,
    /// What becomes of a container when its runtime is closed.
    pub on_close: ContainerOnClose,
}

/// Graphics cards of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Gpus {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// Those with these ids.
    Listed(Vec<String>),
}

/// What becomes of a container when its runtime is closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContainerOnClose {
    /// It is stopped, and started again with the conversation.
    #[default]
    Stop,
    /// It runs on until this process ends.
    Keep,
    /// It is removed.
    Remove,
}

impl ContainerConfig {
    /// Where Docker listens unless it is told otherwise.
    pub const DEFAULT_ENGINE: &str = "unix:///var/run/docker.sock";
    /// The image of a container unless another one is named.
    pub const DEFAULT_IMAGE: &str = "nikolaik/python-nodejs:python3.12-nodejs22";
}

impl Default for ContainerConfig {
    fn default() -> Self {
        Self {
            engine: Self::DEFAULT_ENGINE.to_owned(),
            image: Self::DEFAULT_IMAGE.to_owned(),
            platform: None,
            program: "/proc/self/exe".into(),
            user: None,
            policy: SandboxPolicy::default(),
            network: NetworkPolicy::default(),
            uses_host_network: false,
            additional_networks: Vec::new(),
            binding_address: Ipv4Addr::LOCALHOST.into(),
            volumes: Vec::new(),
            masked: Vec::new(),
            limits: ResourceLimits::default(),
            gpus: Gpus::None,
            on_close: ContainerOnClose::Stop,
        }
    }
}
