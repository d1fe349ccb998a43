//! The server and its sandboxes, with the real program.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::support::{PATIENCE, WHOLE_MACHINE};

pub(crate) struct Server {
    child: Child,
    port: u16,
    variables: Vec<(String, String)>,
    http: reqwest::Client,
    pub(crate) folder: TempDir,
}

impl Server {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables: Vec<_> = variables.iter().map(own).collect();
        let child = Self::spawn(&folder, port, &variables);
        // The test binary may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Self { child, port, variables, http: reqwest::Client::new(), folder };
        server.healthy().await;
        server
    }

    fn spawn(folder: &TempDir, port: u16, variables: &[(String, String)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_openhands"))
            .args(["serve", "--port", &port.to_string(), "--log-level", "warn"])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::var_os("HOME").unwrap_or_default())
            .env("FILE_STORE_PATH", folder.path().join("data"))
            .env("LLM_MODEL", "demo")
            .env("SECRET_OF_THE_SERVER", "do not show")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    async fn healthy(&self) {
        let healthy = async {
            while self.http.get(self.url("/api/health")).send().await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, healthy).await.expect("the server starts");
    }

    /// Kills the server and starts it again on the same data.
    pub(crate) async fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Self::spawn(&self.folder, self.port, &self.variables);
        self.healthy().await;
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.http.get(self.url(path)).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(self.url(path)).body(body.to_string());
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn create(&self) -> String {
        let answer = self.post("/api/conversations", json!({})).await;
        answer["conversation_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Has the conversation's shell run a command and waits for what came of it.
    pub(crate) async fn run(&self, conversation: &str, command: &str) -> Value {
        let path = format!("/api/conversations/{conversation}/events");
        let action = json!({"action": "run", "args": {"command": command}});
        let newest = self.get(&format!("{path}?reverse=true&limit=1")).await;
        let next = newest["events"][0]["id"].as_u64().map_or(0, |id| id + 1);
        self.post(&path, action).await;
        let began = Instant::now();
        loop {
            let page = self.get(&format!("{path}?start_id={next}&limit=100")).await;
            let events = page["events"].as_array().cloned().unwrap_or_default();
            let mut events = events.into_iter();
            if let Some(event) = events.find(|event| event["observation"] == "run") {
                return event;
            }
            assert!(began.elapsed() < PATIENCE, "{command}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn is_running(text: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).replace('\0', " ").contains(text))
    })
}

#[tokio::test]
async fn the_kill_of_the_server_leaves_no_process() {
    let _machine = WHOLE_MACHINE.lock().await;
    for mode in ["namespaces", "landlock"] {
        let mut server = Server::start(&[("SANDBOX_MODE", mode)]).await;
        let sleeper = format!("sleep 5001.{}", server.port);
        for detached in [
            format!("{sleeper}1 &"),
            format!("(setsid env -i nohup /bin/{sleeper}2 > /dev/null 2>&1 < /dev/null &)"),
            format!(
                "python3 -c 'import os; os.fork() or (os.setsid(), os.fork() or os.execl(\"/bin/sleep\", *\"{sleeper}3\".split()))'"
            ),
        ] {
            let conversation = server.create().await;
            let event = server.run(&conversation, &detached).await;
            assert_eq!(event["extras"]["metadata"]["exit_code"], 0, "{mode}: {event}");
        }
        let began = Instant::now();
        while !(is_running(&format!("{sleeper}2")) && is_running(&format!("{sleeper}3"))) {
            assert!(began.elapsed() < PATIENCE, "{mode}: the processes start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let began = Instant::now();
        let data = server.folder.path().display().to_string();
        while is_running(&sleeper) || is_running(&data) {
            assert!(began.elapsed() < Duration::from_secs(2), "{mode}: a process is left");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn commands_cannot_use_the_api_of_their_server() {
    for mode in ["namespaces", "landlock"] {
        let server = Server::start(&[("SANDBOX_MODE", mode)]).await;
        let conversation = server.create().await;
        // Its owner may, from the same machine, without a key.
        assert!(server.get("/api/conversations").await["results"].is_array(), "{mode}");
        let list = server.url("/api/conversations");
        let events = server.url(&format!("/api/conversations/{conversation}/events"));
        let approve = r#"{\"action\": \"change_agent_state\", \"args\": {\"agent_state\": \"user_confirmed\"}}"#;
        for attack in [
            format!("curl -s -o /dev/null -w '%{{http_code}}' {list}"),
            format!(
                "curl -s -o /dev/null -w '%{{http_code}}' -H 'Origin: http://localhost:{}' -H 'Sec-Fetch-Site: same-origin' {list}",
                server.port
            ),
            format!("curl -s -o /dev/null -w '%{{http_code}}' -d \"{approve}\" {events}"),
            format!("setsid env -i /usr/bin/curl -s -o out -w '%{{http_code}}' {list} | cat"),
        ] {
            let event = server.run(&conversation, &attack).await;
            assert_eq!(event["content"], "401", "{mode}: {attack}: {event}");
        }
        // A socket that nobody holds while the server looks: it is on its way to its own sender.
        let script = format!(
            "import socket, array, time\n\
             s = socket.create_connection(('127.0.0.1', {port}))\n\
             s.send(b'GET /api/conversations HTTP/1.1\\r\\nHost: localhost:{port}\\r\\nConnection: close\\r\\n\\r')\n\
             a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n\
             last = s.dup()\n\
             a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [s.fileno()]))])\n\
             s.close()\n\
             last.send(b'\\n'); last.close()\n\
             time.sleep(1)\n\
             message, fds, _, _ = b.recvmsg(1, socket.CMSG_SPACE(4))\n\
             s = socket.socket(fileno=array.array('i', fds[0][2])[0])\n\
             print(s.recv(12).decode())",
            port = server.port
        );
        let workspace = server.folder.path().join("data/workspaces").join(&conversation);
        std::fs::write(workspace.join("attack.py"), script).unwrap();
        let event = server.run(&conversation, "python3 attack.py").await;
        assert_eq!(event["content"], "HTTP/1.1 401", "{mode}: {event}");
    }
}

#[tokio::test]
async fn commands_do_not_see_what_the_server_was_started_with() {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let read = |name: &str| std::fs::read(home.join(name)).ok();
    let before = [".bashrc", ".profile", ".gitconfig"].map(read);
    let server = Server::start(&[("SANDBOX_ENV_DECLARED", "a $b `c` \"d\"")]).await;
    let conversation = server.create().await;
    let event =
        server.run(&conversation, "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'").await;
    let content = event["content"].as_str().unwrap();
    assert!(
        !content.contains("SECRET_OF_THE_SERVER") && !content.contains("LLM_MODEL"),
        "{content}"
    );
    let event = server.run(&conversation, "printf %s \"$DECLARED\"").await;
    assert_eq!(event["content"], "a $b `c` \"d\"");
    for command in [
        "echo evil >> ~/.bashrc; echo evil >> ~/.profile",
        "git config --global user.name evil; git init -q . && git commit -q --allow-empty -m x",
    ] {
        let event = server.run(&conversation, command).await;
        assert_eq!(event["extras"]["metadata"]["exit_code"], 0, "{event}");
    }
    assert_eq!([".bashrc", ".profile", ".gitconfig"].map(read), before);
}

#[tokio::test]
async fn health_says_how_commands_are_confined_to_those_who_may_know() {
    let server = Server::start(&[("SANDBOX_MODE", "landlock"), ("SANDBOX_NETWORK", "off")]).await;
    let _ = server.get("/api/options/config").await;
    let health = server.get("/api/health").await;
    assert_eq!(health["sandbox"]["mode"], "landlock+seccomp", "{health}");
    assert_eq!(health["sandbox"]["policy"], "workspace-write");
    assert_eq!(health["sandbox"]["network"], "off");
    assert_eq!(health["sandbox"]["layers"].as_array().unwrap().len(), 3);
    let stranger =
        server.http.get(server.url("/api/health")).header("X-Forwarded-For", "192.0.2.1");
    let health: Value = stranger.send().await.unwrap().json().await.unwrap();
    assert_eq!(health, json!({"status": "ok"}));
}

#[tokio::test]
async fn a_server_without_its_container_engine_starts_and_names_the_fix() {
    let folder = TempDir::new().unwrap();
    let engine = format!("unix://{}", folder.path().join("engine").display());
    let server = Server::start(&[("RUNTIME", "docker"), ("DOCKER_HOST", &engine)]).await;
    let options = server.get("/api/options/config").await;
    let notice = options["SANDBOX_NOTICE"].as_str().unwrap();
    assert!(notice.contains(&engine), "{notice}");
    let health = server.get("/api/health").await;
    assert_eq!(health["sandbox"]["mode"], "refused", "{health}");
    let conversation = server.create().await;
    let action = json!({"action": "run", "args": {"command": "touch made"}});
    let answer = server.post(&format!("/api/conversations/{conversation}/events"), action).await;
    let reason = answer["error"].as_str().unwrap();
    assert!(reason.contains(&engine) && reason.contains("start Docker"), "{reason}");
    let info = server.get(&format!("/api/conversations/{conversation}")).await;
    assert_eq!(info["runtime_status"], "STATUS$ERROR", "{info}");
    assert!(
        !server.folder.path().join("data/workspaces").join(&conversation).join("made").exists()
    );
    let path = server.url(&format!("/api/conversations/{conversation}"));
    let answer = server.http.delete(path).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!(true));
}

#[tokio::test]
async fn the_doctor_has_a_line_for_each_thing_and_a_fix_for_what_is_wrong() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let doctor = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openhands"));
        command.arg("doctor").current_dir(folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("FILE_STORE_PATH", folder.path().join("data"));
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = doctor(&[("BACKEND_PORT", "0")]);
    assert_eq!(code, Some(0), "{text}");
    for name in [
        "configuration",
        "data directory",
        "model",
        "sandbox",
        "landlock",
        "git",
        "Chromium",
        "port",
    ] {
        assert!(text.contains(&format!("  {name} ")), "{name}: {text}");
    }
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, text) = doctor(&[("BACKEND_PORT", &port), ("SANDBOX_TIMEOUT", "soon")]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains(&format!("FAIL  port            127.0.0.1:{port} cannot be used")),
        "{text}"
    );
    assert!(text.contains("fix: end the program that uses it"), "{text}");
}
