//! One conversation that uses every function of the browser, and every network that a sandbox has.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use oh_chat::ChatMessage;
use oh_testkit::{Answer, computed_call, text};
use serde_json::{Value, json};

use crate::browser::{bash, browse, content, events, events_to, has_chromium, pages, start};
use crate::support::{TestServer, WHOLE_MACHINE};

const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../oh-browser/tests/it/pages");

/// Serves a folder; some addresses never answer, download, or are not there.
const SERVER: &str = r#"import http.server, os, sys, time
class Site(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        if self.path == "/never": time.sleep(600)
        if self.path == "/data.csv":
            self.send_response(200)
            self.send_header("Content-Disposition", "attachment")
            self.end_headers()
            self.wfile.write(b"a,b\n")
            return
        super().do_GET()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
"#;

/// Returns a port that is free for now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Puts the pages of the browser's own tests into the workspace of a conversation.
fn fill(server: &TestServer, conversation: &str) -> PathBuf {
    let workspace = server.folder.path().join("workspaces").join(conversation);
    std::fs::create_dir_all(&workspace).unwrap();
    for page in std::fs::read_dir(SITE).unwrap().flatten() {
        std::fs::copy(page.path(), workspace.join(page.file_name())).unwrap();
    }
    std::fs::write(workspace.join("serve.py"), SERVER).unwrap();
    std::fs::write(
        workspace.join("frame.html"),
        "<title>Frame</title><iframe src=inner.html></iframe>",
    )
    .unwrap();
    std::fs::write(workspace.join("files.html"), "<title>Files</title><a href=data.csv>Data</a>")
        .unwrap();
    workspace
}

fn serve(id: &str, port: u16) -> Answer {
    let wait =
        format!("until curl -s --noproxy '*' -o /dev/null localhost:{port}; do sleep 0.05; done");
    bash(id, &format!("(python3 serve.py {port} > /dev/null 2>&1 &) && {wait}"))
}

/// Returns the processes of browsers below this process, which only one test at a time has.
fn browsers(kind: &str) -> Vec<String> {
    let parent = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(')').next()?.split_whitespace().nth(1).map(str::to_owned)
    };
    let own = std::process::id().to_string();
    let is_below = |pid: &str| {
        let line = std::iter::successors(Some(pid.to_owned()), |pid| parent(pid));
        line.take(100).any(|pid| pid == own)
    };
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().into_string().ok());
    let is_meant = |pid: &String| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(kind) && is_below(pid)
    };
    pids.filter(is_meant).collect()
}

/// Makes calls in which `<text>` stands for the number of the element whose line holds the text.
fn act(id: &str, template: &str) -> Answer {
    let template = template.to_owned();
    computed_call(id, "browser", move |request| {
        let told = request.messages.iter().rev().find_map(|message| match message {
            ChatMessage::ToolResult { text, .. } => Some(text.clone()),
            _ => None,
        });
        let told = told.unwrap_or_default();
        let mut code = String::new();
        for (at, part) in template.split(['<', '>']).enumerate() {
            if at % 2 == 0 {
                code.push_str(part);
            } else {
                let is_element = |line: &&str| {
                    let rest = line.trim_start().strip_prefix('[').unwrap_or_default();
                    rest.starts_with(|c: char| c.is_ascii_digit()) && line.contains(part)
                };
                let line = told.lines().find(is_element).unwrap_or("[no]");
                let number = line.trim().trim_start_matches('[').split(']').next();
                code.push_str(number.unwrap_or_default());
            }
        }
        json!({"code": code, "security_risk": "LOW"}).to_string()
    })
}

