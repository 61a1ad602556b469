//! TLS in front of a service, near or far away.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;

/// More than a flight of TLS or an answer has.
const PIECE: usize = 64 * 1024;

/// Listens on loopback with a simulated `round_trip`, takes TLS off each connection and passes the rest to `serve`.
/// Returns the URL, with `host` as the machine's name; `connections` counts connections.
pub(crate) async fn open(
    host: &str,
    tls: TlsAcceptor,
    round_trip: Duration,
    connections: Arc<AtomicUsize>,
    serve: impl Fn(Stream) + Clone + Send + 'static,
) -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("https://{host}:{}", listener.local_addr()?.port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let _later_at_worst = stream.set_nodelay(true);
            let near: Box<dyn Io> =
                if round_trip.is_zero() { Box::new(stream) } else { Box::new(away(stream, round_trip)) };
            let (tls, serve) = (tls.clone(), serve.clone());
            tokio::spawn(async move {
                if let Ok(stream) = tls.accept(near).await {
                    serve(stream);
                }
            });
        }
    });
    Ok(url)
}

/// A decrypted connection.
pub(crate) type Stream = tokio_rustls::server::TlsStream<Box<dyn Io>>;

/// A connection, whatever carries it.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// The far end of a connection in which each piece travels half a round trip. The kernel has made the connection
/// already, so the first piece also waits for the round trip that connecting would take.
fn away(stream: tokio::net::TcpStream, round_trip: Duration) -> DuplexStream {
    let (near, far) = tokio::io::duplex(PIECE);
    let (from_client, to_client) = stream.into_split();
    let (from_server, to_server) = tokio::io::split(near);
    tokio::spawn(carry(from_client, to_server, round_trip / 2, round_trip));
    tokio::spawn(carry(from_server, to_client, round_trip / 2, Duration::ZERO));
    far
}

/// Carries bytes so that each arrives `late`, and none before a connection could have been made.
async fn carry(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    late: Duration,
    connecting: Duration,
) {
    let connected = Instant::now() + connecting;
    let (under_way, mut arriving) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            let sent = Instant::now().max(connected);
            if under_way.send((sent + late, piece[..length].to_vec())).is_err() {
                break;
            }
        }
    });
    while let Some((arrives, piece)) = arriving.recv().await {
        sleep_until(arrives).await;
        if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
    let _already_closed = to.shutdown().await;
}
