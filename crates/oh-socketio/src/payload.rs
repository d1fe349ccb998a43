use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::engine_packet::EnginePacket;
use crate::error::PacketError;

/// What stands between two packets of a payload.
const SEPARATOR: char = '\u{1e}';
/// What stands before a binary message.
const BINARY: char = 'b';
/// Engine.IO asks for padding; clients without it are understood all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Several packets as the body of one HTTP request or answer (Engine.IO protocol v4, payload encoding).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload(String);

/// One packet of a payload: what would be one frame of a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A packet with its type in front; see [`EnginePacket`].
    Text(&'a str),
    /// A binary message.
    Binary(Vec<u8>),
}

impl Payload {
    /// Adds a packet with its type in front, which must not hold the separator `\x1e`; JSON never does.
    pub fn push_text(&mut self, frame: &str) {
        self.separate();
        self.0.push_str(frame);
    }

    /// Adds a binary message.
    pub fn push_binary(&mut self, data: &[u8]) {
        self.separate();
        self.0.push(BINARY);
        BASE64.encode_string(data, &mut self.0);
    }

    /// Returns the size of the body so far, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there is no packet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the body.
    pub fn into_body(self) -> String {
        self.0
    }

    fn separate(&mut self) {
        if !self.0.is_empty() {
            self.0.push(SEPARATOR);
        }
    }
}

/// Returns the packets of a body, in order.
///
/// Only their types are checked, so that a body is taken or refused as a whole.
///
/// # Errors
///
/// [`PacketError::TooManyPackets`] above `max_packets`, before anything is allocated for them;
/// [`PacketError::Empty`], [`PacketError::UnknownType`] and [`PacketError::Base64`] for a packet that is none.
pub fn parse_payload(body: &str, max_packets: usize) -> Result<Vec<Frame<'_>>, PacketError> {
    if body.split(SEPARATOR).nth(max_packets).is_some() {
        return Err(PacketError::TooManyPackets { max: max_packets });
    }
    body.split(SEPARATOR).map(parse_frame).collect()
}

fn parse_frame(packet: &str) -> Result<Frame<'_>, PacketError> {
    match packet.strip_prefix(BINARY) {
        Some(data) => {
            let data = data.trim_end_matches(['\r', '\n']);
            BASE64.decode(data).map(Frame::Binary).map_err(|_| PacketError::Base64)
        }
        None => EnginePacket::parse(packet).map(|_| Frame::Text(packet)),
    }
}
