use std::time::Duration;

use anyhow::{Context, Result};

use super::step::{all_events, seconds, wait_for_end};
use super::{Bench, Figure, with_server};
use crate::http::{Http, message};
use crate::report::{median, percentile};

const ROUNDS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(60);

/// The first page of a conversation, from the call that starts the browser to the picture.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        server.own()?;
        let mut http = Http::connect(&server.target).await?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let conversation = http.create_conversation().await?;
            http.act(&conversation, &message("bench:page:1")).await?;
            wait_for_end(&mut http, &conversation, PATIENCE).await?;
            let events = all_events(&mut http, &conversation).await?;
            let find = |field: &str, name: &str| events.iter().find(|event| event[field] == name);
            let asked = find("action", "browse_interactive")
                .context("the agent has no browser; is there a Chromium?")?;
            let seen = find("observation", "browse").context("no page was seen")?;
            anyhow::ensure!(seen["extras"]["error"] == false, "{}", seen["content"]);
            times.push((seconds(seen)? - seconds(asked)?) * 1000.0);
            // A browser of before is not to be in the way.
            let path = format!("/api/conversations/{conversation}/stop");
            http.exchange("POST", &path, "").await?;
        }
        let note = format!(
            "median of {ROUNDS} new conversations, slowest {:.0} ms",
            percentile(&times, 1.0)
        );
        Ok(Figure { value: median(&times), note })
    })
    .await
}
