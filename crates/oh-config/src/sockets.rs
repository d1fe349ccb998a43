//! How clients reach sockets, and what one client may ask of them.

use std::time::Duration;

use crate::source::Source;
use crate::values::parse_list;

/// How clients reach sockets, and what one client may ask of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketSettings {
    /// Clients may use WebSockets.
    pub has_websocket: bool,
    /// Clients may use HTTP long-polling.
    pub has_polling: bool,
    /// A silent socket that named a conversation joins it after this time.
    pub implicit_join: Option<Duration>,
    /// Most sockets at a time.
    pub max_sockets: usize,
    /// Most sockets of one conversation at a time.
    pub max_sockets_per_conversation: usize,
    /// How fast the actions of one socket are taken.
    pub actions: ActionPace,
}

/// How fast the actions of one socket are taken; more of them wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActionPace {
    /// Actions per second; `None` is as fast as they come.
    pub per_second: Option<f64>,
    /// Actions that are taken at once after a pause.
    pub burst: usize,
    /// Most that may wait; the socket of a client that sends more is closed.
    pub max_waiting: usize,
}

pub(crate) fn read(s: &mut Source<'_>) -> SocketSettings {
    let (has_websocket, has_polling) = transports(s);
    let implicit_join = s.number("server", "implicit_join_seconds").unwrap_or(1.0);
    let rate = s.number("server", "actions_per_second").unwrap_or(20.0);
    let mut size = |key: &str, default: usize| {
        s.integer("server", key).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
    };
    SocketSettings {
        has_websocket,
        has_polling,
        implicit_join: Duration::try_from_secs_f64(implicit_join).ok().filter(|d| !d.is_zero()),
        max_sockets: size("max_sockets", 10_000),
        max_sockets_per_conversation: size("max_sockets_per_conversation", 1_000),
        actions: ActionPace {
            per_second: (rate > 0.0).then_some(rate),
            burst: size("action_burst", 100).max(1),
            max_waiting: size("max_waiting_actions", 1_000).max(1),
        },
    }
}

/// Returns whether WebSockets and polling are on.
fn transports(s: &mut Source<'_>) -> (bool, bool) {
    let names = match s.variable("SOCKETIO_TRANSPORTS") {
        Some(text) => parse_list(text),
        None => s.list("server", "socketio_transports").unwrap_or_default(),
    };
    let names: Vec<_> = names.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    for name in names.iter().filter(|name| !matches!(name.as_str(), "websocket" | "polling")) {
        s.warnings.push(format!(
            "socketio_transports: `{name}` is neither \"websocket\" nor \"polling\"; it is ignored"
        ));
    }
    let has = |transport: &str| names.iter().any(|name| name == transport);
    (has("websocket") || !has("polling"), has("polling"))
}
