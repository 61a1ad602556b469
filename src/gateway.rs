//! API Gateway events in, responses out; nothing else knows that there are two payload formats.

mod request;
mod response;

use serde_json::Value;

pub use request::{NotApiGateway, Request};
pub use response::{EventResponse, Response};

/// The payload format of an event, and so of its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload {
    /// 1.0: REST APIs, and what is no event of API Gateway's.
    V1,
    /// 2.0: HTTP APIs and function URLs.
    V2,
}

impl Payload {
    /// The format of an event: payload 2.0 has `requestContext.http`.
    #[must_use]
    pub fn of(event: &Value) -> Self {
        let http = event.get("requestContext").and_then(|context| context.get("http"));
        if http.is_some_and(Value::is_object) { Self::V2 } else { Self::V1 }
    }
}
