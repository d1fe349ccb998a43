use crate::args::Args;
use crate::error::{CloseReason, Malformed};
use crate::packet::AckId;

/// What the application has to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The peer wants to be in a namespace.
    ///
    /// Answer with [`Connection::accept`](crate::Connection::accept) or [`Connection::refuse`](crate::Connection::refuse),
    /// now or later; what the peer sends for this namespace in the meantime is kept.
    Connect {
        /// The namespace; any name the peer likes, so refuse those you don't have.
        namespace: String,
        /// What made the peer want it.
        cause: ConnectCause,
    },
    /// The peer sent an event in a namespace it is in.
    Event {
        /// The namespace.
        namespace: String,
        /// The name of the event.
        name: String,
        /// What follows the name, with placeholders where attachments belong.
        args: Args,
        /// If set, the peer waits for [`encode_ack`](crate::encode_ack) with this id.
        ack: Option<AckId>,
        /// The attachments, by the number in their placeholder.
        attachments: Vec<Vec<u8>>,
    },
    /// The peer answered an event.
    Ack {
        /// The namespace.
        namespace: String,
        /// The id the event was sent with; a peer may invent ids and repeat them.
        id: AckId,
        /// The content of the answer, with placeholders where attachments belong.
        args: Args,
        /// The attachments, by the number in their placeholder.
        attachments: Vec<Vec<u8>>,
    },
    /// The peer left a namespace; there is nothing to answer.
    Disconnect {
        /// The namespace.
        namespace: String,
    },
    /// The peer sent a Socket.IO packet that makes no sense; only by [`Rules::Tolerant`](crate::Rules::Tolerant).
    ///
    /// The peer may be outside the namespace; ask [`Connection::is_connected`](crate::Connection::is_connected)
    /// before sending an answer.
    Malformed(Malformed),
    /// Send this text frame.
    Send(String),
    /// Send the text frame [`PING`](crate::PING), best with a WebSocket ping for peers that speak no Engine.IO.
    SendPing,
    /// Close the WebSocket with [`CloseReason::code`]; nothing is handled any more.
    ///
    /// Namespaces still undecided may be accepted after that, so that no event received before is lost.
    Close(CloseReason),
}

/// What made a peer want to be in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectCause {
    /// A CONNECT packet (Socket.IO protocol v5, connection to a namespace).
    Packet {
        /// Its JSON object, if it has one.
        payload: Option<String>,
    },
    /// An event from a peer that has never connected; only by [`Rules::Tolerant`](crate::Rules::Tolerant).
    ///
    /// The event itself comes after [`Connection::accept`](crate::Connection::accept).
    Event {
        /// The name of the event.
        name: String,
    },
    /// The connect timeout passed without any message; only by [`Rules::Tolerant`](crate::Rules::Tolerant).
    Silence,
}
