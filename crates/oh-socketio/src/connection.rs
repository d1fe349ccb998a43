use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use crate::assembly::{Assembly, Progress};
use crate::config::{Config, Rules};
use crate::effect::{ConnectCause, Effect};
use crate::encode::{encode_connected, head};
use crate::engine::{Beat, Engine, Input, Received};
use crate::error::{CloseReason, Malformed, PacketError};
use crate::inbound::{Deferred, Inbound};
use crate::packet::{AckId, Packet};

/// The server's side of one WebSocket: Socket.IO over Engine.IO.
///
/// Send [`Config::open_frame`] first.
/// Then pass every frame to [`Connection::handle`], and [`Input::Tick`] whenever [`Connection::next_deadline`] has come.
/// Times are measured from any fixed point, the same one for all calls, and must not decrease.
///
/// While the application decides on a namespace, what the peer sends for it is kept in order, up to
/// [`Config::max_deferred`] packets, and comes out of [`Connection::accept`]; [`Connection::refuse`] drops it.
#[derive(Debug, Clone)]
pub struct Connection {
    config: Config,
    engine: Engine,
    namespaces: BTreeMap<String, Namespace>,
    assembly: Option<Assembly>,
    connect_deadline: Option<Duration>,
    has_asked_to_connect: bool,
    is_closed: bool,
}

/// The answer to an accepted namespace and what the peer has sent for it since it asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The text frame to send, `40{"sid":…}`.
    pub frame: String,
    /// What to do after that, in order.
    pub effects: Vec<Effect>,
}

#[derive(Debug, Clone)]
enum Namespace {
    Deciding(Deferred),
    Connected { sid: String },
}

impl Connection {
    /// Returns a connection whose open frame is sent at `now`.
    pub fn new(config: Config, now: Duration) -> Self {
        Self {
            engine: Engine::new(&config, now),
            connect_deadline: config.connect_timeout.map(|timeout| now.saturating_add(timeout)),
            config,
            namespaces: BTreeMap::new(),
            assembly: None,
            has_asked_to_connect: false,
            is_closed: false,
        }
    }

    /// Takes one input, then whatever is due at `now`; returns what to do, in order.
    ///
    /// After [`Effect::Close`] it returns nothing any more.
    pub fn handle(&mut self, now: Duration, input: Input<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_closed {
            let outcome = self
                .receive(now, input, &mut effects)
                .and_then(|()| self.run_timers(now, &mut effects));
            self.close_on_error(outcome, &mut effects);
        }
        effects
    }

    /// Returns when [`Input::Tick`] is due; `None` after the end.
    pub fn next_deadline(&self) -> Option<Duration> {
        if self.is_closed {
            return None;
        }
        let beat = self.engine.next_deadline();
        Some(self.connect_deadline.map_or(beat, |deadline| deadline.min(beat)))
    }

    /// Lets the peer into a namespace it asked for by [`Effect::Connect`]; `sid` is its Socket.IO session id.
    ///
    /// Works after [`Effect::Close`] too, so that events received before it are not lost.
    /// Returns `None` if no decision about the namespace is outstanding.
    pub fn accept(&mut self, namespace: &str, sid: &str) -> Option<Accepted> {
        let state = self.namespaces.get_mut(namespace)?;
        let Namespace::Deciding(deferred) = state else { return None };
        let deferred = mem::take(deferred);
        *state = Namespace::Connected { sid: sid.to_owned() };

        let mut effects = Vec::new();
        let outcome = deferred
            .into_packets()
            .into_iter()
            .try_for_each(|inbound| self.dispatch(inbound, &mut effects));
        self.close_on_error(outcome, &mut effects);
        Some(Accepted { frame: encode_connected(namespace, sid), effects })
    }

    /// Keeps the peer out of a namespace it asked for by [`Effect::Connect`]; returns the text frame `44…` to send.
    ///
    /// `payload` must be one JSON text, by convention an object with `message` and perhaps `data`; it is not checked.
    /// Returns `None` if no decision about the namespace is outstanding.
    pub fn refuse(&mut self, namespace: &str, payload: &str) -> Option<String> {
        let Namespace::Deciding(_) = self.namespaces.get(namespace)? else { return None };
        self.namespaces.remove(namespace);
        let mut frame = head('4', 0, namespace, None);
        frame.push_str(payload);
        Some(frame)
    }

