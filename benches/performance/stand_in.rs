//! AWS services that always answer alike: DynamoDB, whose every condition holds, and AWS Account.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};

/// Serves one connection to its end, and counts its calls.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, calls: Arc<AtomicUsize>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let calls = Arc::clone(&calls);
        async move {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(answer(request).await)
        }
    });
    // A connection ends when its process does.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let request = to_bytes(Body::new(body), usize::MAX).await.unwrap_or_default();
    let (kind, body) = if parts.headers.contains_key("x-amz-target") {
        ("application/x-amz-json-1.0", told(&serde_json::from_slice(&request).unwrap_or_default()))
    } else {
        // As long as AppFabric's answers.
        let contact = json!({
            "FullName": "A Person", "AddressLine1": "123 Any Street", "City": "Any Town", "CountryCode": "US",
            "PhoneNumber": "+12065550100", "PostalCode": "12345", "StateOrRegion": "WA", "CompanyName": "Example",
            "WebsiteUrl": "https://example.com/contact/of/this/account/and/of/no/other/one/that/anybody/has",
        });
        ("application/json", json!({ "ContactInformation": contact }))
    };
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, kind.parse().expect("it is a media type"));
    response
}

/// DynamoDB's answer to a change: the flow's item if a callback's `state` is used, otherwise nothing.
fn told(request: &Value) -> Value {
    if request["ReturnValues"] != "ALL_NEW" {
        return json!({});
    }
    let values = &request["ExpressionAttributeValues"];
    let time = json!({ "N": "4102444800000" });
    let press = json!({
        "cookie": values[":cookie0"], "code": values[":code"], "used_at": time,
        "redirect_uri": { "S": "https://abc123def4.execute-api.us-east-1.amazonaws.com/live/callback/slack" },
    });
    let mut item = json!({
        "id": request["Key"]["id"], "callback": { "S": "slack" }, "app_authorization": values[":app_authorization"],
        "valid_until": time, "expires_at": { "N": "4102444800" }, "browser": values[":cookie0"], "browser_until": time,
    });
    let change = request["UpdateExpression"].as_str().and_then(|change| change.strip_prefix("SET "));
    let state = change.and_then(|change| change.split('.').next()).unwrap_or_default();
    item[state] = json!({ "M": press });
    json!({ "Attributes": item })
}
