//! `core.runtime`, and the keys of `[sandbox]` that are about containers.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use oh_runtime::{ContainerConfig, ContainerOnClose, Gpus, VolumeAccess};

use crate::config::ConfigError;
use crate::sandbox::SandboxSettings;
use crate::source::Source;

/// Keys that need a part of OpenHands which is not here.
const WITHOUT_EFFECT: [&str; 5] = [
    "docker_runtime_kwargs",
    "force_rebuild_runtime",
    "runtime_extra_build_args",
    "runtime_extra_deps",
    "selected_repo",
];

/// What runs commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeKind {
    /// A sandbox of this machine's kernel.
    Local,
    /// Containers.
    Docker,
}

pub(crate) fn runtime(s: &mut Source<'_>) -> Result<RuntimeKind, ConfigError> {
    let Some(name) = s.text("core", "runtime") else { return Ok(RuntimeKind::Local) };
    match name.as_str() {
        "local" | "process" => Ok(RuntimeKind::Local),
        "docker" | "eventstream" => Ok(RuntimeKind::Docker),
        "cli" => {
            s.warnings.push("[core] runtime \"cli\" is taken for \"local\"".to_owned());
            Ok(RuntimeKind::Local)
        }
        "remote" | "kubernetes" => Err(ConfigError::RuntimeNotHere { name }),
        _ => Err(ConfigError::UnknownRuntime { name }),
    }
}

pub(crate) fn read(s: &mut Source<'_>) -> ContainerConfig {
    let defaults = ContainerConfig::default();
    let base = s.text("sandbox", "base_container_image");
    let image = s.text("sandbox", "runtime_container_image").or(base);
    let is_kept = s.flag("sandbox", "keep_runtime_alive").unwrap_or(false);
    let is_removed = s.flag("sandbox", "rm_all_containers").unwrap_or(false);
    ContainerConfig {
        engine: s.variable("DOCKER_HOST").map_or(defaults.engine, str::to_owned),
        image: image.unwrap_or(defaults.image),
        platform: s.text("sandbox", "platform"),
        program: s.text("sandbox", "container_executor").map_or(defaults.program, PathBuf::from),
        user: s.integer("sandbox", "user_id").and_then(|id| u32::try_from(id).ok()),
        uses_host_network: s.flag("sandbox", "use_host_network").unwrap_or(false),
        additional_networks: s.list("sandbox", "additional_networks").unwrap_or_default(),
        binding_address: binding_address(s),
        gpus: gpus(s),
        on_close: match (is_removed, is_kept) {
            (true, _) => ContainerOnClose::Remove,
            (false, true) => ContainerOnClose::Keep,
            (false, false) => ContainerOnClose::Stop,
        },
        ..ContainerConfig::default()
    }
}

/// Returns how containers are made, given everything else about commands.
pub(crate) fn complete(container: ContainerConfig, settings: &SandboxSettings) -> ContainerConfig {
    ContainerConfig {
        policy: settings.policy,
        network: settings.network.clone(),
        volumes: settings.volumes.clone(),
        limits: settings.limits.clone(),
        ..container
    }
}

/// Says which settings have no effect on containers.
pub(crate) fn warn(s: &mut Source<'_>, settings: &SandboxSettings) {
    for key in WITHOUT_EFFECT {
        if s.is_set("sandbox", key) {
            s.warnings.push(format!("[sandbox] {key} has no effect on containers here"));
        }
    }
    for volume in &settings.volumes {
        if volume.access == VolumeAccess::Overlay {
            s.warnings.push(format!(
                "[sandbox] volumes: `{}` cannot be an overlay of a container; it is read-only",
                volume.inside.display()
            ));
        }
    }
    if settings.protect_repository && crate::sandbox::workspace(s).is_some() {
        s.warnings.push(
            "[sandbox] protect_repository has no effect on containers: commands can change .git/hooks and .git/config of the workspace".to_owned(),
        );
    }
}

fn binding_address(s: &mut Source<'_>) -> IpAddr {
    let default = IpAddr::from(Ipv4Addr::LOCALHOST);
    let Some(text) = s.text("sandbox", "runtime_binding_address") else { return default };
    text.parse().unwrap_or_else(|_| {
        s.warnings.push(format!(
            "[sandbox] runtime_binding_address: `{text}` is not an IP address; {default} is used"
        ));
        default
    })
}

fn gpus(s: &mut Source<'_>) -> Gpus {
    let listed = s.text("sandbox", "cuda_visible_devices");
    match (s.flag("sandbox", "enable_gpu").unwrap_or(false), listed) {
        (false, _) => Gpus::None,
        (true, None) => Gpus::All,
        (true, Some(ids)) => Gpus::Listed(crate::values::parse_list(&ids)),
    }
}
