//! Figures of the server in the form of Prometheus.

use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::state::AppState;

/// How often what was measured is added up.
pub(crate) const UPKEEP: Duration = Duration::from_secs(5);

/// From a tenth of a millisecond to ten minutes.
const SECONDS: [f64; 14] =
    [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

/// Returns what collects the figures of this process, once it is asked for the first time.
pub(crate) fn collector() -> Option<&'static PrometheusHandle> {
    static COLLECTOR: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let suffix = Matcher::Suffix("_seconds".to_owned());
        let handle = builder
            .set_buckets_for_metric(suffix, &SECONDS)
            .ok()
            .and_then(|builder| builder.install_recorder().ok());
        match &handle {
            Some(_) => describe(),
            None => tracing::warn!("somebody else collects the figures of this process"),
        }
        handle
    };
    COLLECTOR.get_or_init(install).as_ref()
}

fn describe() {
    describe_counter!("openhands_events_appended_total", "Events that became durable.");
    describe_histogram!("openhands_commit_seconds", Unit::Seconds, "Time of a commit of the log.");
    describe_counter!("openhands_events_delivered_total", "Events sent to viewers.");
    describe_histogram!(
        "openhands_delivery_lag_seconds",
        Unit::Seconds,
        "From the making of a live event until a viewer was sent it."
    );
    describe_counter!("openhands_steps_total", "Steps of the agent, by kind.");
    describe_counter!("openhands_llm_calls_total", "Requests to models, by outcome.");
    describe_histogram!(
        "openhands_llm_call_seconds",
        Unit::Seconds,
        "Time of an answer of a model."
    );
    describe_counter!("openhands_llm_tokens_total", "Tokens used, by kind.");
    describe_gauge!(
        "openhands_llm_cost_dollars",
        "US dollars spent since the start, as far as prices are known."
    );
    describe_gauge!("openhands_llm_calls_running", "Requests to models under way.");
    describe_gauge!("openhands_actions_running", "Commands and other actions under way.");
    describe_histogram!("openhands_action_seconds", Unit::Seconds, "Time of an action.");
    describe_gauge!("openhands_sockets", "Sockets in conversations.");
    describe_gauge!("openhands_conversations_live", "Conversations with a session.");
    describe_gauge!("openhands_sandbox_info", "How commands are confined.");
    describe_gauge!("openhands_uptime_seconds", "Time since the start.");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory.");
    describe_gauge!("process_open_fds", "Open files.");
}

/// Answers a scrape.
pub(crate) async fn scrape(State(state): State<AppState>) -> Response {
    let Some(collector) = collector() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no figures are collected").into_response();
    };
    // Figures of now, for which nobody has to count.
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    gauge!("openhands_sockets").set(count(state.sockets.total()));
    gauge!("openhands_conversations_live").set(count(state.manager.live().len()));
    gauge!("openhands_uptime_seconds").set(state.started.elapsed().as_secs_f64());
    if let Some(sandbox) = state.sandboxes.known_status() {
        let mode = sandbox.mode.as_ref().map_or("none", |mode| mode.name());
        gauge!("openhands_sandbox_info", "mode" => mode).set(1.0);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<u32>().ok()
    });
    gauge!("process_resident_memory_bytes").set(f64::from(resident.unwrap_or(0)) * 1024.0);
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    gauge!("process_open_fds").set(count(files));
    let form = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], collector.render()).into_response()
}
