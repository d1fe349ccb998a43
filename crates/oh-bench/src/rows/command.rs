use std::time::Instant;

use anyhow::Result;

use super::{Bench, Figure, Server, with_server};
use crate::http::Http;
use crate::report::{median, milliseconds, percentile};
use crate::socket::{Socket, is_event};

const ROUNDS: usize = 11;

/// A command sent by a user to a conversation that has no shell yet, until its output is seen.
pub(super) async fn measure(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let mut http = Http::connect(&server.target).await?;
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(first_command(server, &mut http).await?);
        }
        let note = format!(
            "median of {ROUNDS} new conversations, slowest {:.1} ms; the sandbox is {}",
            percentile(&times, 1.0),
            sandbox(&mut http).await?
        );
        Ok(Figure { value: median(&times), note })
    })
    .await
}

async fn first_command(server: &Server, http: &mut Http) -> Result<f64> {
    let conversation = http.create_conversation().await?;
    let mut socket = Socket::join(&server.target, &conversation, -1).await?;
    let begin = Instant::now();
    socket.send(r#"42["oh_user_action",{"action":"run","args":{"command":"echo hello"}}]"#).await?;
    loop {
        let frame = socket.text().await?;
        anyhow::ensure!(!frame.contains("{\"error\":true"), "not taken: {}", frame.as_str());
        if is_event(&frame) && frame.contains("\"observation\":\"run\"") {
            anyhow::ensure!(frame.contains("hello"), "no output: {}", frame.as_str());
            return Ok(milliseconds(begin.elapsed()));
        }
    }
}

/// Returns how commands are confined.
async fn sandbox(http: &mut Http) -> Result<String> {
    let (_, body) = http.exchange("GET", "/api/health", "").await?;
    let health: serde_json::Value = serde_json::from_slice(&body)?;
    Ok(health["sandbox"]["mode"].as_str().unwrap_or("not known").to_owned())
}
