use serde_json::{Value, json};

use crate::model_server::{self, Turn};
use crate::support::TestServer;

#[tokio::test]
async fn a_conversation_lives_its_life_over_rest() {
    let server = TestServer::start().await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    let (_, info) = server.get(&path).await;
    assert_eq!(info["title"], format!("Conversation {}", &id[..5]));
    assert_eq!(
        (&info["status"], &info["runtime_status"]),
        (&json!("RUNNING"), &json!("STATUS$READY"))
    );
    assert_eq!((&info["trigger"], &info["conversation_version"]), (&json!("gui"), &json!("V0")));
    assert_eq!(info["url"], path);
    assert_eq!(info["agent_state"], "awaiting_user_input");
    let (_, page) = server.get(&format!("{path}/events?reverse=true&limit=1")).await;
    assert_eq!(info["last_event_id"], page["events"][0]["id"]);
    assert_eq!(info["usage"]["max_iterations"], 500);
    assert_eq!(info["usage"]["max_budget"], json!(null));

    let rename = server.http.patch(server.url(&path)).body(json!({"title": " New "}).to_string());
    assert_eq!(rename.send().await.unwrap().json::<Value>().await.unwrap(), json!(true));
    assert_eq!(server.get(&path).await.1["title"], "New");

    let (_, stopped) = server.post(&format!("{path}/stop"), Value::Null).await;
    assert_eq!(stopped["conversation_status"], "RUNNING");
    let (_, info) = server.get(&path).await;
    assert_eq!(
        (&info["status"], &info["runtime_status"], &info["url"]),
        (&json!("STOPPED"), &Value::Null, &Value::Null)
    );
    let (_, started) = server.post(&format!("{path}/start"), json!({"providers_set": []})).await;
    assert_eq!(started["conversation_status"], "RUNNING");

    let (_, events) = server.get(&format!("{path}/events?limit=100")).await;
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            "environment loading",
            "agent system",
            "environment change_agent_state",
            "environment awaiting_user_input",
            "environment stopped",
            "environment loading",
            "environment change_agent_state",
            "environment awaiting_user_input",
        ]
    );
    let deleted = server.http.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(deleted.json::<Value>().await.unwrap(), json!(true));
    let again = server.http.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(again.json::<Value>().await.unwrap(), json!(false));
    assert_eq!(server.get(&path).await, (200, Value::Null));
}

fn kind(event: &Value) -> String {
    let state = event["extras"]["agent_state"].as_str();
    let name = state.or_else(|| event["action"].as_str()).unwrap_or("?");
    format!("{} {name}", event["source"].as_str().unwrap())
}

#[tokio::test]
async fn events_are_paged_filtered_and_exported() {
    let server = TestServer::start().await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    for text in ["alpha", "bravo", "charlie"] {
        server.say(&id, text).await;
    }
    let get = async |query: &str| server.get(&format!("{path}/events?{query}")).await;
    let ids = |page: &Value| -> Vec<u64> {
        page["events"].as_array().unwrap().iter().map(|e| e["id"].as_u64().unwrap()).collect()
    };
    let (_, page) = get("start_id=1&limit=2").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec![1, 2], &json!(true)));
    let (_, page) = get("reverse=true&limit=1").await;
    assert_eq!(page["events"][0]["message"], "charlie");
    let (_, page) = get("end_id=1").await;
    assert_eq!((ids(&page), &page["has_more"]), (vec![0, 1], &json!(false)));
    assert_eq!(ids(&get("query=BRAVO&limit=100").await.1).len(), 1);
    let filtered = server.http.get(server.url(&format!("{path}/events?limit=100")));
    let filtered = filtered.body(json!({"query": "Bravo", "source": "user"}).to_string());
    let filtered: Value = filtered.send().await.unwrap().json().await.unwrap();
    assert_eq!(ids(&filtered).len(), 1);
    assert_eq!(ids(&get("source=environment&query=bravo").await.1).len(), 0);
    assert_eq!(ids(&get("start_date=2999-01-01&limit=100").await.1).len(), 0);
    assert_eq!(get("limit=0").await.1, json!({"events": [], "has_more": true}));
    assert_eq!(get("limit=101").await, (400, json!({"detail": "Invalid limit"})));
    assert_eq!(get("limit=x").await.0, 422);
    let (_, export) = server.get(&format!("{path}/trajectory")).await;
    let exported = export["trajectory"].as_array().unwrap();
    assert_eq!(exported.len(), 10);
    assert!(
        exported.iter().all(|event| event.get("type").is_none() && event.get("result").is_none())
    );
}

