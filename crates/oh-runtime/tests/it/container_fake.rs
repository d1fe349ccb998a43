//! A container engine for tests: a few requests of Docker's API on a socket of its own, and namespaces.
//!
//! A container is a directory with what was uploaded. Started, its main process runs there for real,
//! with the mounts that were asked for and the programs of this machine.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::net::UnixListener;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use crate::container_api::router;

pub(crate) type Connection = TokioIo<Upgraded>;

/// The engine. Clones share it; it ends with the test.
#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    directory: Arc<TempDir>,
}

pub(crate) struct State {
    pub(crate) containers: HashMap<String, Container>,
    pub(crate) images: Vec<String>,
    /// What a pull comes to: nothing, or an error.
    pub(crate) pull_error: Option<&'static str>,
    /// Errors of the next starts.
    pub(crate) start_errors: Vec<&'static str>,
    /// What was asked for.
    pub(crate) requests: Vec<String>,
    /// Bodies of requests for containers.
    pub(crate) created: Vec<Value>,
    next: u32,
}

pub(crate) struct Container {
    pub(crate) body: Value,
    pub(crate) root: PathBuf,
    pub(crate) attached: Option<oneshot::Receiver<Connection>>,
    /// Exit code of the main process, once it has ended.
    pub(crate) exit: watch::Receiver<Option<i32>>,
    pid: Option<u32>,
    /// Carries input and output.
    carriers: JoinSet<()>,
}

impl Container {
    pub(crate) fn is_running(&self) -> bool {
        self.pid.is_some() && self.exit.borrow().is_none()
    }

    /// Ends all its processes.
    pub(crate) fn kill(&self) {
        if let Some(pid) = self.pid.filter(|_| self.is_running()) {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Breaks the connection to its main process.
    pub(crate) fn detach(&mut self) {
        self.carriers.abort_all();
    }
}

impl Fake {
    /// Starts an engine that has the image `test:1`.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine")).unwrap();
        let state = State {
            containers: HashMap::new(),
            images: vec!["test:1".to_owned()],
            pull_error: None,
            start_errors: Vec::new(),
            requests: Vec::new(),
            created: Vec::new(),
            next: 0,
        };
        let fake = Self { state: Arc::new(Mutex::new(state)), directory: Arc::new(directory) };
        let router = router(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.directory.path().join("engine").display())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Makes a container that was never started.
    pub(crate) fn add(&self, name: &str, body: Value) {
        let mut state = self.state();
        state.next += 1;
        let root = self.directory.path().join(format!("root-{}", state.next));
        std::fs::create_dir(&root).unwrap();
        let (_, exit) = watch::channel(None);
        let (pid, carriers) = (None, JoinSet::new());
        let container = Container { body, root, attached: None, exit, pid, carriers };
        state.containers.insert(name.to_owned(), container);
    }

    pub(crate) fn is_running(&self, name: &str) -> bool {
        self.state().containers.get(name).is_some_and(Container::is_running)
    }

    /// Says how often a request was made.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.state().requests.iter().filter(|known| known.contains(request)).count()
    }

    /// Starts the main process.
    pub(crate) fn run(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        let container = state.containers.get_mut(name).unwrap();
        let mut child = main_process(&container.root, &container.body)?;
        let (sender, exit) = watch::channel(None);
        (container.pid, container.exit) = (child.id(), exit);
        container.carriers = JoinSet::new();
        let (input, output, errors) = (
            child.stdin.take().unwrap(),
            child.stdout.take().unwrap(),
            child.stderr.take().unwrap(),
        );
        let attached = container.attached.take();
        container.carriers.spawn(async move {
            let Some(attached) = attached else { return };
            let Ok(connection) = attached.await else { return };
            let (mut from_client, to_client) = tokio::io::split(connection);
            let to_client = tokio::sync::Mutex::new(to_client);
            let carry_input = async move {
                let mut input = input;
                let _ = tokio::io::copy(&mut from_client, &mut input).await;
                // The input of the main process ends with the connection.
            };
            let carry_output = async {
                tokio::join!(carry(1, output, &to_client), carry(2, errors, &to_client));
                let _ = to_client.lock().await.shutdown().await;
            };
            tokio::join!(carry_input, carry_output);
        });
        tokio::spawn(wait(child, sender));
        Ok(())
    }
}

async fn wait(mut child: Child, exit: watch::Sender<Option<i32>>) {
    let code = child.wait().await.ok().and_then(|status| status.code()).unwrap_or(137);
    exit.send_replace(Some(code));
}

/// Sends output on, each part after its stream and length.
async fn carry(
    stream: u8,
    mut output: impl AsyncRead + Unpin,
    client: &tokio::sync::Mutex<WriteHalf<Connection>>,
) {
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        let length = u32::try_from(count).unwrap().to_be_bytes();
        let head = [stream, 0, 0, 0, length[0], length[1], length[2], length[3]];
        let mut client = client.lock().await;
        if client.write_all(&[&head[..], &buffer[..count]].concat()).await.is_err() {
            return;
        }
    }
}

/// Runs what `body` says in `root`, in namespaces of its own.
fn main_process(root: &Path, body: &Value) -> io::Result<Child> {
    let words = |key: &str| {
        let words = body[key].as_array().into_iter().flatten();
        words.map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut script = "set -e\n".to_owned();
    for part in ["usr", "etc", "dev"] {
        script.push_str(&format!("mkdir -p \"$R/{part}\"; mount --rbind /{part} \"$R/{part}\"\n"));
    }
    for part in ["bin", "sbin", "lib", "lib64"] {
        script.push_str(&format!(
            "if [ -L /{part} ]; then ln -sfn usr/{part} \"$R/{part}\"; elif [ -d /{part} ]; then mkdir -p \"$R/{part}\"; mount --rbind /{part} \"$R/{part}\"; fi\n"
        ));
    }
    script.push_str("mkdir -p \"$R/proc\" \"$R/tmp\"; mount -t proc proc \"$R/proc\"\n");
    for mount in body["HostConfig"]["Mounts"].as_array().into_iter().flatten() {
        let target = format!("\"$R{}\"", mount["Target"].as_str().unwrap());
        script.push_str(&format!("mkdir -p {target}\n"));
        match mount["Type"].as_str() {
            Some("tmpfs") => script.push_str(&format!("mount -t tmpfs none {target}\n")),
            _ => {
                let source = mount["Source"].as_str().unwrap();
                script.push_str(&format!("mount --bind '{source}' {target}\n"));
            }
        }
        if mount["ReadOnly"] == true {
            script.push_str(&format!("mount -o remount,bind,ro {target}\n"));
        }
    }
    script.push_str("exec chroot \"$R\" /bin/bash -c 'cd \"$D\" && exec \"$@\"' bash \"$@\"\n");
    Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["sh", "-c", &script, "sh"])
        .args(words("Entrypoint"))
        .args(words("Cmd"))
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("R", root)
        .env("D", body["WorkingDir"].as_str().unwrap_or("/"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}
