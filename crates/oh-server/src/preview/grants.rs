//! Who may see which port: tickets, and what they are turned into.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::name::Target;

/// Paths below this stand for a port, if a secret follows.
pub(crate) const PATH_ROOT: &str = "/preview/";
/// Bytes of a ticket and of what it is turned into, before they are written as digits.
pub(super) const SECRET_BYTES: usize = 32;

const TICKET_TIME: Duration = Duration::from_secs(60);
const SESSION_TIME: Duration = Duration::from_secs(12 * 60 * 60);
const MAX_TICKETS: usize = 1_000;
const MAX_SESSIONS: usize = 1_000;

/// By what a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By a cookie of the port's name.
    Cookie,
    /// By the path.
    Path,
}

/// What somebody may see.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) target: Target,
    pub(super) proof: Proof,
    /// The run of the conversation that it was given for.
    pub(super) run: u64,
    /// The page that may show it in a frame.
    pub(super) embedder: Option<String>,
    /// Cancelled when the session ends; nothing goes to and fro any more.
    pub(super) end: CancellationToken,
}

/// All tickets and sessions. Secrets are known to nobody else here.
#[derive(Default)]
pub(super) struct Grants {
    tickets: Dated<Session>,
    sessions: Dated<Session>,
}

/// Values by secrets, each for some time.
struct Dated<T>(HashMap<String, (Instant, T)>);

impl<T> Default for Dated<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").finish_non_exhaustive()
    }
}

impl Grants {
    pub(super) fn add_ticket(&mut self, secret: String, session: Session, now: Instant) {
        self.tickets.add(secret, session, now + TICKET_TIME, MAX_TICKETS, now);
    }

    /// Returns what a ticket is for, once, if it is for this port.
    pub(super) fn take_ticket(
        &mut self,
        secret: &str,
        target: &Target,
        now: Instant,
    ) -> Option<Session> {
        let (until, session) = self.tickets.0.remove(secret)?;
        (now < until && session.target == *target).then_some(session)
    }

    pub(super) fn add_session(&mut self, secret: String, session: Session, now: Instant) {
        let pushed_out = self.sessions.add(secret, session, now + SESSION_TIME, MAX_SESSIONS, now);
        for session in pushed_out {
            session.end.cancel();
        }
    }

    pub(super) fn session(&self, secret: &str, now: Instant) -> Option<&Session> {
        self.sessions.0.get(secret).filter(|(until, _)| now < *until).map(|(_, session)| session)
    }

    /// Ends everything that `is_ended` says.
    pub(super) fn end(&mut self, is_ended: impl Fn(&Session) -> bool) {
        self.tickets.0.retain(|_, (_, session)| !is_ended(session));
        self.sessions.0.retain(|_, (_, session)| {
            let stays = !is_ended(session);
            if !stays {
                session.end.cancel();
            }
            stays
        });
    }
}

impl<T> Dated<T> {
    /// Adds a value and returns those that it pushed out: old ones, and if there are many, the oldest.
    fn add(
        &mut self,
        secret: String,
        value: T,
        until: Instant,
        most: usize,
        now: Instant,
    ) -> Vec<T> {
        let mut pushed_out: Vec<T> =
            self.0.extract_if(|_, (until, _)| *until <= now).map(|(_, (_, value))| value).collect();
        while self.0.len() >= most {
            let oldest = self.0.iter().min_by_key(|(_, (until, _))| *until);
            let Some(oldest) = oldest.map(|(secret, _)| secret.clone()) else { break };
            pushed_out.extend(self.0.remove(&oldest).map(|(_, value)| value));
        }
        self.0.insert(secret, (until, value));
        pushed_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(port: u16) -> Session {
        Session {
            target: Target { port, conversation: "a".to_owned() },
            proof: Proof::Cookie,
            run: 1,
            embedder: None,
            end: CancellationToken::new(),
        }
    }

    #[test]
    fn a_ticket_is_taken_once_in_time_and_for_its_port() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        let (one, other) = (session(1), session(2));
        let add = |grants: &mut Grants| {
            grants.add_ticket("t".to_owned(), one.clone(), now);
        };
        add(&mut grants);
        assert!(grants.take_ticket("t", &one.target, now + TICKET_TIME / 2).is_some());
        assert!(grants.take_ticket("t", &one.target, now).is_none(), "it was taken");
        add(&mut grants);
        assert!(grants.take_ticket("t", &one.target, now + TICKET_TIME).is_none(), "it is late");
        add(&mut grants);
        assert!(grants.take_ticket("t", &other.target, now).is_none(), "it is for another port");
        assert!(grants.take_ticket("t", &one.target, now).is_none(), "and was shown all the same");
        add(&mut grants);
        grants.end(|session| session.run == 1);
        assert!(grants.take_ticket("t", &one.target, now).is_none(), "it was ended");
    }

    #[test]
    fn sessions_are_bounded_and_end() {
        let (mut grants, now) = (Grants::default(), Instant::now());
        let first = session(1);
        grants.add_session("first".to_owned(), first.clone(), now);
        assert!(grants.session("first", now).is_some());
        assert!(grants.session("first", now + SESSION_TIME).is_none());
        for n in 1..=MAX_SESSIONS {
            grants.add_session(n.to_string(), session(2), now + Duration::from_secs(1));
        }
        assert!(grants.session("first", now).is_none());
        assert!(first.end.is_cancelled());
        assert_eq!(grants.sessions.0.len(), MAX_SESSIONS);
        let last = grants.session("7", now).unwrap().clone();
        grants.end(|session| session.target.port == 2);
        assert!(last.end.is_cancelled() && grants.session("7", now).is_none());
    }
}
