//! What the contract promises of each row, said once more and on its own.

use appfabric_connect::values::StateMode;

use super::Row;
use super::given::State;
use crate::expected::{CONNECTED, Ending, INVALID_REQUEST, INVALID_STATE, LINK_EXPIRED, LINK_USED};

/// What a row comes to.
#[derive(Debug)]
pub(super) struct Promised {
    pub(super) ending: Ending,
    /// `state` in the log.
    pub(super) state: &'static str,
    /// How often AppFabric is asked for the status.
    pub(super) reads: usize,
    /// How often the code is sent.
    pub(super) sends: usize,
    /// Whether the code is left unspent.
    pub(super) is_refused: bool,
}

/// What the row comes to.
pub(super) fn promised(row: &Row<'_>) -> Promised {
    if row.state == State::Repeated {
        // Malformed in any mode, before anybody asks whose it is.
        let state = if row.mode == StateMode::Off { "off" } else { "unchecked" };
        return Promised { ending: INVALID_REQUEST, state, reads: 0, sends: 0, is_refused: false };
    }
    let verdict = verdict(row);
    let refused = row.mode == StateMode::Enforce && verdict != "valid";
    let state = if row.mode == StateMode::Off { "off" } else { verdict };
    if refused {
        let ending = match verdict {
            "expired" => LINK_EXPIRED,
            "finished" => LINK_USED,
            // The code before has failed: the link is good.
            _ => INVALID_STATE,
        };
        return Promised { ending, state, reads: 0, sends: 0, is_refused: true };
    }
    // The same code for the same app authorization has its answer already; a verified one needs no look first.
    let recorded = row.state == State::Replayed && row.path.same;
    let verified = row.mode != StateMode::Off && verdict == "valid";
    let reads = usize::from(!recorded && !verified);
    Promised { ending: CONNECTED, state, reads, sends: usize::from(!recorded), is_refused: false }
}

/// A live flow first, then the browser that the `state` was given to, then the app authorization, then what was before.
fn verdict(row: &Row<'_>) -> &'static str {
    match row.state {
        State::Absent | State::Empty => "missing",
        State::Unknown | State::UnknownPress | State::Garbage | State::Short | State::Long => "unknown",
        State::Expired => "expired",
        State::OtherBrowsers | State::OfTheOwnerBefore => "other_browser",
        _ if !row.cookie.is_the_owners() => "other_browser",
        _ if !row.path.same => "other_authorization",
        State::Finished => "finished",
        State::Used => "used",
        State::Right | State::Replayed | State::Repeated | State::OfNoOwnerAnyMore => "valid",
    }
}
