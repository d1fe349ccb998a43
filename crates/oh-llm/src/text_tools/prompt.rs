//! A request in which tools are described, called and answered in words.

use oh_chat::{ChatMessage, CompletionRequest, ToolCall, ToolSpec};
use serde_json::Value;

use super::schema::{Parameter, parameters};

/// These models have learned the form and are only confused by an example.
const KNOW_THE_FORM: [&str; 2] = ["openhands-lm", "devstral"];

const FORM: &str = "\
To call a tool, end your answer with exactly one call in this form:

<function=NAME>
<parameter=FIRST>value</parameter>
<parameter=SECOND>
a value
of several lines
</parameter>
</function>

Write every tag as shown. Give every required parameter. Lists and objects are written as JSON. \
Write what you want to say before the call, and nothing after it. Without a call, your answer is \
a message to the user.";

const REMINDER: &str = "\
(Remember: a call begins with `<function=`, ends with `</function>`, and an answer has at most one.)";

/// Puts the tools into words; no tools remain beside the messages.
pub(super) fn in_words(request: CompletionRequest, model: &str) -> CompletionRequest {
    let CompletionRequest { messages, tools, is_cached } = request;
    let model = model.to_lowercase();
    let has_example = !KNOW_THE_FORM.iter().any(|name| model.contains(name));
    let mut written: Vec<ChatMessage> = Vec::with_capacity(messages.len());
    let mut is_described = false;
    let mut is_reminded = false;
    for message in messages {
        match message {
            ChatMessage::System { mut text } => {
                if !is_described {
                    text.push_str("\n\n");
                    text.push_str(&description(&tools));
                    is_described = true;
                }
                written.push(ChatMessage::System { text });
            }
            ChatMessage::User { mut text, image_urls } => {
                if has_example && !is_reminded {
                    text = format!("{}\n\n{text}\n\n{REMINDER}", example(&tools));
                    is_reminded = true;
                }
                push_user(&mut written, text, image_urls);
            }
            ChatMessage::Assistant { mut text, tool_calls, reasoning } => {
                for call in &tool_calls {
                    let separator = if text.is_empty() { "" } else { "\n\n" };
                    text.push_str(separator);
                    text.push_str(&call_in_words(call));
                }
                written.push(ChatMessage::Assistant { text, tool_calls: Vec::new(), reasoning });
            }
            ChatMessage::ToolResult { name, text, .. } => {
                push_user(
                    &mut written,
                    format!("EXECUTION RESULT of [{name}]:\n{text}"),
                    Vec::new(),
                );
            }
        }
    }
    if !is_described {
        written.insert(0, ChatMessage::System { text: description(&tools) });
    }
    CompletionRequest { messages: written, tools: Vec::new(), is_cached }
}

/// Tells the model why its call could not be read.
pub(super) fn correction(problem: &str) -> String {
    format!("Your call could not be read: {problem}. Write the whole answer again.\n\n{FORM}")
}

/// Some models want the two sides to take turns.
fn push_user(messages: &mut Vec<ChatMessage>, text: String, image_urls: Vec<String>) {
    if let Some(ChatMessage::User { text: before, image_urls: images }) = messages.last_mut() {
        before.push_str("\n\n");
        before.push_str(&text);
        images.extend(image_urls);
        return;
    }
    messages.push(ChatMessage::User { text, image_urls });
}

fn description(tools: &[ToolSpec]) -> String {
    let mut text = "# Tools\n\nYou can use these tools:\n".to_owned();
    for tool in tools {
        text.push_str(&format!("\n## {}\n\n{}\n", tool.name, tool.description.trim()));
        let parameters = parameters(tool);
        if parameters.is_empty() {
            text.push_str("\nIt has no parameters.\n");
        } else {
            text.push_str("\nParameters:\n");
        }
        parameters.iter().for_each(|parameter| text.push_str(&line(parameter)));
    }
    format!("{text}\n# Calls\n\n{FORM}")
}

fn line(parameter: &Parameter) -> String {
    let need = if parameter.is_required { "required" } else { "optional" };
    let description = parameter.description.trim();
    let mut line = format!("- {} ({}, {need}): {description}", parameter.name, parameter.kind);
    if !parameter.values.is_empty() {
        line.push_str(&format!(" One of: {}.", parameter.values.join(", ")));
    }
    line.push('\n');
    line
}

