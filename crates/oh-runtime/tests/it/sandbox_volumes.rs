//! More directories than the workspace.

use oh_runtime::{SandboxMode, SandboxPolicy, Volume, VolumeAccess};

use crate::sandbox::{MODES, Sandbox};

fn with_volume(
    mode: SandboxMode,
    policy: SandboxPolicy,
    access: VolumeAccess,
) -> (Sandbox, tempfile::TempDir) {
    let host = tempfile::tempdir().unwrap();
    std::fs::write(host.path().join("file"), "old").unwrap();
    let volume =
        Volume { host: host.path().canonicalize().unwrap(), inside: "/data/set".into(), access };
    let sandbox = Sandbox::with(mode, |config| {
        config.policy = policy;
        config.volumes = vec![volume.clone()];
    });
    (sandbox, host)
}

#[tokio::test]
async fn volumes_are_read_and_written_as_their_mode_says() {
    use SandboxPolicy::{ReadOnly, WorkspaceWrite};
    use VolumeAccess::{Read, Write};

    for mode in MODES {
        for (policy, access, is_writable) in
            [(WorkspaceWrite, Read, false), (WorkspaceWrite, Write, true), (ReadOnly, Write, false)]
        {
            let (sandbox, host) = with_volume(mode, policy, access);
            let place = match mode {
                SandboxMode::Namespaces => "/data/set".to_owned(),
                SandboxMode::Landlock | SandboxMode::Unconfined => {
                    host.path().display().to_string()
                }
            };
            assert_eq!(sandbox.succeed(&format!("cat {place}/file")).await, "old", "{mode:?}");
            let observation = sandbox.run(&format!("echo new > {place}/file")).await;
            assert_eq!(
                observation.metadata.exit_code == 0,
                is_writable,
                "{mode:?} {observation:?}"
            );
            let now = std::fs::read_to_string(host.path().join("file")).unwrap();
            assert_eq!(now == "new\n", is_writable, "{mode:?} {policy:?} {access:?}");
        }
    }
}

#[tokio::test]
async fn what_is_changed_in_an_overlay_stays_in_the_conversation() {
    let (sandbox, host) =
        with_volume(SandboxMode::Namespaces, SandboxPolicy::WorkspaceWrite, VolumeAccess::Overlay);
    sandbox
        .succeed("echo new > /data/set/file; echo more > /data/set/other; rm -f /data/set/none")
        .await;
    assert_eq!(sandbox.succeed("cat /data/set/file /data/set/other").await, "new\nmore");
    assert_eq!(std::fs::read_to_string(host.path().join("file")).unwrap(), "old");
    assert!(!host.path().join("other").exists());
}
