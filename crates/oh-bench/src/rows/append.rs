use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::{Bench, Figure, with_server};
use crate::http::{Http, message};

const CONVERSATIONS: usize = 50;
/// Several clients per conversation, because each waits until its action is durable.
const CLIENTS_EACH: usize = 4;
const TIME: Duration = Duration::from_secs(5);

/// Actions over REST, each answered only when it is durable; what is counted is in the logs afterwards.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let mut http = Http::connect(&server.target).await?;
        let mut conversations = Vec::new();
        for _ in 0..CONVERSATIONS {
            let id = http.create_conversation().await?;
            http.act(&id, &message("first")).await?;
            conversations.push(id);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = total(&mut http, &conversations).await?;
        let used = || server.own().and_then(|(process, _)| process.processor_seconds());
        let used_before = used();
        let mut clients = JoinSet::new();
        let begin = Instant::now();
        for n in 0..CONVERSATIONS * CLIENTS_EACH {
            let (target, id) = (server.target.clone(), conversations[n % CONVERSATIONS].clone());
            clients.spawn(async move {
                let mut http = Http::connect(&target).await?;
                let action = message("a message of an ordinary length, as people write them");
                let mut sent = 0_u64;
                while begin.elapsed() < TIME {
                    http.act(&id, &action).await?;
                    sent += 1;
                }
                anyhow::Ok(sent)
            });
        }
        let mut sent = 0;
        while let Some(result) = clients.join_next().await {
            sent += result.context("a client failed")??;
        }
        let seconds = begin.elapsed().as_secs_f64();
        let cores = match (used_before, used()) {
            (Ok(before), Ok(after)) => format!("{:.1}", (after - before) / seconds),
            (Err(_), _) | (_, Err(_)) => "an unknown number of".to_owned(),
        };
        let recorded = total(&mut http, &conversations).await? - before;
        anyhow::ensure!(recorded >= sent, "{sent} actions were taken and {recorded} recorded");
        #[allow(clippy::cast_precision_loss, reason = "a count")]
        let value = recorded as f64 / seconds;
        let note = format!(
            "{} REST clients, each waiting for its answer; the server used {cores} cores, the clients the rest",
            CONVERSATIONS * CLIENTS_EACH
        );
        Ok(Figure { value, note })
    })
    .await
}

async fn total(http: &mut Http, conversations: &[String]) -> Result<u64> {
    let mut total = 0;
    for id in conversations {
        total += http.newest(id).await? + 1;
    }
    Ok(total)
}
