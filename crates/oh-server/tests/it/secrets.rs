//! Secrets of the user: in the shell of commands, and nowhere else.

use oh_event_log::SECRET_MASK;
use serde_json::{Value, json};

use crate::sandbox::Server;
use crate::support::TestServer;

const VALUE: &str = "canary$(id)\"'4711";

async fn put(server: &TestServer, name: &str, body: Value) -> (u16, Value) {
    let request = server.http.put(server.url(&format!("/api/secrets/{name}")));
    let response = request.body(body.to_string()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn secrets_are_listed_and_changed_and_their_values_never_come_back() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/api/secrets").await, (200, json!({"custom_secrets": []})));
    let not_found = json!({"error": "Secret with ID A not found"});
    assert_eq!(put(&server, "A", json!({"name": "B"})).await, (404, not_found.clone()));
    let secret = json!({"name": "A", "value": VALUE, "description": "for tests"});
    let (status, answer) = server.post("/api/secrets", secret.clone()).await;
    assert_eq!((status, answer["message"].is_string()), (201, true));
    let exists = json!({"message": "Secret A already exists"});
    assert_eq!(server.post("/api/secrets", secret).await, (400, exists.clone()));
    assert_eq!(server.post("/api/secrets", json!({"name": "B", "value": "x"})).await.0, 201);
    assert_eq!(put(&server, "B", json!({"name": "A"})).await, (400, exists));
    assert_eq!(put(&server, "B", json!({"name": "C", "description": "new"})).await.0, 200);
    let (_, list) = server.get("/api/secrets").await;
    let expected = json!([
        {"name": "A", "description": "for tests"},
        {"name": "C", "description": "new"},
    ]);
    assert_eq!(list["custom_secrets"], expected);
    let delete = || server.http.delete(server.url("/api/secrets/A")).send();
    assert_eq!(delete().await.unwrap().status(), 200);
    let again = delete().await.unwrap();
    assert_eq!((again.status().as_u16(), again.json::<Value>().await.unwrap()), (404, not_found));
}

#[tokio::test]
async fn a_name_that_no_shell_can_use_is_refused_without_saying_the_value() {
    let server = TestServer::start().await;
    for name in ["", "1a", "a-b", "a b", "ä"] {
        let body = json!({"name": name, "value": VALUE});
        let (status, answer) = server.post("/api/secrets", body).await;
        assert_eq!(status, 422, "{name}: {answer}");
        assert!(!answer.to_string().contains("canary"), "{answer}");
    }
    let (status, answer) = server.post("/api/secrets", json!({"name": "A"})).await;
    assert_eq!((status, &answer["detail"][0]["type"]), (422, &json!("missing")));
}

#[tokio::test]
async fn commands_find_the_secret_and_nobody_sees_it() {
    let server = Server::start(&[]).await;
    let secret = json!({"name": "my_key", "value": VALUE, "description": "opens the door"});
    server.post("/api/secrets", secret).await;
    let id = server.create().await;
    let ran = server.run(&id, "echo \"=$my_key=\"; printf %s \"$my_key\" | wc -c").await;
    let content = ran["content"].as_str().unwrap();
    assert!(content.contains(&format!("={SECRET_MASK}=\n{}", VALUE.len())), "{ran}");
    let ran = server.run(&id, "printf %s \"$my_key\" | base64").await;
    assert!(!ran.to_string().contains("Y2FuYXJ5"), "{ran}");

    // One that is added later is masked in the conversation that runs.
    let later = json!({"name": "OTHER", "value": "later-4711-later"});
    server.post("/api/secrets", later).await;
    let ran = server.run(&id, "echo later-4711-later").await;
    assert!(ran["content"].as_str().unwrap().contains(SECRET_MASK), "{ran}");
    let events = server.get(&format!("/api/conversations/{id}/events?limit=100")).await;
    assert!(!events.to_string().contains("4711"), "{events}");

    let message = json!({"message": "hello"});
    server.post(&format!("/api/conversations/{id}/message"), message).await;
    let path = format!("/api/conversations/{id}/events?limit=100&query=opens%20the%20door");
    let told = server.get(&path).await;
    let told = &told["events"][0]["extras"]["custom_secrets_descriptions"];
    assert_eq!(told["my_key"], "opens the door");
}

#[tokio::test]
async fn secrets_open_with_the_key_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let start =
        async |key: &str| TestServer::on(folder.path().to_owned(), &[("OH_SECRET_KEY", key)]).await;
    let key = "5c".repeat(32);
    let server = start(&key).await;
    server.post("/api/secrets", json!({"name": "A", "value": VALUE})).await;
    server.server.shut_down().await;
    assert!(!folder.path().join("secret_key").exists());
    let (_, list) = start(&key).await.get("/api/secrets").await;
    assert_eq!(list["custom_secrets"][0]["name"], "A");
    let (_, list) = start(&"5d".repeat(32)).await.get("/api/secrets").await;
    assert_eq!(list["custom_secrets"], json!([]));
    let config = crate::support::config(folder.path(), &[("OH_SECRET_KEY", "password")]);
    let failure = oh_server::start(config, oh_server::Components::default()).await.unwrap_err();
    assert!(format!("{failure:#}").contains("openssl rand"), "{failure:#}");
    assert!(!format!("{failure:#}").contains("password"), "{failure:#}");
}