#[tokio::test]
async fn a_conversation_uses_every_function() {
    if !has_chromium() {
        return;
    }
    let _machine = WHOLE_MACHINE.lock().await;
    let port = free_port();
    let site = |page: &str| format!("goto('http://localhost:{port}/{page}')");
    let calls: Vec<(String, &str)> = vec![
        (site("form.html"), "textbox 'Name"),
        ("fill('<textbox 'Name>', 'Ada')\nclear('<textbox 'Notes>')".into(), "value='Ada'"),
        ("select_option('<combobox 'Size>', 'Medium')".into(), "value='Medium'"),
        ("upload_file('<'File>', 'serve.py')".into(), "serve.py"),
        ("hover('<id=pad>')".into(), "'hovered'"),
        ("dblclick('<id=pad>')".into(), "'double'"),
        ("focus('<textbox 'Notes>')".into(), "focused"),
        ("press('<textbox 'Name>', 'Enter')".into(), "sent name=Ada;notes=;size=m"),
        ("click('<button 'Send'>')".into(), "file=serve.py"),
        (site("drag.html"), "[Title: Drag]"),
        ("drag_and_drop('<id=card>', '<id=target>')".into(), "dropped a card"),
        ("go_back()".into(), "[Title: Form]"),
        ("go_forward()\nnoop(100)".into(), "[Title: Drag]"),
        (site("endless.html"), "'Entry 29'"),
        ("scroll(0, 5000)".into(), "'Entry 59'"),
        (site("frame.html"), "button 'Press me at localhost'"),
        ("click('<Press me>')".into(), "Pressed at localhost"),
        (site("shadow.html"), "button 'Deep'"),
        ("click('<'Deep'>')".into(), "Deep was pressed"),
        (site("dialogs.html"), "[Title: Dialogs]"),
        ("answer_dialogs(True)\nclick('<'Confirm'>')".into(), "'deleted'"),
        (site("files.html"), "[Title: Files]"),
        ("click('<link 'Data'>')".into(), "it is at /workspace/.downloads/data.csv"),
        (site("never"), "did not answer within 20 seconds"),
        (site("trouble.html"), "[Title: Trouble]"),
        ("click('<'Hang'>')".into(), "does not respond"),
        (site("trouble.html"), "[Title: Trouble]"),
        ("click('<'Works'>')".into(), "'fine'"),
        ("new_tab()".into(), "1: about:blank (shown)"),
        ("tab_focus(0)\ntab_close()".into(), "[Address: about:blank]"),
    ];
    let mut answers = vec![serve("s", port)];
    answers.extend(calls.iter().enumerate().map(|(at, (code, _))| act(&format!("c{at}"), code)));
    answers.extend([
        text("So far."),
        act("n", "noop(1)"),
        act("m", &site("text.html")),
        text("Done."),
    ]);
    let (server, _) = start(answers, &[]).await;
    let conversation = server.create().await;
    let workspace = fill(&server, &conversation);
    events(&server, &conversation).await;
    // Commands cannot do this to the browser.
    for pid in browsers("--type=renderer") {
        std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
    }
    let seen = events_to(&server, &conversation, 2).await;
    let told = pages(&seen);
    for ((code, expected), page) in calls.iter().zip(&told) {
        assert!(content(page).contains(expected), "{code}: {}", content(page));
    }
    let [.., crashed, after] = told.as_slice() else { panic!("{seen:#?}") };
    assert_eq!(told.len(), calls.len() + 2);
    assert!(content(crashed).contains("The page crashed"), "{}", content(crashed));
    assert!(content(after).contains("[Title: A text]"), "{}", content(after));
    let download = told.iter().find(|page| page["observation"] == "download").unwrap();
    assert_eq!(download["extras"]["file_path"], "/workspace/.downloads/data.csv");
    assert_eq!(std::fs::read(workspace.join(".downloads/data.csv")).unwrap(), b"a,b\n");

    let count = browsers("--type=").len();
    assert!((1..=20).contains(&count), "{count} processes");
    server.post(&format!("/api/conversations/{conversation}/stop"), json!({})).await;
    let begin = Instant::now();
    while !browsers("--type=").is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the browser goes on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_rules_of_every_network_hold_for_pages() {
    if !has_chromium() {
        return;
    }
    let _machine = WHOLE_MACHINE.lock().await;
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let outside_port = outside.local_addr().unwrap().port();
    for variables in [
        &[("SANDBOX_NETWORK", "on")][..],
        &[("SANDBOX_NETWORK", "off")],
        &[("SANDBOX_NETWORK", "allow-list"), ("SANDBOX_ALLOWED_HOSTS", "[\"example.org\"]")],
        &[("SANDBOX_NETWORK", "on"), ("SANDBOX_MODE", "landlock")],
    ] {
        let port = free_port();
        let answers = vec![
            serve("1", port),
            browse("2", &format!("goto('http://localhost:{port}/text.html')")),
            browse("3", &format!("goto('http://127.0.0.1:{outside_port}/')")),
            browse("4", "goto('http://not-on-the-list.example/')"),
            text("Done."),
        ];
        let (server, _) = start(answers, variables).await;
        let conversation = server.create().await;
        fill(&server, &conversation);
        let seen = events(&server, &conversation).await;
        let told: Vec<&Value> = pages(&seen);
        let [own, other, far] = told.as_slice() else { panic!("{variables:?} {seen:#?}") };
        assert!(content(own).contains("[Title: A text]"), "{variables:?} {}", content(own));
        for page in [other, far] {
            let refused = [
                "pages reach this machine only",
                "cannot be opened",
                "cannot be reached",
                "not in sandbox.allowed_hosts",
            ];
            let is_refused = refused.iter().any(|reason| content(page).contains(reason));
            assert!(is_refused, "{variables:?} {}", content(page));
        }
    }
    outside.set_nonblocking(true).unwrap();
    assert!(outside.accept().is_err(), "nobody came");
}
