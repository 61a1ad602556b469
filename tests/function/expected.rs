//! What each event file comes to.

use std::path::Path;

use appfabric_emulator::appfabric::{AppFabric, Scene};

use crate::support::{json, root};

/// An event file's name, its outcome and reason, the app authorization that is named, and how often the code is sent.
pub(crate) const EXPECTED: [(&str, &str, Option<&str>, Option<u32>, usize); 11] = [
    ("access_denied", "failed", Some("access_denied"), Some(1), 0),
    ("application_error", "failed", Some("application_error"), Some(1), 0),
    ("code_rejected", "failed", Some("code_rejected"), Some(5), 1),
    ("connected", "connected", None, Some(1), 1),
    ("connected_by_arn", "connected", None, Some(1), 1),
    ("in_progress", "pending", Some("in_progress"), Some(2), 1),
    ("invalid_request", "failed", Some("invalid_request"), Some(1), 0),
    ("not_connected", "failed", Some("not_connected"), Some(6), 1),
    ("temporarily_unavailable", "failed", Some("temporarily_unavailable"), Some(4), 1),
    ("unconfirmed", "pending", Some("unconfirmed"), Some(3), 1),
    ("unknown_connection", "failed", Some("unknown_connection"), None, 1),
];

/// Where the world reaches the API of the events in a folder.
pub(crate) fn base_url(folder: &str) -> &'static str {
    match folder {
        "rest" => "https://abc123def4.execute-api.us-east-1.amazonaws.com/prod",
        _ => "https://xyz987uvw6.execute-api.us-east-1.amazonaws.com",
    }
}

/// What follows the page's URL in `Location`.
pub(crate) fn parameters(outcome: &str, reason: Option<&str>, authorization: Option<u32>, reference: &str) -> String {
    let reason = reason.map(|reason| format!("&reason={reason}")).unwrap_or_default();
    let connection = authorization.map(|number| format!("&connection=10000000-0000-4000-8000-{number:012}"));
    format!("?outcome={outcome}{reason}{}&reference={reference}#_", connection.unwrap_or_default())
}

/// Sets the stage of `events/scene.json` anew.
pub(crate) fn set_stage(appfabric: &AppFabric) {
    let scene: Scene = serde_json::from_value(json(Path::new(&root().join("events/scene.json")))).expect("a scene");
    appfabric.clear_faults();
    appfabric.clear_calls();
    appfabric.play(&scene).expect("its ARNs are ARNs");
}
