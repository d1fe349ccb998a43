//! What a sandbox is to be like, as the server tells it to the process that builds it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::landlock;
use crate::processes::Reach;

/// Where the workspace is seen in a sandbox of its own file system.
pub(crate) const WORKSPACE: &str = "/workspace";
/// Where our own program is seen there.
pub(crate) const PROGRAM: &str = "/run/openhands/openhands";

/// By what means commands are confined, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxMode {
    /// Namespaces of their own, Landlock and seccomp.
    Namespaces,
    /// Landlock and seccomp.
    Landlock,
    /// Nothing. Processes are still found and ended.
    Unconfined,
}

impl SandboxMode {
    /// Returns the name that people read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces+landlock+seccomp",
            Self::Landlock => "landlock+seccomp",
            Self::Unconfined => "none",
        }
    }
}

/// What commands may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxPolicy {
    /// Nothing but their private `HOME` and temporary files.
    ReadOnly,
    /// The workspace, and what a read-only sandbox may.
    #[default]
    WorkspaceWrite,
    /// Everything that the user of the server may: there is no sandbox.
    FullAccess,
}

impl SandboxPolicy {
    /// Returns the policy with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ReadOnly, Self::WorkspaceWrite, Self::FullAccess]
            .into_iter()
            .find(|policy| policy.name() == name)
    }

    /// Returns the name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::FullAccess => "full-access",
        }
    }
}

/// Whom commands may talk to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkPolicy {
    /// Everybody, through the network of this machine.
    #[default]
    On,
    /// These hosts by HTTP and HTTPS, through a proxy; `*.example.org` means its subdomains.
    AllowList(Vec<String>),
    /// Nobody but themselves.
    Off,
}

impl NetworkPolicy {
    /// Returns the name in the configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::On => "on",
            Self::AllowList(_) => "allow-list",
            Self::Off => "off",
        }
    }
}

/// A directory of this machine that commands see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// The directory on this machine.
    pub host: PathBuf,
    /// Where commands see it.
    pub inside: PathBuf,
    /// What they may do there.
    pub access: VolumeAccess,
}

/// What commands may do in a [`Volume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeAccess {
    /// `ro`.
    Read,
    /// `rw`.
    Write,
    /// `overlay`: changes are kept in the session directory.
    Overlay,
}

/// How much commands may use. A limit of 0 means none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Bytes of memory of all processes together.
    pub memory_bytes: u64,
    /// Processes and threads.
    pub processes: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Bytes that stay free on the disk of the workspace.
    pub disk_reserve_bytes: u64,
}

impl Default for ResourceLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 0,
            processes: 4096,
            open_files: 65_536,
            disk_reserve_bytes: 256 * 1024 * 1024,
        }
    }
}

/// Everything that is needed to build one sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) mode: SandboxMode,
    pub(crate) policy: SandboxPolicy,
    pub(crate) network: NetworkPolicy,
    /// Whether the processes have a network of their own, with nothing but a loopback.
    pub(crate) has_private_network: bool,
    pub(crate) workspace: PathBuf,
    pub(crate) session_dir: PathBuf,
    /// The home of the server's user.
    pub(crate) home: Option<PathBuf>,
    /// Directories and files that nobody inside sees.
    pub(crate) masked: Vec<PathBuf>,
    /// Directories below masked ones that are seen all the same, but not written.
    pub(crate) exposed: Vec<PathBuf>,
    pub(crate) volumes: Vec<Volume>,
    /// Parts of the workspace that cannot be written.
    pub(crate) protected: Vec<PathBuf>,
    pub(crate) limits: ResourceLimits,
}

impl Plan {
    /// Returns the directory commands work in, as they see it.
    pub(crate) fn workspace_inside(&self) -> &Path {
        match self.mode {
            SandboxMode::Namespaces => Path::new(WORKSPACE),
            SandboxMode::Landlock | SandboxMode::Unconfined => &self.workspace,
        }
    }

    /// Returns the home of commands, as they see it.
    pub(crate) fn home_inside(&self) -> PathBuf {
        match (self.mode, &self.home) {
            (SandboxMode::Namespaces, Some(home)) => home.clone(),
            (SandboxMode::Namespaces | SandboxMode::Landlock | SandboxMode::Unconfined, _) => {
                self.private_home()
            }
        }
    }

    /// Returns the directory for temporary files, as commands see it.
    pub(crate) fn temporary_inside(&self) -> PathBuf {
        match self.mode {
            SandboxMode::Namespaces => PathBuf::from("/tmp"),
            SandboxMode::Landlock | SandboxMode::Unconfined => self.private_temporary(),
        }
    }

    pub(crate) fn private_home(&self) -> PathBuf {
        self.session_dir.join("home")
    }

    pub(crate) fn private_temporary(&self) -> PathBuf {
        self.session_dir.join("tmp")
    }

    /// Returns where the shell and its supervisor exchange files; commands may write there.
    pub(crate) fn shell_dir(&self) -> PathBuf {
        shell_dir(&self.session_dir)
    }

    /// Returns where commands may write.
    pub(crate) fn writable_inside(&self) -> Vec<PathBuf> {
        let workspace = match self.policy {
            SandboxPolicy::ReadOnly => None,
            SandboxPolicy::WorkspaceWrite | SandboxPolicy::FullAccess => {
                Some(self.workspace_inside().to_owned())
            }
        };
        let volumes = self.volumes.iter().filter(|volume| match volume.access {
            VolumeAccess::Read => false,
            VolumeAccess::Write => self.policy != SandboxPolicy::ReadOnly,
            VolumeAccess::Overlay => true,
        });
        let volumes = volumes.map(|volume| volume.inside.clone());
        let own = [self.home_inside(), self.temporary_inside()];
        workspace.into_iter().chain(own).chain(volumes).collect()
    }

    /// Says whether a proxy leads out of the private network.
    pub(crate) fn has_relays(&self) -> bool {
        self.has_private_network && matches!(self.network, NetworkPolicy::AllowList(_))
    }

    /// Returns the socket at which the server lets out what is allowed.
    pub(crate) fn proxy_socket(&self) -> PathBuf {
        self.session_dir.join("proxy")
    }

    /// Returns the socket through which the server reaches ports inside.
    pub(crate) fn ports_socket(&self) -> PathBuf {
        self.session_dir.join("ports")
    }

    /// Says whom signals of the supervisor reach.
    pub(crate) fn reach(&self) -> Reach {
        match self.mode {
            SandboxMode::Namespaces => Reach::Descendants,
            // The first process of a namespace of processes, such as a container's.
            SandboxMode::Unconfined if std::process::id() == 1 => Reach::Descendants,
            SandboxMode::Landlock if landlock::scopes_signals() => Reach::Descendants,
            SandboxMode::Landlock | SandboxMode::Unconfined => Reach::User,
        }
    }

    pub(crate) fn program_inside(&self) -> PathBuf {
        match self.mode {
            SandboxMode::Namespaces => PathBuf::from(PROGRAM),
            SandboxMode::Landlock | SandboxMode::Unconfined => PathBuf::from("/proc/self/exe"),
        }
    }
}

/// Returns where the shell and its supervisor exchange files.
pub(crate) fn shell_dir(session_dir: &Path) -> PathBuf {
    session_dir.join("shell")
}
