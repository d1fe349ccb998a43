use std::time::Duration;

use crate::config::{Config, Rules};
use crate::engine_packet::{EnginePacket, PROBE_REPLY};
use crate::error::{CloseReason, PacketError};

/// What came from the peer, or that time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    /// A WebSocket text frame.
    Text(&'a str),
    /// A WebSocket binary frame.
    Binary(&'a [u8]),
    /// A WebSocket pong frame (RFC 6455, 5.5.3).
    TransportPong,
    /// Nothing came, but a deadline may have passed.
    Tick,
}

/// The Engine.IO layer of a connection: frames to messages, and the heartbeat (Engine.IO protocol v4).
///
/// Times are measured from any fixed point, the same one for all calls, and must not decrease.
/// After an error the connection is over and the value of no more use.
#[derive(Debug, Clone)]
pub struct Engine {
    ping_interval: Duration,
    ping_timeout: Duration,
    max_payload: usize,
    rules: Rules,
    next_ping: Duration,
    last_sign_of_life: Duration,
    /// When the oldest ping without an answer was sent.
    unanswered_since: Option<Duration>,
}

/// What an input means to the layer above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// Nothing to do.
    Nothing,
    /// A text message, without its packet type.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// This text frame is to be sent.
    Reply(&'static str),
}

/// What the heartbeat asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// Nothing before the next deadline.
    Rest,
    /// [`PING`](crate::PING) is to be sent.
    Ping,
}

impl Engine {
    /// Returns the state right after the open frame; the first ping is due one interval later.
    pub fn new(config: &Config, now: Duration) -> Self {
        Self {
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_payload,
            rules: config.rules,
            next_ping: now.saturating_add(config.ping_interval),
            last_sign_of_life: now,
            unanswered_since: None,
        }
    }

    /// Takes one input.
    ///
    /// # Errors
    ///
    /// [`CloseReason::PeerClosed`], [`CloseReason::TooLarge`], and [`CloseReason::Protocol`] for an empty packet,
    /// an unknown type and, by [`Rules::Strict`], a packet only servers send.
    pub fn receive<'a>(
        &mut self,
        now: Duration,
        input: Input<'a>,
    ) -> Result<Received<'a>, CloseReason> {
        self.note_life(now, input);
        match input {
            Input::Text(frame) if frame.len() > self.max_payload => Err(CloseReason::TooLarge),
            Input::Binary(data) if data.len() > self.max_payload => Err(CloseReason::TooLarge),
            Input::Text(frame) => self.receive_text(frame),
            Input::Binary(data) => Ok(Received::Binary(data)),
            Input::TransportPong | Input::Tick => Ok(Received::Nothing),
        }
    }

    /// Runs the heartbeat; call it after [`Engine::receive`] and whenever [`Engine::next_deadline`] has come.
    ///
    /// A late call never condemns a peer that had no chance to answer: the ping is sent first, and its time runs from then.
    ///
    /// # Errors
    ///
    /// [`CloseReason::PingTimeout`].
    pub fn beat(&mut self, now: Duration) -> Result<Beat, CloseReason> {
        if self.dead_at().is_some_and(|dead_at| now >= dead_at) {
            return Err(CloseReason::PingTimeout);
        }
        if now < self.next_ping {
            return Ok(Beat::Rest);
        }
        self.next_ping = now.saturating_add(self.ping_interval);
        self.unanswered_since.get_or_insert(now);
        Ok(Beat::Ping)
    }

    /// Returns when [`Engine::beat`] has something to do next.
    pub fn next_deadline(&self) -> Duration {
        self.dead_at().map_or(self.next_ping, |dead_at| dead_at.min(self.next_ping))
    }

    fn receive_text<'a>(&self, frame: &'a str) -> Result<Received<'a>, CloseReason> {
        let frame = match self.rules {
            Rules::Strict => frame,
            Rules::Tolerant => frame.trim_end_matches([' ', '\t', '\r', '\n']),
        };
        if frame.is_empty() && self.rules == Rules::Tolerant {
            return Ok(Received::Nothing);
        }
        match EnginePacket::parse(frame)? {
            EnginePacket::Message(message) => Ok(Received::Text(message)),
            EnginePacket::Close => Err(CloseReason::PeerClosed),
            EnginePacket::Ping("probe") => Ok(Received::Reply(PROBE_REPLY)),
            EnginePacket::Open(_) | EnginePacket::Ping(_) => match self.rules {
                Rules::Strict => Err(PacketError::WrongDirection.into()),
                Rules::Tolerant => Ok(Received::Nothing),
            },
            EnginePacket::Pong(_) | EnginePacket::Upgrade | EnginePacket::Noop => {
                Ok(Received::Nothing)
            }
        }
    }

    fn note_life(&mut self, now: Duration, input: Input<'_>) {
        let is_sign_of_life = match (self.rules, input) {
            (Rules::Strict, Input::Text(frame)) => frame.starts_with('3'),
            (Rules::Strict, Input::Binary(_) | Input::TransportPong) => false,
            (Rules::Tolerant, Input::Text(_) | Input::Binary(_) | Input::TransportPong) => true,
            (Rules::Strict | Rules::Tolerant, Input::Tick) => false,
        };
        if is_sign_of_life {
            self.last_sign_of_life = now;
            self.unanswered_since = None;
        }
    }

    /// Returns when the peer counts as dead; never before a ping had its full time to be answered.
    fn dead_at(&self) -> Option<Duration> {
        let unanswered = self.unanswered_since?.saturating_add(self.ping_timeout);
        match self.rules {
            Rules::Strict => Some(unanswered),
            Rules::Tolerant => {
                let silent = self.ping_interval.saturating_add(self.ping_timeout);
                Some(unanswered.max(self.last_sign_of_life.saturating_add(silent)))
            }
        }
    }
}
