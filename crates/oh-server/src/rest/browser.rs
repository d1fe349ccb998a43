//! The browser of a conversation, live: people look on, and use it for a moment.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{Path, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use oh_browser::{Control, Frame, Input, Live, LiveUpdate, View};
use oh_event::ConversationId;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::conversations::{check_known, parse_id};
use super::error::ApiError;
use crate::state::AppState;

/// Longest message of a person, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// A person who does nothing for this long gives the browser back.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// What a person says.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Said {
    Control(ControlChange),
    Input(Input),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum ControlChange {
    TakeOver,
    HandBack,
}

/// What a person is told. Pictures are messages of their own, as JPEG.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told<'a> {
    View {
        #[serde(flatten)]
        view: &'a View,
    },
    Problem {
        message: &'a str,
    },
}

pub(crate) async fn live(
    State(state): State<AppState>,
    Path(id): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let id = parse_id(&id)?;
    check_known(&state, &id).await?;
    let Ok(place) = Arc::clone(&state.live_views).try_acquire_owned() else {
        return Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many people look on at browsers",
        ));
    };
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| serve(state, id, socket, place)))
}

async fn serve(
    state: AppState,
    id: ConversationId,
    socket: WebSocket,
    _place: OwnedSemaphorePermit,
) {
    let mut viewer = Viewer { socket, used: None };
    let shutdown = state.shutdown.clone();
    let watch = viewer.watch(&state, &id);
    // Whatever ended it, the connection is over.
    let _ = shutdown.run_until_cancelled(watch).await;
}

/// The connection is over.
struct Gone;

struct Viewer {
    socket: WebSocket,
    /// When this person used the browser last, if it is theirs.
    used: Option<Instant>,
}

impl Viewer {
    async fn watch(&mut self, state: &AppState, id: &ConversationId) -> Result<(), Gone> {
        let mut changes = state.browsers.changes();
        loop {
            changes.mark_unchanged();
            let Some(mut live) = state.browsers.watch(id) else {
                self.tell(&Told::View { view: &View::none() }).await?;
                self.wait(&mut changes).await?;
                continue;
            };
            let result = self.follow(&mut live, &mut changes).await;
            if self.used.take().is_some() {
                live.hand_back();
            }
            result?;
        }
    }

    /// Waits for a browser; what is said meanwhile has nobody to hear it.
    async fn wait(&mut self, changes: &mut tokio::sync::watch::Receiver<()>) -> Result<(), Gone> {
        loop {
            tokio::select! {
                changed = changes.changed() => return changed.map_err(|_| Gone),
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                        self.tell(&Told::Problem { message: "the browser does not run" }).await?;
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                },
            }
        }
    }

    /// Shows a browser until there is another one.
    async fn follow(
        &mut self,
        live: &mut Live,
        changes: &mut tokio::sync::watch::Receiver<()>,
    ) -> Result<(), Gone> {
        loop {
            let deadline = self.used.map(|used| used + PATIENCE);
            let idle = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(live, &text).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Binary(_))) => {
                        self.tell(&Told::Problem { message: "messages are JSON texts" }).await?;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                },
                changed = changes.changed() => return changed.map_err(|_| Gone),
                () = idle => {
                    self.used = None;
                    live.hand_back();
                }
                update = live.next() => match update {
                    LiveUpdate::View(view) => {
                        if view.control == Control::Agent {
                            self.used = None;
                        }
                        self.tell(&Told::View { view: &view }).await?;
                    }
                    LiveUpdate::Frame(frame) => self.show(&frame).await?,
                },
            }
        }
    }

    async fn hear(&mut self, live: &Live, text: &str) -> Result<(), Gone> {
        let outcome = match serde_json::from_str(text) {
            Ok(Said::Control(ControlChange::TakeOver)) => {
                self.used = Some(Instant::now());
                live.take_over();
                Ok(())
            }
            Ok(Said::Control(ControlChange::HandBack)) => {
                self.used = None;
                live.hand_back();
                Ok(())
            }
            Ok(Said::Input(input)) => {
                self.used = self.used.map(|_| Instant::now());
                live.input(input).await
            }
            Err(_) => Err("this is no message that the browser understands".to_owned()),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(message) => self.tell(&Told::Problem { message: &message }).await,
        }
    }

    async fn tell(&mut self, told: &Told<'_>) -> Result<(), Gone> {
        let text = serde_json::to_string(told).map_err(|_| Gone)?;
        self.socket.send(Message::Text(text.into())).await.map_err(|_| Gone)
    }

    async fn show(&mut self, frame: &Frame) -> Result<(), Gone> {
        let jpeg = bytes::Bytes::copy_from_slice(&frame.jpeg);
        self.socket.send(Message::Binary(jpeg)).await.map_err(|_| Gone)
    }
}
