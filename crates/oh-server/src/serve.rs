//! Takes connections and serves each: how many there may be, how long and how large what
//! precedes a request may be, and HTTPS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::listener::{Connection, RequestConnection, WatchedListener, WatchedStream};
use crate::tls::Tls;

/// How long a peer may take for the head of a request, and be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Most bytes of the head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// How long a peer may take to agree on keys.
const TLS_TIME: Duration = Duration::from_secs(10);
/// How long to wait when there is no room for a connection.
const ROOM_TIME: Duration = Duration::from_millis(100);
/// Connections beside those of sockets.
const OTHER_CONNECTIONS: usize = 2_000;
/// Files that are open beside connections.
const OTHER_FILES: u64 = 256;

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 33\r\nConnection: close\r\nRetry-After: 1\r\n\r\n{\"error\":\"Too many connections.\"}";
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 39\r\nConnection: close\r\n\r\nThis port speaks HTTPS. Use https://...";

/// What all connections of a listener share.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) places: ConnectionPlaces,
    pub(crate) router: Router,
}

/// How many connections there may be. Clones share the places.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionPlaces(Arc<Semaphore>);

impl ConnectionPlaces {
    /// Makes room for `sockets` and as many other connections as are usual, as far as the system
    /// lets this process.
    pub(crate) fn new(sockets: usize) -> Self {
        let wanted = sockets.saturating_add(OTHER_CONNECTIONS).min(Semaphore::MAX_PERMITS);
        let known = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: known.maximum, maximum: known.maximum };
        let files = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => known.maximum,
            Err(_) => known.current,
        };
        let possible = files.map_or(usize::MAX, |files| {
            usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(16)
        });
        if possible < wanted {
            tracing::warn!(possible, wanted, "the limit of open files allows fewer connections");
        }
        Self(Arc::new(Semaphore::new(wanted.min(possible))))
    }

    fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

/// Serves a listener until the server goes down.
pub(crate) async fn serve(listener: WatchedListener, front: Front, shutdown: CancellationToken) {
    let connections = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok(stream) => match front.places.take() {
                Some(place) => {
                    let stream = stream.holding(place);
                    let (front, shutdown) = (front.clone(), shutdown.clone());
                    connections.spawn(async move {
                        serve_connection(stream, front, &shutdown).await;
                    });
                }
                None => refuse(stream, FULL).await,
            },
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                // Without files left the next try would fail as well.
                tokio::time::sleep(ROOM_TIME).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn serve_connection(stream: WatchedStream, front: Front, shutdown: &CancellationToken) {
    let connection = stream.connection.clone();
    let result = match front.tls {
        None => serve_http(stream, connection, front.router, shutdown).await,
        Some(tls) => {
            let agreed = tokio::time::timeout(TLS_TIME, agree(stream, &tls)).await;
            let Ok(Ok(stream)) = agreed else { return };
            serve_http(Box::new(stream), connection, front.router, shutdown).await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended badly");
    }
}

async fn agree(
    stream: WatchedStream,
    tls: &Tls,
) -> io::Result<tokio_rustls::server::TlsStream<WatchedStream>> {
    /// The first byte of a handshake.
    const HANDSHAKE: u8 = 0x16;
    if stream.peek().await? != Some(HANDSHAKE) {
        refuse_politely(stream, NOT_TLS).await;
        return Err(io::ErrorKind::InvalidData.into());
    }
    tls.acceptor().accept(stream).await
}

/// Says why and hangs up. What does not fit at once is not worth a wait.
async fn refuse(mut stream: WatchedStream, answer: &[u8]) {
    drop(tokio::time::timeout(ROOM_TIME, stream.write_all(answer)).await);
}

/// Says why, and hears the peer out so that it can read it.
async fn refuse_politely(mut stream: WatchedStream, answer: &[u8]) {
    let talk = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    drop(tokio::time::timeout(ROOM_TIME, talk).await);
}

async fn serve_http<S>(
    stream: S,
    connection: Arc<Connection>,
    router: Router,
    shutdown: &CancellationToken,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(RequestConnection(connection.clone())));
        router.clone().oneshot(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    tokio::select! {
        result = &mut served => result,
        () = shutdown.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    }
}
