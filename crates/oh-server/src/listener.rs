//! Accepted connections, with what the rest wants to know of each.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OnceCell, OwnedSemaphorePermit};

use crate::auth::PeerTrust;

/// Bytes that the kernel may hold for one peer that does not read.
const SEND_BUFFER: usize = 256 * 1024;

/// Accepts connections and keeps an eye on each.
#[derive(Debug)]
pub(crate) struct WatchedListener(TcpListener);

/// A connection that counts what the peer took.
#[derive(Debug)]
pub(crate) struct WatchedStream {
    stream: TcpStream,
    pub(crate) connection: Arc<Connection>,
    /// One of the connections that there may be.
    place: Option<OwnedSemaphorePermit>,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    /// Bytes handed to the kernel for the peer.
    written: AtomicU64,
    /// Whether the peer is this machine's own user; asked once.
    pub(crate) trust: OnceCell<PeerTrust>,
}

/// The connection that a request came on.
#[derive(Debug, Clone)]
pub(crate) struct RequestConnection(pub(crate) Arc<Connection>);

impl WatchedListener {
    pub(crate) async fn bind(host: &str, port: u16) -> io::Result<Self> {
        TcpListener::bind((host, port)).await.map(Self)
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// Fails if this one is lost, or if there is no room for more.
    pub(crate) async fn accept(&self) -> io::Result<WatchedStream> {
        let (stream, peer) = self.0.accept().await?;
        let local = stream.local_addr()?;
        // Both are wishes; a connection works without them.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER);
        let connection = Arc::new(Connection {
            peer: canonical(peer),
            local: canonical(local),
            written: AtomicU64::new(0),
            trust: OnceCell::new(),
        });
        Ok(WatchedStream { stream, connection, place: None })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// An IPv4 peer of an IPv6 listener is an IPv4 peer.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

impl Connection {
    /// Returns how many bytes were handed to the kernel so far.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl WatchedStream {
    /// Keeps a place until the stream is dropped.
    pub(crate) fn holding(mut self, place: OwnedSemaphorePermit) -> Self {
        self.place = Some(place);
        self
    }

    /// Returns the first byte that the peer sends, and leaves it there.
    pub(crate) async fn peek(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        Ok((self.stream.peek(&mut first).await? > 0).then_some(first[0]))
    }

    fn count(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &result {
            self.connection.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        result
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.count(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
