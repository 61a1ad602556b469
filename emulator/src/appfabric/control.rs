//! `/_emulator`: scripts and the call log over HTTP. Nobody signs these requests.
//!
//! - `POST /_emulator/faults`: one [`Script`] or a list of them, at the end of the queue.
//! - `DELETE /_emulator/faults`: an empty queue.
//! - `GET /_emulator/calls`: the [`Call`](super::Call)s, oldest first. Bodies are in it as they were sent, codes included.
//! - `DELETE /_emulator/calls`: an empty log.

use axum::{
    body::{Body, to_bytes},
    http::{Response, request::Parts},
};
use serde_json::json;

use super::{
    faults::Script,
    operations::{Shared, locked},
    reply::Reply,
};

/// The paths that are the emulator's own.
pub(super) const PREFIX: &str = "/_emulator/";

/// Answers one of the emulator's own endpoints.
pub(super) async fn answer(shared: &Shared, parts: &Parts, body: Body) -> Response<Body> {
    let reply = match (parts.method.as_str(), parts.uri.path()) {
        ("POST", "/_emulator/faults") => script(shared, body).await,
        ("DELETE", "/_emulator/faults") => {
            locked(&shared.faults).clear();
            Reply::no_content()
        }
        ("GET", "/_emulator/calls") => Reply::json(200, json!(locked(&shared.calls).all())),
        ("DELETE", "/_emulator/calls") => {
            locked(&shared.calls).clear();
            Reply::no_content()
        }
        _ => Reply::json(404, json!({ "message": "The emulator has no such endpoint." })),
    };
    reply.into_response()
}

async fn script(shared: &Shared, body: Body) -> Reply {
    let read = match to_bytes(body, 1024 * 1024).await {
        Ok(body) => read(&body),
        Err(_) => return Reply::json(413, json!({ "message": "The script is too long." })),
    };
    match read {
        Ok(scripts) => {
            let mut faults = locked(&shared.faults);
            for script in scripts {
                faults.push(script);
            }
            Reply::no_content()
        }
        Err(error) => Reply::json(400, json!({ "message": error.to_string() })),
    }
}

/// Decides by the first byte whether it is a list, so that an error describes the right format.
fn read(body: &[u8]) -> serde_json::Result<Vec<Script>> {
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        serde_json::from_slice(body).map(|script| vec![script])
    }
}