    /// Puts the peer out of a namespace; returns the text frame `41` to send.
    ///
    /// Returns `None` if the peer is not in the namespace.
    pub fn disconnect(&mut self, namespace: &str) -> Option<String> {
        let Namespace::Connected { .. } = self.namespaces.get(namespace)? else { return None };
        self.namespaces.remove(namespace);
        Some(head('1', 0, namespace, None))
    }

    /// Returns true if the peer has been accepted in the namespace and neither side has left it.
    pub fn is_connected(&self, namespace: &str) -> bool {
        matches!(self.namespaces.get(namespace), Some(Namespace::Connected { .. }))
    }

    fn receive(
        &mut self,
        now: Duration,
        input: Input<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        match self.engine.receive(now, input)? {
            Received::Nothing => Ok(()),
            Received::Reply(frame) => {
                effects.push(Effect::Send(frame.to_owned()));
                Ok(())
            }
            Received::Text(message) => {
                self.note_message();
                self.receive_text(message, effects)
            }
            Received::Binary(data) => {
                self.note_message();
                self.receive_attachment(data, effects)
            }
        }
    }

    fn receive_text(
        &mut self,
        message: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        if let Some(assembly) = self.assembly.take() {
            let malformed = malformed(&assembly.packet, PacketError::AttachmentMissing);
            self.reject(malformed, effects)?;
        }
        match Packet::parse(message) {
            Err(malformed) => self.reject(malformed, effects),
            Ok(packet) if packet.attachments() > self.config.max_attachments => {
                let max = self.config.max_attachments;
                let malformed = malformed(&packet, PacketError::TooManyAttachments { max });
                self.reject(malformed, effects)
            }
            Ok(packet) if packet.attachments() > 0 => {
                self.assembly = Some(Assembly::new(packet));
                Ok(())
            }
            Ok(packet) => {
                self.dispatch(Inbound::Packet { packet, attachments: Vec::new() }, effects)
            }
        }
    }

    fn receive_attachment(
        &mut self,
        data: &[u8],
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        let Some(assembly) = self.assembly.take() else {
            let error = PacketError::AttachmentNotAnnounced;
            return self.reject(Malformed { namespace: "/".to_owned(), ack: None, error }, effects);
        };
        match assembly.add(data, &self.config)? {
            Progress::Waiting(assembly) => {
                self.assembly = Some(assembly);
                Ok(())
            }
            Progress::Complete(inbound) => self.dispatch(inbound, effects),
        }
    }

    /// Applies the rules to a packet that makes no sense.
    fn reject(
        &mut self,
        malformed: Malformed,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        match self.config.rules {
            Rules::Strict => Err(malformed.error.into()),
            Rules::Tolerant => self.dispatch(Inbound::Malformed(malformed), effects),
        }
    }

    /// Gives a complete packet to its namespace.
    fn dispatch(&mut self, inbound: Inbound, effects: &mut Vec<Effect>) -> Result<(), CloseReason> {
        let sid = match self.namespaces.get_mut(inbound.namespace()) {
            Some(Namespace::Deciding(deferred)) => return deferred.push(inbound, &self.config),
            Some(Namespace::Connected { sid }) => Some(sid.clone()),
            None => None,
        };
        let (packet, attachments) = match inbound {
            Inbound::Packet { packet, attachments } => (packet, attachments),
            Inbound::Malformed(malformed) => {
                effects.push(Effect::Malformed(malformed));
                return Ok(());
            }
        };
        match sid {
            Some(sid) => self.dispatch_connected(packet, attachments, &sid, effects),
            None => self.dispatch_stranger(packet, attachments, effects),
        }
    }

