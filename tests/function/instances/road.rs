//! A road between an instance and a far side: TCP on loopback that may be slow, closed, silent or breaking, and whose
//! connections may end while the instance is frozen.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// The road to one far side; when this is dropped, nobody is on it any more.
pub(crate) struct Road {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    ends: broadcast::Sender<End>,
    travelled: Arc<AtomicUsize>,
    keeper: JoinHandle<()>,
    /// Keeps the port to ourselves while nobody listens there.
    _port: TcpSocket,
}

/// What it is like on the road, for everybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Weather {
    /// As if there were no road.
    Clear,
    /// Whatever is sent arrives so much later, in either direction.
    Slow(Duration),
    /// Nobody listens, and whoever was connected is reset.
    Closed,
    /// Connections are made, and nothing that is sent arrives, neither now nor later.
    Silent,
    /// Whatever is sent arrives, and of the answers nothing: the connection is reset instead.
    Unanswered,
    /// Connections are reset as soon as something is on them: of two, one before anything has arrived at the far side,
    /// one when the answer is on its way.
    Breaking,
}

/// How the connections that there are come to an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The far side closes them, as it closes what is idle.
    Closed,
    /// The far side resets them.
    Reset,
    /// The far side has forgotten them and nobody said so: whoever speaks is reset.
    Forgotten,
    /// Whatever is sent on them is lost, and nobody ever says so.
    Lost,
}

/// What every connection is told.
#[derive(Clone)]
struct News {
    weather: watch::Receiver<Weather>,
    ends: broadcast::Sender<End>,
}

impl Road {
    /// A road to this far side, an `http` URL, on which the weather is clear.
    pub(crate) fn to(url: &str) -> Self {
        let far = url.strip_prefix("http://").and_then(|authority| authority.trim_end_matches('/').parse().ok());
        let far: SocketAddr = far.unwrap_or_else(|| panic!("no address of loopback: {url}"));
        let port = socket("127.0.0.1:0".parse().expect("an address"));
        let address = port.local_addr().expect("it is bound");
        let (weather, told) = watch::channel(Weather::Clear);
        let ends = broadcast::Sender::new(8);
        let travelled = Arc::default();
        let news = News { weather: told, ends: ends.clone() };
        let keeper = tokio::spawn(keep(listen(address), far, news, Arc::clone(&travelled)));
        Self { address, weather, ends, travelled, keeper, _port: port }
    }

    /// The URL of the far side by way of this road.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the weather is like this.
    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Ends the connections that there are, and waits until that has happened as far as it can be seen from here.
    pub(crate) async fn end(&self, end: End) {
        // Where nobody is on the road, nobody has to be told.
        let _nobody = self.ends.send(end);
        sleep(Duration::from_millis(20)).await;
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.travelled.load(Ordering::Relaxed)
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// A socket on this port, which several may have.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseport(true).expect("Linux can");
    socket.bind(address).expect("the port is ours");
    socket
}

fn listen(address: SocketAddr) -> TcpListener {
    socket(address).listen(128).expect("nobody else listens")
}

/// Takes connections whenever the road is open.
async fn keep(mut listener: TcpListener, far: SocketAddr, mut news: News, travelled: Arc<AtomicUsize>) {
    let address = listener.local_addr().expect("it is bound");
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let stream = tokio::select! {
            biased;
            () = news.wait(|weather| weather == Weather::Closed) => None,
            Ok((stream, _)) = listener.accept() => Some(stream),
        };
        if let Some(stream) = stream {
            let number = travelled.fetch_add(1, Ordering::Relaxed);
            connections.spawn(connection(stream, far, news.clone(), number));
        } else {
            drop(listener);
            news.wait(|weather| weather != Weather::Closed).await;
            listener = listen(address);
        }
    }
}

impl News {
    /// Waits for such weather; for ever, when the road is no more.
    async fn wait(&mut self, is_such: impl Fn(Weather) -> bool) {
        if self.weather.wait_for(|weather| is_such(*weather)).await.is_err() {
            pending::<()>().await;
        }
    }
}

/// One connection, to its end.
async fn connection(mut near: TcpStream, far: SocketAddr, mut news: News, number: usize) {
    let (mut ends, mut closed, slow) = (news.ends.subscribe(), news.clone(), news.weather.clone());
    let end = {
        let travel = async {
            match TcpStream::connect(far).await {
                Ok(mut far) => travel(&mut near, &mut far, &slow, number).await,
                Err(_) => End::Reset,
            }
        };
        tokio::select! {
            biased;
            Ok(end) = ends.recv() => end,
            () = closed.wait(|weather| weather == Weather::Closed) => End::Reset,
            () = news.wait(|weather| weather == Weather::Silent) => End::Lost,
            end = travel => end,
        }
    };
    match end {
        End::Closed => {}
        End::Reset => reset(&near),
        End::Forgotten => {
            let _or_gone = near.readable().await;
            reset(&near);
        }
        // Until the near side has had enough of it.
        End::Lost => drop(io::copy(&mut near, &mut io::sink()).await),
    }
}

/// Carries what is sent in both directions, until both are at their end.
async fn travel(near: &mut TcpStream, far: &mut TcpStream, weather: &watch::Receiver<Weather>, number: usize) -> End {
    for stream in [&*near, &*far] {
        stream.set_nodelay(true).expect("Linux can");
    }
    let before = || *weather.borrow() == Weather::Breaking && number.is_multiple_of(2);
    let after = || matches!(*weather.borrow(), Weather::Breaking | Weather::Unanswered);
    let (from_near, to_near) = near.split();
    let (from_far, to_far) = far.split();
    let there = carry(from_near, to_far, weather, before);
    let back = carry(from_far, to_near, weather, after);
    match tokio::try_join!(there, back) {
        Ok(_) => End::Closed,
        Err(_) => End::Reset,
    }
}

/// Carries what is sent in one direction, unless it breaks.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    weather: &watch::Receiver<Weather>,
    breaks: impl Fn() -> bool,
) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        if breaks() {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let slow = *weather.borrow();
        if let Weather::Slow(delay) = slow {
            sleep(delay).await;
        }
        to.write_all(&piece[..length]).await?;
    }
}

/// Whoever is at the other end is told that there is nobody here, at once.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().expect("Linux can");
}
