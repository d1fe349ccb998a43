//! What takes too much is ended; the conversation and the machine go on.

use std::time::Duration;

use oh_runtime::{Runtime, SandboxMode};

use crate::sandbox::{MODES, Sandbox};
use crate::support::eventually;

/// These tests take all there is, one after the other.
static MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const PATIENCE: Duration = Duration::from_secs(20);

fn processes() -> usize {
    std::fs::read_dir("/proc").unwrap().count()
}

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn a_fork_bomb_ends_with_stop_and_the_machine_goes_on() {
    let _machine = MACHINE.lock().await;
    for mode in MODES {
        let sandbox = Sandbox::with(mode, |config| config.limits.processes = 300);
        let before = processes();
        sandbox.run_for(":(){ :|:& };:", Duration::from_secs(2)).await;
        // Where only Landlock confines root, the guard may have ended it before it is seen here.
        if mode == SandboxMode::Namespaces {
            eventually(PATIENCE, "the bomb goes off", || processes() > before + 200).await;
        }
        // Outside there is room for processes.
        let status = tokio::process::Command::new("true").status().await.unwrap();
        assert!(status.success());
        sandbox.runtime.stop_processes().await;
        assert_eq!(sandbox.succeed("echo alive").await, "alive", "{mode:?}");
        let left = sandbox.succeed("ps -eo comm | grep -c '^bash' || :").await;
        if mode == SandboxMode::Namespaces {
            assert!(left.trim().parse::<u32>().unwrap() < 5, "{left}");
        }
    }
}

#[tokio::test]
async fn who_uses_too_much_memory_is_named_and_killed() {
    let _machine = MACHINE.lock().await;
    for mode in MODES {
        let sandbox = Sandbox::with(mode, |config| config.limits.memory_bytes = 200 * MIB);
        let observation = sandbox
            .run("python3 -c 'import time; x = bytearray(400 * 1024 * 1024); time.sleep(30)'")
            .await;
        assert_eq!(observation.metadata.exit_code, 137, "{mode:?}: {observation:?}");
        let suffix = &observation.metadata.suffix;
        assert!(suffix.contains("(python3") || suffix.contains("(python"), "{suffix}");
        assert!(suffix.contains("more than 200 MiB of memory"), "{suffix}");
        assert_eq!(sandbox.succeed("echo alive").await, "alive", "{mode:?}");
    }
}

#[tokio::test]
async fn files_and_disk_run_out_for_the_command_alone() {
    let _machine = MACHINE.lock().await;
    for mode in MODES {
        let free = {
            let disk = rustix::fs::statvfs(std::env::temp_dir()).unwrap();
            disk.f_bavail * disk.f_frsize
        };
        let sandbox = Sandbox::with(mode, |config| {
            config.limits.open_files = 128;
            config.limits.disk_reserve_bytes = free.saturating_sub(64 * MIB);
        });
        let script = "import os\nfiles = []\ntry:\n    while True: files.append(open('/dev/null'))\nexcept OSError as e: print(e.errno, len(files) < 128)";
        std::fs::write(sandbox.directory.path().join("workspace/files.py"), script).unwrap();
        assert_eq!(sandbox.succeed("python3 files.py").await, "24 True", "{mode:?}");
        let observation =
            sandbox.run("while head -c 1000000 /dev/zero; do sleep 0.01; done > big").await;
        assert_eq!(observation.metadata.exit_code, 137, "{mode:?}: {observation:?}");
        assert!(observation.metadata.suffix.contains("left on the disk"), "{observation:?}");
        assert_eq!(sandbox.succeed("rm big; echo alive").await, "alive", "{mode:?}");
    }
}

#[tokio::test]
async fn a_gibibyte_of_output_costs_bounded_memory() {
    let _machine = MACHINE.lock().await;
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let supervisor = sandbox.succeed("cat /proc/$PPID/status | grep VmRSS").await;
        println!("before: {supervisor}");
        let observation =
            sandbox.run("head -c 1073741824 /dev/zero | tr '\\0' x; echo; echo end").await;
        assert_eq!(observation.metadata.exit_code, 0, "{mode:?}");
        assert!(observation.content.ends_with("end") && observation.content.len() < 100_000);
        let memory = sandbox.succeed("awk '/VmHWM/ {print $2}' /proc/$PPID/status").await;
        let kilobytes: u64 = memory.trim().parse().unwrap();
        assert!(kilobytes < 64 * 1024, "{mode:?}: the supervisor used {kilobytes} KiB");
        let spool = sandbox.directory.path().join("session/output");
        let bytes: u64 =
            std::fs::read_dir(spool).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!((100 * MIB..=300 * MIB).contains(&bytes), "{mode:?}: {bytes}");
    }
}
