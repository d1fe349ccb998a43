use std::time::Duration;

use crate::encode::json_string;

/// Intervals and limits of a connection, and how much it forgives.
///
/// [`Config::new`] gives the defaults of the reference implementation; change single fields with struct update syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Time between two pings of the server (Engine.IO `pingInterval`).
    pub ping_interval: Duration,
    /// Time a peer has to answer a ping (Engine.IO `pingTimeout`).
    pub ping_timeout: Duration,
    /// Time after which a peer that has connected to no namespace is dealt with; `None` waits forever.
    ///
    /// [`Rules::Strict`] closes the connection, [`Rules::Tolerant`] surfaces
    /// [`ConnectCause::Silence`](crate::ConnectCause::Silence) if no message came at all.
    pub connect_timeout: Option<Duration>,
    /// Largest inbound frame in bytes (Engine.IO `maxPayload`), and largest sum of the attachments of one packet.
    ///
    /// Packets that wait for a decision about their namespace may hold four times as much together.
    pub max_payload: usize,
    /// Most attachments one packet may announce.
    pub max_attachments: usize,
    /// Most namespaces a peer may be in, or be waiting for, at the same time.
    pub max_namespaces: usize,
    /// Most packets kept per namespace while the application decides on it.
    pub max_deferred: usize,
    /// How much is forgiven.
    pub rules: Rules,
}

/// How a connection treats a peer that departs from the protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// What the test suites of Engine.IO protocol v4 and Socket.IO protocol v5 demand: any violation closes.
    ///
    /// A ping must be answered by an Engine.IO pong within the ping timeout.
    Strict,
    /// Made for people who type frames by hand and for half-written clients.
    ///
    /// - White space at the end of a text frame is dropped, and an empty frame ignored.
    /// - Any frame, also a WebSocket pong, proves that the peer lives.
    /// - The first event of a peer that never connected asks for the connection and waits for it.
    /// - A second CONNECT gets the first answer again.
    /// - A malformed Socket.IO packet is surfaced and the connection lives on.
    /// - Packets for a namespace the peer is not in are dropped.
    ///
    /// A malformed Engine.IO packet and an exceeded limit still close.
    Tolerant,
}

impl Config {
    /// Returns the defaults: 25 s and 20 s of heartbeat, 45 s to connect, 1 000 000 bytes, 10 attachments,
    /// 16 namespaces, 1000 deferred packets.
    ///
    /// Tolerant connections have no connect timeout.
    pub fn new(rules: Rules) -> Self {
        let connect_timeout = match rules {
            Rules::Strict => Some(Duration::from_secs(45)),
            Rules::Tolerant => None,
        };
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout,
            max_payload: 1_000_000,
            max_attachments: 10,
            max_namespaces: 16,
            max_deferred: 1000,
            rules,
        }
    }

    /// Returns the open frame, the first one a server sends (Engine.IO protocol v4, handshake).
    ///
    /// Times are in milliseconds, `maxPayload` in bytes; no upgrades are offered, for this is a WebSocket already.
    pub fn open_frame(&self, sid: &str) -> String {
        self.open_frame_with_upgrades(sid, &[])
    }

    /// Returns the open frame of a session over HTTP, which may move to one of these transports.
    pub fn open_frame_with_upgrades(&self, sid: &str, upgrades: &[&str]) -> String {
        let upgrades: Vec<_> = upgrades.iter().map(|name| json_string(name)).collect();
        format!(
            r#"0{{"sid":{},"upgrades":[{}],"pingTimeout":{},"pingInterval":{},"maxPayload":{}}}"#,
            json_string(sid),
            upgrades.join(","),
            self.ping_timeout.as_millis(),
            self.ping_interval.as_millis(),
            self.max_payload,
        )
    }
}
