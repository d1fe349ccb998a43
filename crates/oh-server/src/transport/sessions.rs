//! Sessions over HTTP by their id.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::halves::{Incoming, Outgoing, of_polling};
use super::session::PollingSession;
use super::tray::Tray;

/// Largest body of a client that may not be here.
const STRANGER_BODY: usize = 16 * 1024;

/// Sessions over HTTP. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct PollingSessions {
    by_sid: Arc<Mutex<HashMap<String, Arc<PollingSession>>>>,
    tasks: TaskTracker,
}

/// Limits of a session.
#[derive(Debug, Clone, Copy)]
pub struct PollingOptions {
    /// What the request that opens the session is worth.
    pub standing: Standing,
    /// Largest body of a POST, in bytes.
    pub max_payload: usize,
    /// Most packets in the body of a POST.
    pub max_packets: usize,
}

/// What a request is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It came with authority, and every later one of its session must too.
    Admitted,
    /// It did not; its session learns why and ends.
    Stranger,
}

/// A session's entry; dropping it ends the session.
struct Entry {
    sessions: PollingSessions,
    sid: String,
    session: Arc<PollingSession>,
}

impl PollingSessions {
    /// Starts a session, which lasts until `serve` is done with its halves.
    ///
    /// `sid` must be new and hard to guess; `written` counts what the connection has written that asks for it.
    pub fn open<Serving, Served>(
        &self,
        sid: String,
        options: PollingOptions,
        written: Arc<AtomicU64>,
        serve: Serving,
    ) -> Arc<PollingSession>
    where
        Serving: FnOnce(Incoming, Outgoing) -> Served,
        Served: Future<Output = ()> + Send + 'static,
    {
        let tray = Arc::new(Tray::new(written));
        let (payloads, payload_queue) = mpsc::channel(1);
        let session = PollingSession::new(sid.clone(), options, tray.clone(), payloads);
        let session = Arc::new(session);
        self.by_sid().insert(sid.clone(), session.clone());
        let entry = Entry { sessions: self.clone(), sid, session: session.clone() };
        let (incoming, outgoing) = of_polling(&tray, payload_queue);
        let serving = serve(incoming, outgoing);
        self.tasks.spawn(async move {
            let _entry = entry;
            serving.await;
        });
        session
    }

    /// Returns a session that is not over.
    pub fn find(&self, sid: &str) -> Option<Arc<PollingSession>> {
        self.by_sid().get(sid).cloned()
    }

    /// Waits until it is time to end and every session is over; none may be opened after that.
    pub async fn outlive(self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn by_sid(&self) -> MutexGuard<'_, HashMap<String, Arc<PollingSession>>> {
        self.by_sid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PollingOptions {
    pub(super) fn max_body(&self) -> usize {
        match self.standing {
            Standing::Admitted => self.max_payload,
            Standing::Stranger => self.max_payload.min(STRANGER_BODY),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.sessions.by_sid().remove(&self.sid);
        self.session.end();
    }
}