    /// Handles a packet for a namespace the peer is in.
    fn dispatch_connected(
        &mut self,
        packet: Packet,
        attachments: Vec<Vec<u8>>,
        sid: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        let effect = match packet {
            Packet::Connect { namespace, .. } => match self.config.rules {
                Rules::Strict => return Err(PacketError::AlreadyConnected.into()),
                Rules::Tolerant => Effect::Send(encode_connected(&namespace, sid)),
            },
            Packet::Disconnect { namespace } => {
                self.namespaces.remove(&namespace);
                Effect::Disconnect { namespace }
            }
            Packet::Event { namespace, ack, name, args, .. } => {
                Effect::Event { namespace, name, args, ack, attachments }
            }
            Packet::Ack { namespace, id, args, .. } => {
                Effect::Ack { namespace, id, args, attachments }
            }
            Packet::ConnectError { .. } => return self.reject_direction(&packet, effects),
        };
        effects.push(effect);
        Ok(())
    }

    /// Handles a packet for a namespace the peer is not in.
    fn dispatch_stranger(
        &mut self,
        packet: Packet,
        attachments: Vec<Vec<u8>>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        match packet {
            Packet::Connect { namespace, payload } => {
                self.ask(namespace, ConnectCause::Packet { payload }, effects)
            }
            Packet::ConnectError { .. } => self.reject_direction(&packet, effects),
            Packet::Event { .. } | Packet::Ack { .. } | Packet::Disconnect { .. }
                if self.config.rules == Rules::Strict =>
            {
                Err(PacketError::NotConnected.into())
            }
            Packet::Event { ref namespace, ref name, .. } if !self.has_asked_to_connect => {
                let cause = ConnectCause::Event { name: name.clone() };
                self.ask(namespace.clone(), cause, effects)?;
                self.dispatch(Inbound::Packet { packet, attachments }, effects)
            }
            Packet::Event { .. } | Packet::Ack { .. } | Packet::Disconnect { .. } => Ok(()),
        }
    }

    fn reject_direction(
        &self,
        packet: &Packet,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        match self.config.rules {
            Rules::Strict => Err(PacketError::WrongDirection.into()),
            Rules::Tolerant => {
                effects.push(Effect::Malformed(malformed(packet, PacketError::WrongDirection)));
                Ok(())
            }
        }
    }

    /// Has the application decide on a namespace.
    fn ask(
        &mut self,
        namespace: String,
        cause: ConnectCause,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CloseReason> {
        if self.namespaces.len() >= self.config.max_namespaces {
            return Err(CloseReason::TooManyNamespaces);
        }
        self.has_asked_to_connect = true;
        self.namespaces.insert(namespace.clone(), Namespace::Deciding(Deferred::default()));
        effects.push(Effect::Connect { namespace, cause });
        Ok(())
    }

    /// A tolerant connection joins only silent peers by itself, so any message ends the wait.
    fn note_message(&mut self) {
        if self.config.rules == Rules::Tolerant {
            self.connect_deadline = None;
        }
    }

    fn run_timers(&mut self, now: Duration, effects: &mut Vec<Effect>) -> Result<(), CloseReason> {
        if self.connect_deadline.is_some_and(|deadline| now >= deadline) {
            self.connect_deadline = None;
            if self.namespaces.is_empty() {
                match self.config.rules {
                    Rules::Strict => return Err(CloseReason::ConnectTimeout),
                    Rules::Tolerant => self.ask("/".to_owned(), ConnectCause::Silence, effects)?,
                }
            }
        }
        match self.engine.beat(now)? {
            Beat::Rest => {}
            Beat::Ping => effects.push(Effect::SendPing),
        }
        Ok(())
    }

    fn close_on_error(&mut self, outcome: Result<(), CloseReason>, effects: &mut Vec<Effect>) {
        let Err(reason) = outcome else { return };
        if !self.is_closed {
            self.is_closed = true;
            self.assembly = None;
            effects.push(Effect::Close(reason));
        }
    }
}

fn malformed(packet: &Packet, error: PacketError) -> Malformed {
    let ack: Option<AckId> = match packet {
        Packet::Event { ack, .. } => *ack,
        Packet::Ack { .. }
        | Packet::Connect { .. }
        | Packet::Disconnect { .. }
        | Packet::ConnectError { .. } => None,
    };
    Malformed { namespace: packet.namespace().to_owned(), ack, error }
}
