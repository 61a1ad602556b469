//! The result of a callback. The log line and the metrics are made from it.

use std::time::Duration;

use super::{FlowId, Proof};
use crate::aws::Unreachable;
use crate::values::{Malformed, Outcome, ResultPage};

/// The result of a callback, for the log and the metrics. It holds no secret.
#[derive(Debug)]
pub(crate) struct Report {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The public name of the app authorization, even if the person is not told it.
    pub(crate) connection: Option<String>,
    /// The flow that the `state` names, where there is one.
    pub(crate) flow: Option<FlowId>,
    /// The result of checking `state`.
    pub(crate) proof: Proof,
    /// The application's `error`, where it sent one.
    pub(crate) application_error: Option<String>,
    /// Why the query is no authorization response.
    pub(crate) malformed: Option<Malformed>,
    /// Whether AppFabric would not accept our own redirect URI.
    pub(crate) redirect_uri_refused: bool,
    /// The calls to AppFabric.
    pub(crate) calls: Calls,
    /// The reference of the code's first delivery, where this is a later one.
    pub(crate) first_reference: Option<String>,
    /// Where the claim of the code is kept, once there is one.
    pub(crate) ledger: Option<&'static str>,
    /// Each time that the table did not answer.
    pub(crate) unreachable: Vec<Unreachable>,
}

/// The calls to AppFabric: how many, how long, and what the last ones said.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The application, as AppFabric names it.
    pub(crate) app: Option<String>,
    /// The app authorization's status, as AppFabric names it.
    pub(crate) status: Option<String>,
    /// AppFabric's request ID: of the call with the code, else of the last look.
    pub(crate) request_id: Option<String>,
    /// The type of that call's error, or our own word if there was no answer.
    pub(crate) error_code: Option<String>,
    /// The type of the last look's error, once the code was sent.
    pub(crate) look_up_error_code: Option<String>,
    /// How often the code was sent.
    pub(crate) attempts: u32,
    /// How often the status was asked for.
    pub(crate) look_ups: u32,
    /// How long all of them took; `None` if there was no call.
    pub(crate) time: Option<Duration>,
    /// Whether the last one was refused because of our own credentials, signature or clock.
    pub(crate) not_authenticated: bool,
}

impl Calls {
    /// Records that there is no time left to send the code and get an answer. Nothing was spent.
    pub(super) fn no_time_left(&mut self) -> Outcome {
        self.error_code = Some("NoTimeLeft".to_owned());
        Outcome::TemporarilyUnavailable
    }
}

impl Report {
    /// A callback whose outcome is not decided yet.
    pub(super) fn new(proof: Proof) -> Self {
        Self {
            outcome: Outcome::UnknownConnection,
            connection: None,
            flow: None,
            proof,
            application_error: None,
            malformed: None,
            redirect_uri_refused: false,
            calls: Calls::default(),
            first_reference: None,
            ledger: None,
            unreachable: Vec::new(),
        }
    }

    /// The same report with this outcome.
    pub(super) fn ended(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// Adds the table's answer about a flow, or records that the table did not answer.
    pub(super) fn note_flow(&mut self, answer: Result<Option<FlowId>, Unreachable>) {
        match answer {
            Ok(flow) => self.flow = flow,
            Err(unreachable) => self.unreachable.push(unreachable),
        }
    }

    /// The error code from AWS: AppFabric's, or the table's if AppFabric was not asked and the callback failed.
    pub(crate) fn error_code(&self) -> Option<&str> {
        let table = self.table_error().map(|unreachable| unreachable.error_code.as_str());
        self.calls.error_code.as_deref().or(table)
    }

    /// Whether AWS refuses our own credentials, signature or clock.
    pub(crate) fn not_authenticated(&self) -> bool {
        self.calls.not_authenticated || self.table_error().is_some_and(Unreachable::is_about_authentication)
    }

    fn table_error(&self) -> Option<&Unreachable> {
        let is_decisive = self.calls.time.is_none() && self.outcome.page() == ResultPage::Failed;
        self.unreachable.first().filter(|_| is_decisive)
    }
}
