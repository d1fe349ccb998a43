//! What a socket has asked for and did not get yet, and how fast it gets it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use oh_config::ActionPace;
use oh_socketio::Effect;

/// Bytes that may wait; above that nothing more is read, and the peer's own buffers fill.
pub(super) const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// A token bucket: how fast the actions of one socket are taken.
#[derive(Debug)]
pub(super) struct Pace {
    limits: ActionPace,
    tokens: f64,
    at: Instant,
}

/// What a peer has sent and was not handled yet, in order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    effects: VecDeque<Effect>,
    bytes: usize,
}

impl Pace {
    pub(super) fn new(limits: ActionPace, now: Instant) -> Self {
        Self { limits, tokens: full(limits), at: now }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// If there is none: when there will be one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(rate) = self.limits.per_second else { return Ok(()) };
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * rate;
        self.tokens = (self.tokens + refill).min(full(self.limits));
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // A rate may be so small that the time cannot be said; a day is as good as any.
        let day = Duration::from_secs(24 * 60 * 60);
        let wait = Duration::try_from_secs_f64((1.0 - self.tokens) / rate).unwrap_or(day).min(day);
        // What was rounded down would make the wait end just before the token is there.
        Err(now + wait + Duration::from_micros(1))
    }

    /// Returns true if so many actions may not wait.
    pub(super) fn is_exceeded_by(&self, waiting: &Waiting) -> bool {
        waiting.effects.len() > self.limits.max_waiting
    }
}

fn full(limits: ActionPace) -> f64 {
    u32::try_from(limits.burst).unwrap_or(u32::MAX).into()
}

impl Waiting {
    pub(super) fn push(&mut self, effect: Effect) {
        self.bytes += bytes_of(&effect);
        self.effects.push_back(effect);
    }

    /// Puts effects before all others.
    pub(super) fn push_first(&mut self, effects: Vec<Effect>) {
        for effect in effects.into_iter().rev() {
            self.bytes += bytes_of(&effect);
            self.effects.push_front(effect);
        }
    }

    pub(super) fn first(&self) -> Option<&Effect> {
        self.effects.front()
    }

    pub(super) fn pop(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front()?;
        self.bytes -= bytes_of(&effect);
        Some(effect)
    }

    /// Returns true if nothing more is to be read for now.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= WAITING_BYTES
    }
}

fn bytes_of(effect: &Effect) -> usize {
    match effect {
        Effect::Event { name, args, attachments, .. } => {
            name.len() + args.as_json().len() + attachments.iter().map(Vec::len).sum::<usize>()
        }
        Effect::Send(frame) => frame.len(),
        Effect::Connect { .. }
        | Effect::Ack { .. }
        | Effect::Disconnect { .. }
        | Effect::Malformed(_)
        | Effect::SendPing
        | Effect::Close(_) => 0,
    }
}

/// Says what is handled whatever the pace: it asks nothing of a conversation.
pub(super) fn is_free(effect: &Effect) -> bool {
    match effect {
        Effect::Event { name, .. } => !is_action(name),
        Effect::Malformed(_) => false,
        Effect::Connect { .. }
        | Effect::Ack { .. }
        | Effect::Disconnect { .. }
        | Effect::Send(_)
        | Effect::SendPing
        | Effect::Close(_) => true,
    }
}

pub(super) fn is_action(event: &str) -> bool {
    matches!(event, "oh_user_action" | "oh_action")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_second: Option<f64>) -> (Pace, Instant) {
        let now = Instant::now();
        (Pace::new(ActionPace { per_second, burst: 100, max_waiting: 2 }, now), now)
    }

    #[test]
    fn a_hundred_actions_are_taken_at_once_and_then_twenty_a_second() {
        let (mut pace, start) = pace(Some(20.0));
        for _ in 0..100 {
            assert_eq!(pace.take(start), Ok(()));
        }
        let mut now = start;
        for _ in 0..40 {
            now = pace.take(now).unwrap_err();
            assert_eq!(pace.take(now), Ok(()), "the token is there when it was promised");
        }
        let taken = now.duration_since(start);
        assert!(
            (Duration::from_secs(2)..Duration::from_millis(2010)).contains(&taken),
            "{taken:?}"
        );
    }

    #[test]
    fn a_pause_fills_the_bucket_and_no_more() {
        let (mut pace, start) = pace(Some(20.0));
        let later = start + Duration::from_secs(1000);
        for _ in 0..100 {
            assert_eq!(pace.take(later), Ok(()));
        }
        assert!(pace.take(later).is_err());
        assert!(pace.take(start).is_err(), "time that goes backward gives nothing");
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let (mut pace, start) = pace(None);
        assert!((0..1000).all(|_| pace.take(start) == Ok(())));
    }

    #[test]
    fn what_waits_is_counted() {
        let (pace, _) = pace(Some(20.0));
        let mut waiting = Waiting::default();
        waiting.push(Effect::Send("x".repeat(WAITING_BYTES - 1)));
        assert!(!waiting.is_full());
        waiting.push_first(vec![Effect::SendPing, Effect::Send("y".to_owned())]);
        assert!(waiting.is_full() && pace.is_exceeded_by(&waiting));
        assert_eq!(waiting.first(), Some(&Effect::SendPing));
        assert_eq!(waiting.pop(), Some(Effect::SendPing));
        assert_eq!(waiting.pop(), Some(Effect::Send("y".to_owned())));
        assert!(!waiting.is_full() && !pace.is_exceeded_by(&waiting));
    }
}
