//! The Runtime API of one process, which asks for events and posts answers.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::appfabric::ACCOUNT;

/// The largest answer of a synchronous invocation, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

/// A server that one process asks for events. It ends when this is dropped.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Invocation>,
    server: JoinHandle<()>,
}

/// What becomes of an event.
pub(super) struct Fate {
    /// The process has it: from now on its time runs.
    pub(super) begun: oneshot::Receiver<()>,
    /// What the process posts: an answer or an error.
    pub(super) answer: oneshot::Receiver<Posted>,
}

/// An answer, or the error that was posted in its place.
type Posted = Result<Value, Value>;

/// An event that the process has not asked for yet.
struct Invocation {
    event: Value,
    remaining: Duration,
    taken: oneshot::Sender<()>,
    posted: oneshot::Sender<Posted>,
}

/// The event that the process is working on: its request ID, and who waits for the answer.
type Running = Option<(String, oneshot::Sender<Posted>)>;

struct Shared {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    running: Mutex<Running>,
}

impl RuntimeApi {
    /// Listens on a free port of loopback.
    pub(super) async fn start() -> io::Result<Self> {
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events: tokio::sync::Mutex::new(waiting), running: Mutex::default() });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{request_id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{request_id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
            .with_state(shared);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            let _never = axum::serve(listener, routes).await;
        });
        Ok(Self { address, events, server })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has an event ready for the process.
    pub(super) fn invoke(&self, event: &Value, remaining: Duration) -> Fate {
        let (taken, begun) = oneshot::channel();
        let (posted, answer) = oneshot::channel();
        // The server, which has the other end, runs as long as this does.
        let _sent = self.events.send(Invocation { event: event.clone(), remaining, taken, posted });
        Fate { begun, answer }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    /// Waits for the next event; waits for ever if none can come.
    async fn next(&self) -> Invocation {
        match self.events.lock().await.recv().await {
            Some(invocation) => invocation,
            None => std::future::pending().await,
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what was posted for an event, if the process has that event.
    fn conclude(&self, request_id: &str, posted: Posted) -> Response {
        match self.running().take_if(|(running, _)| running == request_id) {
            Some((_, waiting)) => {
                // If the receiver is gone, the caller has already killed the process.
                let _passed_on = waiting.send(posted);
                accepted()
            }
            None => (StatusCode::BAD_REQUEST, json!({ "errorType": "InvalidRequestID" }).to_string()).into_response(),
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Invocation { event, remaining, taken, posted } = shared.next().await;
    let request_id = Uuid::new_v4().to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + remaining;
    let trace = Uuid::new_v4().simple().to_string();
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("Lambda-Runtime-Aws-Request-Id", request_id.clone()),
        ("Lambda-Runtime-Deadline-Ms", deadline.as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:function")),
        ("Lambda-Runtime-Trace-Id", format!("Root=1-{}-{};Sampled=0", &trace[..8], &trace[8..])),
    ];
    *shared.running() = Some((request_id, posted));
    let _awaited = taken.send(());
    (headers, event.to_string()).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(request_id): Path<String>, body: Bytes) -> Response {
    shared.conclude(&request_id, Ok(json_or_text(&body)))
}

async fn error(State(shared): State<Arc<Shared>>, Path(request_id): Path<String>, body: Bytes) -> Response {
    shared.conclude(&request_id, Err(json_or_text(&body)))
}

/// A process that cannot start: its first event gets the error. Until then the process waits here, and does not end.
async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let _passed_on = shared.next().await.posted.send(Err(json_or_text(&body)));
    accepted()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, json!({ "status": "OK" }).to_string()).into_response()
}

fn json_or_text(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a process does with the API, step by step.
    struct Process(String, reqwest::Client);

    impl Process {
        fn of(api: &RuntimeApi) -> Self {
            Self(format!("http://{}/2018-06-01/runtime", api.address()), reqwest::Client::new())
        }

        async fn next(&self) -> reqwest::Response {
            self.1.get(format!("{}/invocation/next", self.0)).send().await.unwrap()
        }

        async fn post(&self, path: &str, body: &Value) -> u16 {
            self.1.post(format!("{}/{path}", self.0)).body(body.to_string()).send().await.unwrap().status().as_u16()
        }
    }

    #[tokio::test]
    async fn an_event_goes_out_with_its_deadline_and_its_answer_comes_back() {
        let api = RuntimeApi::start().await.unwrap();
        let process = Process::of(&api);
        for (last, posted) in [("response", Ok(json!({ "statusCode": 303 }))), ("error", Err(json!({ "x": 1 })))] {
            let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let fate = api.invoke(&json!({ "version": "2.0" }), Duration::from_secs(25));
            let next = process.next().await;
            assert_eq!(fate.begun.await, Ok(()));
            let header = |name: &str| next.headers()[name].to_str().unwrap().to_owned();
            let deadline: u128 = header("lambda-runtime-deadline-ms").parse().unwrap();
            assert!(deadline >= (before + Duration::from_secs(25)).as_millis(), "{deadline}");
            let request_id = header("lambda-runtime-aws-request-id");
            assert_eq!(Uuid::parse_str(&request_id).map(|id| id.to_string()), Ok(request_id.clone()));
            assert_eq!(next.json::<Value>().await.unwrap(), json!({ "version": "2.0" }));

            let body = posted.clone().unwrap_or_else(|error| error);
            let path = format!("invocation/{request_id}/{last}");
            assert_eq!(process.post(&format!("invocation/another/{last}"), &body).await, 400);
            assert_eq!(process.post(&path, &body).await, 202);
            assert_eq!(process.post(&path, &body).await, 400, "once");
            assert_eq!(fate.answer.await, Ok(posted));
        }
    }

    #[tokio::test]
    async fn a_process_that_cannot_start_answers_its_first_event_with_why() {
        let api = RuntimeApi::start().await.unwrap();
        let process = Process::of(&api);
        let why = json!({ "errorType": "Runtime.InitError" });
        let fate = api.invoke(&json!({}), Duration::from_secs(1));
        assert_eq!(process.post("init/error", &why).await, 202);
        assert_eq!(fate.answer.await, Ok(Err(why)));
    }

    #[tokio::test]
    async fn a_process_waits_for_its_event() {
        let api = RuntimeApi::start().await.unwrap();
        let process = Process::of(&api);
        let later = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            api.invoke(&json!("an event"), Duration::from_secs(1))
        };
        let (next, _fate) = tokio::join!(process.next(), later);
        assert_eq!(next.json::<Value>().await.unwrap(), json!("an event"));
    }
}
