//! The state directory of OpenHands, taken over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::TestServer;

const KEY: &str = "sk-imported-0123456789";

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// As OpenHands writes it: with blanks, ASCII only, times of the server without a zone.
fn event(id: u64, source: &str, rest: &Value) -> String {
    let mut event = json!({
        "id": id,
        "timestamp": format!("2026-11-20T10:00:{id:02}.000001"),
        "source": source,
        "message": "",
    });
    event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    serde_json::to_string_pretty(&event).unwrap()
}

fn message(id: u64, text: &str) -> String {
    // The old names of arguments, too.
    let args = json!({"content": text, "images_urls": null, "wait_for_response": false});
    event(id, "user", &json!({"action": "message", "args": args}))
}

/// A directory with two users' conversations and a few things that are wrong with them.
fn state_directory() -> TempDir {
    let root = TempDir::new().unwrap();
    let path = |name: &str| root.path().join(name);
    let first = "sessions/7c08558656e940d494801e0f3ff2fd6f";
    write(&path(&format!("{first}/events/0.json")), &message(0, "Grüße \u{1f44b}"));
    let run = json!({"action": "run", "args": {"command": "ls", "thought": "", "is_confirmed": "confirmed"}});
    write(&path(&format!("{first}/events/1.json")), &event(1, "agent", &run));
    let output = json!({"observation": "run", "cause": 1, "content": "a\nb", "extras": {"command": "ls", "exit_code": 0, "command_id": 4}});
    write(&path(&format!("{first}/events/2.json")), &event(2, "agent", &output));
    // 3 is missing, 4 is damaged but stands in a page, 5 is damaged for good, 6 is of another world.
    write(&path(&format!("{first}/events/4.json")), "{\"id\": 4, \"time");
    let page = format!("[{},{}]", message(0, "hi"), message(4, "from the page"));
    write(&path(&format!("{first}/event_cache/0-25.json")), &page);
    write(&path(&format!("{first}/events/5.json")), "");
    let unknown = json!({"observation": "teleport", "content": "?", "extras": {}});
    write(&path(&format!("{first}/events/6.json")), &event(6, "environment", &unknown));
    write(&path(&format!("{first}/events/notes.txt")), "not an event");
    write(&path(&format!("{first}/agent_state.pkl")), "gASVcHdu");
    let metadata = json!({
        "conversation_id": "7c08558656e940d494801e0f3ff2fd6f",
        "title": "An old friend", "trigger": "gui", "pr_number": [7], "github_user_id": "1",
        "created_at": "2026-11-20T09:59:00+00:00", "accumulated_cost": 0.5,
    });
    write(&path(&format!("{first}/metadata.json")), &metadata.to_string());
    write(&path("sessions/plain/events/0.json"), &message(0, "nobody described me"));
    write(&path("users/u1/conversations/other/events/0.json"), &message(0, "another user's"));
    let metadata = json!({
        "conversation_id": "other", "selected_repository": "owner/name", "selected_branch": "main",
        "git_provider": "github", "created_at": "2026-11-20T09:59:00",
    });
    write(&path("users/u1/conversations/other/metadata.json"), &metadata.to_string());
    write(&path("sessions/.hidden/events/0.json"), &message(0, "hidden"));
    std::os::unix::fs::symlink("/etc", path("sessions/link")).unwrap();
    let settings = json!({
        "language": "de", "llm_model": "openai/gpt-4o", "llm_api_key": KEY,
        "sandbox_api_key": "**********", "max_iterations": "many", "condenser_max_size": 50,
        "secrets_store": {"provider_tokens": {"gitlab": {"token": "glpat-old"}}},
        "mcp_config": {"sse_servers": [], "stdio_servers": [], "shttp_servers": ["https://mcp.example/x"]},
    });
    write(&path("settings.json"), &settings.to_string());
    let secrets = json!({
        "provider_tokens": {"github": {"token": "ghp_imported", "host": "ghe.example"}, "nowhere": {"token": "x"}, "bitbucket": {"token": ""}},
        "custom_secrets": {"NPM_TOKEN": {"secret": "npm-imported", "description": "for publishing"}},
    });
    write(&path("secrets.json"), &secrets.to_string());
    root
}

fn import(from: &Path, to: &Path, more: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_openhands"))
        .arg("import")
        .arg(from)
        .arg("--data-dir")
        .arg(to)
        .args(more)
        .current_dir(to)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// Every file with its content and its time.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let modified = entry.metadata().unwrap().modified().unwrap();
                files.insert(entry.path(), (std::fs::read(entry.path()).unwrap(), modified));
            }
        }
    }
    files
}

