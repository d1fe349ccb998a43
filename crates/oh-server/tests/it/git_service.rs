//! A service that hosts one repository, for one token.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const TOKEN: &str = "good-token-4711";
/// `x-access-token:good-token-4711`
const BASIC: &str = "Basic eC1hY2Nlc3MtdG9rZW46Z29vZC10b2tlbi00NzEx";

/// Answers like GitHub Enterprise, and lets git read `acme/tool`.
#[derive(Clone)]
pub(crate) struct GitService {
    pub(crate) address: String,
    folder: Arc<TempDir>,
    seen: Arc<Mutex<Vec<String>>>,
    /// Whether git gets answers now.
    answers: Arc<watch::Sender<bool>>,
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.t", "-c", "init.defaultBranch=main"];
    let output =
        Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

impl GitService {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let work = folder.path().join("work");
        std::fs::create_dir(&work).unwrap();
        git(&work, &["init", "-q"]);
        std::fs::write(work.join("README.md"), "hello from acme\n").unwrap();
        git(&work, &["add", "-A"]);
        git(&work, &["commit", "-qm", "Begin"]);
        git(&work, &["branch", "side"]);
        git(folder.path(), &["clone", "-q", "--bare", "work", "tool.git"]);
        // Then the files alone are enough for git.
        git(&folder.path().join("tool.git"), &["update-server-info"]);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = Self {
            address,
            folder: Arc::new(folder),
            seen: Arc::default(),
            answers: Arc::new(watch::Sender::new(true)),
        };
        let router = Router::new().fallback(reply).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        service
    }

    /// Lets git wait for its answers, or lets it have them.
    pub(crate) fn answer(&self, answers: bool) {
        self.answers.send_replace(answers);
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn json(&self, line: &str) -> Option<Value> {
        let repository =
            json!({"id": 7, "full_name": "acme/tool", "private": true, "default_branch": "main"});
        Some(match line {
            "GET /api/v3/user" => json!({"id": 1, "login": "ada", "avatar_url": "a"}),
            "GET /api/v3/user/repos" => json!([repository]),
            "GET /api/v3/user/orgs" => json!([]),
            "GET /api/v3/search/repositories" => json!({"items": [repository]}),
            "GET /api/v3/repos/acme/tool" => repository,
            "GET /api/v3/repos/acme/tool/branches" => {
                json!([{"name": "main", "commit": {"sha": "abc"}, "protected": false}])
            }
            "GET /api/v3/repos/acme/tool/contents/.openhands/microagents" => {
                json!([{"type": "file", "path": ".openhands/microagents/style.md"}])
            }
            "GET /api/v3/repos/acme/tool/contents/.openhands/microagents/style.md" => {
                // ---\ntriggers:\n- style\n---\nBe brief.\n
                json!({"content": "LS0tCnRyaWdnZXJzOgotIHN0eWxlCi0tLQpCZSBicmllZi4K"})
            }
            "POST /api/v3/repos/acme/tool/pulls" => {
                json!({"html_url": format!("{}/acme/tool/pull/17", self.address), "number": 17})
            }
            "GET /api/v3/repos/acme/tool/pulls/17" => json!({"state": "open"}),
            "POST /api/graphql" => json!({"data": {
                "user": {"pullRequests": {"nodes": []}},
                "search": {"nodes": [{"number": 9, "title": "bug", "repository": {"nameWithOwner": "acme/tool"}}]},
            }}),
            _ => return None,
        })
    }
}

async fn reply(State(service): State<GitService>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let line = format!("{} {path}", request.method());
    let given = request.headers().get(header::AUTHORIZATION).cloned();
    let given = given.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    service.seen.lock().unwrap().push(format!("{line} {given}"));
    if let Some(file) = path.strip_prefix("/acme/tool.git/") {
        service.answers.subscribe().wait_for(|answers| *answers).await.unwrap();
        if given != BASIC {
            let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"acme\"")];
            return (StatusCode::UNAUTHORIZED, challenge).into_response();
        }
        return match std::fs::read(service.folder.path().join("tool.git").join(file)) {
            Ok(bytes) => bytes.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    if given != format!("Bearer {TOKEN}") {
        return (StatusCode::UNAUTHORIZED, "{}").into_response();
    }
    match service.json(&line) {
        Some(json) => json.to_string().into_response(),
        None => (StatusCode::NOT_FOUND, "{}").into_response(),
    }
}
