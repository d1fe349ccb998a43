//! Every route there is, and who may use it.
//!
//! `openapi.json` beside this file describes them; a test holds the two to each other.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodRouter, any, get, post, put};

use super::{
    browser, conversations, create, download, events, feedback, files, git, git_hosting, gone,
    health, login, mcp_server, metrics, model_test, openapi, options, preview, providers, remember,
    secrets, settings, skills, upload,
};
use crate::compression;
use crate::state::AppState;

type Routes = &'static [(&'static str, fn() -> MethodRouter<AppState>)];

/// Who is not let in by [`crate::auth`] gets 401.
pub(super) const PROTECTED: Routes = &[
    ("/api/options/config", || get(options::config)),
    ("/api/options/models", || get(options::models)),
    ("/api/options/agents", || get(options::agents)),
    ("/api/options/security-analyzers", || get(options::security_analyzers)),
    ("/api/options/local-models", || get(model_test::local_models)),
    ("/api/options/test-model", || post(model_test::test_model)),
    ("/api/settings", || get(settings::load).post(settings::store)),
    ("/api/add-git-providers", || post(providers::add)),
    ("/api/unset-provider-tokens", || post(providers::unset)),
    ("/api/user/info", || get(git_hosting::user)),
    ("/api/user/installations", || get(git_hosting::installations)),
    ("/api/user/repositories", || get(git_hosting::repositories)),
    ("/api/user/search/repositories", || get(git_hosting::search_repositories)),
    ("/api/user/search/branches", || get(git_hosting::search_branches)),
    ("/api/user/repository/branches", || get(git_hosting::branches)),
    ("/api/user/repository/{*rest}", || get(git_hosting::microagents)),
    ("/api/user/suggested-tasks", || get(git_hosting::suggested_tasks)),
    ("/api/reset-settings", || post(gone::reset_settings)),
    ("/api/v1/app-conversations/search", || get(gone::nothing_found)),
    ("/api/v1/app-conversations/start-tasks/search", || get(gone::nothing_found)),
    ("/api/microagent-management/conversations", || get(conversations::list_microagents)),
    ("/api/conversations/{id}/exp-config", || post(feedback::experiment)),
    ("/api/conversations/{id}/submit-feedback", || post(feedback::submit)),
    ("/api/conversations/{id}/remember-prompt", || get(remember::prompt)),
    ("/api/conversations/{id}/security/{*path}", || any(gone::security)),
    ("/api/secrets", || get(secrets::list).post(secrets::add)),
    ("/api/secrets/{name}", || put(secrets::change).delete(secrets::delete)),
    ("/api/conversations", || get(conversations::list).post(create::create)),
    ("/api/conversations/{id}", || {
        get(conversations::load).patch(conversations::rename).delete(conversations::delete)
    }),
    ("/api/conversations/{id}/start", || post(conversations::start)),
    ("/api/conversations/{id}/stop", || post(conversations::stop)),
    ("/api/conversations/{id}/config", || get(conversations::config)),
    ("/api/conversations/{id}/web-hosts", || get(preview::web_hosts)),
    ("/api/conversations/{id}/ports", || get(preview::ports)),
    ("/api/conversations/{id}/preview/{port}", || get(preview::open)),
    ("/api/conversations/{id}/preview/{port}/", || get(preview::open)),
    ("/api/conversations/{id}/preview/{port}/{*path}", || get(preview::open)),
    ("/api/conversations/{id}/vscode-url", || get(conversations::vscode_url)),
    ("/api/conversations/{id}/browser", || get(browser::live)),
    ("/api/conversations/{id}/pictures/{name}", || get(download::picture)),
    ("/api/conversations/{id}/mcp-servers", || get(conversations::mcp_servers)),
    ("/api/conversations/{id}/microagents", || get(skills::microagents)),
    ("/api/conversations/{id}/trust", || {
        get(skills::report).post(skills::trust).delete(skills::distrust)
    }),
    ("/api/conversations/{id}/list-files", || get(files::list)),
    ("/api/conversations/{id}/select-file", || get(files::select)),
    ("/api/conversations/{id}/raw-file", || get(download::file)),
    ("/api/conversations/{id}/zip-directory", || get(download::archive)),
    // Files go to disk as they come; the configuration limits them.
    ("/api/conversations/{id}/upload-files", || {
        post(upload::upload).layer(DefaultBodyLimit::disable())
    }),
    ("/api/conversations/{id}/git/changes", || get(git::changes)),
    ("/api/conversations/{id}/git/diff", || get(git::diff)),
    ("/api/conversations/{id}/events", || {
        get(events::page.layer(compression::layer())).post(events::append)
    }),
    ("/api/conversations/{id}/message", || post(events::message)),
    ("/api/conversations/{id}/trajectory", || get(events::trajectory)),
    ("/mcp/mcp", || post(mcp_server::post).fallback(mcp_server::other)),
    ("/metrics", || get(metrics::scrape)),
    ("/openapi.json", || get(openapi::document)),
];

/// For everybody: what says nothing of anybody, and the way in.
pub(super) const OPEN: Routes = &[
    ("/api/login", || post(login::login).layer(DefaultBodyLimit::max(login::MAX_BODY))),
    ("/api/logout", || post(login::logout)),
    ("/api/health", || get(health::api_health)),
    ("/health", || get(health::health)),
    ("/alive", || get(health::alive)),
    ("/ready", || get(health::ready)),
    ("/server_info", || get(health::server_info)),
];

pub(super) fn collect(routes: Routes) -> Router<AppState> {
    routes.iter().fold(Router::new(), |router, (path, handler)| router.route(path, handler()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_paths_of_this_list() {
        let document: serde_json::Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let described: std::collections::BTreeSet<String> =
            document["paths"].as_object().unwrap().keys().cloned().collect();
        let listed = PROTECTED.iter().chain(OPEN).map(|(path, _)| path.replace("{*", "{"));
        assert_eq!(described, listed.collect());
    }
}