#[tokio::test]
async fn settings_are_kept_and_secrets_are_never_returned() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/settings").await, (404, json!({"error": "Settings not found"})));
    let body = json!({
        "llm_model": "openai/gpt-4o",
        "llm_api_key": "canary-4711-canary",
        "max_iterations": 7,
        "provider_tokens_set": {},
    });
    assert_eq!(
        server.post("/api/settings", body).await,
        (200, json!({"message": "Settings stored"}))
    );
    let (_, settings) = server.get("/api/settings").await;
    assert_eq!(settings["llm_model"], "openai/gpt-4o");
    assert_eq!(
        (&settings["llm_api_key"], &settings["llm_api_key_set"]),
        (&Value::Null, &json!(true))
    );
    assert!(!settings.to_string().contains("canary"));
    // What is absent falls back to its default; model and key stay.
    server.post("/api/settings", json!({"language": "de"})).await;
    let (_, settings) = server.get("/api/settings").await;
    assert_eq!(
        (&settings["max_iterations"], &settings["llm_api_key_set"]),
        (&Value::Null, &json!(true))
    );
    server.post("/api/settings", json!({"llm_api_key": ""})).await;
    assert_eq!(server.get("/api/settings").await.1["llm_api_key_set"], false);
    let (status, problem) = server.post("/api/settings", json!({"condenser_max_size": 3})).await;
    assert_eq!(
        (status, &problem["detail"][0]["loc"]),
        (422, &json!(["body", "condenser_max_size"]))
    );
}

#[tokio::test]
async fn bad_requests_say_what_would_be_right() {
    async fn check(server: &TestServer, path: &str, body: Value, status: u16, words: &str) {
        let (found, answer) = server.post(path, body).await;
        assert_eq!(found, status, "{path}: {answer}");
        assert!(answer.to_string().contains(words), "{path}: {answer}");
    }
    let server = TestServer::start().await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    check(&server, "/api/conversations", json!({"colour": "red"}), 422, "extra_forbidden").await;
    check(&server, "/api/conversations", json!({"repository": 5}), 422, "string_type").await;
    check(&server, "/api/conversations", json!({"git_provider": "x"}), 422, "enum").await;
    check(&server, &format!("{path}/events"), json!({"action": "dance"}), 400, "dance").await;
    check(&server, &format!("{path}/message"), json!({}), 422, "missing").await;
    check(&server, "/api/conversations/nope/start", json!({}), 404, "error").await;
    check(&server, "/api/conversations/a%00b/stop", json!({}), 400, "invalid characters").await;
    check(&server, "/api/conversations/a..b/stop", json!({}), 400, "path characters").await;
    check(&server, "/api/nowhere", json!({}), 404, "Not Found").await;
    assert_eq!(server.get("/api/nowhere").await, (404, json!({"detail": "Not Found"})));
    let wrong = server.http.put(server.url("/api/settings")).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert_eq!(server.get("/api/conversations?page_id=%21").await.0, 400);
}

#[tokio::test]
async fn conversations_are_listed_in_pages() {
    let server = TestServer::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(server.create().await);
    }
    made.reverse();
    let mut found = Vec::new();
    let mut page = String::new();
    loop {
        let (_, answer) = server.get(&format!("/api/conversations?limit=2{page}")).await;
        for info in answer["results"].as_array().unwrap() {
            found.push(info["conversation_id"].as_str().unwrap().to_owned());
        }
        match answer["next_page_id"].as_str() {
            Some(next) => page = format!("&page_id={}", next.replace('=', "%3D")),
            None => break,
        }
    }
    assert_eq!(found, made);
    // A page is also known by its bare number, and by OpenHands' own form of none.
    let second = server.get("/api/conversations?limit=2&page_id=Mg%3D%3D").await.1;
    assert_eq!(second["results"][0]["conversation_id"], json!(made[2]));
    let first = "eyJ2MCI6IG51bGwsICJ2MSI6IG51bGx9";
    let first = server.get(&format!("/api/conversations?page_id={first}")).await.1;
    assert_eq!(first["results"][0]["conversation_id"], json!(made[0]));
    let invalid = json!({"detail": "Invalid page_id"});
    assert_eq!(server.get("/api/conversations?page_id=what").await, (400, invalid));
}

#[tokio::test]
async fn a_model_without_its_key_makes_no_conversation() {
    let components = oh_server::Components::default();
    let server = TestServer::start_with(components, &[("LLM_MODEL", "openai/gpt-4o")]).await;
    let (status, answer) = server.post("/api/conversations", json!({})).await;
    assert_eq!((status, &answer["msg_id"]), (400, &json!("STATUS$ERROR_LLM_AUTHENTICATION")));
    assert_eq!(server.get("/api/conversations").await.1["results"], json!([]));
    // The demonstration needs none.
    server.post("/api/settings", json!({"llm_model": "demo"})).await;
    server.create().await;
}

