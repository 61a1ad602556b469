//! API Gateway on loopback: HTTP requests become Lambda events, a handler's answers become HTTP responses.
//!
//! As in API Gateway: all that a function can see. That is the members of the events, what is decoded in them,
//! the limits, and the answers that API Gateway gives without asking the function.
//! Differences: header names arrive in lower case, every caller is admitted and no signature is verified (see
//! [`Builder::caller`]), and every resource takes every method.
//!
//! Read `event` (requests), then `answer` (responses), then `refusal` (what the function never sees).

mod answer;
mod event;
mod parts;
mod refusal;
mod resource;
mod signature;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

pub use event::{Arrival, function_url_event, http_event, rest_event};
pub use refusal::Refusal;
pub use resource::Resources;

/// A Lambda function: an event in, an answer out.
pub type Handler = Arc<dyn Fn(Value) -> Pin<Box<dyn Future<Output = Value> + Send>> + Send + Sync>;

/// An async function as a [`Handler`].
pub fn handler<F, A>(function: F) -> Handler
where
    F: Fn(Value) -> A + Send + Sync + 'static,
    A: Future<Output = Value> + Send + 'static,
{
    Arc::new(move |event| Box::pin(function(event)))
}

/// What stands in front of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A REST API; payload 1.0.
    Rest,
    /// An HTTP API; payload 2.0.
    Http,
    /// A function URL; payload 2.0 without routes and stages.
    FunctionUrl,
}

/// A running gateway; dropping it stops it, after the answers under way.
pub struct Gateway {
    url: String,
    _stop: oneshot::Sender<()>,
}

impl Gateway {
    /// A REST API without a stage in its path, with the resources of this project's template.
    #[must_use]
    pub fn builder(handler: Handler) -> Builder {
        Builder { handler, payload: Payload::Rest, stage: None, resources: Resources::default(), caller: None }
    }

    /// Where it is reached, stage included: `http://127.0.0.1:3000/prod`, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A gateway before it starts.
pub struct Builder {
    handler: Handler,
    payload: Payload,
    stage: Option<String>,
    resources: Resources,
    caller: Option<String>,
}

impl Builder {
    /// Which kind of front the function has.
    #[must_use]
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// Serves below `/{stage}/`; without it, as behind a custom domain or the stage `$default`.
    #[must_use]
    pub fn stage(mut self, stage: impl Into<String>) -> Self {
        self.stage = Some(stage.into());
        self
    }

    /// The API's own resources instead of the template's.
    #[must_use]
    pub fn resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// Treats a signed request as this IAM principal's (an ARN); any other request has no identity.
    ///
    /// A signed request carries a Signature Version 4 for `execute-api`, or for `lambda` to a function URL. It is not
    /// verified: any client of the gateway can act as that principal.
    #[must_use]
    pub fn caller(mut self, arn: impl Into<String>) -> Self {
        self.caller = Some(arn.into());
        self
    }

    /// Listens on `address`, such as `127.0.0.1:0`.
    pub async fn start(self, address: &str) -> io::Result<Gateway> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stage = match self.payload {
            Payload::Rest => self.stage,
            Payload::Http => self.stage.filter(|stage| stage != "$default"),
            Payload::FunctionUrl => None,
        };
        let below = stage.as_ref().map_or_else(String::new, |stage| format!("/{stage}"));
        let url = format!("http://{address}{below}");
        let front = Arc::new(Front { address, api: Self { stage, ..self } });

        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(invoke).with_state(front);
        tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
                .with_graceful_shutdown(async move {
                    // Nothing is ever sent: the sender is dropped with the gateway.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Gateway { url, _stop: stop })
    }
}

/// A gateway that knows where it listens.
struct Front {
    address: SocketAddr,
    api: Builder,
}

/// Every request goes this way.
async fn invoke(
    State(front): State<Arc<Front>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let payload = front.api.payload;
    match front.invoke(source, request).await {
        Ok(response) => response,
        Err(refusal) => (refusal.status(payload), axum::Json(refusal.body(payload))).into_response(),
    }
}

impl Front {
    async fn invoke(&self, source: SocketAddr, request: Request) -> Result<Response, Refusal> {
        refusal::check_size(self.api.payload, &request)?;
        let (parts, body) = request.into_parts();
        // If the body breaks off, the client is gone, so this error reaches no client.
        let body = to_bytes(body, refusal::BODY_LIMIT).await.map_err(|_| Refusal::BodyTooLarge)?;
        let request = Request::from_parts(parts, body);
        let arrival = Arrival {
            domain_name: self.domain_name(request.headers()),
            stage: self.api.stage.clone(),
            source_ip: source.ip(),
            request_id: Uuid::new_v4(),
            time: OffsetDateTime::now_utc(),
            caller: self.api.caller.clone().filter(|_| signature::is_signed(self.api.payload, request.headers())),
        };
        let event = match self.api.payload {
            Payload::Rest => rest_event(&request, &arrival, &self.api.resources)?,
            Payload::Http => http_event(&request, &arrival, &self.api.resources)?,
            Payload::FunctionUrl => function_url_event(&request, &arrival),
        };

        // A separate task, as in Lambda: a panic becomes an answer, and the function goes on if the browser leaves.
        let handler = Arc::clone(&self.api.handler);
        let invocation = tokio::spawn(async move { handler(event).await });
        let limit = match self.api.payload {
            Payload::Rest => Duration::from_secs(29),
            Payload::Http => Duration::from_secs(30),
            Payload::FunctionUrl => Duration::from_mins(15),
        };
        let answer = timeout(limit, invocation).await.map_err(|_| Refusal::TimedOut)?;
        answer::response(self.api.payload, answer.map_err(|_| Refusal::MalformedAnswer)?)
    }

    /// The `Host` of the request if it is `localhost`; otherwise the address where the gateway listens.
    fn domain_name(&self, headers: &HeaderMap) -> String {
        let localhost = format!("localhost:{}", self.address.port());
        let asked = headers.get(HOST).is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(localhost.as_bytes()));
        if asked { localhost } else { self.address.to_string() }
    }
}
