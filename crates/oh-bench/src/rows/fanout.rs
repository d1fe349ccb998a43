use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::{Barrier, mpsc};
use tokio::task::JoinSet;

use super::{Bench, Figure, with_server};
use crate::http::{Http, message};
use crate::report::{median, milliseconds, percentile};
use crate::socket::{Socket, is_event};

const VIEWERS: usize = 100;
const MESSAGES: usize = 150;
/// The first message wakes the agent and is not counted.
const WARM_UP: usize = 1;
/// Slower than a socket may send, so that no message waits for its turn.
const PAUSE: Duration = Duration::from_millis(60);

/// From one sender to a hundred viewers, and to the sender's own acknowledgement.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let conversation = Http::connect(&server.target).await?.create_conversation().await?;
        let (seen, mut sightings) = mpsc::unbounded_channel::<(usize, Instant)>();
        let ready = Arc::new(Barrier::new(VIEWERS + 1));
        let mut viewers = JoinSet::new();
        for _ in 0..VIEWERS {
            let socket = Socket::join(&server.target, &conversation, -1).await?;
            viewers.spawn(watch(socket, seen.clone(), ready.clone()));
        }
        drop(seen);
        ready.wait().await;
        let mut sender = Socket::join(&server.target, &conversation, -1).await?;
        let (mut sent, mut acked) = (Vec::new(), Vec::new());
        for n in 0..MESSAGES + WARM_UP {
            tokio::time::sleep(PAUSE).await;
            let packet = format!("42{n}[\"oh_user_action\",{}]", message(&format!("bench-{n}-")));
            sent.push(Instant::now());
            sender.send(&packet).await?;
            let ack = format!("43{n}[");
            loop {
                let frame = sender.text().await?;
                if frame.starts_with(&ack) {
                    anyhow::ensure!(frame.contains("\"ok\":true"), "not taken: {}", frame.as_str());
                    break;
                }
            }
            acked.push(Instant::now());
        }
        while let Some(result) = viewers.join_next().await {
            result.context("a viewer failed")??;
        }
        let (mut total, mut above) = (Vec::new(), Vec::new());
        while let Some((n, at)) = sightings.recv().await {
            if n >= WARM_UP {
                total.push(milliseconds(at.duration_since(sent[n])));
                // A viewer may well see the message before its sender hears of it.
                let after = at.checked_duration_since(acked[n]).map(milliseconds);
                above.push(after.unwrap_or_else(|| -milliseconds(acked[n].duration_since(at))));
            }
        }
        anyhow::ensure!(total.len() == VIEWERS * MESSAGES, "some viewers missed a message");
        let acks: Vec<f64> = sent
            .iter()
            .zip(&acked)
            .skip(WARM_UP)
            .map(|(sent, acked)| milliseconds(acked.duration_since(*sent)))
            .collect();
        let note = format!(
            "send to viewer p50 {:.2}, p99 {:.2} ms; send to ack p50 {:.2}, p99 {:.2} ms",
            median(&total),
            percentile(&total, 0.99),
            median(&acks),
            percentile(&acks, 0.99)
        );
        Ok(Figure { value: percentile(&above, 0.99), note })
    })
    .await
}

/// Notes when each message arrives, until the last one has.
async fn watch(
    mut socket: Socket,
    seen: mpsc::UnboundedSender<(usize, Instant)>,
    ready: Arc<Barrier>,
) -> Result<()> {
    ready.wait().await;
    loop {
        let frame = socket.text().await?;
        let at = Instant::now();
        let Some(n) = number_of(&frame) else { continue };
        // Nobody listens any more if the measurement failed.
        let _ = seen.send((n, at));
        if n + 1 == MESSAGES + WARM_UP {
            return Ok(());
        }
    }
}

/// Returns the number of a message of ours.
fn number_of(frame: &str) -> Option<usize> {
    if !is_event(frame) || !frame.contains("\"action\":\"message\"") {
        return None;
    }
    let (_, rest) = frame.split_once("\"content\":\"bench-")?;
    rest.split('-').next()?.parse().ok()
}
