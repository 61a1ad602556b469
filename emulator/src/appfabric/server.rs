//! One HTTP call, from its first byte to the answer or to the end of the connection.
//!
//! Connections are served by hyper directly: when the service of a connection fails, hyper drops the connection
//! without an answer, which is how a closed connection is played.

use std::{convert::Infallible, error::Error, fmt, future::pending, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response},
};
use hyper::{body::Incoming as Wire, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
    time::sleep,
};

use super::{
    arn::{AuthorizationArn, BundleArn, Region},
    authorization::Status,
    control,
    errors::{Failure, Refusal},
    faults::{Answer, Fault},
    operations::{Shared, locked},
    reply::{Payload, Reply},
    requests::Incoming,
    route::{Operation, Route},
    scope,
};

/// More than any request needs.
const LARGEST_BODY: usize = 1024 * 1024;

/// The connection ends here, without an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by script")
    }
}

impl Error for Closed {}

/// Accepts connections until dropped, and drops them with itself.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: that passes.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        connections.spawn(connection(stream, Arc::clone(&shared)));
    }
}

/// One connection, to its end.
pub(super) async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    // Ignore errors: the script closed the connection, or the caller went away.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(shared: Arc<Shared>, request: Request<Wire>) -> Result<Response<Body>, Closed> {
    let (parts, body) = request.into_parts();
    let body = Body::new(body);
    if parts.uri.path().starts_with(control::PREFIX) {
        return Ok(control::answer(&shared, &parts, body).await);
    }

    let route = Route::of(&parts.method, parts.uri.path());
    let region = scope::region_of(&parts.headers);
    let operation = route.as_ref().map(|route| route.operation);
    let name = region.as_ref().ok().map(|region| region.name().to_owned());
    let number = locked(&shared.calls).arrived(operation, name, &parts);

    let arn = region.as_ref().ok().zip(route.as_ref()).and_then(|(region, route)| named(*region, route));
    let reply = match (region, route) {
        (Ok(region), Some(route)) => {
            let query = parts.uri.query().map(str::to_owned);
            call(&shared, number, region, Incoming { route, query, body: Vec::new() }, body).await
        }
        (Err(refusal), _) => Ok(refused(&shared, number, body, refusal).await),
        (Ok(_), None) => Ok(refused(&shared, number, body, Refusal::UNKNOWN_OPERATION).await),
    };
    if let Ok(reply) = &reply {
        locked(&shared.calls).answered(number, reply.status, reply.error_type.as_deref());
    }
    tell(&shared, number, arn.as_ref());
    reply.map(Reply::into_response)
}

/// Tells the listener of a call that is over.
fn tell(shared: &Shared, number: u64, arn: Option<&AuthorizationArn>) {
    let status = arn.and_then(|arn| {
        let mut state = locked(&shared.state);
        let record = state.authorization(arn.bundle().region(), arn.bundle().uuid(), arn.uuid()).ok()?;
        Some(record.status.clone())
    });
    let call = locked(&shared.calls).one(number);
    if let Some(call) = call {
        shared.listener.tell(&call, status.as_ref());
    }
}

/// Answers at the front door; the body is read for the log only.
async fn refused(shared: &Shared, number: u64, body: Body, refusal: Refusal) -> Reply {
    if let Ok(body) = to_bytes(body, LARGEST_BODY).await {
        locked(&shared.calls).read(number, &body);
    }
    refusal.reply()
}

/// A call of a known operation in a known Region: as scripted, or as AppFabric would.
async fn call(
    shared: &Arc<Shared>,
    number: u64,
    region: Region,
    mut request: Incoming,
    body: Body,
) -> Result<Reply, Closed> {
    let fault = locked(&shared.faults).next(request.route.operation, named(region, &request.route).as_ref());
    wait(fault.wait_before_reading_ms).await;
    if fault.answer == Answer::CloseBeforeReading {
        return Err(Closed);
    }
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return Ok(Refusal::TOO_LARGE.reply()) };
    locked(&shared.calls).read(number, &body);
    request.body = body.to_vec();

    let own = own_answer(shared, region, &request, &fault).await;
    wait(fault.wait_after_reading_ms).await;
    match &fault.answer {
        Answer::CloseBeforeReading | Answer::CloseAfterReading => Err(Closed),
        Answer::Hang => pending().await,
        Answer::Status(status) => Ok(with_status(own, Some(status))),
        Answer::NoStatus => Ok(with_status(own, None)),
        scripted => Ok(scripted.reply().unwrap_or(own)),
    }
}

/// Performs the operation, unless the fault replaces it, and returns AppFabric's own answer.
async fn own_answer(shared: &Arc<Shared>, region: Region, request: &Incoming, fault: &Fault) -> Reply {
    let reads = request.route.operation == Operation::Get;
    let performed = match &fault.answer {
        Answer::Normal => true,
        Answer::Status(_) | Answer::NoStatus => request.route.operation != Operation::Connect || fault.then_connect,
        _ => fault.then_connect,
    };
    let reply = if performed {
        // A task of its own: a caller who hangs up does not stop AppFabric from spending a code.
        let (shared, request) = (Arc::clone(shared), request.clone());
        let task = tokio::spawn(async move { shared.perform(region, &request).await });
        task.await.unwrap_or_else(|_| Failure::Internal("The emulator failed.").reply())
    } else {
        shared.summary(region, request)
    };
    if reads && fault.then_connect {
        let (bundle, authorization) = (&request.route.bundle, &request.route.authorization);
        if let Ok(record) = locked(&shared.state).authorization(region, bundle, authorization) {
            record.set_status(Status::CONNECTED);
        }
    }
    reply
}

/// The ARN of the app authorization that the path names, whether or not there is one.
fn named(region: Region, route: &Route) -> Option<AuthorizationArn> {
    route.authorization.parse().ok().or_else(|| {
        let bundle = route.bundle.parse().unwrap_or_else(|_| BundleArn::new(region, &route.bundle));
        (!route.authorization.is_empty()).then(|| AuthorizationArn::new(bundle, &route.authorization))
    })
}

/// The same answer with another status in it, or with none.
fn with_status(mut reply: Reply, status: Option<&Status>) -> Reply {
    if let Payload::Json(Value::Object(body)) = &mut reply.payload {
        for name in ["appAuthorization", "appAuthorizationSummary"] {
            let Some(authorization) = body.get_mut(name).and_then(Value::as_object_mut) else { continue };
            match status {
                Some(status) => authorization.insert("status".to_owned(), Value::String(status.as_str().to_owned())),
                None => authorization.remove("status"),
            };
        }
    }
    reply
}

async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        sleep(Duration::from_millis(milliseconds)).await;
    }
}
