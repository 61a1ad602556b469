//! Pipes in place of sockets between the function and the emulator, so that a test can run in virtual time: with a
//! paused clock and real sockets, the clock would jump while bytes are on their way.
//!
//! Everything above the socket is real: hyper's client, HTTP's bytes, hyper's errors in the SDK's.

use std::collections::HashMap;
use std::error::Error;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use appfabric_emulator::appfabric::{AppFabric, Operation};
use aws_smithy_async::future::timeout::TimedOutError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::DuplexStream;
use tower_service::Service;

use crate::expected::{CONNECTED, TEMPORARILY_UNAVAILABLE, location};
use crate::support::{answer, granted, header, piped, stage};

/// More than any request or answer here.
const CAPACITY: usize = 64 * 1024;

/// Pipes to an emulator, which lives as long as they do; a clone shares them.
#[derive(Clone)]
pub(crate) struct Pipes {
    emulator: Arc<AppFabric>,
    /// For each operation whose next calls have trouble: what happens to them, and to how many.
    script: Arc<Mutex<HashMap<Operation, (Way, u32)>>>,
    /// How often each operation was called, whether or not the call got there.
    called: Arc<Mutex<HashMap<Operation, usize>>>,
    /// How many connections there have been.
    connections: Arc<AtomicUsize>,
    /// A pool of connections for each connect timeout, as the SDK's own client has.
    clients: Arc<Mutex<HashMap<Option<Duration>, Client>>>,
}

/// How a connection to the emulator comes about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// At once.
    Open,
    /// Not at all: nobody listens there.
    Refused,
    /// The attempt hangs without an answer.
    Silent,
}

type Client = legacy::Client<Connector, SdkBody>;

impl Pipes {
    /// The way to this emulator, for now an open one.
    pub(crate) fn new(emulator: AppFabric) -> Self {
        Self {
            emulator: Arc::new(emulator),
            script: Arc::default(),
            called: Arc::default(),
            connections: Arc::default(),
            clients: Arc::default(),
        }
    }

    /// The emulator at its end.
    pub(crate) fn emulator(&self) -> &AppFabric {
        &self.emulator
    }

    /// The next `times` calls of an operation meet this way; after that, it is open again.
    ///
    /// Such a call needs a connection of its own, even if an earlier one is still open.
    pub(crate) fn set(&self, operation: Operation, way: Way, times: u32) {
        self.script.lock().expect("nobody panics here").insert(operation, (way, times));
    }

    /// How often an operation was called, whether or not the call got there.
    pub(crate) fn called(&self, operation: Operation) -> usize {
        self.called.lock().expect("nobody panics here").get(&operation).copied().unwrap_or_default()
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The way for one more call of this operation.
    fn next(&self, operation: Operation) -> Way {
        *self.called.lock().expect("nobody panics here").entry(operation).or_default() += 1;
        match self.script.lock().expect("nobody panics here").get_mut(&operation) {
            Some((way, times)) if *times > 0 => {
                *times -= 1;
                *way
            }
            _ => Way::Open,
        }
    }

    /// The client for a call, with connections to use again where the way is open.
    fn client(&self, way: Way, connect_timeout: Option<Duration>) -> Client {
        let client = || {
            let (emulator, connections) = (Arc::clone(&self.emulator), Arc::clone(&self.connections));
            let connector = Connector { emulator, connections, way, connect_timeout };
            // The settings of the SDK's own client, which are hyper's defaults.
            legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
        };
        match way {
            Way::Open => {
                let mut clients = self.clients.lock().expect("nobody panics here");
                clients.entry(connect_timeout).or_insert_with(client).clone()
            }
            Way::Refused | Way::Silent => client(),
        }
    }
}

impl std::fmt::Debug for Pipes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipes").field("emulator", &self.emulator).finish_non_exhaustive()
    }
}

impl HttpClient for Pipes {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Caller { pipes: self.clone(), connect_timeout: settings.connect_timeout() })
    }
}

/// What the SDK hands its requests to.
#[derive(Debug)]
struct Caller {
    pipes: Pipes,
    connect_timeout: Option<Duration>,
}

impl HttpConnector for Caller {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = if request.method() == "POST" { Operation::Connect } else { Operation::Get };
        let client = self.pipes.client(self.pipes.next(operation), self.connect_timeout);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let response = client.request(request).await.map_err(connector_error)?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Converts hyper's error as the SDK's own client does, as far as our code needs it.
fn connector_error(error: legacy::Error) -> ConnectorError {
    let mut cause: Option<&dyn Error> = Some(&error);
    while let Some(error_in_chain) = cause {
        if error_in_chain.is::<TimedOutError>() {
            return ConnectorError::timeout(error.into());
        }
        cause = error_in_chain.source();
    }
    ConnectorError::io(error.into())
}

/// What hyper gets its connections from.
#[derive(Clone)]
struct Connector {
    emulator: Arc<AppFabric>,
    connections: Arc<AtomicUsize>,
    way: Way,
    connect_timeout: Option<Duration>,
}

impl Service<Uri> for Connector {
    type Response = Pipe;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Pipe, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { emulator, connections, way, connect_timeout } = self.clone();
        let connect = async move {
            match way {
                Way::Open => {
                    let (ours, theirs) = tokio::io::duplex(CAPACITY);
                    emulator.accept(theirs);
                    connections.fetch_add(1, Ordering::Relaxed);
                    Ok(Pipe(TokioIo::new(ours)))
                }
                Way::Refused => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
                Way::Silent => pending().await,
            }
        };
        Box::pin(async move {
            match connect_timeout {
                None => connect.await,
                Some(limit) => tokio::time::timeout(limit, connect).await.unwrap_or(Err(TimedOutError.into())),
            }
        })
    }
}

/// One connection, from the function's end.
struct Pipe(TokioIo<DuplexStream>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipe_that_is_not_there_is_to_the_function_what_such_a_socket_is() {
    for way in [Way::Refused, Way::Silent] {
        let pipes = Pipes::new(stage().await);
        pipes.set(Operation::Connect, way, u32::MAX);
        let endpoint = piped(&[], &pipes);
        let response = answer(&endpoint, &granted(1, "one")).await;
        assert_eq!(header(&response, "location"), location(TEMPORARILY_UNAVAILABLE, 1), "{way:?}");
        assert_eq!(pipes.emulator().calls_of(Operation::Connect).len(), 0, "{way:?}");
        pipes.set(Operation::Connect, Way::Open, u32::MAX);
        let response = answer(&endpoint, &granted(1, "two")).await;
        assert_eq!(header(&response, "location"), location(CONNECTED, 1), "{way:?}");
    }
}
