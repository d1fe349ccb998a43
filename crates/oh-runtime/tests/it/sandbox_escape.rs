//! What must not work from inside, tried in each mode that this machine offers.

use std::path::PathBuf;
use std::time::Duration;

use oh_event::{Action, Observation, ReadAction, ReadImplSource, SecurityRisk, WriteAction};
use oh_runtime::{NetworkPolicy, Runtime, SandboxMode, SandboxPolicy};

use crate::sandbox::{MODES, PROGRAM, Sandbox};
use crate::support::{eventually, is_running, sleeper};

fn path_of(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.directory.path().join(name)
}

#[tokio::test]
async fn nothing_is_written_outside_the_workspace() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let outside = path_of(&sandbox, "canary");
        std::fs::write(&outside, "safe").unwrap();
        std::os::unix::fs::symlink(&outside, path_of(&sandbox, "workspace/link")).unwrap();
        for command in [
            format!("echo broken > {}", outside.display()),
            "echo broken > link".to_owned(),
            "echo broken > /etc/openhands-test".to_owned(),
            "echo broken > /usr/local/bin/openhands-test".to_owned(),
            "echo broken > /openhands-test".to_owned(),
            "echo '|/bin/true' > /proc/sys/kernel/core_pattern".to_owned(),
            "echo b > /proc/sysrq-trigger".to_owned(),
            "mount -t tmpfs none /mnt".to_owned(),
            "unshare -Ur true".to_owned(),
            "mknod sda b 8 0".to_owned(),
        ] {
            sandbox.run(&command).await;
        }
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "safe", "{mode:?}");
        for path in ["/etc/openhands-test", "/usr/local/bin/openhands-test", "/openhands-test"] {
            assert!(!PathBuf::from(path).exists(), "{mode:?}: {path}");
        }
        assert!(!path_of(&sandbox, "workspace/sda").exists(), "{mode:?}");
        let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
        assert_ne!(pattern.trim(), "|/bin/true", "{mode:?}");
        sandbox.fail("unshare -Ur true").await;
        sandbox.fail("mount -t tmpfs none /mnt").await;
    }
}

#[tokio::test]
async fn the_editor_is_confined_like_a_command() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let outside = path_of(&sandbox, "canary");
        std::fs::write(&outside, "safe").unwrap();
        std::os::unix::fs::symlink(&outside, path_of(&sandbox, "workspace/link")).unwrap();
        for path in [outside.display().to_string(), "link".to_owned(), "/etc/canary".to_owned()] {
            let action = WriteAction {
                path,
                content: "broken".to_owned(),
                start: 0,
                end: -1,
                thought: String::new(),
                confirmation_state: oh_event::ConfirmationState::Confirmed,
                security_risk: SecurityRisk::Unknown,
            };
            sandbox.execute(Action::Write(action)).await;
        }
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "safe", "{mode:?}");
        assert!(!PathBuf::from("/etc/canary").exists());
        let key = path_of(&sandbox, "session_key").display().to_string();
        let action = ReadAction {
            path: key,
            start: 0,
            end: -1,
            thought: String::new(),
            confirmation_state: oh_event::ConfirmationState::Confirmed,
            security_risk: SecurityRisk::Unknown,
            impl_source: ReadImplSource::Default,
            view_range: None,
        };
        let observation = sandbox.execute(Action::Read(action)).await;
        assert!(matches!(observation, Observation::Error(_)), "{mode:?}: {observation:?}");
    }
}

#[tokio::test]
async fn secrets_are_not_read() {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let directory = tempfile::tempdir_in(&home).unwrap();
    let private = directory.path().join("id_ed25519");
    std::fs::write(&private, "private key").unwrap();
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let key = path_of(&sandbox, "session_key");
        for path in [&private, &key, &PathBuf::from("/etc/shadow")] {
            let observation = sandbox.run(&format!("cat {}", path.display())).await;
            let is_empty = observation.content.is_empty();
            let failed = observation.metadata.exit_code != 0;
            assert!(failed || is_empty, "{mode:?}: {observation:?}");
        }
        let content =
            sandbox.run("cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'").await;
        assert!(!content.content.contains("CARGO_BIN_EXE"), "{mode:?}");
        assert!(!sandbox.succeed("env").await.contains("CARGO"), "{mode:?}");
    }
}

