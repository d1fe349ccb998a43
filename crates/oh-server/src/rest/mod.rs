//! OpenHands' REST API.

mod body;
mod conversations;
mod create;
mod error;
mod events;
mod feedback;
mod files;
mod git;
mod git_hosting;
mod gone;
mod health;
mod info;
mod login;
mod mcp_server;
pub(crate) mod metrics;
mod options;
mod providers;
mod remember;
mod resources;
mod secrets;
mod settings;
mod skills;
mod upload;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub(crate) use conversations::user_message;
pub(crate) use error::ApiError;

use crate::auth::Denial;
use crate::listener::RequestConnection;
use crate::state::AppState;

/// Largest body of a request, in bytes: a message with pictures.
const MAX_BODY: usize = 32 * 1024 * 1024;

pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let api = Router::new()
        .route("/options/config", get(options::config))
        .route("/options/models", get(options::models))
        .route("/options/agents", get(options::agents))
        .route("/options/security-analyzers", get(options::security_analyzers))
        .route("/settings", get(settings::load).post(settings::store))
        .route("/add-git-providers", post(providers::add))
        .route("/unset-provider-tokens", post(providers::unset))
        .route("/user/info", get(git_hosting::user))
        .route("/user/installations", get(git_hosting::installations))
        .route("/user/repositories", get(git_hosting::repositories))
        .route("/user/search/repositories", get(git_hosting::search_repositories))
        .route("/user/search/branches", get(git_hosting::search_branches))
        .route("/user/repository/branches", get(git_hosting::branches))
        .route("/user/repository/{*rest}", get(git_hosting::microagents))
        .route("/user/suggested-tasks", get(git_hosting::suggested_tasks))
        .route("/reset-settings", post(gone::reset_settings))
        .route("/v1/app-conversations/search", get(gone::nothing_found))
        .route("/v1/app-conversations/start-tasks/search", get(gone::nothing_found))
        .route("/microagent-management/conversations", get(conversations::list_microagents))
        .route("/conversations/{id}/exp-config", post(feedback::experiment))
        .route("/conversations/{id}/submit-feedback", post(feedback::submit))
        .route("/conversations/{id}/remember-prompt", get(remember::prompt))
        .route("/conversations/{id}/security/{*path}", axum::routing::any(gone::security))
        .route("/secrets", get(secrets::list).post(secrets::add))
        .route("/secrets/{name}", axum::routing::put(secrets::change).delete(secrets::delete))
        .route("/conversations", get(conversations::list).post(create::create))
        .route(
            "/conversations/{id}",
            get(conversations::load).patch(conversations::rename).delete(conversations::delete),
        )
        .route("/conversations/{id}/start", post(conversations::start))
        .route("/conversations/{id}/stop", post(conversations::stop))
        .route("/conversations/{id}/config", get(conversations::config))
        .route("/conversations/{id}/web-hosts", get(conversations::web_hosts))
        .route("/conversations/{id}/vscode-url", get(conversations::vscode_url))
        .route("/conversations/{id}/mcp-servers", get(conversations::mcp_servers))
        .route("/conversations/{id}/microagents", get(skills::microagents))
        .route(
            "/conversations/{id}/trust",
            get(skills::report).post(skills::trust).delete(skills::distrust),
        )
        .route("/conversations/{id}/list-files", get(files::list))
        .route("/conversations/{id}/select-file", get(files::select))
        .route("/conversations/{id}/zip-directory", get(files::download))
        .route(
            "/conversations/{id}/upload-files",
            // Files go to disk as they come; the configuration limits them.
            post(upload::upload).layer(DefaultBodyLimit::disable()),
        )
        .route("/conversations/{id}/git/changes", get(git::changes))
        .route("/conversations/{id}/git/diff", get(git::diff))
        .route("/conversations/{id}/events", get(events::page).post(events::append))
        .route("/conversations/{id}/message", post(events::message))
        .route("/conversations/{id}/trajectory", get(events::trajectory))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(from_fn_with_state(state.clone(), require_authority));
    let beside = Router::new()
        .route("/mcp/mcp", post(mcp_server::post).fallback(mcp_server::other))
        .route("/metrics", get(metrics::scrape))
        .route_layer(from_fn_with_state(state.clone(), require_authority));
    Router::new()
        .nest("/api", api)
        .merge(beside)
        .route("/api/login", post(login::login).layer(DefaultBodyLimit::max(login::MAX_BODY)))
        .route("/api/logout", post(login::logout))
        .route("/api/health", get(health::api_health))
        .route("/health", get(health::health))
        .route("/alive", get(health::alive))
        .route("/ready", get(health::ready))
        .route("/server_info", get(health::server_info))
        .method_not_allowed_fallback(method_not_allowed)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}

/// Lets nobody in who is not let in by [`crate::auth`].
async fn require_authority(
    State(state): State<AppState>,
    ConnectInfo(RequestConnection(connection)): ConnectInfo<RequestConnection>,
    request: Request,
    next: Next,
) -> Response {
    let key = request.uri().query().and_then(query_key);
    match state.admit(request.headers(), key.as_deref(), &connection).await {
        Ok(_) => next.run(request).await,
        Err(denial) => denied(denial).into_response(),
    }
}

pub(crate) fn denied(denial: Denial) -> ApiError {
    match denial {
        Denial::Key => ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized"),
        Denial::Origin => {
            ApiError::new(StatusCode::FORBIDDEN, "This origin is not in CORS_ALLOWED_ORIGINS")
        }
        Denial::Host => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized: give the session key, or use http://localhost on the server's machine",
        ),
    }
}

fn query_key(query: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "session_api_key")
        .map(|(_, value)| value.into_owned())
}

/// A panic is a bug of ours; the client learns only that.
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(message, "a request panicked");
    let body = serde_json::json!({"error": "Internal server error"});
    ApiError::with_body(StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
}
