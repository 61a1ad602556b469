//! What each event file comes to.

use std::path::Path;

use appfabric_emulator::appfabric::{AppFabric, Scene};

use crate::support::{REFERENCE, json, root};

/// `outcome` and `reason`.
pub(crate) type Ending = (&'static str, Option<&'static str>);

pub(crate) const CONNECTED: Ending = ("connected", None);
pub(crate) const IN_PROGRESS: Ending = ("pending", Some("in_progress"));
pub(crate) const UNCONFIRMED: Ending = ("pending", Some("unconfirmed"));
pub(crate) const TEMPORARILY_UNAVAILABLE: Ending = ("failed", Some("temporarily_unavailable"));
pub(crate) const UNKNOWN_CONNECTION: Ending = ("failed", Some("unknown_connection"));
pub(crate) const CODE_REJECTED: Ending = ("failed", Some("code_rejected"));
pub(crate) const ACCESS_DENIED: Ending = ("failed", Some("access_denied"));
pub(crate) const INVALID_REQUEST: Ending = ("failed", Some("invalid_request"));
pub(crate) const INVALID_STATE: Ending = ("failed", Some("invalid_state"));
pub(crate) const LINK_EXPIRED: Ending = ("failed", Some("link_expired"));
pub(crate) const LINK_USED: Ending = ("failed", Some("link_used"));
pub(crate) const NOT_CONNECTED: Ending = ("failed", Some("not_connected"));

/// What an event file comes to.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// The file's name without `.json`.
    pub(crate) name: &'static str,
    /// `outcome`.
    pub(crate) outcome: &'static str,
    /// `reason`.
    pub(crate) reason: Option<&'static str>,
    /// The last digits of the app authorization that is named to the person.
    pub(crate) authorization: Option<u32>,
    /// How often the code is sent.
    pub(crate) sends: usize,
}

/// Every event file, in the order of its name.
pub(crate) const EXPECTED: [Expected; 11] = [
    expected("access_denied", "failed", Some("access_denied"), Some(1), 0),
    expected("application_error", "failed", Some("application_error"), Some(1), 0),
    expected("code_rejected", "failed", Some("code_rejected"), Some(5), 1),
    expected("connected", "connected", None, Some(1), 1),
    expected("connected_by_arn", "connected", None, Some(1), 1),
    expected("in_progress", "pending", Some("in_progress"), Some(2), 1),
    expected("invalid_request", "failed", Some("invalid_request"), Some(1), 0),
    expected("not_connected", "failed", Some("not_connected"), Some(6), 1),
    expected("temporarily_unavailable", "failed", Some("temporarily_unavailable"), Some(4), 3),
    expected("unconfirmed", "pending", Some("unconfirmed"), Some(3), 1),
    expected("unknown_connection", "failed", Some("unknown_connection"), None, 0),
];

const fn expected(
    name: &'static str,
    outcome: &'static str,
    reason: Option<&'static str>,
    authorization: Option<u32>,
    sends: usize,
) -> Expected {
    Expected { name, outcome, reason, authorization, sends }
}

impl Expected {
    /// The `Location` for the events of a folder, with this reference.
    pub(crate) fn location(&self, folder: &str, reference: &str) -> String {
        let Self { outcome, reason, authorization, .. } = *self;
        format!("{}/{outcome}{}", base_url(folder), parameters(outcome, reason, authorization, reference))
    }
}

/// The `Location` of an answer to the authorization response for the app authorization of this number.
pub(crate) fn location((outcome, reason): Ending, number: u32) -> String {
    let named = (reason != UNKNOWN_CONNECTION.1).then_some(number);
    format!("{}/{outcome}{}", base_url("http"), parameters(outcome, reason, named, REFERENCE))
}

/// What follows the page's URL in `Location`.
pub(crate) fn parameters(outcome: &str, reason: Option<&str>, authorization: Option<u32>, reference: &str) -> String {
    let reason = reason.map(|reason| format!("&reason={reason}")).unwrap_or_default();
    let connection = authorization.map(|number| format!("&connection=10000000-0000-4000-8000-{number:012}"));
    format!("?outcome={outcome}{reason}{}&reference={reference}#_", connection.unwrap_or_default())
}

/// Where the world reaches the API of the events in a folder.
pub(crate) fn base_url(folder: &str) -> &'static str {
    match folder {
        "rest" => "https://abc123def4.execute-api.us-east-1.amazonaws.com/prod",
        _ => "https://xyz987uvw6.execute-api.us-east-1.amazonaws.com",
    }
}

/// Resets the emulator to `events/scene.json`.
pub(crate) fn set_stage(appfabric: &AppFabric) {
    let scene: Scene = serde_json::from_value(json(Path::new(&root().join("events/scene.json")))).expect("a scene");
    appfabric.clear_faults();
    appfabric.clear_calls();
    appfabric.play(&scene).expect("its ARNs are ARNs");
}