#[tokio::test]
async fn the_server_is_neither_signalled_nor_looked_into() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let own = std::process::id();
        sandbox.succeed("sleep 0 & wait").await;
        for command in [
            format!("kill -9 {own}"),
            format!("kill -STOP {own}"),
            format!("cat /proc/{own}/environ"),
            format!("head -c 1 /proc/{own}/mem"),
            format!("ls /proc/{own}/root /proc/{own}/fd/"),
            format!(
                "python3 -c 'import ctypes,sys; sys.exit(0 if ctypes.CDLL(None).ptrace(16,{own},0,0)==0 else 1)'"
            ),
        ] {
            let observation = sandbox.run(&command).await;
            // In a namespace the number may be somebody else's inside.
            if mode == SandboxMode::Landlock {
                assert_ne!(
                    observation.metadata.exit_code, 0,
                    "{mode:?}: {command}: {observation:?}"
                );
            }
        }
        // Everybody that can be reached: the shell itself, and nobody outside.
        sandbox.run("kill -9 -1").await;
        assert_eq!(sandbox.succeed("echo alive").await, "alive", "{mode:?}");
    }
}

#[tokio::test]
async fn the_supervisor_cannot_be_ended_or_debugged() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox.succeed("true").await;
        for command in [
            "kill -9 $PPID",
            "kill -STOP $PPID",
            "cat /proc/$PPID/mem",
            "readlink /proc/$PPID/fd/0",
            "gdb -p $PPID -batch -ex quit 2>&1 | grep -q 'not permitted' && exit 1",
        ] {
            let observation = sandbox.run(command).await;
            let was_refused = observation.metadata.exit_code != 0;
            // The init of a namespace takes no signal from inside, and nobody is told.
            let is_ignored = mode == SandboxMode::Namespaces && command.starts_with("kill");
            assert!(was_refused || is_ignored, "{mode:?}: {command}: {observation:?}");
        }
        assert_eq!(sandbox.succeed("echo alive").await, "alive", "{mode:?}");
    }
}

#[tokio::test]
async fn stop_and_close_leave_no_process_however_it_was_started() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let (first, second) = (sleeper(4001), sleeper(4002));
        let daemon = |sleeper: &str| {
            format!(
                "(setsid env -i nohup /bin/{sleeper} > /dev/null 2>&1 < /dev/null &) ; sleep 0.2"
            )
        };
        sandbox.succeed(&daemon(&first)).await;
        assert!(is_running(&first), "{mode:?}");
        sandbox.runtime.stop_processes().await;
        eventually(Duration::from_secs(2), "stopped", || !is_running(&first)).await;
        sandbox.succeed(&daemon(&second)).await;
        assert!(is_running(&second), "{mode:?}");
        sandbox.runtime.close().await;
        eventually(Duration::from_secs(2), "closed", || !is_running(&second)).await;
    }
}