#[tokio::test]
async fn everything_is_taken_over_once() {
    let (from, to) = (state_directory(), TempDir::new().unwrap());
    let before = snapshot(from.path());
    let (is_complete, said) = import(from.path(), to.path(), &[]);
    assert!(!is_complete, "a damaged file is told: {said}");
    assert!(said.contains("3 taken over with 7 events"), "{said}");
    assert!(said.contains("events/5.json: "), "{said}");
    assert!(said.contains("settings.json: `max_iterations` is not as it should be"), "{said}");
    let (_, again) = import(from.path(), to.path(), &[]);
    assert!(again.contains("0 taken over with 0 events"), "{again}");
    assert!(again.contains("3 were here before"), "{again}");
    assert!(again.contains("there are some here already"), "{again}");
    for said in [&said, &again] {
        for secret in [KEY, "ghp_imported", "npm-imported", "glpat-old"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
    assert_eq!(snapshot(from.path()), before, "the source was written to");

    let server = TestServer::on(to.path().to_owned(), &[]).await;
    let (_, list) = server.get("/api/conversations").await;
    assert_eq!(list["results"].as_array().unwrap().len(), 3, "{list}");
    let id = "7c08558656e940d494801e0f3ff2fd6f";
    let (_, info) = server.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(info["title"], "An old friend");
    assert_eq!(info["created_at"], "2026-11-20T09:59:00.000000Z");
    assert_eq!(info["last_updated_at"], "2026-11-20T10:00:06.000001Z");
    assert_eq!(info["pr_number"], json!([7]));
    let (_, other) = server.get("/api/conversations/other").await;
    assert_eq!(other["selected_repository"], "owner/name");
    assert_eq!(other["selected_branch"], "main");
    assert_eq!(other["title"], "Conversation other");
    let (_, page) = server.get(&format!("/api/conversations/{id}/events?limit=100")).await;
    let events = page["events"].as_array().unwrap();
    let ids: Vec<u64> = events.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [0, 1, 2, 4, 6]);
    assert_eq!(events[0]["args"]["content"], "Grüße \u{1f44b}");
    assert_eq!(events[0]["timestamp"], "2026-11-20T10:00:00.000001");
    assert_eq!(events[2]["cause"], 1);
    assert_eq!(events[3]["args"]["content"], "from the page");
    assert_eq!(events[4]["observation"], "teleport");

    // It goes on behind what was, and what nobody knows is shown to nobody.
    let mut socket = server.joined(id, -1).await;
    server.say(id, "here again").await;
    let seen = socket.events_until(|event| event["args"]["content"] == "here again").await;
    let ids: Vec<u64> = seen.iter().map(|event| event["id"].as_u64().unwrap()).collect();
    assert_eq!(ids[..4], [0, 1, 2, 4]);
    assert_eq!(ids[4], 7);
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");

    let (_, settings) = server.get("/api/settings").await;
    assert_eq!(settings["language"], "de");
    assert_eq!(settings["llm_model"], "openai/gpt-4o");
    assert_eq!(settings["llm_api_key_set"], true);
    assert_eq!(settings["condenser_max_size"], 50);
    assert_eq!(settings["max_iterations"], Value::Null);
    let servers = &settings["mcp_config"]["shttp_servers"];
    assert!(servers.to_string().contains("https://mcp.example/x"), "{settings}");
    let tokens = json!({"github": "ghe.example", "gitlab": null});
    assert_eq!(settings["provider_tokens_set"], tokens);
    let (_, secrets) = server.get("/api/secrets").await;
    let expected = json!([{"name": "NPM_TOKEN", "description": "for publishing"}]);
    assert_eq!(secrets["custom_secrets"], expected);
}

#[tokio::test]
async fn times_without_a_zone_are_those_of_the_given_one() {
    let (from, to) = (state_directory(), TempDir::new().unwrap());
    import(from.path(), to.path(), &["--source-timezone", "+02:00"]);
    let server = TestServer::on(to.path().to_owned(), &[]).await;
    let (_, page) = server.get("/api/conversations/plain/events").await;
    assert_eq!(page["events"][0]["timestamp"], "2026-11-20T08:00:00.000001");
    // This one names its zone.
    let (_, info) = server.get("/api/conversations/7c08558656e940d494801e0f3ff2fd6f").await;
    assert_eq!(info["created_at"], "2026-11-20T09:59:00.000000Z");
}

#[test]
fn what_is_no_state_directory_is_refused() {
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (is_done, said) = import(from.path(), to.path(), &[]);
    assert!(!is_done && said.contains("is not a state directory of OpenHands"), "{said}");
    let (is_done, said) = import(&from.path().join("absent"), to.path(), &[]);
    assert!(!is_done && said.contains("there is no directory"), "{said}");
    let (is_done, said) = import(from.path(), to.path(), &["--source-timezone", "Middle/Earth"]);
    assert!(!is_done && said.contains("is no time zone; write one such as"), "{said}");
}
