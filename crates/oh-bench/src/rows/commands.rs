use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::{Bench, Figure, with_server};
use crate::http::Http;
use crate::report::{median, milliseconds, percentile};
use crate::socket::{Socket, is_event};

const COMMANDS: usize = 1000;
/// How long the health of the server is watched while it has a fork bomb.
const BOMB_TIME: Duration = Duration::from_secs(5);
const BOMB: &str = r#"42["oh_user_action",{"action":"run","args":{"command":":(){ :|:& };:"}}]"#;

/// Commands that do nothing, one after the other, from sending each to seeing what came of it.
pub(super) async fn sequence(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let mut http = Http::connect(&server.target).await?;
        let conversation = http.create_conversation().await?;
        let mut socket = Socket::join(&server.target, &conversation, -1).await?;
        let mut times = Vec::new();
        for number in 0..=COMMANDS {
            let begin = Instant::now();
            // By REST: a socket may send only so many actions in a second.
            let command = format!("true {number}");
            let action = json!({"action": "run", "args": {"command": command}});
            http.act(&conversation, &action.to_string()).await?;
            wait_for_observation(&mut socket).await?;
            // The first one starts the shell.
            if number > 0 {
                times.push(milliseconds(begin.elapsed()));
            }
        }
        let note = format!("median of {COMMANDS}, p99 {:.2} ms", percentile(&times, 0.99));
        Ok(Figure { value: median(&times), note })
    })
    .await
}

/// How long the server takes to say that it is healthy while commands of it take all they can get.
pub(super) async fn bomb(bench: &Bench) -> Result<Figure> {
    with_server(bench, async |server| {
        let mut http = Http::connect(&server.target).await?;
        let conversation = http.create_conversation().await?;
        let mut socket = Socket::join(&server.target, &conversation, -1).await?;
        socket.send(BOMB).await?;
        wait_for_observation(&mut socket).await?;
        let (mut times, mut most) = (Vec::new(), 0);
        let begin = Instant::now();
        while begin.elapsed() < BOMB_TIME {
            let asked = Instant::now();
            // Each time as somebody new, whom the server has to look up.
            let mut newcomer = Http::connect(&server.target).await?;
            let (status, _) = newcomer.exchange("GET", "/api/health", "").await?;
            times.push(milliseconds(asked.elapsed()));
            anyhow::ensure!(status == 200, "the server is not healthy: {status}");
            most = most.max(processes());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let path = format!("/api/conversations/{conversation}/stop");
        http.exchange("POST", &path, "").await?;
        let note = format!(
            "of {} requests in {} s, median {:.2} ms; up to {most} processes on the machine",
            times.len(),
            BOMB_TIME.as_secs(),
            median(&times)
        );
        Ok(Figure { value: percentile(&times, 0.99), note })
    })
    .await
}

async fn wait_for_observation(socket: &mut Socket) -> Result<()> {
    loop {
        let frame = socket.text().await?;
        anyhow::ensure!(!frame.contains("{\"error\":true"), "not taken: {}", frame.as_str());
        if is_event(&frame) && frame.contains("\"observation\":\"run\"") {
            return Ok(());
        }
    }
}

fn processes() -> usize {
    std::fs::read_dir("/proc").map_or(0, |entries| {
        let names = entries.flatten().map(|entry| entry.file_name());
        names.filter(|name| name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit)).count()
    })
}
