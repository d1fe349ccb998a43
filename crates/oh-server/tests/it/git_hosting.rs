//! Tokens for git hosting, what they open, and repositories that conversations begin with.

use serde_json::{Value, json};

use crate::git_service::{GitService, TOKEN};
use crate::sandbox::Server;
use crate::support::TestServer;

fn tokens(service: &GitService, token: &str) -> Value {
    json!({"provider_tokens": {"github": {"token": token, "host": service.address}}})
}

#[tokio::test]
async fn a_token_is_tried_kept_and_never_shown() {
    let service = GitService::start().await;
    let server = TestServer::start().await;
    server.post("/api/settings", json!({"llm_model": "demo"})).await;
    let (status, answer) = server.post("/api/add-git-providers", tokens(&service, "bad")).await;
    assert_eq!(status, 401);
    assert!(answer["error"].as_str().unwrap().contains("valid GitHub token"), "{answer}");
    let set = async || server.get("/api/settings").await.1["provider_tokens_set"].clone();
    assert_eq!(set().await, json!({}));
    let stored = (200, json!({"message": "Git providers stored"}));
    assert_eq!(server.post("/api/add-git-providers", tokens(&service, TOKEN)).await, stored);
    assert_eq!(set().await, json!({"github": service.address}));
    // An empty one keeps what is stored.
    assert_eq!(server.post("/api/add-git-providers", tokens(&service, "")).await, stored);
    assert_eq!(server.get("/api/user/info").await.0, 200);
    let (_, settings) = server.get("/api/settings").await;
    assert!(!settings.to_string().contains(TOKEN));
    for body in [
        json!({}),
        json!({"provider_tokens": {"sourceforge": {"token": TOKEN}}}),
        json!({"provider_tokens": {"github": {"token": [TOKEN]}}}),
        json!({"provider_tokens": TOKEN}),
    ] {
        let (status, answer) = server.post("/api/add-git-providers", body).await;
        assert_eq!(status, 422, "{answer}");
        assert!(!answer.to_string().contains(TOKEN), "{answer}");
    }
    assert_eq!(server.post("/api/unset-provider-tokens", Value::Null).await.0, 200);
    assert_eq!(set().await, json!({}));
    assert_eq!(server.get("/api/user/info").await.0, 401);
}

