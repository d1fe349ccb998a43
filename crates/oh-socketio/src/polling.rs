use std::mem;

use crate::engine_packet::{EnginePacket, PROBE_REPLY};
use crate::error::PacketError;
use crate::payload::{Frame, Payload, parse_payload};

const CLOSE: &str = "1";
const NOOP: &str = "6";
const PROBE: &str = "2probe";

/// The server's side of HTTP long-polling, until the session moves to a WebSocket (Engine.IO protocol v4).
///
/// It holds what waits for the next GET, and says what each request is answered with.
/// Messages, the heartbeat and everything above are [`Connection`](crate::Connection)'s, as on a WebSocket.
#[derive(Debug, Default)]
pub struct Polling {
    outgoing: Payload,
    /// More is being added to what waits.
    is_filling: bool,
    /// A GET waits for something to be sent.
    is_hanging: bool,
    /// A WebSocket is being tried, so no GET may hang.
    is_probing: bool,
    stage: Stage,
}

/// What a GET is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// These packets, at once.
    Packets(String),
    /// Nothing yet: ask [`Polling::answer`] whenever something has changed.
    Later,
    /// An error, for the session is over or has left HTTP.
    Refused,
}

/// How the server ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollingEnd {
    /// What waits and a close packet are for the next GET.
    Orderly,
    /// Nothing is sent any more; only a GET that hangs is answered, with a close packet.
    AtOnce,
}

/// What a WebSocket that wants to take over a session has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// The WebSocket works: send this frame there.
    Reply(&'static str),
    /// The session goes on over the WebSocket; what waits is in [`Polling::upgrade`].
    Complete,
    /// The WebSocket does not speak the protocol: close it; the session goes on over HTTP.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Open,
    /// The peer sent a close packet.
    ClosedByPeer,
    /// A close packet is still to be sent.
    Closing,
    Over,
    Upgraded,
}

impl Polling {
    /// Returns true while the session lives and speaks HTTP.
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Returns true once the session has moved to a WebSocket.
    pub fn is_upgraded(&self) -> bool {
        self.stage == Stage::Upgraded
    }

    /// Returns true if nothing of the peer is to be expected any more.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::ClosedByPeer | Stage::Over)
    }

    /// Returns the size of what waits for a GET, in bytes.
    pub fn waiting_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// Returns true if everything was handed to a GET, a close packet included.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty() && self.stage != Stage::Closing
    }

    /// Adds a text frame to what waits; no GET gets it before [`Polling::release`], and nothing is added after the end.
    pub fn push_text(&mut self, frame: &str) {
        if self.is_open() {
            self.outgoing.push_text(frame);
            self.is_filling = true;
        }
    }

    /// Adds a binary frame to what waits, as [`Polling::push_text`] does.
    pub fn push_binary(&mut self, data: &[u8]) {
        if self.is_open() {
            self.outgoing.push_binary(data);
            self.is_filling = true;
        }
    }

    /// Lets the next GET have all that was added, so that what belongs together goes out together.
    pub fn release(&mut self) {
        self.is_filling = false;
    }

    /// Takes a GET.
    ///
    /// While one hangs, a second one ends the session: it is refused, and the first one gets a close packet.
    pub fn poll(&mut self) -> Polled {
        if self.is_hanging {
            self.close(PollingEnd::AtOnce);
            return Polled::Refused;
        }
        match self.take() {
            Some(packets) => Polled::Packets(packets),
            None if !self.is_open() => Polled::Refused,
            None if self.is_probing => Polled::Packets(NOOP.to_owned()),
            None => {
                self.is_hanging = true;
                Polled::Later
            }
        }
    }

    /// Returns what the GET that hangs is answered with now; `None` as long as it shall wait.
    pub fn answer(&mut self) -> Option<String> {
        let packets = match self.take() {
            Some(packets) => packets,
            None => match self.stage {
                Stage::Open if !self.is_probing => return None,
                Stage::Open | Stage::ClosedByPeer | Stage::Upgraded => NOOP.to_owned(),
                Stage::Closing | Stage::Over => CLOSE.to_owned(),
            },
        };
        self.is_hanging = false;
        Some(packets)
    }

    /// Takes the body of a POST; returns its packets, which are frames as on a WebSocket.
    ///
    /// # Errors
    ///
    /// Those of [`parse_payload`]; the session is over then.
    pub fn receive<'a>(
        &mut self,
        body: &'a str,
        max_packets: usize,
    ) -> Result<Vec<Frame<'a>>, PacketError> {
        let frames = parse_payload(body, max_packets).inspect_err(|_| {
            self.close(PollingEnd::AtOnce);
        })?;
        let is_close = |frame: &Frame<'_>| match frame {
            Frame::Text(text) => EnginePacket::parse(text) == Ok(EnginePacket::Close),
            Frame::Binary(_) => false,
        };
        if self.is_open() && frames.iter().any(is_close) {
            self.stage = Stage::ClosedByPeer;
        }
        Ok(frames)
    }

    /// Ends the session from our side; after an end, or on a WebSocket, nothing changes.
    pub fn close(&mut self, end: PollingEnd) {
        match (end, self.stage) {
            (PollingEnd::Orderly, Stage::Open) => self.stage = Stage::Closing,
            (PollingEnd::AtOnce, Stage::Open | Stage::Closing) => {
                self.outgoing = Payload::default();
                self.stage = Stage::Over;
            }
            // Who has said goodbye is not told the same.
            (PollingEnd::AtOnce, Stage::ClosedByPeer) => self.outgoing = Payload::default(),
            (PollingEnd::Orderly, Stage::ClosedByPeer | Stage::Closing)
            | (_, Stage::Over | Stage::Upgraded) => {}
        }
    }

    /// Takes the first frames of a WebSocket that wants to take over; `None` is one that is not text, or its end.
    ///
    /// From the probe on no GET hangs, so that the peer can stop polling.
    pub fn probe(&mut self, frame: Option<&str>) -> Probed {
        match frame.map(EnginePacket::parse) {
            Some(Ok(EnginePacket::Ping(_))) if frame == Some(PROBE) && !self.is_probing => {
                self.is_probing = true;
                Probed::Reply(PROBE_REPLY)
            }
            Some(Ok(EnginePacket::Upgrade)) if self.is_probing => Probed::Complete,
            Some(_) | None => Probed::Failed,
        }
    }

    /// Gives up on a WebSocket that was tried: GETs may hang again.
    pub fn end_probe(&mut self) {
        self.is_probing = false;
    }

    /// Moves the session to the WebSocket; returns the body of what waits, to be sent there first.
    ///
    /// `None` if the session is over, or about to be.
    pub fn upgrade(&mut self) -> Option<Payload> {
        self.is_open().then(|| {
            self.stage = Stage::Upgraded;
            self.is_probing = false;
            mem::take(&mut self.outgoing)
        })
    }

    fn take(&mut self) -> Option<String> {
        if self.stage == Stage::Closing {
            self.outgoing.push_text(CLOSE);
            self.stage = Stage::Over;
        } else if self.is_filling && self.is_open() {
            return None;
        }
        (!self.outgoing.is_empty()).then(|| mem::take(&mut self.outgoing).into_body())
    }
}
