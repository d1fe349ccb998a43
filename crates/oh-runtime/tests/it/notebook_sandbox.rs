//! Cells in a sandbox.

use oh_runtime::{NetworkPolicy, SandboxMode, Volume, VolumeAccess};

use crate::notebook::{Kind, cell, choose, kinds, rich_python};
use crate::sandbox::{MODES, Sandbox};

/// Reads what listens in the network that a cell is in, with the program that does.
const LISTENERS: &str = r#"
import glob, os
mine = set()
for name in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        if os.readlink(name).startswith("socket:"):
            mine.add(os.readlink(name)[8:-1])
    except OSError:
        pass
[line for kind in ("tcp", "tcp6") for line in open("/proc/self/net/" + kind) if line.split()[3] == "0A" and line.split()[9] in mine]
"#;

fn sandbox(mode: SandboxMode, kind: Kind, network: NetworkPolicy) -> Sandbox {
    Sandbox::with_local(
        mode,
        |config| {
            config.network = network;
            // It may be in a place that is hidden.
            if kind == Kind::Ipykernel {
                let python = rich_python().unwrap();
                let host = python.ancestors().nth(2).unwrap().to_owned();
                let inside = host.clone();
                config.volumes = vec![Volume { host, inside, access: VolumeAccess::Read }];
            }
        },
        |local| choose(kind, local),
    )
}

#[tokio::test]
async fn cells_are_confined_like_commands() {
    for mode in MODES {
        for kind in kinds() {
            let sandbox = sandbox(mode, kind, NetworkPolicy::On);
            let runtime = &sandbox.runtime;
            let workspace = sandbox.succeed("pwd").await;
            assert_eq!(cell(runtime, "import os\nprint(os.getcwd())").await, workspace, "{mode:?}");
            cell(runtime, "open('inside', 'w').write('yes')").await;
            assert_eq!(sandbox.succeed("cat inside").await, "yes", "{mode:?}");
            let outside = sandbox.directory.path().join("outside");
            let code = format!("open('{}', 'w').write('no')", outside.display());
            // There may be a directory of the same name inside.
            cell(runtime, &code).await;
            assert!(!outside.exists(), "{mode:?}");
            let text = cell(runtime, "open('/etc/hostname', 'w')").await;
            assert!(
                text.contains("[The sandbox refused access to /etc/hostname"),
                "{mode:?}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn the_notebook_needs_no_network_and_opens_none() {
    for mode in MODES {
        for kind in kinds() {
            let network = match mode {
                SandboxMode::Namespaces => NetworkPolicy::Off,
                SandboxMode::Landlock | SandboxMode::Unconfined => NetworkPolicy::On,
            };
            let sandbox = sandbox(mode, kind, network);
            let text = cell(&sandbox.runtime, LISTENERS).await;
            assert_eq!(text, "[]", "{mode:?} {kind:?}");
            assert_eq!(
                cell(&sandbox.runtime, "x = 1").await,
                "[Code executed successfully with no output]"
            );
            assert_eq!(cell(&sandbox.runtime, "x").await, "1");
        }
    }
}

#[tokio::test]
async fn a_stop_ends_the_notebook_inside() {
    for mode in MODES {
        for kind in kinds() {
            let sandbox = sandbox(mode, kind, NetworkPolicy::On);
            let runtime = &sandbox.runtime;
            cell(runtime, "x = 1").await;
            oh_runtime::Runtime::stop_processes(runtime).await;
            let text = cell(runtime, "x").await;
            assert!(text.starts_with("[This is a new kernel: "), "{mode:?}: {text}");
            assert!(text.contains("NameError"), "{mode:?}: {text}");
        }
    }
}
