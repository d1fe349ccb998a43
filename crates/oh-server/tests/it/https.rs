//! HTTPS: a socket and a request over it, and plain words at its port.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use oh_testkit::ScriptedLlm;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::TestServer;

/// A certificate for this machine; returns the variables that name it, and a client that trusts it.
fn certificate(folder: &std::path::Path) -> (Vec<(&'static str, String)>, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let variables = vec![("SERVER_TLS_CERT", text(cert)), ("SERVER_TLS_KEY", text(key))];
    (variables, TlsConnector::from(Arc::new(client)))
}

async fn connect(port: u16, client: &TlsConnector) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    client.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

#[tokio::test]
async fn requests_and_sockets_go_over_https() {
    let folder = tempfile::TempDir::new().unwrap();
    let (variables, client) = certificate(folder.path());
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = TestServer::with(ScriptedLlm::default(), &variables).await;
    let port = server.port();

    let mut stream = connect(port, &client).await;
    let key = server.server.session_key();
    let body = format!("{{\"key\":\"{key}\"}}");
    let request = format!(
        "POST /api/login HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A peer that closes without saying so in TLS is an error to rustls.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("SameSite=Strict; Secure"), "{answer}");

    // This machine's own user is known through TLS, too.
    let url =
        format!("ws://localhost:{port}/socket.io/?EIO=4&transport=websocket&conversation_id=x");
    let stream = connect(port, &client).await;
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    socket.send(Message::text("40")).await.unwrap();
    let mut frames = Vec::new();
    while frames.len() < 3 {
        frames.push(socket.next().await.unwrap().unwrap().to_string());
    }
    assert!(frames[0].starts_with("0{") && frames[1].starts_with("40{"), "{frames:?}");
    assert!(frames[2].starts_with("42[\"oh_event\","), "{frames:?}");

    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    let _ = plain.read_to_string(&mut answer).await;
    assert!(answer.ends_with("This port speaks HTTPS. Use https://..."), "{answer}");
}