#[tokio::test]
async fn what_a_token_opens_is_shown_in_openhands_form() {
    let service = GitService::start().await;
    let server = TestServer::start().await;
    let required = json!("Git provider token required. (such as GitHub).");
    assert_eq!(server.get("/api/user/repositories").await, (401, required));
    let none = (401, json!("No providers set."));
    assert_eq!(server.get("/api/user/suggested-tasks").await, none);
    let agents = "/api/user/repository/acme/tool/microagents";
    assert_eq!(server.get(agents).await, (200, json!([])));

    server.post("/api/add-git-providers", tokens(&service, TOKEN)).await;
    let get = async |path: &str| {
        let (status, body) = server.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    assert_eq!(get("/api/user/info").await["login"], "ada");
    for path in [
        "/api/user/repositories",
        "/api/user/repositories?selected_provider=github&page=1&per_page=30",
        "/api/user/search/repositories?query=tool",
    ] {
        assert_eq!(get(path).await[0]["full_name"], "acme/tool", "{path}");
    }
    let branches = get("/api/user/repository/branches?repository=acme/tool").await;
    assert_eq!(
        (&branches["branches"][0]["name"], &branches["per_page"]),
        (&json!("main"), &json!(30))
    );
    let task = json!({
        "git_provider": "github", "task_type": "OPEN_ISSUE", "repo": "acme/tool",
        "issue_number": 9, "title": "bug",
    });
    assert_eq!(get("/api/user/suggested-tasks").await, json!([task]));
    let listed = get(agents).await;
    assert_eq!(listed[0]["name"], "style");
    let path = listed[0]["path"].as_str().unwrap();
    let content = get(&format!("{agents}/content?file_path={path}")).await;
    let expected = json!({"content": "Be brief.", "path": path, "triggers": ["style"], "git_provider": "github"});
    assert_eq!(content, expected);

    let check =
        async |path: &str, status: u16| assert_eq!(server.get(path).await.0, status, "{path}");
    check("/api/user/installations", 422).await;
    check("/api/user/installations?provider=gitlab", 400).await;
    check("/api/user/installations?provider=other", 422).await;
    check("/api/user/repositories?selected_provider=github", 422).await;
    check("/api/user/repositories?selected_provider=gitlab&page=1&per_page=3", 401).await;
    check("/api/user/search/repositories", 422).await;
    check("/api/user/repository/branches?repository=acme/other", 500).await;
    check("/api/user/repository/branches?repository=acme/tool&page=x", 422).await;
}

#[tokio::test]
async fn a_conversation_begins_in_its_repository() {
    let service = GitService::start().await;
    let server = Server::start(&[]).await;
    server.post("/api/add-git-providers", tokens(&service, TOKEN)).await;
    let create = async |body: Value| server.post("/api/conversations", body).await;
    let unknown = create(json!({"repository": "acme/other"})).await;
    assert!(unknown.is_string(), "{unknown}");

    let made = create(json!({"repository": "acme/tool", "selected_branch": "side"})).await;
    let id = made["conversation_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let info = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(info["git_provider"], "github");
    let ran = server.run(&id, "cd tool && cat README.md && git branch --show-current && git remote -v && cat .git/config").await;
    let content = ran["content"].as_str().unwrap();
    assert!(content.starts_with("hello from acme\nside\n"), "{content}");
    assert!(!content.contains(TOKEN) && !content.contains("x-access-token"), "{content}");
    // Git finds the token by itself, later too.
    let ran = server
        .run(&id, "git fetch origin && echo fetched; test -n \"$GITHUB_TOKEN\" && echo set")
        .await;
    assert!(ran["content"].as_str().unwrap().contains("fetched\nset"), "{ran}");
    server.post(&format!("/api/conversations/{id}/message"), json!({"message": "hello"})).await;
    let path = format!("/api/conversations/{id}/events?limit=100");
    let events = server.get(&format!("{path}&query=workspace_context")).await;
    let told = events["events"].as_array().unwrap().iter().find(|e| e["observation"] == "recall");
    let told = &told.unwrap()["extras"];
    assert_eq!((&told["repo_name"], &told["repo_branch"]), (&json!("acme/tool"), &json!("side")));
    assert!(told["repo_directory"].as_str().unwrap().ends_with("/tool"), "{told}");
    let all = server.get(&path).await;
    assert!(!all.to_string().contains(TOKEN), "{all}");

    // Without a branch the agent gets one of its own.
    let made = create(json!({"repository": "acme/tool"})).await;
    let id = made["conversation_id"].as_str().unwrap();
    let ran = server.run(id, "git -C tool branch --show-current").await;
    assert!(ran["content"].as_str().unwrap().starts_with("openhands-workspace-"), "{ran}");
}

#[tokio::test]
async fn a_first_message_outlives_a_crash_while_the_repository_is_fetched() {
    let service = GitService::start().await;
    let mut server = Server::start(&[]).await;
    server.post("/api/add-git-providers", tokens(&service, TOKEN)).await;
    service.answer(false);
    let body = json!({"repository": "acme/tool", "initial_user_msg": "say it was kept"});
    let made = server.post("/api/conversations", body).await;
    let id = made["conversation_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    while !service.seen().iter().any(|line| line.contains("/acme/tool.git/")) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.crash().await;
    service.answer(true);
    let path = format!("/api/conversations/{id}/events?limit=100&query=say+it+was+kept");
    let messages = async || {
        let events = server.get(&path).await;
        let events = events["events"].as_array().unwrap().clone();
        events.into_iter().filter(|event| event["action"] == "message").collect::<Vec<_>>()
    };
    assert!(messages().await.is_empty(), "nothing runs by itself");
    server.post(&format!("/api/conversations/{id}/start"), json!({})).await;
    while messages().await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // Once it is among the events, it does not come again.
    server.crash().await;
    let messages = async || {
        let events = server.get(&path).await;
        let is_message = |event: &&Value| event["action"] == "message" && event["source"] == "user";
        events["events"].as_array().unwrap().iter().filter(is_message).count()
    };
    let ran = server.run(&id, "cat tool/README.md").await;
    assert!(ran["content"].as_str().unwrap().contains("hello from acme"), "{ran}");
    assert_eq!(messages().await, 1);
}

#[tokio::test]
async fn a_repository_that_cannot_be_fetched_is_told_and_tried_again() {
    let service = GitService::start().await;
    let server = Server::start(&[]).await;
    server.post("/api/add-git-providers", tokens(&service, TOKEN)).await;
    let body =
        json!({"repository": "acme/tool", "selected_branch": "missing", "initial_user_msg": "hi"});
    let made = server.post("/api/conversations", body).await;
    let id = made["conversation_id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let path = format!("/api/conversations/{id}/events?limit=100&query=could%20not%20be%20fetched");
    let failed = async {
        loop {
            let events = server.get(&path).await;
            if let Some(event) = events["events"].as_array().and_then(|events| events.first()) {
                return event.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let failed = tokio::time::timeout(crate::support::PATIENCE, failed).await.unwrap();
    assert_eq!(failed["extras"]["agent_state"], "error");
    assert!(failed.to_string().contains("missing"), "{failed}");
    let before = service.seen().len();
    server.post(&format!("/api/conversations/{id}/message"), json!({"message": "again"})).await;
    assert!(service.seen().len() > before);
}
