//! What this machine offers to confine commands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::landlock;
use super::launch::start;
use super::places::Places;
use super::plan::{NetworkPolicy, Plan, ResourceLimits, SandboxMode, SandboxPolicy};

const TRIAL_TIME: Duration = Duration::from_secs(20);

/// What was found out about this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxReport {
    /// What works, strongest first; a self-test from inside has passed.
    pub modes: Vec<SandboxMode>,
    /// Each means by itself.
    pub layers: Vec<Layer>,
}

/// One means to confine commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// What was found.
    pub finding: String,
    /// How to get it, if it is missing.
    pub fix: Option<&'static str>,
}

impl SandboxReport {
    /// Returns the strongest mode that works.
    #[must_use]
    pub fn strongest(&self) -> Option<SandboxMode> {
        self.modes.first().copied()
    }

    /// Says which layers are missing and what helps.
    #[must_use]
    pub fn problems(&self) -> String {
        let missing = self.layers.iter().filter_map(|layer| {
            Some(format!("{}: {} (fix: {})", layer.name, layer.finding, layer.fix?))
        });
        missing.collect::<Vec<_>>().join("; ")
    }
}

const NAMESPACES_FIX: &str = "allow unprivileged user namespaces: `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, `sysctl -w kernel.unprivileged_userns_clone=1` on older Debian, `sysctl -w user.max_user_namespaces=15000` elsewhere; in a container start it with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`";
const LANDLOCK_FIX: &str = "use a kernel of 5.13 or newer with Landlock switched on: add `landlock` to the `lsm=` kernel parameter";
const SECCOMP_FIX: &str = "use a kernel with CONFIG_SECCOMP_FILTER";

/// Tries out each mode with `program`, in a directory below `scratch`.
///
/// # Errors
/// Fails if the directory cannot be made.
pub async fn probe(
    program: &Path,
    scratch: &Path,
    places: &Places,
) -> std::io::Result<SandboxReport> {
    let version = landlock::version();
    let mut modes = Vec::new();
    let mut namespaces = Ok(());
    for mode in [SandboxMode::Namespaces, SandboxMode::Landlock] {
        let result = try_mode(program, scratch, places, mode).await?;
        if result.is_ok() {
            modes.push(mode);
        }
        if mode == SandboxMode::Namespaces {
            namespaces = result;
        }
    }
    let seccomp = std::fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail");
    let has_seccomp = seccomp.is_ok_and(|actions| actions.contains("errno"));
    let layers = vec![
        Layer {
            name: "namespaces",
            finding: match &namespaces {
                Ok(()) => "work".to_owned(),
                Err(reason) => reason.clone(),
            },
            fix: namespaces.is_err().then_some(NAMESPACES_FIX),
        },
        Layer {
            name: "landlock",
            finding: version.map_or_else(
                || "not in this kernel".to_owned(),
                |version| format!("version {version}"),
            ),
            fix: version.is_none().then_some(LANDLOCK_FIX),
        },
        Layer {
            name: "seccomp",
            finding: if has_seccomp { "works" } else { "not in this kernel" }.to_owned(),
            fix: (!has_seccomp).then_some(SECCOMP_FIX),
        },
    ];
    Ok(SandboxReport { modes, layers })
}

/// Builds a sandbox and has it try to get out of itself.
async fn try_mode(
    program: &Path,
    scratch: &Path,
    places: &Places,
    mode: SandboxMode,
) -> std::io::Result<Result<(), String>> {
    let session_dir = scratch.join(mode.name());
    for part in ["home", "tmp", "shell", "workspace"] {
        std::fs::create_dir_all(session_dir.join(part))?;
    }
    let session_dir: PathBuf = session_dir.canonicalize()?;
    let plan = Plan {
        mode,
        policy: SandboxPolicy::WorkspaceWrite,
        network: NetworkPolicy::On,
        has_private_network: false,
        workspace: session_dir.join("workspace"),
        home: places.home.clone(),
        masked: places.masked.clone(),
        exposed: places.exposed.clone(),
        volumes: Vec::new(),
        protected: Vec::new(),
        limits: ResourceLimits::default(),
        session_dir: session_dir.clone(),
    };
    let trial = async {
        let mut started = start(program, &plan, "try", "probe").await?;
        let mut reason = String::new();
        if let Some(stderr) = started.child.stderr.take() {
            stderr.take(4096).read_to_string(&mut reason).await?;
        }
        let status = started.child.wait().await?;
        Ok::<_, std::io::Error>(if status.success() {
            Ok(())
        } else {
            Err(Some(reason.trim().to_owned())
                .filter(|reason| !reason.is_empty())
                .unwrap_or_else(|| format!("the trial ended with {status}")))
        })
    };
    let result = match tokio::time::timeout(TRIAL_TIME, trial).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the trial did not end".to_owned()),
    };
    let _ = std::fs::remove_dir_all(&session_dir);
    Ok(result)
}
