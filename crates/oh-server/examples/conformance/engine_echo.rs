//! `/engine.io/`: every message comes back.

use std::convert::Infallible;

use oh_socketio::{Beat, Engine, EnginePacket, PING, Received};

use crate::config;
use crate::transport::{End, Transport};

pub(crate) async fn serve(mut transport: Transport) {
    let Err(end) = echo(&mut transport).await;
    transport.finish(end).await;
}

async fn echo(transport: &mut Transport) -> Result<Infallible, End> {
    let config = config();
    transport.open().await?;
    let mut engine = Engine::new(&config, transport.now());
    loop {
        let incoming = transport.receive(engine.next_deadline()).await?;
        let now = transport.now();
        match engine.receive(now, incoming.input())? {
            Received::Nothing => {}
            Received::Text(text) => {
                transport.send_text(EnginePacket::Message(text).to_frame()).await?;
            }
            Received::Binary(data) => transport.send_binary(data.to_vec()).await?,
            Received::Reply(frame) => transport.send_text(frame).await?,
        }
        match engine.beat(now)? {
            Beat::Rest => {}
            Beat::Ping => transport.send_text(PING).await?,
        }
    }
}
