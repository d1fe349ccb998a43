//! The events of a conversation as messages for the model.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use oh_chat::{ChatMessage, Reasoning, ToolCall};
use oh_event::{
    Action, Event, EventBody, EventId, EventSource, MessageAction, Observation, RunObservation,
    ToolCallMetadata,
};

use crate::condense::{digest_line, masked};
use crate::conversation::{Conversation, is_same_response};
use crate::prompt::recall::recall_text;
use crate::prompt::system_prompt;
use crate::text::{without_middle, without_pictures};

/// Pictures of pages cost as much as long texts.
const SHOWN_PAGES: usize = 2;
const NOT_EXECUTED: &str = "This call was not executed.";
const CONDENSED: &str = "The older part of the conversation is replaced by a summary.";
const FINISHED: &str = "The task was reported as finished.";

/// Returns the system prompt and the history.
pub(crate) fn messages(conversation: &Conversation) -> Vec<ChatMessage> {
    let system = conversation.system.as_ref().and_then(|event| match event.action() {
        Some(Action::System(system)) => Some(system.content.clone()),
        Some(_) | None => None,
    });
    let text = system.unwrap_or_else(|| system_prompt(&conversation.config));
    let mut builder = Builder {
        messages: vec![ChatMessage::System { text }],
        batch: None,
        held: Vec::new(),
        max_chars: max_chars(conversation),
        shows_recalls: conversation.config.has_prompt_extensions,
        pages: Vec::new(),
    };
    let view = masked(&conversation.history, &conversation.config.condensers);
    if conversation.config.shows_pages {
        let is_page =
            |event: &&Arc<Event>| matches!(event.observation(), Some(Observation::Browse(_)));
        builder.pages = view.iter().rev().filter(is_page).take(SHOWN_PAGES).map(|e| e.id).collect();
    }
    for event in &view {
        builder.add(event);
    }
    builder.end_batch();
    builder.messages
}

/// A request that was too long for the model is made again with shorter results.
fn max_chars(conversation: &Conversation) -> usize {
    const SHORT: usize = 2000;
    let max = conversation.config.max_message_chars;
    if conversation.overflows == 0 { max } else { (max / 4).max(SHORT).min(max) }
}

struct Builder<'a> {
    messages: Vec<ChatMessage>,
    batch: Option<Batch<'a>>,
    /// What came in while the calls of a batch were running; it goes after their results.
    held: Vec<ChatMessage>,
    max_chars: usize,
    shows_recalls: bool,
    /// The pages that are shown as pictures: the newest ones.
    pages: Vec<EventId>,
}

/// One response of the model with tool calls, and the results so far.
struct Batch<'a> {
    metadata: &'a ToolCallMetadata,
    results: HashMap<&'a str, String>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, event: &'a Event) {
        if let Some(metadata) = &event.draft.tool_call {
            self.add_to_batch(event, metadata);
            return;
        }
        let message = match &event.draft.body {
            EventBody::Action(action) => action_message(event.draft.source, action),
            // Each part is shortened by itself, so that a long one hides no other.
            EventBody::Observation(Observation::Recall(recall)) => self
                .shows_recalls
                .then(|| user_text(recall_text(recall, |part| self.shortened(part.to_owned())))),
            EventBody::Observation(observation) => {
                Some(user_text(self.shortened(observation_text(observation))))
            }
        };
        let Some(message) = message else { return };
        let is_open = self.batch.as_ref().is_some_and(|batch| {
            batch.results.len() < batch.metadata.model_response.tool_calls.len()
        });
        if is_open {
            self.held.push(message);
        } else {
            self.end_batch();
            self.messages.push(message);
        }
    }

    fn add_to_batch(&mut self, event: &'a Event, metadata: &'a ToolCallMetadata) {
        let is_same =
            self.batch.as_ref().is_some_and(|batch| is_same_response(batch.metadata, metadata));
        if !is_same {
            self.end_batch();
            self.batch = Some(Batch { metadata, results: HashMap::new() });
        }
        // The result of a call is text, so pictures follow as if the user had sent them.
        if let EventBody::Observation(observation) = &event.draft.body {
            let is_shown = self.pages.contains(&event.id);
            let picture = is_shown.then(|| page_picture(observation)).flatten();
            self.held.extend(picture.or_else(|| pictures(observation)));
        }
        let result = match &event.draft.body {
            EventBody::Action(Action::Finish(_)) => FINISHED.to_owned(),
            EventBody::Action(Action::CondensationRequest(_)) => CONDENSED.to_owned(),
            EventBody::Action(_) => return,
            EventBody::Observation(observation) => self.shortened(observation_text(observation)),
        };
        if let Some(batch) = &mut self.batch {
            batch.results.entry(metadata.tool_call_id.0.as_str()).or_insert(result);
        }
    }

    /// Writes the response with all its calls and a result for each of them.
    fn end_batch(&mut self) {
        if let Some(Batch { metadata, mut results }) = self.batch.take() {
            let response = &metadata.model_response;
            let calls = response.tool_calls.iter();
            self.messages.push(ChatMessage::Assistant {
                text: response.content.clone().unwrap_or_default(),
                tool_calls: calls
                    .clone()
                    .map(|call| ToolCall {
                        id: call.id.0.clone(),
                        name: call.name.clone(),
                        arguments: call.arguments.clone(),
                    })
                    .collect(),
                reasoning: response.reasoning.as_ref().map(|text| Reasoning {
                    text: text.clone(),
                    state: response.reasoning_state.as_ref().map(|state| state.as_str().to_owned()),
                }),
            });
            for call in calls {
                let text = results.remove(call.id.0.as_str());
                self.messages.push(ChatMessage::ToolResult {
                    call_id: call.id.0.clone(),
                    name: call.name.clone(),
                    text: text.unwrap_or_else(|| NOT_EXECUTED.to_owned()),
                });
            }
        }
        self.messages.append(&mut self.held);
    }

    /// Cuts the middle out of a text that is too long.
    fn shortened(&self, text: String) -> String {
        const MARKER: &str = "\n[... Observation truncated due to length ...]\n";
        without_middle(text, self.max_chars, MARKER)
    }
}

