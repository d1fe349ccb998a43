//! Tools for models whose provider has no protocol for them: described and called in words.

mod parse;
mod prompt;
mod schema;
mod shown;

use oh_chat::{ChatMessage, Completion, CompletionFailure, CompletionRequest, ToolSpec, Usage};
use tokio::sync::mpsc;

use crate::client::{CompletionContext, LlmNotice};
use crate::provider::Provider;
use shown::Shown;

/// A call ends there, and the model need not write more.
const STOP: &str = "</function";
/// A call that cannot be read is answered with the reason, this many times.
const CORRECTIONS: u32 = 2;
/// Notices that may wait.
const NOTICE_BUFFER: usize = 64;

/// Asks with the tools described in words and reads the call from the answer.
pub(crate) async fn complete(
    provider: &Provider,
    request: CompletionRequest,
    context: CompletionContext,
) -> Result<Completion, CompletionFailure> {
    let tools = request.tools.clone();
    let number = calls_so_far(&request);
    let mut request = prompt::in_words(request, &provider.config().model);
    let mut spent = Spent::default();
    let mut corrections = 0;
    loop {
        let completion = ask(provider, request.clone(), &context).await?;
        let completion = spent.add(completion);
        match read(completion, &tools, number) {
            Ok(completion) => return Ok(completion),
            Err((completion, _)) if corrections >= CORRECTIONS => return Ok(*completion),
            Err((completion, problem)) => {
                corrections += 1;
                tracing::debug!(%problem, "a call in words is asked for again");
                context.notify(LlmNotice::Restart);
                request.messages.push(ChatMessage::Assistant {
                    text: completion.text,
                    tool_calls: Vec::new(),
                    reasoning: None,
                });
                request.messages.push(ChatMessage::User {
                    text: prompt::correction(&problem),
                    image_urls: Vec::new(),
                });
            }
        }
    }
}

/// Asks, and shows what comes before a call.
async fn ask(
    provider: &Provider,
    request: CompletionRequest,
    context: &CompletionContext,
) -> Result<Completion, CompletionFailure> {
    if context.notices.is_none() {
        let context = CompletionContext::default();
        return provider.complete(request, context, vec![STOP.to_owned()]).await;
    }
    let (sender, mut receiver) = mpsc::channel(NOTICE_BUFFER);
    let inner = CompletionContext { notices: Some(sender) };
    let work = provider.complete(request, inner, vec![STOP.to_owned()]);
    let mut work = std::pin::pin!(work);
    let mut shown = Shown::default();
    let mut show = |notice| match notice {
        LlmNotice::Text(piece) => {
            let text = shown.push(&piece);
            if !text.is_empty() {
                context.notify(LlmNotice::Text(text));
            }
        }
        LlmNotice::Restart => {
            shown = Shown::default();
            context.notify(LlmNotice::Restart);
        }
        other @ (LlmNotice::Reasoning(_) | LlmNotice::Retry { .. }) => context.notify(other),
    };
    let result = loop {
        tokio::select! {
            biased;
            Some(notice) = receiver.recv() => show(notice),
            result = &mut work => break result,
        }
    };
    while let Ok(notice) = receiver.try_recv() {
        show(notice);
    }
    let rest = shown.finish();
    if !rest.is_empty() {
        context.notify(LlmNotice::Text(rest));
    }
    result
}

fn calls_so_far(request: &CompletionRequest) -> usize {
    let calls = request.messages.iter().map(|message| match message {
        ChatMessage::Assistant { tool_calls, .. } => tool_calls.len(),
        ChatMessage::System { .. } | ChatMessage::User { .. } | ChatMessage::ToolResult { .. } => 0,
    });
    calls.sum()
}

/// Puts the call in its place, or says why there is none.
fn read(
    mut completion: Completion,
    tools: &[ToolSpec],
    number: usize,
) -> Result<Completion, (Box<Completion>, String)> {
    match parse::read(&completion.text, tools) {
        Ok(None) => Ok(completion),
        Ok(Some(found)) => {
            let id = format!("toolu_{:02}", number.saturating_add(1));
            completion.text = found.text;
            completion.tool_calls = vec![found.call.with_id(id)];
            completion.finish_reason = "tool_calls".to_owned();
            Ok(completion)
        }
        Err(problem) => Err((Box::new(completion), problem)),
    }
}

/// What all answers together cost.
#[derive(Debug, Default)]
struct Spent {
    usage: Usage,
    cost: f64,
}

impl Spent {
    fn add(&mut self, mut completion: Completion) -> Completion {
        let (sum, usage) = (&mut self.usage, completion.usage);
        sum.prompt_tokens = sum.prompt_tokens.saturating_add(usage.prompt_tokens);
        sum.completion_tokens = sum.completion_tokens.saturating_add(usage.completion_tokens);
        sum.cache_read_tokens = sum.cache_read_tokens.saturating_add(usage.cache_read_tokens);
        sum.cache_write_tokens = sum.cache_write_tokens.saturating_add(usage.cache_write_tokens);
        sum.reasoning_tokens = sum.reasoning_tokens.saturating_add(usage.reasoning_tokens);
        completion.usage = *sum;
        completion.cost = completion.cost.map(|cost| {
            self.cost += cost;
            self.cost
        });
        completion
    }
}
