//! The Chrome DevTools Protocol over a pipe: messages of JSON, each ended by a zero byte.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};

/// How long an answer is awaited.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest message that is read.
const MAX_MESSAGE: u64 = 128 * 1024 * 1024;

/// Why a command has no result.
#[derive(Debug, Clone, Error)]
pub(crate) enum CdpError {
    /// The browser refused.
    #[error("{message}")]
    Refused { message: String },
    /// The page did not answer in time.
    #[error("the page does not respond")]
    TimedOut,
    /// The page, or the whole browser, is gone.
    #[error("the page is gone")]
    Gone,
}

/// A session with a page or a frame; the browser itself has none.
pub(crate) type SessionId = Arc<str>;

/// Sends commands to a browser. Clones share the connection.
#[derive(Clone)]
pub(crate) struct Cdp {
    shared: Arc<Shared>,
}

struct Shared {
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Mutex<HashMap<u64, Waiting>>,
    next: AtomicU64,
}

struct Waiting {
    session: Option<SessionId>,
    answer: oneshot::Sender<Result<Box<RawValue>, CdpError>>,
}

/// Something that happened in the browser.
#[derive(Debug)]
pub(crate) struct CdpEvent<'a> {
    pub(crate) session: Option<&'a str>,
    pub(crate) method: &'a str,
    params: &'a RawValue,
}

#[derive(Serialize)]
struct Command<'a, P> {
    id: u64,
    method: &'a str,
    params: P,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Refusal>,
    #[serde(borrow, rename = "sessionId")]
    session: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl fmt::Debug for Cdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cdp")
    }
}

impl CdpEvent<'_> {
    /// Reads what belongs to the event; `None` if it has another form.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.params.get()).ok()
    }
}

/// Connects to a browser.
///
/// The returned future reads until the browser is gone, and hands every event to `hear`.
pub(crate) fn connect<S>(
    stream: S,
    mut hear: impl FnMut(&Cdp, &CdpEvent<'_>) + Send,
) -> (Cdp, impl Future<Output = ()> + Send)
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (outgoing, commands) = mpsc::unbounded_channel();
    let shared = Shared { outgoing, waiting: Mutex::default(), next: AtomicU64::new(1) };
    let cdp = Cdp { shared: Arc::new(shared) };
    let own = cdp.clone();
    let work = async move {
        let (reader, writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader);
        let read = async {
            let mut message = Vec::new();
            loop {
                message.clear();
                let mut limited = (&mut reader).take(MAX_MESSAGE);
                match limited.read_until(0, &mut message).await {
                    Ok(1..) if message.pop() == Some(0) => own.take(&message, &mut hear),
                    Ok(_) | Err(_) => break,
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = write(writer, commands) => {}
        }
        own.end();
    };
    (cdp, work)
}

async fn write(
    mut writer: impl AsyncWrite + Unpin,
    mut commands: mpsc::UnboundedReceiver<Vec<u8>>,
) {
    while let Some(command) = commands.recv().await {
        if writer.write_all(&command).await.is_err() {
            return;
        }
    }
}

impl Cdp {
    /// Sends a command and awaits its result, for ten seconds at most.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        session: Option<&SessionId>,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, CdpError> {
        self.call_within(PATIENCE, session, method, params).await
    }

    /// Sends a command and awaits its result.
    pub(crate) async fn call_within<T: DeserializeOwned>(
        &self,
        patience: Duration,
        session: Option<&SessionId>,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, CdpError> {
        let (answer, answered) = oneshot::channel();
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting { session: session.cloned(), answer };
        self.waiting().insert(id, waiting);
        // Who is dropped waits no more.
        let _entry = Entry { cdp: self, id };
        self.write(id, session.map(|session| &**session), method, params)?;
        let answer = match tokio::time::timeout(patience, answered).await {
            Ok(Ok(answer)) => answer?,
            Ok(Err(_)) => return Err(CdpError::Gone),
            Err(_) => return Err(CdpError::TimedOut),
        };
        serde_json::from_str(answer.get()).map_err(|error| CdpError::Refused {
            message: format!("the browser's answer to {method} cannot be read: {error}"),
        })
    }

    /// Sends a command whose result nobody needs.
    pub(crate) fn send(&self, session: Option<&str>, method: &str, params: impl Serialize) {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let _ = self.write(id, session, method, params);
    }

    /// Ends all waiting for a session that is gone.
    pub(crate) fn give_up(&self, session: &str) {
        self.waiting().retain(|_, waiting| waiting.session.as_deref() != Some(session));
    }

    fn end(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, Waiting>> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(
        &self,
        id: u64,
        session: Option<&str>,
        method: &str,
        params: impl Serialize,
    ) -> Result<(), CdpError> {
        let mut bytes = serde_json::to_vec(&Command { id, method, params, session })
            .map_err(|error| CdpError::Refused { message: error.to_string() })?;
        bytes.push(0);
        self.shared.outgoing.send(bytes).map_err(|_| CdpError::Gone)
    }

    fn take(&self, message: &[u8], hear: &mut impl FnMut(&Self, &CdpEvent<'_>)) {
        let Ok(incoming) = serde_json::from_slice::<Incoming<'_>>(message) else {
            tracing::debug!(bytes = message.len(), "a message of the browser cannot be read");
            return;
        };
        let Incoming { id, method, params, result, error, session } = incoming;
        if let Some(id) = id {
            let Some(waiting) = self.waiting().remove(&id) else { return };
            let answer = match (result, error) {
                (Some(result), None) => Ok(result.to_owned()),
                (_, Some(Refusal { message })) => Err(CdpError::Refused { message }),
                (None, None) => Err(CdpError::Gone),
            };
            let _ = waiting.answer.send(answer);
        } else if let (Some(method), Some(params)) = (method, params) {
            hear(self, &CdpEvent { session: session.as_deref(), method: &method, params });
        }
    }
}

/// A place among those who wait.
struct Entry<'a> {
    cdp: &'a Cdp,
    id: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.cdp.waiting().remove(&self.id);
    }
}
