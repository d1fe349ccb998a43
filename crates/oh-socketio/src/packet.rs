use std::fmt;

use crate::args::{Args, check_json};
use crate::encode::{ack_start, event_start, head};
use crate::error::{Malformed, PacketError};

/// Longest namespace in bytes, the leading slash included.
pub const MAX_NAMESPACE_BYTES: usize = 256;

/// The id under which the sender of an event waits for its acknowledgement; unique per sender and namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckId(pub u64);

impl fmt::Display for AckId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A packet of Socket.IO protocol v5, without its attachments.
///
/// Namespaces start with a slash and have no comma; the main one is `/`.
/// Binary events and acknowledgements are those with attachments; the attachments follow as binary frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// `0`: asks for a namespace, or grants it if a server sends it.
    Connect {
        /// The namespace.
        namespace: String,
        /// A JSON object: credentials from a client, `{"sid":…}` from a server.
        payload: Option<String>,
    },
    /// `1`: leaves a namespace.
    Disconnect {
        /// The namespace.
        namespace: String,
    },
    /// `2`, or `5` with attachments: an event.
    Event {
        /// The namespace.
        namespace: String,
        /// Where the sender wants the acknowledgement, if it wants one.
        ack: Option<AckId>,
        /// The name of the event.
        name: String,
        /// What follows the name.
        args: Args,
        /// How many attachments follow.
        attachments: usize,
    },
    /// `3`, or `6` with attachments: the answer to an event.
    Ack {
        /// The namespace.
        namespace: String,
        /// The id the event came with.
        id: AckId,
        /// The content of the answer.
        args: Args,
        /// How many attachments follow.
        attachments: usize,
    },
    /// `4`: refuses a namespace; sent by servers.
    ConnectError {
        /// The namespace.
        namespace: String,
        /// The reason, any JSON text; by convention an object with `message` and perhaps `data`.
        payload: String,
    },
}

impl Packet {
    /// Parses the text of an Engine.IO message: a WebSocket text frame without its leading `4`.
    ///
    /// # Errors
    ///
    /// [`Malformed`], with namespace and acknowledgement id as far as they could be read.
    /// Names of events must be strings.
    /// The attachment count is not limited here; nothing is allocated for it.
    pub fn parse(message: &str) -> Result<Self, Malformed> {
        let mut place = Place { namespace: "/", ack: None };
        parse(message, &mut place).map_err(|error| Malformed {
            namespace: place.namespace.to_owned(),
            ack: place.ack,
            error,
        })
    }

    /// Returns the whole WebSocket text frame, the leading `4` of the Engine.IO message included.
    pub fn to_frame(&self) -> String {
        match self {
            Self::Connect { namespace, payload } => {
                let mut frame = head('0', 0, namespace, None);
                frame.push_str(payload.as_deref().unwrap_or_default());
                frame
            }
            Self::Disconnect { namespace } => head('1', 0, namespace, None),
            Self::Event { namespace, ack, name, args, attachments } => {
                let mut frame = event_start(namespace, *ack, name, *attachments);
                if !args.is_empty() {
                    frame.push(',');
                    frame.push_str(args.as_json());
                }
                frame.push(']');
                frame
            }
            Self::Ack { namespace, id, args, attachments } => {
                let mut frame = ack_start(namespace, *id, *attachments);
                frame.push_str(args.as_json());
                frame.push(']');
                frame
            }
            Self::ConnectError { namespace, payload } => {
                let mut frame = head('4', 0, namespace, None);
                frame.push_str(payload);
                frame
            }
        }
    }

    /// Returns the namespace the packet belongs to.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Connect { namespace, .. }
            | Self::Disconnect { namespace }
            | Self::Event { namespace, .. }
            | Self::Ack { namespace, .. }
            | Self::ConnectError { namespace, .. } => namespace,
        }
    }

    /// Returns how many attachments follow the packet.
    pub fn attachments(&self) -> usize {
        match self {
            Self::Event { attachments, .. } | Self::Ack { attachments, .. } => *attachments,
            Self::Connect { .. } | Self::Disconnect { .. } | Self::ConnectError { .. } => 0,
        }
    }
}

/// What has been read of a packet that may turn out to be malformed.
struct Place<'a> {
    namespace: &'a str,
    ack: Option<AckId>,
}

fn parse<'a>(message: &'a str, place: &mut Place<'a>) -> Result<Packet, PacketError> {
    let mut chars = message.chars();
    let kind = chars.next().ok_or(PacketError::Empty)?;
    let mut rest = chars.as_str();
    if !matches!(kind, '0'..='6') {
        return Err(PacketError::UnknownType(kind));
    }

    let attachments = match kind {
        '5' | '6' => take_attachments(&mut rest)?,
        _ => 0,
    };
    place.namespace = take_namespace(&mut rest)?;
    let namespace = place.namespace.to_owned();

    match kind {
        '0' => Ok(Packet::Connect { namespace, payload: parse_object(rest)? }),
        '1' if rest.is_empty() => Ok(Packet::Disconnect { namespace }),
        '1' => Err(PacketError::PayloadNotAllowed),
        '2' | '5' => {
            place.ack = take_ack(&mut rest)?;
            let (name, args) = Args::parse_event(required(rest)?)?;
            Ok(Packet::Event { namespace, ack: place.ack, name, args, attachments })
        }
        '3' | '6' => {
            let id = take_ack(&mut rest)?.ok_or(PacketError::AckIdMissing)?;
            let args = Args::parse(required(rest)?)?;
            Ok(Packet::Ack { namespace, id, args, attachments })
        }
        _ => {
            Ok(Packet::ConnectError { namespace, payload: check_json(required(rest)?)?.to_owned() })
        }
    }
}

/// Takes `<count>-` from the front.
fn take_attachments(rest: &mut &str) -> Result<usize, PacketError> {
    let (count, tail) = rest.split_once('-').ok_or(PacketError::AttachmentCount)?;
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PacketError::AttachmentCount);
    }
    *rest = tail;
    count.parse().map_err(|_| PacketError::AttachmentCount)
}

/// Takes `<namespace>,` from the front, or all of the rest if there is no comma.
fn take_namespace<'a>(rest: &mut &'a str) -> Result<&'a str, PacketError> {
    if !rest.starts_with('/') {
        return Ok("/");
    }
    let (namespace, tail) = rest.split_once(',').unwrap_or((*rest, ""));
    if namespace.len() > MAX_NAMESPACE_BYTES {
        return Err(PacketError::NamespaceTooLong);
    }
    *rest = tail;
    Ok(namespace)
}

/// Takes the digits from the front.
fn take_ack(rest: &mut &str) -> Result<Option<AckId>, PacketError> {
    let tail = rest.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = rest.strip_suffix(tail).unwrap_or_default();
    if digits.is_empty() {
        return Ok(None);
    }
    *rest = tail;
    digits.parse().map(|id| Some(AckId(id))).map_err(|_| PacketError::AckIdTooLarge)
}

fn required(payload: &str) -> Result<&str, PacketError> {
    if payload.is_empty() { Err(PacketError::PayloadMissing) } else { Ok(payload) }
}

fn parse_object(payload: &str) -> Result<Option<String>, PacketError> {
    if payload.is_empty() {
        return Ok(None);
    }
    let object = check_json(payload)?;
    if object.starts_with('{') {
        Ok(Some(object.to_owned()))
    } else {
        Err(PacketError::NotAnObject)
    }
}
