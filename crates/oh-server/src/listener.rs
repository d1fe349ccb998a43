//! Accepted connections, with what the rest wants to know of each.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;

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
    connection: Arc<Connection>,
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
}

impl Listener for WatchedListener {
    type Io = WatchedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.0).await;
            let Ok(local) = stream.local_addr() else { continue };
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
            return (WatchedStream { stream, connection }, peer);
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
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

impl Connected<IncomingStream<'_, WatchedListener>> for RequestConnection {
    fn connect_info(stream: IncomingStream<'_, WatchedListener>) -> Self {
        Self(stream.io().connection.clone())
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
