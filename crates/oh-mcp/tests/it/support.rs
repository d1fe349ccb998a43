use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oh_mcp::{
    Launcher, McpClients, McpContext, McpResult, McpServer, McpTransport, StdioConnection,
    StdioProgram,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, copy};
use tokio::process::Command;

const STUB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/mcp/server.sh");

/// Long enough for a loaded machine; a test that needs it fails anyway.
pub(crate) const PATIENCE: Duration = Duration::from_secs(50);

/// The stub with these tools.
pub(crate) fn stub(name: &str, tools: &[&str]) -> McpServer {
    let program = StdioProgram {
        command: "bash".to_owned(),
        args: [STUB].iter().chain(tools).map(|&word| word.to_owned()).collect(),
        ..StdioProgram::default()
    };
    server(name, McpTransport::Stdio(program))
}

pub(crate) fn server(name: &str, transport: McpTransport) -> McpServer {
    McpServer { name: name.to_owned(), transport, timeout: Some(PATIENCE) }
}

pub(crate) async fn connect(servers: Vec<McpServer>) -> McpClients {
    let context = McpContext {
        conversation: "conversation-1".to_owned(),
        reserved: vec!["think".to_owned()],
        launcher: launcher(),
    };
    in_time(McpClients::connect(servers, context)).await
}

pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it comes in time")
}

pub(crate) fn names(clients: &McpClients) -> Vec<&str> {
    clients.tools().iter().map(|tool| tool.name.as_str()).collect()
}

pub(crate) fn json_of(result: &McpResult) -> Value {
    serde_json::from_str(&result.content).unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": false})
}

/// Starts programs as they are.
fn launcher() -> Launcher {
    Arc::new(|program| {
        Box::pin(async move {
            let mut child = Command::new(&program.command)
                .args(&program.args)
                .envs(&program.env)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            let (mut input, mut output) =
                (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let mut errors = child.stderr.take().unwrap();
            let said = Arc::new(Mutex::new(Vec::new()));
            let (stream, inside) = tokio::io::duplex(1024);
            let (mut from, mut to) = tokio::io::split(inside);
            let heard = said.clone();
            tokio::spawn(async move {
                let forward = async {
                    if copy(&mut from, &mut input).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                };
                let backward = async {
                    let _ = copy(&mut output, &mut to).await;
                    let mut all = Vec::new();
                    let _ = errors.read_to_end(&mut all).await;
                    *heard.lock().unwrap() = all;
                };
                tokio::select! {
                    () = forward => {}
                    () = backward => {}
                }
                drop(child);
            });
            let errors = Arc::new(move || {
                String::from_utf8_lossy(&said.lock().unwrap()).trim().replace('\n', ", ")
            });
            Ok(StdioConnection { stream, errors })
        })
    })
}
