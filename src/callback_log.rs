//! The one line that a callback leaves in the log.

use std::time::Duration;

use tracing::Level;

use crate::appfabric::NOT_AUTHENTICATED;
use crate::budget::Budget;
use crate::flow::FlowId;
use crate::ledger::Kept;
use crate::outcome::Outcome;
use crate::table::Unreachable;

/// What is known of a callback so far; none of it is secret.
#[derive(Debug)]
pub struct CallbackLog<'i> {
    /// Lambda's request ID, which is the reference that the person is shown.
    reference: &'i str,
    /// Whether this is the process's first event.
    cold_start: bool,
    /// The public name of the app authorization, also where the person is not told it.
    pub connection: Option<String>,
    /// The flow that the `state` names, where there is one.
    pub flow: Option<FlowId>,
    /// The application's `error`, where it sent one.
    pub application_error: Option<String>,
    /// Why the query is no authorization response.
    pub malformed: Option<&'static str>,
    /// Whether our own redirect URI is not one that AppFabric takes.
    pub redirect_uri_refused: bool,
    /// Whether the last call to AppFabric was refused for our own credentials, signature or clock.
    pub not_authenticated: bool,
    /// The application, as AppFabric names it.
    pub app: Option<String>,
    /// The app authorization's status, as AppFabric names it.
    pub status: Option<String>,
    /// AppFabric's request ID.
    pub aws_request_id: Option<String>,
    /// The type of AppFabric's error.
    pub aws_error_code: Option<String>,
    /// The type of the error that the last look afterwards ended with.
    pub look_up_error_code: Option<String>,
    /// How often the code was sent.
    pub attempts: u32,
    /// How often AppFabric was asked for the status.
    pub look_ups: u32,
    /// How long AppFabric took, all calls together.
    pub appfabric: Option<Duration>,
    /// The reference of the code's first delivery, where this is a later one.
    pub first_reference: Option<String>,
    /// What checking `state` came to.
    pub state: Checked,
    /// Where the ledger was kept.
    ledger: Kept,
}

/// What checking `state` came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Checked {
    /// It is not to be checked.
    Off,
    /// It is to be, and it did not come to that.
    Unchecked,
    /// It proves that this browser was asked.
    Valid,
    /// It proves nothing, for this reason.
    Refused(&'static str),
}

impl<'i> CallbackLog<'i> {
    /// A callback of which only the invocation is known.
    #[must_use]
    pub fn new(reference: &'i str, cold_start: bool) -> Self {
        Self {
            reference,
            cold_start,
            connection: None,
            flow: None,
            application_error: None,
            malformed: None,
            redirect_uri_refused: false,
            not_authenticated: false,
            app: None,
            status: None,
            aws_request_id: None,
            aws_error_code: None,
            look_up_error_code: None,
            attempts: 0,
            look_ups: 0,
            appfabric: None,
            first_reference: None,
            state: Checked::Off,
            ledger: Kept::Nowhere,
        }
    }

    /// Notes where the ledger was kept; a table that was out of reach once is what the line is to say.
    pub fn note_ledger(&mut self, kept: Kept) {
        self.ledger = self.ledger.max(kept);
    }

    /// Notes that the table did not answer to a question about a flow, and says so.
    pub fn note_unreachable(&mut self, unreachable: &Unreachable) {
        unreachable.tell(self.reference);
        self.note_ledger(Kept::Unreachable);
        self.aws_error_code = Some(unreachable.error_code.clone());
        self.not_authenticated = unreachable.is_about_authentication();
    }

    /// Where the ledger was kept so far.
    #[must_use]
    pub fn ledger(&self) -> Kept {
        self.ledger
    }

    /// Notes that there is no time left to send a code and to hear what came of it; nothing is lost.
    pub fn no_time_left(&mut self) -> Outcome {
        self.aws_error_code = Some("NoTimeLeft".to_owned());
        Outcome::TemporarilyUnavailable
    }

    /// Writes the line, at the level that the outcome has.
    pub fn write(&self, outcome: Outcome, budget: &Budget) {
        let action = if self.redirect_uri_refused {
            "set PUBLIC_BASE_URL to the https address that the application was given; AppFabric takes no other"
        } else if self.not_authenticated {
            NOT_AUTHENTICATED
        } else {
            outcome.action()
        };
        // The macro wants its level as a constant.
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    outcome = outcome.page().name(),
                    reason = outcome.reason(),
                    connection = self.connection.as_deref(),
                    flow = self.flow.map(tracing::field::display),
                    reference = self.reference,
                    app = self.app.as_deref(),
                    status = self.status.as_deref(),
                    aws.request_id = self.aws_request_id.as_deref(),
                    aws.error_code = self.aws_error_code.as_deref(),
                    application.error = self.application_error.as_deref(),
                    malformed = self.malformed,
                    look_up.error_code = self.look_up_error_code.as_deref(),
                    attempts = self.attempts,
                    look_ups = self.look_ups,
                    appfabric_ms = self.appfabric.map(milliseconds),
                    duration_ms = milliseconds(budget.elapsed()),
                    budget_left_ms = milliseconds(budget.left()),
                    cold_start = self.cold_start,
                    state = self.state.name(),
                    duplicate = self.first_reference.is_some(),
                    first_reference = self.first_reference.as_deref(),
                    ledger = self.ledger.name(),
                    action,
                    "callback"
                )
            };
        }
        match outcome.level() {
            _ if self.not_authenticated => line!(Level::ERROR),
            Level::ERROR => line!(Level::ERROR),
            Level::WARN => line!(Level::WARN),
            _ => line!(Level::INFO),
        }
    }
}

impl Checked {
    /// A closed-set word for the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Unchecked => "unchecked",
            Self::Valid => "valid",
            Self::Refused(reason) => reason,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
