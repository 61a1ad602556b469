//! AWS services that always answer the same: DynamoDB, whose every condition holds, and AWS Account.

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
use serde_json::json;
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
    drop(to_bytes(Body::new(body), usize::MAX).await);
    let (kind, body) = if parts.headers.contains_key("x-amz-target") {
        ("application/x-amz-json-1.0", json!({}))
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
