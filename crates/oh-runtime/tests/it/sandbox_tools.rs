//! What developers do every day works inside.

use std::path::PathBuf;
use std::time::Duration;

use oh_runtime::{ActionRequest, Runtime, SandboxMode};

use crate::sandbox::{MODES, Sandbox};
use crate::support::{command_action, run_observation};

/// Installing takes the network, and time.
const INSTALL: Duration = Duration::from_secs(180);

impl Sandbox {
    async fn install(&self, command: &str) -> String {
        let observation = self.run_for(command, INSTALL).await;
        assert_eq!(observation.metadata.exit_code, 0, "{command}: {observation:?}");
        observation.content
    }
}

#[tokio::test]
async fn git_works() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        for command in [
            "git init -q -b main . && git config user.name tester && echo one > file",
            "git add . && git commit -qm first && git switch -qc topic && echo two > file",
            "git commit -qam second && git switch -q main && git merge -q topic && git stash list",
            "git clone -q . copy && git -C copy log --oneline | wc -l | grep -qx '2'",
            "git remote add origin ./copy && git fetch -q origin && git worktree add -q ../workspace/tree topic",
            "git config --global core.editor true && git config --global --get core.editor",
        ] {
            sandbox.succeed(command).await;
        }
        let log = sandbox.succeed("git log -1 --format='%s by %an <%ae>'").await;
        assert_eq!(log, "second by openhands <openhands@all-hands.dev>", "{mode:?}");
    }
}

#[tokio::test]
async fn pip_installs_into_a_virtual_environment() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox.install("python3 -m venv venv && . venv/bin/activate").await;
        sandbox.install("pip install -q six").await;
        let version = sandbox.succeed("python -c 'import six; print(six.__version__)'").await;
        assert!(version.starts_with("1."), "{mode:?}: {version}");
    }
}

#[tokio::test]
async fn npm_installs_a_package() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox
            .install("npm init -y > /dev/null && npm install --no-fund --no-audit is-number 2>&1")
            .await;
        let answer = sandbox.succeed("node -p 'require(\"is-number\")(5)'").await;
        assert_eq!(answer, "true", "{mode:?}");
    }
}

#[tokio::test]
async fn cargo_builds_and_tests() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox
            .install("cargo init -q --name probe --vcs none . && cargo add -q itoa@1 2>&1")
            .await;
        sandbox
            .succeed("echo 'fn main() { println!(\"{}\", itoa::Buffer::new().format(42)); }' > src/main.rs")
            .await;
        sandbox.install("cargo build -q 2>&1").await;
        assert_eq!(sandbox.succeed("./target/debug/probe").await, "42", "{mode:?}");
    }
}

#[tokio::test]
async fn a_web_server_in_the_background_answers() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        sandbox.succeed("echo hello > index.html").await;
        sandbox.succeed(&format!("python3 -m http.server {port} > server.log 2>&1 &")).await;
        let ask = format!(
            "curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:{port}/"
        );
        assert_eq!(sandbox.succeed(&ask).await, "hello", "{mode:?}");
        // The network is this machine's, so its owner sees the page, too.
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        std::io::Write::write_all(&mut stream, b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        assert!(answer.ends_with("hello\n"), "{answer}");
    }
}

#[tokio::test]
async fn gdb_debugs_an_own_child() {
    if !PathBuf::from("/usr/bin/gdb").exists() {
        println!("skipped: no gdb on this machine");
        return;
    }
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox.succeed("printf 'int main(void) {\\n  int answer = 42;\\n  answer -= 1;\\n  return answer - 41;\\n}\\n' > a.c && cc -g -o a a.c").await;
        let output = sandbox
            .succeed("gdb -q -batch -ex 'break main' -ex run -ex next -ex 'print answer' ./a 2>&1")
            .await;
        assert!(output.contains("$1 = 42"), "{mode:?}: {output}");
    }
}

#[tokio::test]
async fn what_terminals_and_temporary_files_are_for_works() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        for command in [
            "tty | grep -q /dev/pts/",
            "script -qc 'tty' /dev/null | grep -q /dev/pts/",
            "f=$(mktemp) && echo x > $f && cat $f",
            "cat <<< here; diff <(echo a) <(echo a)",
            "python3 -c 'import multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, 2]))'",
            "mkfifo pipe && (echo through > pipe &) && cat pipe",
            "ln -s /etc/hostname link && cat link && ls / /usr > /dev/null 2>&1; date > /dev/null",
            "getent passwd $(id -u) && cd ~ && pwd && touch .profile",
        ] {
            // A directory above the workspace cannot be listed where there is only Landlock.
            let command = match mode {
                SandboxMode::Namespaces => command.to_owned(),
                SandboxMode::Landlock | SandboxMode::Unconfined => {
                    command.replace("ls / /usr", "ls /usr")
                }
            };
            sandbox.succeed(&command).await;
        }
    }
}

#[tokio::test]
async fn live_output_arrives_while_a_command_runs() {
    let sandbox = Sandbox::new(SandboxMode::Namespaces);
    let (sender, mut output) = tokio::sync::mpsc::channel(16);
    let action = oh_event::Action::Run(command_action("echo first; read line; echo got $line"));
    let request =
        ActionRequest { action, timeout: Some(Duration::from_secs(2)), output: Some(sender) };
    let observation = run_observation(sandbox.runtime.execute(request).await);
    assert_eq!(observation.metadata.exit_code, -1);
    assert_eq!(output.recv().await.unwrap().trim(), "first");
    let action = oh_event::RunAction { is_input: true, ..command_action("it") };
    let request = ActionRequest::new(oh_event::Action::Run(action));
    let observation = run_observation(sandbox.runtime.execute(request).await);
    assert!(observation.content.contains("got it"), "{observation:?}");
}

#[tokio::test]
async fn a_reopened_conversation_is_where_it_was() {
    for mode in MODES {
        let sandbox = Sandbox::new(mode);
        sandbox.succeed("mkdir -p sub && cd sub && echo x > ~/kept").await;
        let sandbox = sandbox.reopen(mode).await;
        let place = sandbox.succeed("basename $PWD; cat ~/kept").await;
        assert_eq!(place, "sub\nx", "{mode:?}");
    }
}
