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
    pub(crate) written: Arc<AtomicU64>,
    read: AtomicU64,
    /// How much may be read in all.
    may_read: AtomicU64,
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
            written: Arc::default(),
            read: AtomicU64::new(0),
            may_read: AtomicU64::new(u64::MAX),
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
    /// Ends the connection if the peer sends more than this from now on.
    pub(crate) fn limit_reading(&self, bytes: u64) {
        let read = self.read.load(Ordering::Relaxed);
        self.may_read.store(read.saturating_add(bytes), Ordering::Relaxed);
    }

    /// Lets the peer send as much as it likes.
    pub(crate) fn unlimit_reading(&self) {
        self.may_read.store(u64::MAX, Ordering::Relaxed);
    }

    /// Returns true if the peer has sent more than it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.read.load(Ordering::Relaxed) > self.may_read.load(Ordering::Relaxed)
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.connection.read.fetch_add(read as u64, Ordering::Relaxed);
        if self.connection.is_exhausted() {
            return Poll::Ready(Err(io::Error::other("the peer has sent more than it may")));
        }
        result
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
