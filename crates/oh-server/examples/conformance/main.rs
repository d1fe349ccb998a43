//! The protocol layer alone on a real port, for tests of Engine.IO v4 and Socket.IO v5.
//!
//! `cargo run -p oh-server --example conformance -- 3000` serves `/engine.io/`, which echoes every message,
//! and `/socket.io/`, with the application the protocol's own test suite talks to.
//! Without a port, or with 0, it takes a free one; the address is printed on the first line.

mod engine_echo;
mod handshake;
mod socket_app;
mod transport;

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;

use oh_server::transport::PollingSessions;
use oh_socketio::{Config, Rules};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is this program's output")]
async fn main() -> anyhow::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse().with_context(|| format!("failed to read the port `{port}`"))?,
        None => 0,
    };
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("failed to listen on port {port}"))?;
    println!("listening on {}", listener.local_addr()?);

    let routes = Router::new()
        .route("/engine.io/", any(handshake::open_engine))
        .route("/socket.io/", any(handshake::open_socket))
        .with_state(PollingSessions::default());
    axum::serve(listener, routes).await?;
    Ok(())
}

/// The settings the protocols' test suites expect of a server.
fn config() -> Config {
    Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Some(Duration::from_secs(1)),
        max_payload: 1_000_000,
        ..Config::new(Rules::Strict)
    }
}
