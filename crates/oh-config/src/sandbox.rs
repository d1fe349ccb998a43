//! `[sandbox]`: where commands run and what they may do there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use oh_runtime::{
    ContainerConfig, HostTools, NetworkPolicy, Places, ResourceLimits, SandboxMode, SandboxPolicy,
    Volume, VolumeAccess,
};

use crate::config::{ConfigError, Environment, seconds};
use crate::container::{self, RuntimeKind};
use crate::lifecycle::with_valid_names;
use crate::source::Source;

const MIB: u64 = 1024 * 1024;
/// How many processes commands may have unless the configuration says otherwise.
const PROCESSES_PER_CORE: u64 = 512;
const LEAST_PROCESSES: u64 = 1024;
const MOST_PROCESSES: u64 = 4096;
/// Least memory that commands get unless the configuration says otherwise.
const LEAST_MEMORY: u64 = 1024 * MIB;
const WORKSPACE: &str = "/workspace";

/// Where commands run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSettings {
    /// What runs commands.
    pub runtime: RuntimeKind,
    /// How containers are made, if they do.
    pub container: ContainerConfig,
    /// Time after which a command is reported as still running.
    pub timeout: Duration,
    /// Time without output after which a command is reported as still running.
    pub soft_timeout: Duration,
    /// Variables that commands see.
    pub environment: Vec<(String, String)>,
    /// What commands may know of the server's own environment.
    pub host: HostTools,
    /// The home of the server's user.
    pub home: Option<PathBuf>,
    /// What commands may change.
    pub policy: SandboxPolicy,
    /// Whom they may talk to.
    pub network: NetworkPolicy,
    /// By what means they are confined, instead of the strongest that works.
    pub mode: Option<SandboxMode>,
    /// Run commands unconfined where nothing works.
    pub allow_unsandboxed: bool,
    /// Keep commands from changing hooks and settings of a repository that is the workspace of all.
    pub protect_repository: bool,
    /// More directories that they see.
    pub volumes: Vec<Volume>,
    /// The browser of agents, by name or path, instead of the Chromium that is found.
    pub chromium_path: Option<String>,
    /// How much they may use.
    pub limits: ResourceLimits,
}

impl SandboxSettings {
    /// Finds what of this machine is hidden from commands.
    #[must_use]
    pub fn places(&self, data_dir: &Path) -> Places {
        Places::of_this_machine(self.home.as_deref(), self.host.path.as_deref(), Some(data_dir))
    }
}

pub(crate) fn read(s: &mut Source<'_>, all: &Environment) -> Result<SandboxSettings, ConfigError> {
    let mut environment = s.table("sandbox", "runtime_startup_env_vars").unwrap_or_default();
    environment.extend(s.exported_variables());
    let environment = with_valid_names(s, environment);
    let home = all.get("HOME").map(PathBuf::from);
    let settings = SandboxSettings {
        runtime: container::runtime(s)?,
        container: container::read(s),
        timeout: seconds(s, "sandbox", "timeout", 120),
        soft_timeout: seconds(s, "sandbox", "soft_timeout", 10),
        environment,
        host: host_tools(all),
        policy: policy(s),
        network: network(s),
        mode: mode(s),
        allow_unsandboxed: s.flag("sandbox", "allow_unsandboxed").unwrap_or(false),
        protect_repository: s.flag("sandbox", "protect_repository").unwrap_or(true),
        chromium_path: s.text("sandbox", "chromium_path").filter(|path| !path.trim().is_empty()),
        volumes: volumes(s, home.as_deref()),
        limits: limits(s),
        home,
    };
    if settings.runtime == RuntimeKind::Docker {
        container::warn(s, &settings);
    }
    let container = container::complete(settings.container.clone(), &settings);
    Ok(SandboxSettings { container, ..settings })
}

/// The directory that is the workspace of all conversations, if there is one.
pub(crate) fn workspace(s: &mut Source<'_>) -> Option<PathBuf> {
    let text = s.text("sandbox", "volumes").unwrap_or_default();
    let mounted = text.split(',').find_map(|volume| {
        let mut parts = volume.trim().split(':');
        let host = parts.next()?;
        (parts.next()? == WORKSPACE).then(|| PathBuf::from(host))
    });
    mounted.or_else(|| s.text("core", "workspace_base").map(PathBuf::from))
}

fn policy(s: &mut Source<'_>) -> SandboxPolicy {
    let Some(name) = s.text("sandbox", "policy") else { return SandboxPolicy::default() };
    SandboxPolicy::from_name(&name).unwrap_or_else(|| {
        s.warnings.push(format!(
            "[sandbox] policy must be \"read-only\", \"workspace-write\" or \"full-access\", not \"{name}\"; \"read-only\" is used"
        ));
        SandboxPolicy::ReadOnly
    })
}