fn user_text(text: String) -> ChatMessage {
    ChatMessage::User { text, image_urls: Vec::new() }
}

fn action_message(source: EventSource, action: &Action) -> Option<ChatMessage> {
    match (source, action) {
        (EventSource::Agent, Action::Message(message)) => Some(ChatMessage::Assistant {
            text: message.content.clone(),
            tool_calls: Vec::new(),
            reasoning: None,
        }),
        (_, Action::Message(message)) => Some(user_message(message)),
        (EventSource::User, Action::Run(run)) => {
            Some(user_text(format!("The user ran this command in the terminal:\n{}", run.command)))
        }
        // What was done again after a recording that does not know the model's calls.
        (EventSource::Agent, action) => {
            let text = digest_line(action)?;
            Some(ChatMessage::Assistant { text, tool_calls: Vec::new(), reasoning: None })
        }
        // The rest says nothing to a model.
        (_, _) => None,
    }
}

fn user_message(message: &MessageAction) -> ChatMessage {
    let mut text = message.content.clone();
    if let Some(files) = message.file_urls.as_ref().filter(|files| !files.is_empty()) {
        let _ = write!(text, "\n\nAttached files:\n{}", files.join("\n"));
    }
    ChatMessage::User { text, image_urls: message.image_urls.clone().unwrap_or_default() }
}

/// Returns the pictures of a result.
fn pictures(observation: &Observation) -> Option<ChatMessage> {
    let (text, image_urls) = match observation {
        Observation::Read(read) => {
            (format!("[What `view` shows of {}:]", read.path), read.image_urls.as_ref())
        }
        Observation::Mcp(result) => {
            (format!("[The pictures that `{}` returned:]", result.name), result.image_urls.as_ref())
        }
        Observation::RunIpython(code) => {
            ("[The pictures that the code made:]".to_owned(), code.image_urls.as_ref())
        }
        Observation::Run(_)
        | Observation::Write(_)
        | Observation::Edit(_)
        | Observation::Browse(_)
        | Observation::Think(_)
        | Observation::TaskTracking(_)
        | Observation::Delegate(_)
        | Observation::Recall(_)
        | Observation::AgentStateChanged(_)
        | Observation::Error(_)
        | Observation::UserRejected(_)
        | Observation::Success(_)
        | Observation::Condense(_)
        | Observation::Download(_)
        | Observation::LoopDetection(_)
        | Observation::Null(_) => return None,
    };
    Some(ChatMessage::User { text, image_urls: image_urls?.clone() })
}

/// Returns a page as it looks, with the numbers of elements if there is such a picture.
fn page_picture(observation: &Observation) -> Option<ChatMessage> {
    let Observation::Browse(page) = observation else { return None };
    let picture = [&page.set_of_marks, &page.screenshot].into_iter().find(|url| !url.is_empty())?;
    let text = format!("[What the browser shows of {}:]", page.url);
    Some(ChatMessage::User { text, image_urls: vec![picture.clone()] })
}

/// Returns an observation as the model reads it.
fn observation_text(observation: &Observation) -> String {
    match observation {
        Observation::Run(run) => run_text(run),
        Observation::Error(error) => {
            format!("{}\n[The last action failed.]", error.content)
        }
        Observation::UserRejected(plain) => {
            format!("{}\n[The user rejected the last action.]", plain.content)
        }
        Observation::Recall(recall) => recall_text(recall, str::to_owned),
        Observation::AgentStateChanged(change) => shell_end_text(&change.reason),
        Observation::Condense(summary) => format!(
            "<summary>\nThe older part of this conversation was replaced by this summary.\n{}\n</summary>",
            summary.content
        ),
        Observation::RunIpython(cell) => without_pictures(&cell.content),
        Observation::Read(_)
        | Observation::Write(_)
        | Observation::Edit(_)
        | Observation::Browse(_)
        | Observation::Mcp(_)
        | Observation::Think(_)
        | Observation::TaskTracking(_)
        | Observation::Delegate(_)
        | Observation::Success(_)
        | Observation::Download(_)
        | Observation::LoopDetection(_)
        | Observation::Null(_) => observation.content().to_owned(),
    }
}

/// Only the end of the shell is in the history.
fn shell_end_text(reason: &str) -> String {
    let because = if reason.is_empty() { String::new() } else { format!(" {reason}") };
    format!(
        "[The session was interrupted here.{because} Every process that ran, background ones too, has ended. Files are kept, and the next command gets a new shell in the same directory with the declared environment; variables, functions and aliases that were set may be gone.]"
    )
}

fn run_text(run: &RunObservation) -> String {
    let metadata = &run.metadata;
    let mut text = format!("{}{}{}", metadata.prefix, run.content, metadata.suffix);
    if let Some(folder) = &metadata.working_dir {
        let _ = write!(text, "\n[Current working directory: {folder}]");
    }
    if let Some(python) = &metadata.py_interpreter_path {
        let _ = write!(text, "\n[Python interpreter: {python}]");
    }
    if metadata.exit_code != -1 {
        let _ = write!(text, "\n[Command finished with exit code {}]", metadata.exit_code);
    }
    text
}
