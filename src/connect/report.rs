//! What a callback came to. Log line and metrics are made of it.

use std::time::Duration;

use super::{FlowId, Proof};
use crate::aws::Unreachable;
use crate::values::{Malformed, Outcome, ResultPage};

/// What a callback came to, and all there is to tell of it. None of it is secret.
#[derive(Debug)]
pub(crate) struct Report {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The public name of the app authorization, also where the person is not told it.
    pub(crate) connection: Option<String>,
    /// The flow that the `state` names, where there is one.
    pub(crate) flow: Option<FlowId>,
    /// What checking `state` came to.
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
    /// AppFabric's request ID: of the code, else of the last look.
    pub(crate) request_id: Option<String>,
    /// The type of its error.
    pub(crate) error_code: Option<String>,
    /// The type of the error that the last look after the code ended with.
    pub(crate) look_up_error_code: Option<String>,
    /// How often the code was sent.
    pub(crate) attempts: u32,
    /// How often the status was asked for.
    pub(crate) look_ups: u32,
    /// How long all of them took; `None` if there was no call.
    pub(crate) time: Option<Duration>,
    /// Whether the last one was refused for our own credentials, signature or clock.
    pub(crate) not_authenticated: bool,
}

impl Calls {
    /// Notes that there is no time left to send the code and to hear what came of it. Nothing was spent.
    pub(super) fn no_time_left(&mut self) -> Outcome {
        self.error_code = Some("NoTimeLeft".to_owned());
        Outcome::TemporarilyUnavailable
    }
}

impl Report {
    /// A callback that has come to nothing yet.
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

    /// The same with this end.
    pub(super) fn ended(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// Takes what the table answered about a flow, or that it did not.
    pub(super) fn flow(&mut self, answer: Result<Option<FlowId>, Unreachable>) {
        match answer {
            Ok(flow) => self.flow = flow,
            Err(unreachable) => self.unreachable.push(unreachable),
        }
    }

    /// What went wrong with AWS: AppFabric's error, else the table's where AppFabric was not asked and the callback failed.
    pub(crate) fn error_code(&self) -> Option<&str> {
        let table = self.table_alone().map(|unreachable| unreachable.error_code.as_str());
        self.calls.error_code.as_deref().or(table)
    }

    /// Whether AWS refuses our own credentials, signature or clock.
    pub(crate) fn not_authenticated(&self) -> bool {
        self.calls.not_authenticated || self.table_alone().is_some_and(Unreachable::is_about_authentication)
    }

    fn table_alone(&self) -> Option<&Unreachable> {
        let is_alone = self.calls.time.is_none() && self.outcome.page() == ResultPage::Failed;
        self.unreachable.first().filter(|_| is_alone)
    }
}
