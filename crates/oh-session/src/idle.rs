//! Sessions that nobody needs any more, and those that must make room.

use std::sync::Arc;
use std::time::Duration;

use oh_event::{AgentState, ConversationId};

use crate::handle::{Ending, Letter, SessionHandle};
use crate::manager::ConversationManager;
use crate::notice::Notice;
use crate::prepared::PreparedRuntime;
use crate::session::{Goodbye, Session};

/// How often sessions are looked at, at least.
const LONGEST_PERIOD: Duration = Duration::from_secs(15);
/// How long a runtime may take to say what runs.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// How long a session that makes room may take to end before the next one starts.
const LEAVE_LIMIT: Duration = Duration::from_secs(10);
/// Processes that are named when they are ended.
const NAMED_PROCESSES: usize = 20;
const TOO_MANY: &str = "AGENT_ERROR$TOO_MANY_CONVERSATIONS";

impl ConversationManager {
    /// Closes sessions that have been idle for `[sandbox] close_delay`, again and again.
    pub async fn close_idle_sessions(self) {
        let Some(delay) = self.config().close_delay else { return };
        let period = (delay / 4).clamp(Duration::from_millis(50), LONGEST_PERIOD);
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for (id, handle) in self.live() {
                let status = handle.status();
                let is_due = !status.is_busy && status.last_activity.elapsed() >= delay;
                if is_due && !(self.config().has_viewers)(&id) {
                    // The session itself decides; it may be doing something by then.
                    let _ = handle.mailbox.try_send(Letter::CloseIfIdle { delay });
                }
            }
        }
    }

    /// Closes sessions until there is room for that of `newcomer`.
    ///
    /// The least recently updated goes first, and one whose agent works only when all work.
    pub(crate) async fn make_room(&self, newcomer: &ConversationId) {
        let Some(limit) = self.config().max_live else { return };
        // One at a time, or two newcomers would send the same one away.
        let _turn = self.room().lock().await;
        loop {
            let (count, live) = self.others(newcomer);
            if count < limit {
                return;
            }
            let oldest = live.into_iter().min_by_key(|(_, handle)| {
                let status = handle.status();
                (status.is_busy, status.last_activity)
            });
            let Some((id, handle)) = oldest else { return };
            tracing::info!(%id, limit, "closed to make room for another conversation");
            evict(&handle, limit).await;
        }
    }
}

async fn evict(handle: &SessionHandle, limit: usize) {
    let reason = format!(
        "Closed to make room: at most {limit} conversations are open at a time ([core] max_concurrent_conversations)."
    );
    handle.notify(Notice::Status {
        is_error: true,
        id: TOO_MANY.into(),
        message: Arc::from(reason.as_str()),
    });
    let goodbye = Goodbye { ending: Ending::Closed, reason };
    let leave = async {
        let _ = handle.mailbox.send(Letter::Close(goodbye)).await;
        handle.ended().await;
    };
    let _ = tokio::time::timeout(LEAVE_LIMIT, leave).await;
}

impl Session {
    /// Returns the goodbye of a session that nobody has needed for `delay`.
    pub(crate) async fn idle_goodbye(
        &self,
        prepared: &PreparedRuntime,
        delay: Duration,
    ) -> Option<Goodbye> {
        if !self.is_left_alone(delay) {
            return None;
        }
        let look = tokio::time::timeout(LOOK_LIMIT, prepared.runtime.activity());
        // A runtime that does not answer runs nothing that anybody could wait for.
        let activity = look.await.unwrap_or_default();
        let is_idle = activity.foreground.is_none() && self.is_left_alone(delay);
        is_idle.then(|| Goodbye::of_idle(delay, &activity.background))
    }

    pub(crate) fn is_left_alone(&self, delay: Duration) -> bool {
        let status = self.status.borrow();
        let is_at_work = matches!(status.agent_state, AgentState::Running | AgentState::Loading);
        !is_at_work
            && !status.is_busy
            && status.last_activity.elapsed() >= delay
            && !(self.has_viewers)()
    }
}

impl Goodbye {
    pub(crate) fn of_idle(delay: Duration, background: &[String]) -> Self {
        let mut reason = format!("Closed after {} s without activity.", delay.as_secs());
        if !background.is_empty() {
            let named = background.get(..NAMED_PROCESSES).unwrap_or(background);
            reason.push_str(&format!(" Background processes were ended: {}", named.join(", ")));
            let rest = background.len() - named.len();
            reason.push_str(&if rest > 0 { format!(", and {rest} more.") } else { ".".to_owned() });
        }
        Self { ending: Ending::Closed, reason }
    }
}
