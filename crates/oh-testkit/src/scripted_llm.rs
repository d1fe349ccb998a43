use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use oh_chat::{Completion, CompletionFailure, CompletionRequest, ToolCall, Usage};
use oh_llm::{BoxFuture, CompletionContext, LlmClient};

/// What the model does when it is asked.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It answers.
    Completion(Completion),
    /// It fails.
    Failure(CompletionFailure),
    /// It answers by what it was asked.
    Computed(Computed),
    /// It never answers.
    Never,
}

/// Makes an answer out of a question.
#[derive(Clone)]
pub struct Computed(Arc<dyn Fn(&CompletionRequest) -> Completion + Send + Sync>);

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Computed")
    }
}

/// A model that gives prepared answers in order, and never answers after the last.
#[derive(Debug, Default)]
pub struct ScriptedLlm {
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<CompletionRequest>,
}

impl ScriptedLlm {
    /// Returns a model with the given answers.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        Self { script: Mutex::new(Script { answers, requests: Vec::new() }) }
    }

    /// Returns what the model was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<CompletionRequest> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }
}

impl LlmClient for ScriptedLlm {
    fn complete(
        &self,
        request: CompletionRequest,
        _: CompletionContext,
    ) -> BoxFuture<'_, Result<Completion, CompletionFailure>> {
        let answer = {
            let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = match script.answers.pop_front().unwrap_or(Answer::Never) {
                Answer::Computed(Computed(make)) => Answer::Completion(make(&request)),
                answer => answer,
            };
            script.requests.push(request);
            answer
        };
        Box::pin(async move {
            match answer {
                Answer::Completion(completion) => Ok(completion),
                Answer::Failure(failure) => Err(failure),
                Answer::Computed(_) | Answer::Never => std::future::pending().await,
            }
        })
    }

    fn has_vision(&self) -> bool {
        true
    }

    fn model(&self) -> &str {
        "scripted"
    }
}

/// An answer with one call, whose arguments are made out of what the model was asked.
#[must_use]
pub fn computed_call(
    id: &str,
    name: &str,
    arguments: impl Fn(&CompletionRequest) -> String + Send + Sync + 'static,
) -> Answer {
    let (id, name) = (id.to_owned(), name.to_owned());
    Answer::Computed(Computed(Arc::new(move |request| {
        completion("", vec![call(&id, &name, &arguments(request))])
    })))
}

/// An answer of text alone.
#[must_use]
pub fn text(text: &str) -> Answer {
    Answer::Completion(completion(text, Vec::new()))
}

/// An answer of tool calls.
#[must_use]
pub fn tool_calls(text: &str, calls: Vec<ToolCall>) -> Answer {
    Answer::Completion(completion(text, calls))
}

/// A tool call; the arguments are JSON.
#[must_use]
pub fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn completion(text: &str, tool_calls: Vec<ToolCall>) -> Completion {
    let id = tool_calls.first().map_or("text", |call| call.id.as_str());
    Completion {
        response_id: format!("response-{id}"),
        created: 0,
        model: "scripted".to_owned(),
        text: text.to_owned(),
        tool_calls,
        reasoning: None,
        finish_reason: "stop".to_owned(),
        usage: Usage { prompt_tokens: 100, completion_tokens: 10, ..Usage::default() },
        cost: Some(0.01),
    }
}
