//! The demo model against a real shell and real files.

use std::path::Path;
use std::process::Command;

use oh_chat::{ChatMessage, Completion, CompletionRequest, ToolCall, ToolSpec};
use oh_llm::{CompletionContext, LlmClient, LlmConfig, LlmNotice, connect};
use serde_json::Value;
use tokio::sync::mpsc;

/// Carries out tool calls; `break_at` is the path of a file that may not be written.
struct Hands<'a> {
    workspace: &'a Path,
    break_at: Option<&'a str>,
}

impl Hands<'_> {
    fn execute(&self, call: &ToolCall) -> String {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
        let text = |name: &str| arguments[name].as_str().unwrap().to_owned();
        match (call.name.as_str(), text("command").as_str()) {
            ("execute_bash", command) => {
                let output = Command::new("sh")
                    .args(["-c", command])
                    .current_dir(self.workspace)
                    .output()
                    .unwrap();
                format!(
                    "{}{}\n[Command finished with exit code {}]",
                    String::from_utf8(output.stdout).unwrap(),
                    String::from_utf8(output.stderr).unwrap(),
                    output.status.code().unwrap()
                )
            }
            ("str_replace_editor", _)
                if self.break_at.is_some_and(|end| text("path").ends_with(end)) =>
            {
                "ERROR:\nNo space is left.".to_owned()
            }
            ("str_replace_editor", "create") => {
                std::fs::write(text("path"), text("file_text")).unwrap();
                format!("File created successfully at: {}", text("path"))
            }
            ("str_replace_editor", "view") => std::fs::read_to_string(text("path")).unwrap(),
            ("str_replace_editor", "str_replace") => {
                let old = std::fs::read_to_string(text("path")).unwrap();
                assert_eq!(old.matches(&text("old_str")).count(), 1);
                std::fs::write(text("path"), old.replace(&text("old_str"), &text("new_str")))
                    .unwrap();
                format!("The file {} has been edited.", text("path"))
            }
            (tool, command) => panic!("unexpected call: {tool} {command}"),
        }
    }
}

fn request(system: &str, words: &str) -> CompletionRequest {
    CompletionRequest {
        messages: vec![ChatMessage::System { text: system.to_owned() }, user(words)],
        tools: vec![ToolSpec {
            name: "execute_bash".to_owned(),
            description: String::new(),
            parameters: "{}".to_owned(),
        }],
        is_cached: false,
    }
}

fn user(text: &str) -> ChatMessage {
    ChatMessage::User { text: text.to_owned(), image_urls: Vec::new() }
}

fn result(call: &ToolCall, text: String) -> ChatMessage {
    ChatMessage::ToolResult { call_id: call.id.clone(), name: call.name.clone(), text }
}

async fn ask(request: &CompletionRequest) -> Completion {
    let client = connect(LlmConfig::default());
    client.complete(request.clone(), CompletionContext::default()).await.unwrap()
}

/// Answers tool calls until the model finishes or only talks; returns its last words.
async fn drive(request: &mut CompletionRequest, hands: &Hands<'_>) -> String {
    for _ in 0..20 {
        let completion = ask(request).await;
        request.messages.push(ChatMessage::Assistant {
            text: completion.text.clone(),
            tool_calls: completion.tool_calls.clone(),
        });
        if completion.tool_calls.is_empty() {
            return completion.text;
        }
        for call in &completion.tool_calls {
            if call.name == "finish" {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
                let text = "The task was reported as finished.".to_owned();
                request.messages.push(result(call, text));
                return arguments["message"].as_str().unwrap().to_owned();
            }
            request.messages.push(result(call, hands.execute(call)));
        }
    }
    panic!("the demo does not end");
}

fn results_with<'a>(request: &'a CompletionRequest, part: &str) -> Vec<&'a str> {
    let results = request.messages.iter().filter_map(|message| match message {
        ChatMessage::ToolResult { text, .. } => Some(text.as_str()),
        _ => None,
    });
    results.filter(|text| text.contains(part)).collect()
}

