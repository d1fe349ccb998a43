use crate::config::Config;
use crate::error::CloseReason;
use crate::inbound::Inbound;
use crate::packet::Packet;

/// A packet some of whose attachments are still to come.
#[derive(Debug, Clone)]
pub(crate) struct Assembly {
    pub(crate) packet: Packet,
    attachments: Vec<Vec<u8>>,
    bytes: usize,
}

/// What came of adding an attachment.
pub(crate) enum Progress {
    Waiting(Assembly),
    Complete(Inbound),
}

impl Assembly {
    pub(crate) fn new(packet: Packet) -> Self {
        Self { packet, attachments: Vec::new(), bytes: 0 }
    }

    pub(crate) fn add(mut self, data: &[u8], config: &Config) -> Result<Progress, CloseReason> {
        self.bytes = self.bytes.saturating_add(data.len());
        if self.bytes > config.max_payload {
            return Err(CloseReason::TooLarge);
        }
        self.attachments.push(data.to_vec());
        if self.attachments.len() < self.packet.attachments() {
            return Ok(Progress::Waiting(self));
        }
        Ok(Progress::Complete(Inbound::Packet {
            packet: self.packet,
            attachments: self.attachments,
        }))
    }
}
