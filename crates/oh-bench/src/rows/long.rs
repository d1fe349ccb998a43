use std::time::Duration;

use anyhow::{Context, Result};

use super::step::{all_events, seconds, wait_for_end};
use super::{Bench, Figure, with_server};
use crate::http::{Http, message};

const STEPS: usize = 2_000;
/// Steps at either end that are compared.
const COMPARED: usize = 100;
/// Steps after which memory is looked at first.
const WARM: usize = 200;
/// Events in the model's view beyond which the older ones are summarized.
const CONDENSER_SIZE: usize = 120;
const PATIENCE: Duration = Duration::from_secs(600);
const POLL_TIME: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Long {
    /// A step at the end, beside one at the beginning.
    pub(super) ratio: Figure,
    /// What the server's memory grew by between the two.
    pub(super) growth: Figure,
}

/// One conversation of many steps that is summarized on the way; everything counts, the model and
/// the summaries too.
pub(super) async fn measure(bench: &Bench) -> Result<Long> {
    with_server(bench, async |server| {
        let (process, model) = server.own()?;
        let mut http = Http::connect(&server.target).await?;
        let settings = format!("{{\"condenser_max_size\":{CONDENSER_SIZE}}}");
        http.post("/api/settings", &settings).await?;
        let conversation = http.create_conversation().await?;
        http.act(&conversation, &message(&format!("bench:long:{STEPS}"))).await?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while model.long_steps() < WARM && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(POLL_TIME).await;
        }
        let early = process.resident_kib()? / 1024.0;
        wait_for_end(&mut http, &conversation, PATIENCE).await?;
        let late = process.resident_kib()? / 1024.0;

        let events = all_events(&mut http, &conversation).await?;
        let is_run = |event: &&serde_json::Value| event["action"] == "run";
        let begins = events.iter().filter(is_run).map(seconds).collect::<Result<Vec<_>>>()?;
        anyhow::ensure!(begins.len() == STEPS, "expected {STEPS} steps, found {}", begins.len());
        let summaries = events.iter().filter(|event| event["action"] == "condensation").count();
        anyhow::ensure!(summaries > 0, "nothing was summarized");
        let mean = |steps: &[f64]| -> Result<f64> {
            let (first, last) = steps.first().zip(steps.last()).context("there are no steps")?;
            #[allow(clippy::cast_precision_loss, reason = "there are not that many")]
            Ok((last - first) * 1000.0 / (steps.len() - 1) as f64)
        };
        let first = mean(&begins[..=COMPARED])?;
        let last = mean(&begins[STEPS - 1 - COMPARED..])?;
        let ratio = Figure {
            value: last / first,
            note: format!(
                "{first:.2} ms for each of the first {COMPARED} steps of {STEPS}, {last:.2} ms for the last; {} events, {summaries} summaries",
                events.len()
            ),
        };
        let note = format!("{early:.1} MiB after {WARM} steps, {late:.1} MiB after {STEPS}");
        Ok(Long { ratio, growth: Figure { value: late - early, note } })
    })
    .await
}
