//! What API Gateway answers without the function, or instead of it.

use std::error::Error;
use std::fmt;

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::Payload;

/// The largest body, 10 MB.
pub(super) const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The longest path and query; for an HTTP API, the most bytes of request line and headers.
const HEAD_LIMIT: usize = 10_240;

/// Refuses a request that is too long before its body is read.
pub(super) fn check_size<B>(payload: Payload, request: &Request<B>) -> Result<(), Refusal> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > HEAD_LIMIT {
        return Err(Refusal::UrlTooLong);
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if payload == Payload::Http && request.method().as_str().len() + target + headers > HEAD_LIMIT {
        return Err(Refusal::HeadersTooLarge);
    }
    Ok(())
}

/// Why the answer is not the function's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Path and query are over 10,240 bytes.
    UrlTooLong,
    /// Request line and headers of an HTTP API are over 10,240 bytes.
    HeadersTooLarge,
    /// The body is over 10 MB.
    BodyTooLarge,
    /// The path is not below the stage.
    UnknownStage,
    /// No resource matches the path.
    UnknownResource,
    /// The function panicked, or its answer is not a response.
    MalformedAnswer,
    /// The function took longer than API Gateway waits.
    TimedOut,
}

impl Refusal {
    pub(super) fn status(self, payload: Payload) -> StatusCode {
        match (self, payload) {
            (Self::UrlTooLong, _) => StatusCode::URI_TOO_LONG,
            (Self::HeadersTooLarge, _) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            (Self::BodyTooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
            (Self::UnknownStage | Self::UnknownResource, Payload::Rest) => StatusCode::FORBIDDEN,
            (Self::UnknownStage | Self::UnknownResource, _) => StatusCode::NOT_FOUND,
            (Self::MalformedAnswer, Payload::Http) => StatusCode::INTERNAL_SERVER_ERROR,
            (Self::MalformedAnswer, _) => StatusCode::BAD_GATEWAY,
            (Self::TimedOut, Payload::Http) => StatusCode::SERVICE_UNAVAILABLE,
            (Self::TimedOut, _) => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    pub(super) fn body(self, payload: Payload) -> Value {
        let message = match (self, payload) {
            (Self::UrlTooLong, _) => "Request URI Too Long",
            (Self::HeadersTooLarge, _) => "Request Header Fields Too Large",
            (Self::BodyTooLarge, Payload::Rest) => "HTTP content length exceeded 10485760 bytes.",
            (Self::BodyTooLarge, _) => "Request Entity Too Large",
            (Self::UnknownStage, Payload::Rest) => "Forbidden",
            (Self::UnknownResource, Payload::Rest) => "Missing Authentication Token",
            (Self::UnknownStage | Self::UnknownResource, _) => "Not Found",
            (Self::MalformedAnswer, Payload::Rest) => "Internal server error",
            (Self::MalformedAnswer, _) => "Internal Server Error",
            (Self::TimedOut, Payload::Rest) => "Endpoint request timed out",
            (Self::TimedOut, _) => "Service Unavailable",
        };
        json!({ "message": message })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrlTooLong => "the URL is over 10,240 bytes",
            Self::HeadersTooLarge => "request line and headers are over 10,240 bytes",
            Self::BodyTooLarge => "the body is over 10 MB",
            Self::UnknownStage => "the path is not below the stage",
            Self::UnknownResource => "no resource matches the path",
            Self::MalformedAnswer => "the function's answer is not a response",
            Self::TimedOut => "the function took too long",
        })
    }
}

impl Error for Refusal {}