/// Shows a small task from its beginning to its end with the tools that are there.
fn example(tools: &[ToolSpec]) -> String {
    let has = |name: &str| tools.iter().any(|tool| tool.name == name);
    let mut text = "Here is an example of how a task is done.\n\n\
        USER: Write a file `greeting.txt` that says hello.\n\n"
        .to_owned();
    let mut show = |name: &str, words: &str, parameters: &[(&str, &str)], result: &str| {
        if !has(name) {
            return;
        }
        text.push_str(&format!("ASSISTANT: {words}\n\n<function={name}>\n"));
        for (name, value) in parameters {
            text.push_str(&format!("<parameter={name}>{value}</parameter>\n"));
        }
        text.push_str("</function>\n\n");
        if !result.is_empty() {
            text.push_str(&format!("USER: EXECUTION RESULT of [{name}]:\n{result}\n\n"));
        }
    };
    show(
        "str_replace_editor",
        "I write the file.",
        &[("command", "create"), ("path", "/workspace/greeting.txt"), ("file_text", "\nhello\n")],
        "File created successfully at: /workspace/greeting.txt",
    );
    show(
        "execute_bash",
        "I look whether it is right.",
        &[("command", "cat /workspace/greeting.txt")],
        "hello",
    );
    show("finish", "The file is there.", &[("message", "`greeting.txt` says hello.")], "");
    text.push_str(
        "This was only an example: none of it has happened, and your surroundings are others. \
         Here is the real task.",
    );
    text
}

fn call_in_words(call: &ToolCall) -> String {
    let mut text = format!("<function={}>\n", call.name);
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    for (name, value) in arguments.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if value.contains('\n') {
            text.push_str(&format!("<parameter={name}>\n{value}\n</parameter>\n"));
        } else {
            text.push_str(&format!("<parameter={name}>{value}</parameter>\n"));
        }
    }
    text.push_str("</function>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> CompletionRequest {
        let text = |text: &str| text.to_owned();
        CompletionRequest {
            messages: vec![
                ChatMessage::System { text: text("Be good.") },
                ChatMessage::User { text: text("Go on"), image_urls: vec![text("a")] },
                ChatMessage::Assistant {
                    text: text("I look."),
                    tool_calls: vec![ToolCall {
                        id: text("1"),
                        name: text("execute_bash"),
                        arguments: text(r#"{"command":"ls\npwd","timeout":5}"#),
                    }],
                    reasoning: None,
                },
                ChatMessage::ToolResult {
                    call_id: text("1"),
                    name: text("execute_bash"),
                    text: text("x"),
                },
                ChatMessage::User { text: text("And?"), image_urls: Vec::new() },
            ],
            tools: vec![ToolSpec {
                name: text("execute_bash"),
                description: text("Runs a command."),
                parameters: text(
                    r#"{"properties":{"command":{"type":"string","description":"The command."},
                    "is_input":{"type":"string","enum":["true","false"]}},"required":["command"]}"#,
                ),
            }],
            is_cached: true,
        }
    }

    fn texts(request: &CompletionRequest) -> Vec<&str> {
        request.messages.iter().map(text).collect()
    }

    fn text(message: &ChatMessage) -> &str {
        match message {
            ChatMessage::System { text }
            | ChatMessage::User { text, .. }
            | ChatMessage::Assistant { text, .. }
            | ChatMessage::ToolResult { text, .. } => text,
        }
    }

    #[test]
    fn tools_calls_and_results_become_words() {
        let written = in_words(request(), "mistral/devstral-small");
        assert!(written.tools.is_empty() && written.is_cached);
        let texts = texts(&written);
        assert!(texts[0].starts_with("Be good.\n\n# Tools"), "{}", texts[0]);
        assert!(texts[0].contains("- command (string, required): The command.\n"), "{}", texts[0]);
        assert!(texts[0].contains("- is_input (string, optional):  One of: true, false.\n"));
        let call = "I look.\n\n<function=execute_bash>\n<parameter=command>\nls\npwd\n</parameter>\n<parameter=timeout>5</parameter>\n</function>";
        let result = "EXECUTION RESULT of [execute_bash]:\nx\n\nAnd?";
        assert_eq!(texts[1..], ["Go on", call, result]);
    }

    #[test]
    fn an_example_and_a_reminder_surround_the_first_message() {
        let written = in_words(request(), "ollama/gemma3");
        let first = texts(&written)[1];
        assert!(first.starts_with("Here is an example"), "{first}");
        assert!(first.contains("cat /workspace/greeting.txt"), "{first}");
        // Only tools that are there are shown.
        assert!(!first.contains("str_replace_editor"), "{first}");
        assert!(first.contains("Here is the real task.\n\nGo on\n\n(Remember:"), "{first}");
    }

    #[test]
    fn a_request_without_instructions_gets_some() {
        let mut request = request();
        request.messages.remove(0);
        let written = in_words(request, "devstral");
        assert!(texts(&written)[0].starts_with("# Tools"));
    }
}
