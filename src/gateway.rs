//! API Gateway events in, responses out; nothing else knows that there are two payload formats.

mod request;
mod response;

pub use request::{NotApiGateway, Request};
pub use response::{EventResponse, Response};

/// The payload format of an event, and so of its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload {
    /// 1.0: REST APIs.
    V1,
    /// 2.0: HTTP APIs and function URLs.
    V2,
}