#[tokio::test]
async fn the_demo_finds_and_fixes_a_bug_in_its_program() {
    let directory = tempfile::Builder::new().prefix("it's a ").tempdir().unwrap();
    let workspace = directory.path();
    let hands = Hands { workspace, break_at: None };
    let system = format!("You are. You work in `{}`. More.", workspace.display());
    let mut request = request(&system, "Write me a web shop");

    let message = drive(&mut request, &hands).await;
    assert!(message.contains("scripted model"), "{message}");
    assert!(message.contains("6 passed, 1 failed"), "{message}");
    assert!(message.contains("7 passed, 0 failed"), "{message}");
    assert!(message.contains("LLM_API_KEY"), "{message}");
    let runs = results_with(&request, " passed, ");
    assert_eq!(runs.len(), 2);
    assert!(runs[0].contains("FAIL 42: expected XLII, got XXXXII"), "{}", runs[0]);
    assert!(runs[0].ends_with("exit code 1]") && runs[1].ends_with("exit code 0]"));
    assert_eq!(results_with(&request, "MCDXCII").len(), 1);
    assert!(workspace.join("demo/roman.sh").exists() && workspace.join("demo/test.sh").exists());
    let calls: Vec<&str> = request
        .messages
        .iter()
        .filter_map(|message| match message {
            ChatMessage::ToolResult { call_id, .. } => Some(call_id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        calls.len(),
        calls.iter().collect::<std::collections::HashSet<_>>().len(),
        "ids are unique"
    );

    // A second demonstration gets a folder of its own.
    request.messages.push(user("demo"));
    let message = drive(&mut request, &hands).await;
    assert!(message.contains("demo-2"), "{message}");
    assert!(workspace.join("demo-2/roman.sh").exists());
}

#[tokio::test]
async fn the_demo_says_when_it_did_not_work() {
    let directory = tempfile::tempdir().unwrap();
    let hands = Hands { workspace: directory.path(), break_at: Some("test.sh") };
    // The messages name no folder: the shell's is taken.
    let mut broken = request("Somewhere.", "hello");
    let message = drive(&mut broken, &hands).await;
    assert!(message.contains("writing the tests was not carried out"), "{message}");
    assert!(directory.path().join("demo/roman.sh").exists());

    let mut nowhere = request("You work in `/does/not/exist`.", "hello");
    let message = drive(&mut nowhere, &hands).await;
    assert!(message.contains("making a folder gave another result"), "{message}");
}

#[tokio::test]
async fn the_demo_carries_out_simple_requests() {
    let directory = tempfile::tempdir().unwrap();
    let hands = Hands { workspace: directory.path(), break_at: None };
    let mut request = request("Somewhere.", "run echo hi > file; (exit 3)");
    assert_eq!(drive(&mut request, &hands).await, "The command ended with exit code 3.");
    assert_eq!(std::fs::read_to_string(directory.path().join("file")).unwrap(), "hi\n");

    request.messages.push(user("say good  morning "));
    assert_eq!(drive(&mut request, &hands).await, "good  morning");

    request.messages.push(user("What is the meaning of life?"));
    let help = drive(&mut request, &hands).await;
    assert!(help.contains("`run <command>`") && help.contains("LLM_MODEL"), "{help}");

    // Where no tools are on offer it only talks.
    request.messages.truncate(1);
    request.messages.push(user("demo"));
    request.tools.clear();
    assert_eq!(drive(&mut request, &hands).await, help);
}

#[tokio::test]
async fn the_demo_streams_what_it_says() {
    let (sender, mut notices) = mpsc::channel(100);
    let context = CompletionContext { notices: Some(sender) };
    let client = oh_llm::DemoLlm;
    let completion = client.complete(request("", "hello"), context).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(LlmNotice::Text(piece)) = notices.recv().await {
        pieces.push(piece);
    }
    assert!(pieces.len() > 10);
    assert_eq!(pieces.concat(), completion.text);
    assert!(completion.text.starts_with("This is the demo model: a scripted demonstration, no AI"));
    assert_eq!(completion.finish_reason, "tool_calls");
    assert_eq!(completion.cost, Some(0.0));
    assert_eq!(completion.response_id, "demo-2");
    assert!(completion.usage.prompt_tokens > 0 && completion.usage.completion_tokens > 30);
}
