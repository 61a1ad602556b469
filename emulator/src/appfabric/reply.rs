//! An answer before it is bytes.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::Value;
use uuid::Uuid;

/// An HTTP answer of a rest-json service.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) error_type: Option<String>,
    pub(super) retry_after: Option<u32>,
    pub(super) payload: Payload,
}

/// What stands in the body.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Empty,
    Json(Value),
    Text(String),
}

impl Reply {
    /// Success.
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, error_type: None, retry_after: None, payload: Payload::Json(body) }
    }

    /// Success with an empty body.
    pub(super) fn no_content() -> Self {
        Self { status: 204, error_type: None, retry_after: None, payload: Payload::Empty }
    }

    /// An exception.
    pub(super) fn error(status: u16, error_type: &str, body: Value) -> Self {
        Self { error_type: Some(error_type.to_owned()), ..Self::json(status, body) }
    }

    /// The answer on the wire, with a fresh request id.
    pub(super) fn into_response(self) -> Response<Body> {
        let body = match self.payload {
            Payload::Empty => String::new(),
            Payload::Json(value) => value.to_string(),
            Payload::Text(text) => text,
        };
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(HeaderName::from_static("x-amzn-requestid"), &Uuid::new_v4().to_string());
        if !body.is_empty() {
            set(header::CONTENT_TYPE, "application/json");
        }
        if let Some(error_type) = &self.error_type {
            set(HeaderName::from_static("x-amzn-errortype"), error_type);
        }
        if let Some(seconds) = self.retry_after {
            set(header::RETRY_AFTER, &seconds.to_string());
        }

        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers;
        response
    }
}
