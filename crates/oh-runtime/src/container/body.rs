//! What we ask the engine for when a container is made.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, TcpListener};
use std::ops::Range;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, DeviceRequest, HostConfig, HostConfigLogConfig, Mount, MountType,
    PortBinding, ResourcesUlimits,
};

use super::config::{ContainerConfig, Gpus};
use crate::sandbox::{
    NetworkPolicy, ResourceLimits, SERVE_STDIO, SUBCOMMAND, SandboxPolicy, VolumeAccess, WORKSPACE,
};

/// Where our program is in a container.
pub(super) const PROGRAM: &str = "openhands/executor";
/// Where the session directory is in a container.
pub(super) const SESSION: &str = "/openhands/session";
/// Label with the name of the conversation: the container is ours.
pub(super) const CONVERSATION_LABEL: &str = "openhands.conversation";
/// Label that is different if the container was made in another way.
pub(super) const SETTINGS_LABEL: &str = "openhands.settings";
/// Label with the published ports.
pub(super) const PORTS_LABEL: &str = "openhands.ports";

/// Ports for servers that the agent starts.
const PORTS: [Range<u16>; 2] = [50_000..55_000, 55_000..60_000];
/// Threads of our program, which count as processes.
const OWN_THREADS: u64 = 32;

/// Everything about the container of one conversation but its ports.
#[derive(Debug, Clone)]
pub(super) struct Body {
    conversation: String,
    body: ContainerCreateBody,
    binding_address: IpAddr,
    publishes_ports: bool,
    /// Different if anything of the above is.
    pub(super) settings: String,
}

impl Body {
    pub(super) fn new(
        config: &ContainerConfig,
        conversation: &str,
        workspace: &Path,
        session_dir: &Path,
    ) -> Self {
        let network = match (&config.network, config.uses_host_network) {
            (NetworkPolicy::Off | NetworkPolicy::AllowList(_), _) => "none",
            (NetworkPolicy::On, true) => "host",
            (NetworkPolicy::On, false) => "bridge",
        };
        let host = HostConfig {
            mounts: Some(mounts(config, workspace, session_dir)),
            network_mode: Some(network.to_owned()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            privileged: Some(false),
            ipc_mode: Some("private".to_owned()),
            device_requests: gpus(&config.gpus),
            // What the main process writes are messages for us.
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            ..limits(&config.limits)
        };
        let body = ContainerCreateBody {
            image: Some(config.image.clone()),
            user: Some(user(config)),
            entrypoint: Some(vec![format!("/{PROGRAM}")]),
            cmd: Some(vec![SUBCOMMAND.to_owned(), SERVE_STDIO.to_owned()]),
            working_dir: Some(WORKSPACE.to_owned()),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            open_stdin: Some(true),
            // The input ends with our connection, and the main process with its input.
            stdin_once: Some(true),
            tty: Some(false),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        };
        let mut hasher = DefaultHasher::new();
        let known = (&config.platform, &config.additional_networks, config.binding_address);
        (serde_json::to_string(&body).unwrap_or_default(), known).hash(&mut hasher);
        Self {
            conversation: conversation.to_owned(),
            body,
            binding_address: config.binding_address,
            publishes_ports: network == "bridge",
            settings: format!("{:016x}", hasher.finish()),
        }
    }

    /// Returns what to ask for, with ports that are free now.
    pub(super) fn with_ports(&self) -> ContainerCreateBody {
        let ports =
            if self.publishes_ports { free_ports(self.binding_address) } else { Vec::new() };
        let mut body = self.body.clone();
        let binding = |port: &u16| PortBinding {
            host_ip: Some(self.binding_address.to_string()),
            host_port: Some(port.to_string()),
        };
        let numbers: Vec<String> = ports.iter().map(u16::to_string).collect();
        body.labels = Some(HashMap::from([
            (CONVERSATION_LABEL.to_owned(), self.conversation.clone()),
            (SETTINGS_LABEL.to_owned(), self.settings.clone()),
            (PORTS_LABEL.to_owned(), numbers.join(",")),
        ]));
        if !ports.is_empty() {
            body.exposed_ports = Some(ports.iter().map(|port| format!("{port}/tcp")).collect());
            let bindings =
                ports.iter().map(|port| (format!("{port}/tcp"), Some(vec![binding(port)])));
            body.host_config.get_or_insert_default().port_bindings = Some(bindings.collect());
        }
        body
    }
}

fn limits(limits: &ResourceLimits) -> HostConfig {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let some = |n: u64| (n > 0).then(|| number(n));
    HostConfig {
        memory: some(limits.memory_bytes),
        // No more than the memory: no swap.
        memory_swap: some(limits.memory_bytes),
        pids_limit: (limits.processes > 0).then(|| number(limits.processes + OWN_THREADS)),
        ulimits: some(limits.open_files).map(|n| {
            let name = Some("nofile".to_owned());
            vec![ResourcesUlimits { name, soft: Some(n), hard: Some(n) }]
        }),
        ..HostConfig::default()
    }
}

fn mounts(config: &ContainerConfig, workspace: &Path, session_dir: &Path) -> Vec<Mount> {
    let is_read_only = config.policy == SandboxPolicy::ReadOnly;
    let mut shared = vec![(workspace, Path::new(WORKSPACE), is_read_only)];
    shared.extend(config.volumes.iter().map(|volume| {
        // There is no overlay: nothing may be changed, rather than everything.
        let is_read_only = is_read_only || volume.access != VolumeAccess::Write;
        (volume.host.as_path(), volume.inside.as_path(), is_read_only)
    }));
    let mut mounts: Vec<Mount> = shared
        .iter()
        .map(|(host, inside, is_read_only)| bind(host, inside, *is_read_only))
        .chain([bind(session_dir, Path::new(SESSION), false)])
        .collect();
    for (host, inside, _) in shared {
        let hidden = config.masked.iter().filter_map(|masked| {
            let below = masked.strip_prefix(host).ok().filter(|rest| *rest != Path::new(""))?;
            Some(hide(masked, &inside.join(below)))
        });
        mounts.extend(hidden);
    }
    mounts
}

fn bind(host: &Path, inside: &Path, is_read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(host.display().to_string()),
        target: Some(inside.display().to_string()),
        read_only: Some(is_read_only),
        ..Mount::default()
    }
}

