use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{get, post};
use oh_browser::{Browser, BrowserConfig, BrowserProgram, Connection, Launcher, Report};
use tempfile::TempDir;
use tokio::process::Command;

pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Returns the browser of this machine; says so if there is none.
pub(crate) fn chromium() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok().filter(|path| !path.is_empty());
    let found = named.or_else(|| {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .map(str::to_owned)
    });
    #[allow(clippy::print_stderr, reason = "who runs the tests is told why one was left out")]
    if found.is_none() {
        eprintln!("skipped: there is no Chromium here (apt-get install chromium)");
    }
    found
}

/// A browser with its home and workspace, and pages for it.
pub(crate) struct Desk {
    pub(crate) browser: Arc<Browser>,
    pub(crate) root: TempDir,
    /// Address of the pages.
    pub(crate) url: String,
}

impl Desk {
    pub(crate) async fn open() -> Option<Self> {
        let program = chromium()?;
        let root = TempDir::new().unwrap();
        let workspace = root.path().join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (url, other) = (format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}"));
        let router = router(&other);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = BrowserConfig {
            program,
            downloads: text(&workspace.join(".downloads")),
            workspace: text(&workspace),
            draws_marks: true,
        };
        let launcher = launcher(root.path().to_owned());
        let browser = Arc::new(Browser::new(config, launcher));
        Some(Self { browser, root, url })
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    pub(crate) async fn goto(&self, path: &str) -> Report {
        let report = self.run(&format!("goto('{}{path}')", self.url)).await;
        assert_eq!(report.error, "", "{}", report.content);
        report
    }

    pub(crate) async fn run(&self, code: &str) -> Report {
        self.browser.perform(code, LIMIT).await
    }

    /// Runs a script that works.
    pub(crate) async fn done(&self, code: &str) -> Report {
        let report = self.run(code).await;
        assert_eq!(report.error, "", "{}", report.content);
        report
    }

    /// Runs a script that does not work, and returns why.
    pub(crate) async fn fails(&self, code: &str) -> String {
        let report = self.run(code).await;
        assert_ne!(report.error, "", "{}", report.content);
        assert!(report.content.contains(&report.error), "{}", report.content);
        report.error
    }

    /// Returns how many processes the browser has.
    pub(crate) fn processes(&self) -> usize {
        let marker = format!("HOME={}", self.root.path().display());
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter(|entry| {
                let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())
            })
            .count()
    }
}

/// Returns the number of the element whose line holds a text.
pub(crate) fn bid(report: &Report, text: &str) -> String {
    let line = report.content.lines().find(|line| line.contains(text) && line.contains('['));
    let line = line.unwrap_or_else(|| panic!("no line with {text} in\n{}", report.content));
    let begin = line.find('[').unwrap() + 1;
    line[begin..].split(']').next().unwrap().to_owned()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn launcher(home: PathBuf) -> Launcher {
    Arc::new(move |program: BrowserProgram| {
        let home = home.clone();
        Box::pin(async move {
            let mut child = Command::new(&program.command)
                .args(&program.arguments)
                .env("HOME", &home)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let (mut input, mut output) =
                (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let (stream, inside) = tokio::io::duplex(64 * 1024);
            tokio::spawn(async move {
                let (mut from, mut to) = tokio::io::split(inside);
                tokio::select! {
                    _ = tokio::io::copy(&mut from, &mut input) => {}
                    _ = tokio::io::copy(&mut output, &mut to) => {}
                }
                let _ = child.kill().await;
            });
            Ok(Connection { stream, errors: Arc::new(String::new) })
        })
    })
}

fn router(other: &str) -> Router {
    let page = |text: &str| {
        let text = format!("<!doctype html><meta charset=utf-8>{text}");
        get(move || async move { Html(text) })
    };
    let frames = format!(
        "<title>Frames</title><h1>Outside</h1><iframe src=/inner style='margin:40px'></iframe>\
         <iframe src={other}/inner style='margin:60px;border:5px solid'></iframe>"
    );
    Router::new()
        .route("/", page(include_str!("pages/form.html")))
        .route("/frames", page(&frames))
        .route("/inner", page(include_str!("pages/inner.html")))
        .route("/shadow", page(include_str!("pages/shadow.html")))
        .route("/dialogs", page(include_str!("pages/dialogs.html")))
        .route("/long", page(include_str!("pages/long.html")))
        .route("/endless", page(include_str!("pages/endless.html")))
        .route("/drag", page(include_str!("pages/drag.html")))
        .route("/text", page(include_str!("pages/text.html")))
        .route("/covered", page(include_str!("pages/covered.html")))
        .route("/trouble", page(include_str!("pages/trouble.html")))
        .route(
            "/files",
            page("<title>Files</title><a href=/file download>Get it</a><a href=/file>Straight</a>"),
        )
        .route("/tabs", page("<title>Tabs</title><a href=/text target=_blank>Another tab</a>"))
        .route("/redirect", get(|| async { Redirect::to("/text") }))
        .route("/never", get(|| async { std::future::pending::<()>().await }))
        .route("/slow", get(slow))
        .route("/file", get(file))
        .route(
            "/upload",
            post(|body: String| async move { Html(format!("<h1>{}</h1>", body.len())) }),
        )
}

/// A page whose picture never comes.
async fn slow() -> impl IntoResponse {
    Html("<title>Slow</title><h1>Already here</h1><img src=/never alt=late>")
}

async fn file() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"data 1.csv\""),
    ];
    (headers, Body::from("a,b\n1,2\n"))
}

impl Desk {
    fn signal(&self, is_meant: impl Fn(&str) -> bool) {
        let marker = format!("--user-data-dir={}", self.root.path().display());
        let mut count = 0;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains(&marker) && is_meant(&line) {
                let pid = entry.file_name().into_string().unwrap();
                std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
                count += 1;
            }
        }
        assert_ne!(count, 0, "there are processes to end");
    }

    /// Kills the processes that show pages.
    pub(crate) fn kill_renderers(&self) {
        self.signal(|line| line.contains("--type=renderer"));
    }

    /// Kills the browser itself.
    pub(crate) fn kill_browser(&self) {
        self.signal(|line| !line.contains("--type="));
    }
}
