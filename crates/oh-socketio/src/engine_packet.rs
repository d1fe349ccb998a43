use crate::error::PacketError;

/// The frame a server sends when [`Effect::SendPing`](crate::Effect::SendPing) or [`Beat::Ping`](crate::Beat::Ping) asks for it.
pub const PING: &str = "2";

/// The answer to a ping that probes the transport during an upgrade.
pub(crate) const PROBE_REPLY: &str = "3probe";

/// A packet of Engine.IO protocol v4 in a WebSocket text frame.
///
/// A binary WebSocket frame is a message as well and has no packet type in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnginePacket<'a> {
    /// `0`: the handshake, an object in JSON; sent by servers.
    Open(&'a str),
    /// `1`: the end of the session.
    Close,
    /// `2`: sent by servers; the data is empty, or `probe` in an upgrade.
    Ping(&'a str),
    /// `3`: the answer to a ping, with the same data.
    Pong(&'a str),
    /// `4`: a message of the layer above.
    Message(&'a str),
    /// `5`: the end of an upgrade.
    Upgrade,
    /// `6`: nothing.
    Noop,
}

impl<'a> EnginePacket<'a> {
    /// Parses a text frame; data after a packet type that has none is ignored, as the reference implementation does.
    ///
    /// # Errors
    ///
    /// [`PacketError::Empty`] and [`PacketError::UnknownType`].
    pub fn parse(frame: &'a str) -> Result<Self, PacketError> {
        let mut chars = frame.chars();
        let kind = chars.next().ok_or(PacketError::Empty)?;
        let data = chars.as_str();
        match kind {
            '0' => Ok(Self::Open(data)),
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(data)),
            '3' => Ok(Self::Pong(data)),
            '4' => Ok(Self::Message(data)),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            other => Err(PacketError::UnknownType(other)),
        }
    }

    /// Returns the text frame.
    pub fn to_frame(&self) -> String {
        match self {
            Self::Open(data) => format!("0{data}"),
            Self::Close => "1".to_owned(),
            Self::Ping(data) => format!("2{data}"),
            Self::Pong(data) => format!("3{data}"),
            Self::Message(data) => format!("4{data}"),
            Self::Upgrade => "5".to_owned(),
            Self::Noop => "6".to_owned(),
        }
    }
}
