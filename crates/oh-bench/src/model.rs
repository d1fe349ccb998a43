//! A model server that speaks OpenAI's protocol and follows a script.
//!
//! A conversation with the text `bench:steps:N` gets N commands and then the end, at once, and so
//! does one with `bench:long:N`, whose commands print something and which may forget its beginning;
//! one with `bench:page:1` opens a page;
//! every other one gets no answer at all, so that its log holds only what the benchmark sends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::report::milliseconds;

const MARK: &str = "bench:steps:";
const LONG_MARK: &str = "bench:long:";
const PAGE_MARK: &str = "bench:page:";
const PAGE: &str = "goto('data:text/html,<h1>Hello</h1>')";

#[derive(Debug)]
pub(crate) struct ScriptedModel {
    pub(crate) url: String,
    /// Milliseconds from each request to its answer.
    times: Arc<Mutex<Vec<f64>>>,
    /// Answers to the long conversation.
    long_steps: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl ScriptedModel {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let times = Arc::new(Mutex::new(Vec::new()));
        let long_steps = Arc::new(AtomicUsize::new(0));
        let shared = (times.clone(), long_steps.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (times, long_steps) = shared.clone();
                // A connection that breaks belongs to a request that was given up.
                connections.spawn(async move { drop(serve(stream, &times, &long_steps).await) });
            }
        });
        Ok(Self { url, times, long_steps, _task: task })
    }

    /// Returns how many answers the long conversation has had.
    pub(crate) fn long_steps(&self) -> usize {
        self.long_steps.load(Ordering::SeqCst)
    }

    /// Returns the times since the last call.
    pub(crate) fn take_times(&self) -> Vec<f64> {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(stream: TcpStream, times: &Mutex<Vec<f64>>, long_steps: &AtomicUsize) -> Result<()> {
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
        let Some(answer) = answer(&serde_json::from_slice(&body)?, long_steps) else {
            std::future::pending::<()>().await;
            continue;
        };
        stream.get_mut().write_all(answer.as_bytes()).await?;
        let time = milliseconds(begin.elapsed());
        times.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }
}

/// Returns the whole HTTP answer, or `None` if the model stays silent.
fn answer(request: &Value, long_steps: &AtomicUsize) -> Option<String> {
    let messages = request["messages"].as_array()?;
    let asked = |mark: &str| {
        messages.iter().find_map(|message| {
            let text = message["content"].to_string();
            let rest = &text[text.find(mark)? + mark.len()..];
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
        })
    };
    let has_tools = request["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    if !has_tools && long_steps.load(Ordering::SeqCst) > 0 {
        // A summary is asked for, of a part that need not hold the mark.
        return Some(answer_of(request, &json!({"content": "Numbers were printed."}), "stop"));
    }
    if let Some(steps) = asked(LONG_MARK).filter(|_| has_tools) {
        let done = long_steps.fetch_add(1, Ordering::SeqCst);
        let command = format!("seq {done} {}", done + 99);
        return Some(call(request, done, steps, bash(&command)));
    }
    if let Some(pages) = asked(PAGE_MARK) {
        let done = messages.iter().filter(|message| message["role"] == "tool").count();
        let arguments = json!({"code": PAGE, "security_risk": "LOW"});
        return Some(call(request, done, pages, ("browser", arguments)));
    }
    let steps = asked(MARK)?;
    let done = messages.iter().filter(|message| message["role"] == "tool").count();
    // Each command differs from the one before: no two steps look like a loop.
    Some(call(request, done, steps, bash(&format!("true {done}"))))
}

fn bash(command: &str) -> (&'static str, Value) {
    ("execute_bash", json!({"command": command, "security_risk": "LOW"}))
}

/// Calls for another step, or for the end.
fn call(request: &Value, done: usize, steps: usize, step: (&'static str, Value)) -> String {
    let (name, arguments) =
        if done < steps { step } else { ("finish", json!({"message": "done"})) };
    let call = json!({
        "index": 0,
        "id": format!("call_{done}"),
        "type": "function",
        "function": {"name": name, "arguments": arguments.to_string()},
    });
    answer_of(request, &json!({"content": null, "tool_calls": [call]}), "tool_calls")
}

fn answer_of(request: &Value, message: &Value, reason: &str) -> String {
    let mut message = message.clone();
    message["role"] = json!("assistant");
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110});
    let is_stream = request["stream"] == true;
    let (content_type, body) = if is_stream {
        let chunks = [
            chunk(json!([{"index": 0, "delta": message, "finish_reason": null}]), Value::Null),
            chunk(json!([{"index": 0, "delta": {}, "finish_reason": reason}]), Value::Null),
            chunk(json!([]), usage),
        ];
        let lines: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        ("text/event-stream", format!("{lines}data: [DONE]\n\n"))
    } else {
        let choices = json!([{"index": 0, "message": message, "finish_reason": reason}]);
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
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
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
        let count = AtomicUsize::new(0);
        let ask = |messages: Value| answer(&json!({"stream": true, "messages": messages}), &count);
        assert!(ask(json!([user])).unwrap().contains("execute_bash"));
        assert!(ask(json!([user, tool])).unwrap().contains("finish"));
        assert_eq!(ask(json!([{"role": "user", "content": "hello"}])), None);
        let long = json!([{"role": "user", "content": "bench:long:1"}]);
        let with_tools = || answer(&json!({"messages": long, "tools": [{}]}), &count).unwrap();
        assert!(with_tools().contains("seq 0 99"));
        let summary = json!([{"role": "user", "content": "Sum it up."}]);
        assert!(ask(summary).unwrap().contains("Numbers were printed"));
        assert!(with_tools().contains("finish"));
    }
}
