//! The requests that the engine for tests answers, as Docker documents them.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::container_fake::Fake;

type Parameters = Query<Vec<(String, String)>>;

pub(crate) fn router(fake: Fake) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/images/create", post(pull))
        .route("/images/{*name}", get(inspect_image))
        .route("/containers/create", post(create))
        .route("/containers/{name}/json", get(inspect))
        .route("/containers/{name}/archive", put(upload))
        .route("/containers/{name}/attach", post(attach))
        .route("/containers/{name}/start", post(start))
        .route("/containers/{name}/wait", post(wait))
        .route("/containers/{name}/stop", post(stop))
        .route("/containers/{name}", delete(remove))
        .route("/networks/{name}/connect", post(connect_network))
        .layer(DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn_with_state(fake.clone(), record))
        .with_state(fake)
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}

fn no_container() -> Response {
    failure(StatusCode::NOT_FOUND, "No such container")
}

async fn record(State(fake): State<Fake>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method(), request.uri());
    let text = format!("{method} {}", uri.path_and_query().unwrap());
    fake.state().requests.push(text);
    next.run(request).await
}

async fn version() -> Json<Value> {
    Json(json!({"Platform": {"Name": "Fake"}, "Version": "1", "ApiVersion": "1.44"}))
}

async fn inspect_image(State(fake): State<Fake>, Path(name): Path<String>) -> Response {
    let name = name.trim_end_matches("/json");
    if !fake.state().images.iter().any(|known| known == name) {
        return failure(StatusCode::NOT_FOUND, &format!("No such image: {name}"));
    }
    Json(json!({"Id": name, "Architecture": "s390x"})).into_response()
}

async fn pull(State(fake): State<Fake>, Query(parameters): Parameters) -> Response {
    let mut state = fake.state();
    let name = parameters.iter().find(|(key, _)| key == "fromImage").unwrap().1.clone();
    let tag = parameters.iter().find(|(key, _)| key == "tag").map(|(_, tag)| tag);
    let steps = match state.pull_error {
        Some("denied") => return failure(StatusCode::NOT_FOUND, "pull access denied"),
        Some(error) => json!({"errorDetail": {"message": error}, "error": error}).to_string(),
        None => {
            state.images.push(tag.map_or_else(|| name.clone(), |tag| format!("{name}:{tag}")));
            state.images.push(name);
            [
                json!({"status": "Pulling fs layer", "id": "a"}),
                json!({"status": "Pulling fs layer", "id": "b"}),
                json!({"status": "Pull complete", "id": "a"}),
                json!({"status": "Pull complete", "id": "b"}),
            ]
            .map(|step| step.to_string())
            .join("\n")
        }
    };
    steps.into_response()
}

async fn create(
    State(fake): State<Fake>,
    Query(parameters): Parameters,
    Json(body): Json<Value>,
) -> Response {
    let name = parameters.iter().find(|(key, _)| key == "name").unwrap().1.clone();
    if fake.state().containers.contains_key(&name) {
        return failure(StatusCode::CONFLICT, &format!("the name /{name} is already in use"));
    }
    fake.state().created.push(body.clone());
    fake.add(&name, body);
    (StatusCode::CREATED, Json(json!({"Id": name, "Warnings": []}))).into_response()
}

async fn inspect(State(fake): State<Fake>, Path(name): Path<String>) -> Response {
    let state = fake.state();
    let Some(container) = state.containers.get(&name) else { return no_container() };
    let exit_code = container.exit.borrow().unwrap_or(0);
    Json(json!({
        "Id": name,
        "State": {"Running": container.is_running(), "ExitCode": exit_code},
        "Config": {
            "Labels": container.body["Labels"],
            "Env": ["PATH=/opt/image/bin:/usr/local/bin:/usr/bin:/bin", "OF_IMAGE=yes"],
        },
    }))
    .into_response()
}

async fn upload(
    State(fake): State<Fake>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
    archive: Bytes,
) -> Response {
    assert_eq!(parameters, [("path".to_owned(), "/".to_owned())]);
    let root = match fake.state().containers.get(&name) {
        Some(container) => container.root.clone(),
        None => return no_container(),
    };
    let file = root.with_extension("tar");
    std::fs::write(&file, &archive).unwrap();
    let mut tar = tokio::process::Command::new("tar");
    let status = tar.arg("-C").arg(&root).arg("-xf").arg(&file).status().await.unwrap();
    assert!(status.success());
    StatusCode::OK.into_response()
}

async fn attach(
    State(fake): State<Fake>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
    request: Request,
) -> Response {
    for stream in ["stream", "stdin", "stdout", "stderr"] {
        assert!(parameters.contains(&(stream.to_owned(), "true".to_owned())), "{parameters:?}");
    }
    let mut state = fake.state();
    let Some(container) = state.containers.get_mut(&name) else { return no_container() };
    let (sender, attached) = oneshot::channel();
    container.attached = Some(attached);
    tokio::spawn(async move {
        let connection = hyper::upgrade::on(request).await.unwrap();
        let _ = sender.send(TokioIo::new(connection));
    });
    let mut headers = HeaderMap::new();
    headers.insert("upgrade", "tcp".parse().unwrap());
    headers.insert("connection", "Upgrade".parse().unwrap());
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn start(State(fake): State<Fake>, Path(name): Path<String>) -> Response {
    if !fake.state().containers.contains_key(&name) {
        return no_container();
    }
    if fake.is_running(&name) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    if let Some(error) = fake.state().start_errors.pop() {
        return failure(StatusCode::INTERNAL_SERVER_ERROR, error);
    }
    fake.run(&name).unwrap();
    StatusCode::NO_CONTENT.into_response()
}

async fn wait(State(fake): State<Fake>, Path(name): Path<String>) -> Response {
    let mut exit = match fake.state().containers.get(&name) {
        Some(container) => container.exit.clone(),
        None => return no_container(),
    };
    let code = match exit.wait_for(Option::is_some).await {
        Ok(code) => code.unwrap_or(0),
        Err(_) => 0,
    };
    Json(json!({"StatusCode": code})).into_response()
}

async fn stop(
    State(fake): State<Fake>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
) -> Response {
    let mut exit = match fake.state().containers.get(&name) {
        None => return no_container(),
        Some(container) if !container.is_running() => {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        Some(container) => container.exit.clone(),
    };
    let seconds = parameters.iter().find(|(key, _)| key == "t").unwrap().1.parse().unwrap();
    let limit = Duration::from_secs(seconds);
    if tokio::time::timeout(limit, exit.wait_for(Option::is_some)).await.is_err() {
        if let Some(container) = fake.state().containers.get(&name) {
            container.kill();
        }
        let _ = exit.wait_for(Option::is_some).await;
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn remove(State(fake): State<Fake>, Path(name): Path<String>) -> Response {
    match fake.state().containers.remove(&name) {
        Some(container) => {
            container.kill();
            StatusCode::NO_CONTENT.into_response()
        }
        None => no_container(),
    }
}

async fn connect_network(Path(name): Path<String>, Json(body): Json<Value>) -> Response {
    match name.as_str() {
        "back" => Json(body).into_response(),
        _ => failure(StatusCode::NOT_FOUND, &format!("network {name} not found")),
    }
}
