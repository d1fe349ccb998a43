//! One conversation in the foreground: `openhands run` and `openhands replay`.
//!
//! - [`Errand`]: what is to be done, and for whom;
//! - [`run_errand`]: does it and says how it ended.
//!
//! It is the same conversation that a server would hold, in the same data directory; only the
//! viewer is a terminal.

mod driver;
mod paint;
mod screen;
mod show;
mod terminal;

use std::path::PathBuf;

use anyhow::{Context, Result};
use oh_config::Config;
use oh_event::{ConversationId, EventDraft};
use oh_session::NewConversation;
use oh_wire::Trajectory;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::driver::Driver;
use self::paint::Paint;
use self::screen::Screen;
use crate::agent_settings::Overrides;
use crate::compose::{Components, compose};
use crate::rest::user_message;
use crate::state::{AppState, plain_metadata};
use crate::titles;

/// What is to be done, and for whom.
#[derive(Debug)]
pub struct Errand {
    /// How the conversation begins.
    pub beginning: Beginning,
    /// The directory in which the agent works.
    pub directory: PathBuf,
    /// What is printed.
    pub output: Output,
    /// Colors are not wanted, also where they could be shown.
    pub is_colorless: bool,
    /// Who answers the agent.
    pub user: User,
    /// The model, whatever else is configured.
    pub model: Option<String>,
    /// Actions after which the agent stops, whatever else is configured.
    pub max_iterations: Option<u64>,
    /// US dollars after which the agent stops, whatever else is configured.
    pub max_budget: Option<f64>,
}

/// How a conversation begins.
#[derive(Debug)]
pub enum Beginning {
    /// With a task.
    Task(String),
    /// With what was done in another one, and with a message after that, if there is one.
    Recording(Box<Trajectory>, Option<String>),
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The final answer on the standard output.
    Answer,
    /// Every event as a line of JSON on the standard output.
    Json,
}

/// Who answers the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Somebody at the terminal.
    Terminal,
    /// Nobody.
    Nobody,
}

/// How an errand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The agent says that it is done.
    Finished,
    /// Something kept it from its task.
    Failed,
    /// It used up what it was given.
    Limited,
    /// It was interrupted.
    Interrupted,
}

/// Does an errand. The first of `interrupts` ends the work in peace, the second at once.
///
/// # Errors
/// Fails if the data directory cannot be used or the model has no key; then nothing was done.
pub async fn run_errand(
    config: Config,
    components: Components,
    errand: Errand,
    mut interrupts: mpsc::Receiver<()>,
) -> Result<Outcome> {
    let overrides = Overrides {
        is_headless: true,
        model: errand.model,
        max_iterations: errand.max_iterations,
        max_budget: errand.max_budget,
    };
    let (titles, title_queue) = mpsc::channel(titles::QUEUE);
    let state = compose(config, components, Vec::new(), titles, overrides).await?;
    state.look_around().await;
    if state.llm.lacks_key() {
        let model = state.llm.config().model;
        anyhow::bail!(
            "the model `{model}` needs an API key\nhint: give it as LLM_API_KEY or in the settings of the web interface, or choose another model with --model"
        );
    }
    let mut tasks = JoinSet::new();
    tasks.spawn(titles::give_titles(state.clone(), title_queue));
    let screen = Screen::new(errand.output, Paint::of_stderr(errand.is_colorless));
    let result = begin(&state, errand.beginning, errand.directory, errand.user, screen).await;
    let result = match result {
        Ok(mut driver) => {
            let outcome = driver.run(&mut interrupts).await;
            if outcome != Outcome::Interrupted || !driver.is_in_a_hurry() {
                let end = driver.finish(outcome, state.manager.shut_down());
                tokio::select! {
                    () = end => {}
                    _ = interrupts.recv() => {}
                }
            }
            Ok(outcome)
        }
        Err(error) => Err(error),
    };
    state.shutdown.cancel();
    result
}

async fn begin(
    state: &AppState,
    beginning: Beginning,
    directory: PathBuf,
    user: User,
    screen: Screen,
) -> Result<Driver> {
    let id = ConversationId::parse(&uuid::Uuid::new_v4().simple().to_string())
        .map_err(|problem| anyhow::anyhow!("a new conversation id {problem}"))?;
    state.create(plain_metadata(id.clone(), None)).await?;
    state.sandboxes.settle_in(&id, &directory).with_context(|| {
        format!("failed to note that the conversation works in `{}`", directory.display())
    })?;
    let sandbox = state.sandboxes.status().await.summary();
    screen.head(&[
        ("Conversation", id.as_str()),
        ("Model", &state.llm.config().model),
        ("Directory", &directory.to_string_lossy()),
        ("Sandbox", &sandbox),
    ]);
    let (first_message, replay, driver): (EventDraft, _, _) = match beginning {
        Beginning::Task(task) => {
            (user_message(task, Vec::new()), Vec::new(), driver::Purpose::Task)
        }
        Beginning::Recording(recording, message) => {
            let Trajectory { first_message, actions } = *recording;
            (first_message, actions, driver::Purpose::Recording { message })
        }
    };
    let new = NewConversation { first_message: Some(first_message), replay };
    let session = state.manager.open(&id, new).await?;
    Ok(Driver::new(session, screen, user, driver))
}
