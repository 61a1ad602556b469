//! Every service that the function talks to, except Lambda.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use appfabric_emulator::appfabric::{Answer, AppFabric, Authorization, Fault, Operation, Status, Target};
use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::authority::Authority;
use crate::{authority, fronts, stand_in};

/// How far away the services are, in milliseconds there and back; the last tells round trips from everything else.
const ROUND_TRIPS: [u64; 3] = [0, 20, 200];

/// The app authorization of the event file.
const ARN: &str = "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/\
                   appauthorization/10000000-0000-4000-8000-000000000001";

/// The services, and where they are. They end with the program.
pub(crate) struct FarSide {
    root: PathBuf,
    control: String,
    /// Round trip, AppFabric, stand-in.
    urls: Vec<(u64, String, String)>,
}

/// What the driver may ask for.
#[derive(Clone)]
struct Book {
    appfabric: Arc<AppFabric>,
    appfabric_connections: Arc<AtomicUsize>,
    stand_in_calls: Arc<AtomicUsize>,
    stand_in_connections: Arc<AtomicUsize>,
}

impl FarSide {
    /// Starts the services, and writes the root that they are to be trusted by into this folder.
    pub(crate) async fn start(folder: &Path) -> io::Result<Self> {
        let authority = Authority::random()?;
        let root = folder.join("root.pem");
        std::fs::write(&root, &authority.root)?;
        let tls = TlsAcceptor::from(Arc::new(authority.server));
        let book = Book {
            appfabric: Arc::new(appfabric().await?),
            appfabric_connections: Arc::default(),
            stand_in_calls: Arc::default(),
            stand_in_connections: Arc::default(),
        };
        // Two names, as in AWS: with one, a client would resume at one service the TLS session of the other.
        let [host, address] = authority::HOSTS;
        let mut urls = Vec::new();
        for round_trip in ROUND_TRIPS {
            let away = Duration::from_millis(round_trip);
            let served = Arc::clone(&book.appfabric);
            let serve = move |stream| served.accept(stream);
            let appfabric =
                fronts::open(host, tls.clone(), away, Arc::clone(&book.appfabric_connections), serve).await?;
            let calls = Arc::clone(&book.stand_in_calls);
            let serve = move |stream| drop(tokio::spawn(stand_in::serve(stream, Arc::clone(&calls))));
            let stand_in =
                fronts::open(address, tls.clone(), away, Arc::clone(&book.stand_in_connections), serve).await?;
            urls.push((round_trip, appfabric, stand_in));
        }
        Ok(Self { root, control: control(book).await?, urls })
    }

    /// What the driver has to know.
    pub(crate) fn described(&self) -> Value {
        let urls = self.urls.iter().map(|(round_trip, appfabric, stand_in)| {
            let urls = json!({ "appfabric": appfabric, "stand_in": stand_in });
            (round_trip.to_string(), urls)
        });
        json!({ "root": self.root, "control": self.control, "urls": urls.collect::<serde_json::Map<_, _>>() })
    }
}

/// An AppFabric whose app authorization waits for its code, however often it has had one.
async fn appfabric() -> io::Result<AppFabric> {
    let appfabric = AppFabric::builder().start(("127.0.0.1", 0)).await?;
    appfabric.seed(&ARN.parse().map_err(io::Error::other)?, Authorization::oauth2("SLACK"));
    let waiting = Fault::from(Answer::Status(Status::PENDING_CONNECT)).times(u32::MAX);
    appfabric.fault(Target::any(), Operation::Get, waiting);
    Ok(appfabric)
}

/// `GET /book`: connections and calls since `DELETE /book`.
async fn control(book: Book) -> io::Result<String> {
    let routes = Router::new().route("/book", get(read)).route("/book", delete(forget)).with_state(book);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/book", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(url)
}

async fn read(State(book): State<Book>) -> String {
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let appfabric = json!({
        "connections": count(&book.appfabric_connections),
        "calls": book.appfabric.calls().len(),
    });
    let stand_in = json!({ "connections": count(&book.stand_in_connections), "calls": count(&book.stand_in_calls) });
    json!({ "appfabric": appfabric, "stand_in": stand_in }).to_string()
}

async fn forget(State(book): State<Book>) {
    book.appfabric.clear_calls();
    for counter in [&book.appfabric_connections, &book.stand_in_calls, &book.stand_in_connections] {
        counter.store(0, Ordering::Relaxed);
    }
}