fn network(s: &mut Source<'_>) -> NetworkPolicy {
    let hosts = s.list("sandbox", "allowed_hosts").unwrap_or_default();
    match s.text("sandbox", "network").as_deref() {
        // OpenHands' own key: without the network of the host, web servers are reached by proxy.
        None if s.flag("sandbox", "use_host_network") == Some(false) => {
            NetworkPolicy::AllowList(vec!["*".to_owned()])
        }
        None | Some("on") => NetworkPolicy::On,
        Some("off") => NetworkPolicy::Off,
        Some("allow-list") => NetworkPolicy::AllowList(hosts),
        Some(other) => {
            s.warnings.push(format!(
                "[sandbox] network must be \"on\", \"allow-list\" or \"off\", not \"{other}\"; \"off\" is used"
            ));
            NetworkPolicy::Off
        }
    }
}

fn mode(s: &mut Source<'_>) -> Option<SandboxMode> {
    match s.text("sandbox", "mode").as_deref() {
        None | Some("auto") => None,
        Some("namespaces") => Some(SandboxMode::Namespaces),
        Some("landlock") => Some(SandboxMode::Landlock),
        Some(other) => {
            s.warnings.push(format!(
                "[sandbox] mode must be \"auto\", \"namespaces\" or \"landlock\", not \"{other}\"; \"auto\" is used"
            ));
            None
        }
    }
}

fn limits(s: &mut Source<'_>) -> ResourceLimits {
    let defaults = ResourceLimits::default();
    let memory = s.integer("sandbox", "memory_limit_mb").filter(|limit| *limit > 0);
    let processes = s.integer("sandbox", "process_limit").filter(|limit| *limit > 0);
    ResourceLimits {
        memory_bytes: memory.map_or_else(half_of_memory, |limit| limit.saturating_mul(MIB)),
        processes: processes.unwrap_or_else(share_of_processes),
        open_files: s.integer("sandbox", "open_files_limit").unwrap_or(defaults.open_files),
        disk_reserve_bytes: s
            .integer("sandbox", "disk_reserve_mb")
            .map_or(defaults.disk_reserve_bytes, |reserve| reserve.saturating_mul(MIB)),
    }
}

/// As many processes as this machine can have at work and still answer others in time.
fn share_of_processes() -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    (cores * PROCESSES_PER_CORE).clamp(LEAST_PROCESSES, MOST_PROCESSES)
}

/// Half of this machine's memory, in bytes.
fn half_of_memory() -> u64 {
    (machine_memory() / 2).max(LEAST_MEMORY)
}

/// This machine's memory, in bytes; 0 if it does not say.
pub(crate) fn machine_memory() -> u64 {
    let table = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = table.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    total.unwrap_or(0).saturating_mul(1024)
}

/// The pairs of `volumes` other than the workspace's.
fn volumes(s: &mut Source<'_>, home: Option<&Path>) -> Vec<Volume> {
    let text = s.text("sandbox", "volumes").unwrap_or_default();
    let mut volumes = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match volume(entry, home) {
            Ok(Some(volume)) => volumes.push(volume),
            Ok(None) => {}
            Err(problem) => {
                s.warnings.push(format!("[sandbox] volumes: `{entry}` {problem}; it is ignored"));
            }
        }
    }
    volumes
}

fn volume(entry: &str, home: Option<&Path>) -> Result<Option<Volume>, &'static str> {
    let parts: Vec<&str> = entry.split(':').collect();
    let (host, inside, access) = match parts.as_slice() {
        [host, inside] => (*host, *inside, "rw"),
        [host, inside, access] => (*host, *inside, *access),
        _ => return Err("must be host:inside or host:inside:mode"),
    };
    let access = match access {
        "rw" => VolumeAccess::Write,
        "ro" => VolumeAccess::Read,
        "overlay" => VolumeAccess::Overlay,
        _ => return Err("must have the mode rw, ro or overlay"),
    };
    if inside == WORKSPACE {
        return Ok(None);
    }
    let (host, inside) = (PathBuf::from(host), PathBuf::from(inside));
    if !host.is_absolute() || host.starts_with("volume:") {
        return Err("names a volume of Docker, which this runtime does not have");
    }
    let real = host.canonicalize().map_err(|_| "does not exist on this machine")?;
    if real.parent().is_none()
        || home.and_then(|home| home.canonicalize().ok()) == Some(real.clone())
    {
        return Err("would show everything of this machine or of its user");
    }
    if !inside.is_absolute() || inside.parent().is_none() {
        return Err("must name an absolute path inside");
    }
    Ok(Some(Volume { host: real, inside, access }))
}

/// Where commands find the tools of this machine.
fn host_tools(environment: &Environment) -> HostTools {
    let home = environment.get("HOME").map(PathBuf::from);
    let tool_home = |name: &str, folder: &str| {
        let default = || home.as_ref().map(|home| home.join(folder)).filter(|path| path.is_dir());
        environment.get(name).map(PathBuf::from).or_else(default)
    };
    HostTools {
        path: environment.get("PATH").map(Into::into),
        lang: environment.get("LANG").map(Into::into),
        temporary_dir: environment.get("TMPDIR").map(PathBuf::from),
        cargo_home: tool_home("CARGO_HOME", ".cargo"),
        rustup_home: tool_home("RUSTUP_HOME", ".rustup"),
    }
}
