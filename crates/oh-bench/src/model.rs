//! A model server that speaks OpenAI's protocol and follows a script.
//!
//! A conversation with the text `bench:steps:N` gets N commands and then the end, at once; every
//! other one gets no answer at all, so that its log holds only what the benchmark sends.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::report::milliseconds;

const MARK: &str = "bench:steps:";

#[derive(Debug)]
pub(crate) struct ScriptedModel {
    pub(crate) url: String,
    /// Milliseconds from each request to its answer.
    times: Arc<Mutex<Vec<f64>>>,
    _task: JoinSet<()>,
}

impl ScriptedModel {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let times = Arc::new(Mutex::new(Vec::new()));
        let shared = times.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let times = shared.clone();
                // A connection that breaks belongs to a request that was given up.
                connections.spawn(async move { drop(serve(stream, &times).await) });
            }
        });
        Ok(Self { url, times, _task: task })
    }

    /// Returns the times since the last call.
    pub(crate) fn take_times(&self) -> Vec<f64> {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(stream: TcpStream, times: &Mutex<Vec<f64>>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            anyhow::ensure!(stream.read_line(&mut line).await? > 0, "closed");
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse()?;
                }
                Some(_) => {}
                None if line.trim().is_empty() => break,
                // The request line.
                None => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let begin = Instant::now();
        let Some(answer) = answer(&serde_json::from_slice(&body)?) else {
            std::future::pending::<()>().await;
            continue;
        };
        stream.get_mut().write_all(answer.as_bytes()).await?;
        let time = milliseconds(begin.elapsed());
        times.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }
}

/// Returns the whole HTTP answer, or `None` if the model stays silent.
fn answer(request: &Value) -> Option<String> {
    let messages = request["messages"].as_array()?;
    let steps = messages.iter().find_map(|message| {
        let text = message["content"].to_string();
        let rest = &text[text.find(MARK)? + MARK.len()..];
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
    })?;
    let done = messages.iter().filter(|message| message["role"] == "tool").count();
    let (name, arguments) = if done < steps {
        // Each command differs from the one before: no two steps look like a loop.
        let command = format!("true {done}");
        ("execute_bash", json!({"command": command, "security_risk": "LOW"}))
    } else {
        ("finish", json!({"message": "done"}))
    };
    let call = json!({
        "index": 0,
        "id": format!("call_{done}"),
        "type": "function",
        "function": {"name": name, "arguments": arguments.to_string()},
    });
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110});
    let is_stream = request["stream"] == true;
    let (content_type, body) = if is_stream {
        let delta = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let chunks = [
            chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]), Value::Null),
            chunk(json!([{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]), Value::Null),
            chunk(json!([]), usage),
        ];
        let lines: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        ("text/event-stream", format!("{lines}data: [DONE]\n\n"))
    } else {
        let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
        let choices = json!([{"index": 0, "message": message, "finish_reason": "tool_calls"}]);
        let body = json!({
            "id": "bench",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": choices,
            "usage": usage,
        });
        ("application/json", body.to_string())
    };
    Some(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn chunk(choices: Value, usage: Value) -> Value {
    json!({
        "id": "bench",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": choices,
        "usage": usage,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_followed() {
        let user = json!({"role": "user", "content": "please bench:steps:1 now"});
        let tool = json!({"role": "tool", "content": "ok"});
        let ask = |messages: Value| answer(&json!({"stream": true, "messages": messages}));
        assert!(ask(json!([user])).unwrap().contains("execute_bash"));
        assert!(ask(json!([user, tool])).unwrap().contains("finish"));
        assert_eq!(ask(json!([{"role": "user", "content": "hello"}])), None);
    }
}
