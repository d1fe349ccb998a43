//! The live conversations whose ports can be seen, and who may see them.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use oh_event::ConversationId;
use oh_runtime::{OpenPort, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::grants::{Grants, Proof, SECRET_BYTES, Session};
use super::name::{Target, short};
use crate::auth::random_text;

/// Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Previews(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    live: Mutex<HashMap<String, Live>>,
    grants: Mutex<Grants>,
    runs: AtomicU64,
    /// Connections to ports that are open.
    tasks: TaskTracker,
}

/// A conversation that runs.
#[derive(Debug, Clone)]
struct Live {
    run: u64,
    runtime: Weak<dyn Runtime>,
}

impl Previews {
    /// Takes note of a conversation's runtime, for as long as it is there.
    pub(crate) fn follow(&self, conversation: &ConversationId, runtime: &Arc<dyn Runtime>) {
        let run = self.0.runs.fetch_add(1, Ordering::Relaxed);
        let mut live = self.live();
        live.retain(|_, live| live.runtime.strong_count() > 0);
        live.insert(short(conversation), Live { run, runtime: Arc::downgrade(runtime) });
        let runs: Vec<u64> = live.values().map(|live| live.run).collect();
        drop(live);
        self.grants().end(|session| !runs.contains(&session.run));
    }

    /// Returns what runs on a conversation's ports; `None` if it does not run.
    pub(crate) async fn ports(&self, conversation: &ConversationId) -> Option<Vec<OpenPort>> {
        let (_, runtime) = self.runtime(&short(conversation))?;
        Some(runtime.ports().await)
    }

    /// Lets somebody see a port: returns a ticket for its name, or the secret of a path below
    /// [`PATH_ROOT`](super::PATH_ROOT). `None` if the conversation does not run.
    ///
    /// # Errors
    /// Fails if there are no random numbers.
    pub(crate) fn open(
        &self,
        target: Target,
        proof: Proof,
        embedder: Option<String>,
    ) -> io::Result<Option<String>> {
        let Some((run, _)) = self.runtime(&target.conversation) else { return Ok(None) };
        let secret = random_text(SECRET_BYTES)?;
        let (end, now) = (CancellationToken::new(), Instant::now());
        let session = Session { target, proof, run, embedder, end };
        match proof {
            Proof::Cookie => self.grants().add_ticket(secret.clone(), session, now),
            Proof::Path => self.grants().add_session(secret.clone(), session, now),
        }
        Ok(Some(secret))
    }

    /// Turns a ticket into what the cookie holds; `None` if it is not one for this port.
    ///
    /// # Errors
    /// Fails if there are no random numbers.
    pub(super) fn enter(&self, ticket: &str, target: &Target) -> io::Result<Option<String>> {
        let (secret, now) = (random_text(SECRET_BYTES)?, Instant::now());
        let mut grants = self.grants();
        let Some(session) = grants.take_ticket(ticket, target, now) else { return Ok(None) };
        grants.add_session(secret.clone(), session, now);
        Ok(Some(secret))
    }

    /// Returns the session of a secret, with the runtime that leads to its port; `None` if there
    /// is no such session, or if it has ended with its conversation.
    pub(super) fn session(
        &self,
        secret: &str,
        proof: Proof,
    ) -> Option<(Session, Arc<dyn Runtime>)> {
        let session = self.grants().session(secret, Instant::now())?.clone();
        let (run, runtime) = self.runtime(&session.target.conversation)?;
        (session.run == run && session.proof == proof).then_some((session, runtime))
    }

    /// Ends all sessions: nobody has shown the new key yet.
    pub(crate) fn end_all(&self) {
        self.grants().end(|_| true);
    }

    /// Keeps `work` until the session ends.
    pub(super) fn keep(
        &self,
        end: CancellationToken,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.tasks.spawn(async move {
            let _: Option<()> = end.run_until_cancelled(work).await;
        });
    }

    /// Closes all connections and waits for their end.
    pub(crate) async fn shut_down(&self) {
        self.end_all();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn runtime(&self, conversation: &str) -> Option<(u64, Arc<dyn Runtime>)> {
        let live = self.live().get(conversation).cloned()?;
        Some((live.run, live.runtime.upgrade()?))
    }

    fn live(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.0.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