/// Puts something empty in the place of a directory or file.
fn hide(host: &Path, inside: &Path) -> Mount {
    if !host.is_dir() {
        return bind(Path::new("/dev/null"), inside, true);
    }
    Mount {
        typ: Some(MountType::TMPFS),
        target: Some(inside.display().to_string()),
        read_only: Some(true),
        ..Mount::default()
    }
}

/// Returns as whom commands run: whoever owns the workspace, because no capability helps them.
fn user(config: &ContainerConfig) -> String {
    match config.user {
        Some(user) => format!("{user}:{user}"),
        None => {
            let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
            format!("{}:{}", user.as_raw(), group.as_raw())
        }
    }
}

fn gpus(gpus: &Gpus) -> Option<Vec<DeviceRequest>> {
    let (count, device_ids) = match gpus {
        Gpus::None => return None,
        Gpus::All => (Some(-1), None),
        Gpus::Listed(ids) => (None, Some(ids.clone())),
    };
    let capabilities = Some(vec![vec!["gpu".to_owned()]]);
    Some(vec![DeviceRequest { count, device_ids, capabilities, ..DeviceRequest::default() }])
}

/// Returns a free port of each range, not the same for every conversation.
fn free_ports(address: IpAddr) -> Vec<u16> {
    let mut random = [0; 2];
    let _ = getrandom::fill(&mut random);
    let random = u16::from_le_bytes(random);
    PORTS
        .iter()
        .filter_map(|range| {
            let count = range.end - range.start;
            let mut candidates = (0..count).map(|n| range.start + ((random % count + n) % count));
            candidates.find(|port| TcpListener::bind((address, *port)).is_ok())
        })
        .collect()
}
