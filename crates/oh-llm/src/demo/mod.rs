//! The demo model: a script, not a model.
//!
//! It keeps nothing between requests: what it does next follows from the messages alone.

mod program;
mod reply;
mod script;
mod situation;

use std::time::{SystemTime, UNIX_EPOCH};

use oh_chat::{
    ChatMessage, Completion, CompletionFailure, CompletionRequest, ToolCall, ToolSpec, Usage,
};

use crate::client::{BoxFuture, CompletionContext, LlmClient, LlmNotice};
use reply::Reply;
use situation::Situation;

/// The name that selects the demo model.
pub(crate) const NAME: &str = "demo";

/// A scripted model that needs no network: it writes a small program through the tools on offer,
/// finds a bug in it and fixes it, and says that it is a script.
#[derive(Debug, Clone, Copy, Default)]
pub struct DemoLlm;

impl LlmClient for DemoLlm {
    fn complete(
        &self,
        request: CompletionRequest,
        context: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        Box::pin(async move {
            let situation = Situation::read(&request.messages);
            // Nobody can carry out a call of a tool that is not on offer.
            let reply =
                if request.tools.is_empty() { script::help() } else { script::reply(&situation) };
            for piece in reply.text.split_inclusive(' ') {
                context.notify(LlmNotice::Text(piece.to_owned()));
            }
            Ok(completion(&request, reply))
        })
    }

    fn model(&self) -> &str {
        NAME
    }
}

fn completion(request: &CompletionRequest, reply: Reply) -> Completion {
    let position = request.messages.len();
    let tool_calls: Vec<ToolCall> = reply
        .calls
        .into_iter()
        .enumerate()
        .map(|(index, call)| ToolCall {
            id: format!("call_{position}_{index}"),
            name: call.tool.to_owned(),
            arguments: call.arguments.to_string(),
        })
        .collect();
    let sent = request.messages.iter().map(message_length).sum::<usize>()
        + request.tools.iter().map(tool_length).sum::<usize>();
    let received = reply.text.len() + tool_calls.iter().map(call_length).sum::<usize>();
    Completion {
        response_id: format!("demo-{position}"),
        created: seconds_now(),
        model: NAME.to_owned(),
        reasoning: None,
        finish_reason: if tool_calls.is_empty() { "stop" } else { "tool_calls" }.to_owned(),
        text: reply.text,
        tool_calls,
        usage: Usage {
            prompt_tokens: tokens(sent),
            completion_tokens: tokens(received),
            ..Usage::default()
        },
        cost: Some(0.0),
    }
}

fn message_length(message: &ChatMessage) -> usize {
    match message {
        ChatMessage::System { text }
        | ChatMessage::User { text, .. }
        | ChatMessage::ToolResult { text, .. } => text.len(),
        ChatMessage::Assistant { text, tool_calls, .. } => {
            text.len() + tool_calls.iter().map(call_length).sum::<usize>()
        }
    }
}

fn tool_length(tool: &ToolSpec) -> usize {
    tool.name.len() + tool.description.len() + tool.parameters.len()
}

fn call_length(call: &ToolCall) -> usize {
    call.name.len() + call.arguments.len()
}

/// Estimates the tokens of so many bytes of text.
fn tokens(length: usize) -> u64 {
    u64::try_from(length.div_ceil(4)).unwrap_or(u64::MAX)
}

fn seconds_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
