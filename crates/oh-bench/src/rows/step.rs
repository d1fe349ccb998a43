use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Bench, Figure, with_server};
use crate::http::{Http, message};
use crate::report::median;

/// Few enough that nothing is summarized on the way.
const STEPS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);
const PAGE: u64 = 100;

/// Steps of an agent whose model answers at once and whose commands do nothing.
///
/// A step goes from one command to the next. Its observation is the end of the tool's part, and
/// what the model server took is subtracted from the rest.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let (_, model) = server.own()?;
        let mut http = Http::connect(&server.target).await?;
        let conversation = http.create_conversation().await?;
        http.act(&conversation, &message(&format!("bench:steps:{STEPS}"))).await?;
        wait_for_end(&mut http, &conversation, PATIENCE).await?;
        let events = all_events(&mut http, &conversation).await?;
        let (mut whole, mut beyond) = (Vec::new(), Vec::new());
        let mut last: Option<(f64, Option<f64>)> = None;
        for event in &events {
            if event["action"] == "run" {
                let now = seconds(event)?;
                if let Some((begin, Some(observed))) = last {
                    whole.push((now - begin) * 1000.0);
                    beyond.push((now - observed) * 1000.0);
                }
                last = Some((now, None));
            } else if event["observation"] == "run"
                && let Some((_, observed)) = &mut last
            {
                *observed = Some(seconds(event)?);
            }
        }
        anyhow::ensure!(
            beyond.len() + 1 == STEPS,
            "expected {STEPS} commands, found {}",
            beyond.len() + 1
        );
        let model_time = median(&model.take_times());
        let note = format!(
            "median of {} steps; the whole step takes {:.2} ms with a command that does nothing, the model {model_time:.2} ms",
            beyond.len(),
            median(&whole)
        );
        Ok(Figure { value: (median(&beyond) - model_time).max(0.0), note })
    })
    .await
}

/// Waits until the agent is done, and fails if it fails.
pub(super) async fn wait_for_end(
    http: &mut Http,
    conversation: &str,
    patience: Duration,
) -> Result<()> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for event in http.events(conversation, "reverse=true&limit=5").await? {
            if event["observation"] != "agent_state_changed" {
                continue;
            }
            match event["extras"]["agent_state"].as_str() {
                Some("finished") => return Ok(()),
                Some("error" | "rate_limited") => {
                    let reason = &event["extras"]["reason"];
                    bail!(
                        "the model call failed: {}",
                        reason.as_str().unwrap_or("no reason given")
                    );
                }
                Some(_) | None => {}
            }
        }
        if tokio::time::Instant::now() > deadline {
            bail!("the agent did not finish in {} s", patience.as_secs());
        }
    }
}

pub(super) async fn all_events(http: &mut Http, conversation: &str) -> Result<Vec<Value>> {
    let mut events = Vec::new();
    loop {
        let start = events.last().map_or(0, |event: &Value| event["id"].as_u64().unwrap_or(0) + 1);
        let query = format!("start_id={start}&limit={PAGE}");
        let page = http.events(conversation, &query).await?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}

/// Returns the time of day of an event; no measurement goes over midnight.
pub(super) fn seconds(event: &Value) -> Result<f64> {
    let text = event["timestamp"].as_str().context("an event has no timestamp")?;
    let (_, clock) = text.split_once('T').with_context(|| format!("odd timestamp `{text}`"))?;
    let mut seconds = 0.0;
    for part in clock.splitn(3, ':') {
        let part: f64 = part.parse().with_context(|| format!("odd timestamp `{text}`"))?;
        seconds = seconds * 60.0 + part;
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_keep_their_fractions() {
        let event = serde_json::json!({"timestamp": "2026-01-02T01:02:03.25"});
        assert!((seconds(&event).unwrap() - 3723.25).abs() < 1e-9);
    }
}
