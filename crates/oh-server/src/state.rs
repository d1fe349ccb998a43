//! What every route and socket works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use oh_config::{Config, ServerSettings};
use oh_event::{ConversationId, EventDraft};
use oh_event_log::EventLog;
use oh_runtime::GitReader;
use oh_session::{ConversationManager, SessionError, SessionHandle};
use oh_store::{ConversationMetadata, Settings, Store, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::{
    self, Access, Client, Denial, Grant, OwnOrigins, PeerTrust, Proxies, RequestFacts, Rules,
    SessionKeys,
};
use crate::beginning;
use crate::browser::Browsers;
use crate::clock;
use crate::equipment::Equipment;
use crate::listener::Connection;
use crate::llm_choice::LlmChoice;
use crate::mcp::{McpServers, servers_now};
use crate::pictures::Pictures;
use crate::preview::Previews;
use crate::pull_requests::PullRequestTools;
use crate::rate_limit::RateLimiter;
use crate::sandbox::Sandboxes;
use crate::secrets::Secrets;
use crate::skills::Skills;
use crate::transport::PollingSessions;

/// Most archives that are made at a time.
pub(crate) const MAX_DOWNLOADS: usize = 8;
/// Most looks at repositories at a time; further ones wait.
pub(crate) const MAX_GIT_LOOKS: usize = 4;
/// People who look on at browsers at a time.
pub(crate) const MAX_LIVE_VIEWS: usize = 64;
/// Tests of models at a time.
pub(crate) const MAX_MODEL_TESTS: usize = 1;
/// Looks at peers at a time.
pub(crate) const MAX_PEER_LOOKS: usize = 2;

/// Most sockets that have not shown the key yet.
pub(crate) const MAX_STRANGERS: usize = 1_000;

/// Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct AppState(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) keys: Arc<SessionKeys>,
    pub(crate) proxies: Proxies,
    pub(crate) origins: OwnOrigins,
    pub(crate) log: EventLog,
    pub(crate) store: Store,
    pub(crate) secrets: Secrets,
    pub(crate) manager: ConversationManager,
    pub(crate) llm: Arc<LlmChoice>,
    pub(crate) sandboxes: Sandboxes,
    pub(crate) equipment: Equipment,
    pub(crate) browsers: Browsers,
    /// Room for people who look on at browsers.
    pub(crate) live_views: Arc<Semaphore>,
    pub(crate) pictures: Pictures,
    pub(crate) mcp: McpServers,
    /// Ports of conversations that people may see.
    pub(crate) previews: Previews,
    pub(crate) skills: Skills,
    pub(crate) settings: Arc<Mutex<Option<Settings>>>,
    pub(crate) git: GitReader,
    /// Places for archives that are being made.
    pub(crate) downloads: Arc<Semaphore>,
    /// Places for looks at repositories.
    pub(crate) git_looks: Semaphore,
    /// Places for tests of models.
    pub(crate) model_tests: Semaphore,
    /// Looks at who is at the other end of a connection.
    pub(crate) peer_looks: Arc<Semaphore>,
    /// Requests of each client.
    pub(crate) rate_limit: RateLimiter,
    /// Tries of each client to log in.
    pub(crate) logins: RateLimiter,
    /// Places for sockets that have not shown the key yet.
    pub(crate) strangers: Arc<Semaphore>,
    pub(crate) sockets: SocketCount,
    /// Places for sockets, joined or not.
    pub(crate) socket_places: Arc<Semaphore>,
    /// Sockets that are requests of HTTP.
    pub(crate) polling: PollingSessions,
    pub(crate) shutdown: CancellationToken,
    pub(crate) started: std::time::Instant,
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// A socket's place in the count; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct SocketPlace {
    all: SocketCount,
    conversation: ConversationId,
}

