//! The log of every AppFabric call, as it was on the wire.

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::http::{HeaderMap, request::Parts};
use serde::Serialize;

use super::{authorization::Status, route::Operation};

/// One AppFabric call.
///
/// The body of a Connect contains the authorization code, so `Debug` leaves the body out.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Counts up from 1.
    pub number: u64,
    /// The operation; `None` is one that the emulator does not know.
    pub operation: Option<Operation>,
    /// The Region of the credential scope, when there was a good one.
    pub region: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// The path as it was sent, not decoded.
    pub path: String,
    /// The query as it was sent, not decoded.
    pub query: Option<String>,
    /// `content-type`, `user-agent`, `amz-sdk-*` and `x-amz-*`, less the session token. Names are in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as it was sent; empty as long as it was not read.
    pub body: String,
    /// The HTTP status of the answer; `None` while there is none, and when the connection was closed instead.
    pub status: Option<u16>,
    /// The `x-amzn-errortype` of the answer.
    pub error_type: Option<String>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("number", &self.number)
            .field("operation", &self.operation)
            .field("region", &self.region)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("status", &self.status)
            .field("error_type", &self.error_type)
            .finish()
    }
}

/// Who is told of each call.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<OnCall>>);

type OnCall = dyn Fn(&Call, Option<&Status>) + Send + Sync;

impl Listener {
    pub(super) fn new(on_call: impl Fn(&Call, Option<&Status>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(on_call)))
    }

    pub(super) fn tell(&self, call: &Call, status: Option<&Status>) {
        if let Some(on_call) = &self.0 {
            on_call(call, status);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "somebody" } else { "nobody" })
    }
}

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    numbers: u64,
}

impl Calls {
    /// A call has arrived: logged before anything can go wrong with it. Returns its number.
    pub(super) fn arrived(&mut self, operation: Option<Operation>, region: Option<String>, parts: &Parts) -> u64 {
        self.numbers += 1;
        self.calls.push(Call {
            number: self.numbers,
            operation,
            region,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: selected(&parts.headers),
            body: String::new(),
            status: None,
            error_type: None,
        });
        self.numbers
    }

    /// Its body has been read.
    pub(super) fn read(&mut self, number: u64, body: &[u8]) {
        if let Some(call) = self.call(number) {
            call.body = String::from_utf8_lossy(body).into_owned();
        }
    }

    /// It has been answered.
    pub(super) fn answered(&mut self, number: u64, status: u16, error_type: Option<&str>) {
        if let Some(call) = self.call(number) {
            call.status = Some(status);
            call.error_type = error_type.map(str::to_owned);
        }
    }

    /// One of them, unless it has been forgotten.
    pub(super) fn one(&self, number: u64) -> Option<Call> {
        self.calls.iter().rev().find(|call| call.number == number).cloned()
    }

    /// All of them, oldest first.
    pub(super) fn all(&self) -> Vec<Call> {
        self.calls.clone()
    }

    /// Forgets them; numbers go on counting.
    pub(super) fn clear(&mut self) {
        self.calls.clear();
    }

    fn call(&mut self, number: u64) -> Option<&mut Call> {
        // Search from the end: the call is one of the latest.
        self.calls.iter_mut().rev().find(|call| call.number == number)
    }
}

fn selected(headers: &HeaderMap) -> BTreeMap<String, String> {
    let wanted = |name: &str| {
        matches!(name, "content-type" | "user-agent")
            || name.starts_with("amz-sdk-")
            || (name.starts_with("x-amz-") && name != "x-amz-security-token")
    };
    headers
        .iter()
        .filter(|(name, _)| wanted(name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn a_log_entry_has_no_token_and_its_debug_no_body() {
        let request = Request::get("/appbundles?maxResults=1")
            .header("X-Amz-Security-Token", "a-token")
            .header("X-Amz-Date", "20260101T000000Z")
            .header("Authorization", "a-signature")
            .body(())
            .expect("a request");
        let mut calls = Calls::default();
        let number = calls.arrived(Some(Operation::ListBundles), None, &request.into_parts().0);
        calls.read(number, b"a-code");

        let call = &calls.all()[0];
        assert_eq!(call.headers.keys().collect::<Vec<_>>(), ["x-amz-date"]);
        assert_eq!((call.path.as_str(), call.query.as_deref()), ("/appbundles", Some("maxResults=1")));
        assert_eq!(call.body, "a-code");
        assert!(!format!("{call:?}").contains("a-code"));
    }
}
