use std::collections::VecDeque;

use crate::config::Config;
use crate::error::{CloseReason, Malformed};
use crate::packet::Packet;

/// How many times [`Config::max_payload`] the deferred packets of a namespace may hold.
const DEFERRED_PAYLOADS: usize = 4;

/// A Socket.IO packet as it came in, complete.
#[derive(Debug, Clone)]
pub(crate) enum Inbound {
    Packet { packet: Packet, attachments: Vec<Vec<u8>> },
    Malformed(Malformed),
}

impl Inbound {
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Packet { packet, .. } => packet.namespace(),
            Self::Malformed(malformed) => &malformed.namespace,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Packet { packet, attachments } => {
                content_bytes(packet) + attachments.iter().map(Vec::len).sum::<usize>()
            }
            Self::Malformed(_) => 0,
        }
    }
}

/// Packets of a namespace that wait for the application's decision, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deferred {
    packets: VecDeque<Inbound>,
    bytes: usize,
}

impl Deferred {
    pub(crate) fn push(&mut self, inbound: Inbound, config: &Config) -> Result<(), CloseReason> {
        let bytes = self.bytes.saturating_add(inbound.bytes());
        if self.packets.len() >= config.max_deferred
            || bytes > config.max_payload.saturating_mul(DEFERRED_PAYLOADS)
        {
            return Err(CloseReason::TooManyDeferred);
        }
        self.bytes = bytes;
        self.packets.push_back(inbound);
        Ok(())
    }

    pub(crate) fn into_packets(self) -> VecDeque<Inbound> {
        self.packets
    }
}

fn content_bytes(packet: &Packet) -> usize {
    match packet {
        Packet::Connect { payload, .. } => payload.as_ref().map_or(0, String::len),
        Packet::Disconnect { .. } => 0,
        Packet::Event { name, args, .. } => name.len() + args.as_json().len(),
        Packet::Ack { args, .. } => args.as_json().len(),
        Packet::ConnectError { payload, .. } => payload.len(),
    }
}