/// How many sockets each conversation has. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SocketCount(Arc<Mutex<HashMap<ConversationId, usize>>>);

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(crate) fn server(&self) -> &ServerSettings {
        &self.config.server
    }

    /// Says whether a request may come in, and why; `key` is the one from its query or payload.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        key: Option<&str>,
        connection: &Arc<Connection>,
    ) -> Result<Grant, Denial> {
        let (current, client) = (self.keys.current(), self.client(headers, connection));
        let facts = RequestFacts {
            headers,
            key,
            client: &client,
            is_from_here: auth::is_from_here(connection.peer, connection.local),
            now: std::time::SystemTime::now(),
        };
        let rules =
            Rules { own: &self.origins, key: &current, trusts_local: self.server().local_trust };
        let access = match auth::judge(facts, rules, None) {
            Access::AskPeer => auth::judge(facts, rules, Some(self.trust(connection).await)),
            other => other,
        };
        match access {
            Access::Granted(grant) => Ok(grant),
            Access::Denied(denial) => Err(denial),
            Access::AskPeer => Err(Denial::Key),
        }
    }

    /// Says whether a request carries the cookie that the key gave.
    pub(crate) fn is_logged_in(&self, headers: &HeaderMap) -> bool {
        auth::is_logged_in(headers, &self.keys.current(), std::time::SystemTime::now())
    }

    /// Returns who asks, through proxies that are trusted.
    pub(crate) fn client(&self, headers: &HeaderMap, connection: &Connection) -> Client {
        self.proxies.client(connection.peer, headers)
    }

    /// Asks the kernel about a connection's peer, once.
    async fn trust(&self, connection: &Arc<Connection>) -> PeerTrust {
        let (peer, local) = (connection.peer, connection.local);
        let looks = self.peer_looks.clone();
        let ask = || async move {
            // Whoever gives up waiting leaves the look under way, which keeps its place: a
            // machine that is slow to answer must not be asked by ever more threads.
            let Ok(place) = looks.acquire_owned().await else { return PeerTrust::Stranger };
            let look = move || {
                let _place = place;
                auth::look_up(peer, local)
            };
            tokio::task::spawn_blocking(look).await.unwrap_or(PeerTrust::Stranger)
        };
        *connection.trust.get_or_init(ask).await
    }

    /// Takes a place for a socket of a conversation; `None` if all are taken.
    pub(crate) fn take_place(&self, conversation: &ConversationId) -> Option<SocketPlace> {
        self.sockets.take(conversation, self.server().sockets.max_sockets_per_conversation)
    }

    pub(crate) fn socket_count(&self, conversation: &ConversationId) -> usize {
        self.sockets.count(conversation)
    }

    /// Records a conversation that is new; returns false if the id is taken.
    pub(crate) async fn create(&self, metadata: ConversationMetadata) -> Result<bool, StoreError> {
        self.store.create_conversation(metadata).await
    }

    /// Returns the session of a conversation, starting it if none runs.
    pub(crate) async fn open(
        &self,
        conversation: &ConversationId,
    ) -> Result<SessionHandle, SessionError> {
        if let Some(session) = self.manager.get(conversation) {
            return Ok(session);
        }
        let new = beginning::stored(&self.store, conversation).await;
        self.manager.open(conversation, new).await
    }

    /// Records an action, starting the conversation's session if it ended meanwhile.
    pub(crate) async fn act(
        &self,
        conversation: &ConversationId,
        draft: EventDraft,
        client_id: Option<String>,
    ) -> Result<Option<oh_event::EventId>, SessionError> {
        let handle = self.open(conversation).await?;
        match handle.act(draft.clone(), client_id.clone()).await {
            Err(SessionError::Ended) => self.open(conversation).await?.act(draft, client_id).await,
            result => result,
        }
    }

    pub(crate) fn settings(&self) -> Option<Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for a server of models on this machine, if nobody has named a model.
    pub(crate) async fn look_around(&self) -> Option<&oh_llm::LocalServer> {
        self.llm.look_around(|| self.settings()).await
    }

    /// Keeps new settings and lets everything follow them.
    pub(crate) async fn save_settings(&self, settings: Settings) -> Result<(), StoreError> {
        self.store.save_settings(settings.clone()).await?;
        self.llm.update(&settings);
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        self.mask_keys();
        Ok(())
    }

    /// Returns what opens pull requests.
    pub(crate) fn pull_requests(&self) -> PullRequestTools {
        PullRequestTools { secrets: self.secrets.clone(), store: self.store.clone() }
    }

    /// Masks every session key that comes into force, and shows no port to who came by the old one,
    /// until dropped.
    pub(crate) async fn follow_new_keys(&self) {
        let mut changes = self.keys.changes();
        while changes.changed().await.is_ok() {
            self.previews.end_all();
            self.mask_keys();
        }
    }

    /// Masks the keys of models and of servers, which may be new.
    pub(crate) fn mask_keys(&self) {
        let mut keys = self.llm.keys();
        keys.push(self.keys.current().reveal().to_owned());
        keys.extend(servers_now(&self.config, self.settings().as_ref()).secrets());
        self.secrets.mask_also(keys);
    }
}

impl SocketCount {
    fn take(&self, conversation: &ConversationId, most: usize) -> Option<SocketPlace> {
        let mut sockets = self.counts();
        if sockets.get(conversation).copied().unwrap_or(0) >= most {
            return None;
        }
        let count = sockets.entry(conversation.clone()).or_default();
        *count += 1;
        Some(SocketPlace { all: self.clone(), conversation: conversation.clone() })
    }

    pub(crate) fn count(&self, conversation: &ConversationId) -> usize {
        self.counts().get(conversation).copied().unwrap_or(0)
    }

    pub(crate) fn total(&self) -> usize {
        self.counts().values().sum()
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<ConversationId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SocketPlace {
    fn drop(&mut self) {
        let mut sockets = self.all.counts();
        if let Some(count) = sockets.get_mut(&self.conversation) {
            *count -= 1;
            if *count == 0 {
                sockets.remove(&self.conversation);
            }
        }
    }
}

/// Returns so many places.
pub(crate) fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}

/// Returns what is recorded of a conversation that nobody described.
pub(crate) fn plain_metadata(id: ConversationId, trigger: Option<&str>) -> ConversationMetadata {
    ConversationMetadata {
        title: id.default_title(),
        id,
        created_at: clock::now(),
        selected_repository: None,
        selected_branch: None,
        git_provider: None,
        trigger: trigger.map(str::to_owned),
        pr_number: Vec::new(),
    }
}