#[tokio::test]
async fn a_conversation_can_begin_with_a_task_with_instructions_and_with_servers_of_its_own() {
    let server = TestServer::start().await;
    let create = async |body: Value| server.post("/api/conversations", body).await;
    let task = json!({
        "git_provider": "github", "task_type": "OPEN_ISSUE", "repo": "acme/tool",
        "issue_number": 9, "title": "it breaks",
    });
    let canary = "canary-4711-canary";
    let servers = json!({"shttp_servers": [{"url": "http://127.0.0.1:9/mcp", "api_key": canary}]});
    let body = json!({
        "suggested_task": task,
        "conversation_instructions": "Answer in French.",
        "mcp_config": servers,
    });
    let (status, made) = create(body).await;
    assert_eq!(status, 200, "{made}");
    let path = format!("/api/conversations/{}", made["conversation_id"].as_str().unwrap());
    let (_, info) = server.get(&path).await;
    assert_eq!(
        (&info["trigger"], &info["selected_repository"], &info["git_provider"]),
        (&json!("suggested_task"), &json!("acme/tool"), &json!("github"))
    );
    let found = async |query: &str| {
        server.get(&format!("{path}/events?limit=100&query={query}")).await.1["events"].clone()
    };
    // A repository may take its time, and the message comes after it.
    let began = async {
        while found("it%20breaks").await[0].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, began).await.unwrap();
    let told = found("conversation_instructions").await;
    let told = told.as_array().unwrap().iter().find(|event| event["observation"] == "recall");
    assert_eq!(told.unwrap()["extras"]["conversation_instructions"], "Answer in French.");
    let (_, listed) = server.get(&format!("{path}/mcp-servers")).await;
    assert_eq!(listed["servers"].as_array().unwrap().len(), 1, "{listed}");
    assert!(!found("").await.to_string().contains(canary));
    let database = std::fs::read(server.folder.path().join("openhands.db")).unwrap();
    assert!(!database.windows(canary.len()).any(|bytes| bytes == canary.as_bytes()));

    let microagent = json!({"create_microagent": {"repo": "acme/tool", "title": "style"}});
    let (_, made) = create(microagent).await;
    let id = made["conversation_id"].as_str().unwrap();
    let (_, info) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(info["trigger"], "microagent_management");
    assert_eq!(info["selected_repository"], "acme/tool");

    let check = async |body: Value, location: Value, kind: &str| {
        let (status, answer) = create(body).await;
        let problem = &answer["detail"][0];
        assert_eq!((status, &problem["loc"], &problem["type"]), (422, &location, &json!(kind)));
    };
    check(json!({"repository": "alone"}), json!(["body", "repository"]), "value_error").await;
    let at = json!(["body", "create_microagent", "repo"]);
    check(json!({"create_microagent": {}}), at, "missing").await;
    let mut task = task;
    task["task_type"] = json!("NAP");
    let at = json!(["body", "suggested_task", "task_type"]);
    check(json!({"suggested_task": task}), at, "enum").await;
    let wrong = json!({"mcp_config": {"sse_servers": [{"url": canary}]}});
    let (status, answer) = create(wrong).await;
    assert_eq!(status, 422);
    assert!(!answer.to_string().contains(canary), "{answer}");
}