#[tokio::test]
async fn abstract_and_foreign_sockets_are_out_of_reach() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};

    let name = format!("openhands-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let _pathname = UnixListener::bind(path_of(&sandbox, "docker.sock")).unwrap();
        let connect = |target: &str| {
            format!("python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect({target})'")
        };
        sandbox.fail(&connect(&format!("\"\\0{name}\""))).await;
        // Its own are its business.
        sandbox
            .succeed("python3 -c 'import socket; s=socket.socket(socket.AF_UNIX); s.bind(\"own\"); s.listen(); socket.socket(socket.AF_UNIX).connect(\"own\")'")
            .await;
        if mode == SandboxMode::Namespaces {
            // Landlock knows sockets in the file system from version 9 on only.
            let path = path_of(&sandbox, "docker.sock");
            sandbox.fail(&connect(&format!("\"{}\"", path.display()))).await;
            for path in ["/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket"]
            {
                sandbox.fail(&format!("test -e {path}")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_sandbox_without_network_reaches_only_itself() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for mode in MODES {
        let sandbox = Sandbox::with(mode, |config| config.network = NetworkPolicy::Off);
        sandbox.fail(&format!("exec 3<>/dev/tcp/127.0.0.1/{port}")).await;
        sandbox
            .fail("python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect((\"192.0.2.1\", 9))'")
            .await;
        // Tools that pass data between their own processes go on working.
        sandbox.succeed("python3 -c 'import socket; a, b = socket.socketpair(); a.send(b\"x\"); assert b.recv(1) == b\"x\"'").await;
        if mode == SandboxMode::Namespaces {
            sandbox
                .succeed("python3 -m http.server 8000 > log 2>&1 & sleep 1; python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8000\")'; kill $!")
                .await;
        }
        assert_eq!(
            listener.set_nonblocking(true).and_then(|()| listener.accept()).ok().map(|_| ()),
            None
        );
    }
}

#[tokio::test]
async fn a_read_only_sandbox_changes_nothing_in_the_workspace() {
    for mode in MODES {
        let sandbox = Sandbox::with(mode, |config| config.policy = SandboxPolicy::ReadOnly);
        std::fs::write(path_of(&sandbox, "workspace/file"), "old").unwrap();
        sandbox.fail("echo new > file").await;
        sandbox.fail("rm -f file").await;
        sandbox.fail("touch other").await;
        assert_eq!(
            sandbox.succeed("cat file; echo x > ~/a; cat ~/a > $TMPDIR/b; cat $TMPDIR/b").await,
            "oldx"
        );
        assert_eq!(std::fs::read_to_string(path_of(&sandbox, "workspace/file")).unwrap(), "old");
    }
}

#[tokio::test]
async fn hooks_and_settings_of_a_shared_repository_stay_as_they_are() {
    let sandbox =
        Sandbox::with(SandboxMode::Namespaces, |config| config.protects_repository = true);
    let git = path_of(&sandbox, "workspace/.git");
    std::fs::create_dir_all(git.join("hooks")).unwrap();
    std::fs::write(git.join("config"), "[core]\n").unwrap();
    sandbox.fail("echo evil > .git/hooks/pre-commit").await;
    sandbox.fail("echo evil >> .git/config").await;
    sandbox.fail("mv .git .git2").await;
    sandbox.fail("rm -rf .git/hooks").await;
    sandbox.succeed("echo fine > .git/COMMIT_EDITMSG").await;
    assert_eq!(std::fs::read_to_string(git.join("config")).unwrap(), "[core]\n");
    assert_eq!(std::fs::read_dir(git.join("hooks")).unwrap().count(), 0);
}

#[tokio::test]
async fn two_conversations_do_not_see_each_other() {
    for mode in MODES {
        let (one, other) = (Sandbox::new(mode), Sandbox::new(mode));
        let sleeper = sleeper(4003);
        one.succeed(&format!(
            "echo secret > $TMPDIR/file; echo secret > ~/file; {sleeper} & sleep 0.1"
        ))
        .await;
        let find = format!("pgrep -f '[s]{}'", &sleeper[1..]);
        match mode {
            SandboxMode::Namespaces => drop(other.fail(&find).await),
            // Its name can be seen, and nothing else.
            SandboxMode::Landlock | SandboxMode::Unconfined => {
                other.fail(&format!("kill -9 $({find})")).await;
                other.fail(&format!("cat /proc/$({find})/environ")).await;
            }
        }
        let directory = one.directory.path().display().to_string();
        other.fail("cat $TMPDIR/file ~/file").await;
        other.fail(&format!("cat {directory}/session/tmp/file")).await;
        other.fail(&format!("ls {directory}/workspace")).await;
        one.runtime.close().await;
    }
}

#[tokio::test]
async fn a_look_at_a_repository_only_reads() {
    use oh_runtime::{GitLauncher, GitReader, Workspace, read_only_prefix};

    for mode in MODES {
        let directory = tempfile::tempdir().unwrap();
        let (root, scratch) = (directory.path().join("workspace"), directory.path().join("git"));
        std::fs::create_dir_all(&root).unwrap();
        let places = oh_runtime::Places::of_this_machine(None, None, None);
        let prefix = read_only_prefix(PROGRAM.as_ref(), mode, &places, &root, &scratch).unwrap();
        let run = |script: &str| {
            let (program, arguments) = prefix.split_first().unwrap();
            let mut command = std::process::Command::new(program);
            command.args(arguments).args(["sh", "-c", script]).current_dir(&root);
            command.status().unwrap().success()
        };
        assert!(run("test \"$PWD\" = \"$(pwd -P)\" && ls > /dev/null"), "{mode:?}");
        assert!(!run("echo x > file"), "{mode:?}");
        assert!(!run("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 1))'"));
        assert!(run(&format!("echo x > {}/file", scratch.display())), "{mode:?}");
        assert!(!root.join("file").exists());

        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
            assert!(command.current_dir(&root).status().unwrap().success());
        };
        git(&["init", "-q"]);
        git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        std::fs::write(root.join("new"), "x").unwrap();
        let reader = GitReader {
            launcher: GitLauncher { prefix },
            search_path: std::env::var_os("PATH"),
            scratch,
            time_limit: Duration::from_secs(10),
        };
        let workspace = std::sync::Arc::new(Workspace::open(&root).unwrap());
        let changes = reader.changes(workspace).await.unwrap().unwrap();
        let paths: Vec<_> = changes.changes.iter().map(|change| change.path.clone()).collect();
        assert_eq!(paths, [PathBuf::from("new")], "{mode:?}");
    }
}
