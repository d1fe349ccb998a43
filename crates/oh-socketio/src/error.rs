use thiserror::Error;

use crate::packet::AckId;

/// What is wrong with a packet.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PacketError {
    /// There is nothing where the packet type should be.
    #[error("packet is empty")]
    Empty,
    /// The first character is no packet type of the protocol.
    #[error("unknown packet type `{}`", .0.escape_debug())]
    UnknownType(char),
    /// A body holds more packets than allowed.
    #[error("payload has more than {max} packets")]
    TooManyPackets {
        /// The limit.
        max: usize,
    },
    /// A binary message in a body is not base64.
    #[error("binary message is not base64")]
    Base64,
    /// A binary packet does not start with `<count>-`.
    #[error("attachment count is missing or too large")]
    AttachmentCount,
    /// A binary packet announces more attachments than allowed.
    #[error("packet announces more than {max} attachments")]
    TooManyAttachments {
        /// The limit, [`Config::max_attachments`](crate::Config::max_attachments).
        max: usize,
    },
    /// The namespace is longer than [`MAX_NAMESPACE_BYTES`](crate::MAX_NAMESPACE_BYTES).
    #[error("namespace is too long")]
    NamespaceTooLong,
    /// An acknowledgement has no id.
    #[error("acknowledgement id is missing")]
    AckIdMissing,
    /// The acknowledgement id does not fit 64 bits.
    #[error("acknowledgement id is too large")]
    AckIdTooLarge,
    /// The packet type needs a payload, and there is none.
    #[error("payload is missing")]
    PayloadMissing,
    /// The packet type has no payload, but there is one.
    #[error("payload is not allowed")]
    PayloadNotAllowed,
    /// The payload is not JSON; the text says where it breaks.
    #[error("payload is not JSON: {0}")]
    Json(String),
    /// The payload of an event or an acknowledgement is not an array.
    #[error("payload is not an array")]
    NotAnArray,
    /// The payload of a connect packet is not an object.
    #[error("payload is not an object")]
    NotAnObject,
    /// The payload of an event does not start with its name, a string.
    #[error("event has no name")]
    NameMissing,
    /// A text message came while attachments were outstanding.
    #[error("expected an attachment, got text")]
    AttachmentMissing,
    /// A binary message came that no packet announced.
    #[error("attachment was not announced")]
    AttachmentNotAnnounced,
    /// Only servers send this packet type.
    #[error("packet type is reserved for the server")]
    WrongDirection,
    /// The peer has not connected to the namespace.
    #[error("namespace is not connected")]
    NotConnected,
    /// The peer has connected to the namespace already.
    #[error("namespace is connected already")]
    AlreadyConnected,
}

/// A Socket.IO packet that could not be understood, with what could be read of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("malformed packet: {error}")]
pub struct Malformed {
    /// The namespace, `/` if the packet breaks before it.
    pub namespace: String,
    /// The acknowledgement the sender waits for, if it is an event that breaks after the id.
    pub ack: Option<AckId>,
    /// What is wrong.
    #[source]
    pub error: PacketError,
}

/// Why a connection ends; the text is fit for a WebSocket close frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// The peer sent an Engine.IO close packet.
    #[error("closed by peer")]
    PeerClosed,
    /// The peer gave no sign of life in time.
    #[error("ping timeout")]
    PingTimeout,
    /// The peer connected to no namespace in time.
    #[error("connect timeout")]
    ConnectTimeout,
    /// The peer broke the protocol.
    #[error("{0}")]
    Protocol(#[from] PacketError),
    /// A frame, or the attachments of a packet together, exceed [`Config::max_payload`](crate::Config::max_payload).
    #[error("message too big")]
    TooLarge,
    /// The peer is in [`Config::max_namespaces`](crate::Config::max_namespaces) namespaces.
    #[error("too many namespaces")]
    TooManyNamespaces,
    /// The peer sent too much while its namespace was being decided on.
    #[error("too many packets before the connect answer")]
    TooManyDeferred,
}

impl CloseReason {
    /// Returns the status code for the WebSocket close frame (RFC 6455, 7.4.1).
    ///
    /// 1000 for an orderly end, 1002 for a broken protocol, 1009 for too large, 1008 for timeouts and other limits.
    pub fn code(&self) -> u16 {
        match self {
            Self::PeerClosed => 1000,
            Self::Protocol(_) => 1002,
            Self::PingTimeout
            | Self::ConnectTimeout
            | Self::TooManyNamespaces
            | Self::TooManyDeferred => 1008,
            Self::TooLarge => 1009,
        }
    }
}