#[tokio::test]
async fn what_belongs_to_few_is_answered_as_openhands_does() {
    let server = TestServer::start().await;
    let id = server.create().await;
    let path = format!("/api/conversations/{id}");
    let gone = json!({"error": "Reset settings functionality has been removed."});
    assert_eq!(server.post("/api/reset-settings", Value::Null).await, (410, gone));
    let nothing = (200, json!({"items": [], "next_page_id": null}));
    for search in ["search", "start-tasks/search"] {
        let found = server.get(&format!("/api/v1/app-conversations/{search}?limit=5")).await;
        assert_eq!(found, nothing);
    }
    let none = (404, json!({"detail": "Security analyzer not initialized"}));
    assert_eq!(server.get(&format!("{path}/security/a/b")).await, none);
    assert_eq!(server.post(&format!("{path}/security/a"), json!({})).await, none);

    let experiment = format!("{path}/exp-config");
    for body in [json!({"config": {"a": "b"}}), json!({"config": null})] {
        assert_eq!(server.post(&experiment, body).await, (200, json!(false)));
    }
    assert_eq!(server.post(&experiment, json!({"config": {"a": 1}})).await.0, 422);

    let feedback = format!("{path}/submit-feedback");
    let mut body =
        json!({"version": "1", "email": "a@b.c", "polarity": "positive", "permissions": "private"});
    let (status, answer) = server.post(&feedback, body.clone()).await;
    assert_eq!((status, &answer["statusCode"]), (200, &json!(200)), "{answer}");
    assert!(answer["body"]["feedback_id"].is_string(), "{answer}");
    body["polarity"] = json!("mixed");
    assert_eq!(server.post(&feedback, body).await.0, 422);
    assert_eq!(server.post("/api/conversations/unknown/submit-feedback", json!({})).await.0, 404);

    let remember = format!("{path}/remember-prompt");
    assert_eq!(server.get(&remember).await.0, 422);
    assert_eq!(server.get(&format!("{remember}?event_id=999")).await.0, 404);
    // A scripted model is for conversations only.
    assert_eq!(server.get(&format!("{remember}?event_id=1")).await.0, 409);
    assert_eq!(server.post("/health", Value::Null).await.0, 405);
}

#[tokio::test]
async fn a_prompt_to_remember_comes_from_the_model() {
    let script = |_: &Value| Turn::Text("Note that tests need a database.");
    let url = format!("http://127.0.0.1:{}/v1", model_server::start(script).await);
    let variables =
        [("LLM_MODEL", "openai/test"), ("LLM_API_KEY", "k"), ("LLM_BASE_URL", url.as_str())];
    let server = TestServer::start_with(oh_server::Components::default(), &variables).await;
    let id = server.create().await;
    let (status, answer) =
        server.get(&format!("/api/conversations/{id}/remember-prompt?event_id=1")).await;
    let expected = json!({"status": "success", "prompt": "Note that tests need a database."});
    assert_eq!((status, answer), (200, expected));
}

#[tokio::test]
async fn the_server_says_what_it_uses() {
    let server = TestServer::start().await;
    let (_, info) = server.get("/server_info").await;
    let figure = |at: &str| info.pointer(at).and_then(Value::as_f64).unwrap();
    assert!(figure("/resources/memory/rss") > 1e6 && figure("/resources/memory/percent") > 0.0);
    assert!(figure("/resources/disk/total") >= figure("/resources/disk/free"));
    assert!(figure("/resources/disk/free") > 0.0 && figure("/uptime") > 0.0, "{info}");
    let sum = figure("/resources/disk/used") + figure("/resources/disk/free");
    assert!((sum - figure("/resources/disk/total")).abs() < 1.0);
}

#[tokio::test]
async fn microagent_conversations_are_listed_by_repository() {
    let server = TestServer::start().await;
    server.create().await;
    for repository in ["acme/tool", "acme/other"] {
        let body = json!({"create_microagent": {"repo": repository}});
        assert_eq!(server.post("/api/conversations", body).await.0, 200);
    }
    let path = "/api/microagent-management/conversations";
    assert_eq!(server.get(path).await.0, 422);
    let (_, found) = server.get(&format!("{path}?selected_repository=acme/tool")).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    assert_eq!(found["results"][0]["selected_repository"], "acme/tool");
    assert_eq!(found["next_page_id"], Value::Null);
}

#[tokio::test]
async fn the_interface_can_be_kept_from_offering_models() {
    for (value, hides) in [("true", true), ("false", false)] {
        let llm = oh_testkit::ScriptedLlm::default();
        let server = TestServer::with(llm, &[("HIDE_LLM_SETTINGS", value)]).await;
        let (_, options) = server.get("/api/options/config").await;
        assert_eq!(options["FEATURE_FLAGS"]["HIDE_LLM_SETTINGS"], hides);
    }
}

#[tokio::test]
async fn files_and_pages_of_a_log_are_smaller_for_those_who_take_gzip() {
    let server = TestServer::start().await;
    let id = server.create().await;
    let page = format!("/api/conversations/{id}/events?limit=100");
    // One that unpacks by itself does not show what came.
    let client = reqwest::Client::builder().no_gzip().build().unwrap();
    for path in ["/", page.as_str()] {
        let plain = client.get(server.url(path)).send().await.unwrap();
        assert_eq!(plain.headers().get("content-encoding"), None, "{path}");
        let plain = plain.bytes().await.unwrap();
        let request = client.get(server.url(path)).header("accept-encoding", "gzip");
        let packed = request.send().await.unwrap();
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        let packed = packed.bytes().await.unwrap();
        assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < plain.len(), "{path}");
    }
}
