//! Whether a `state` proves that this browser was asked to connect this app authorization (RFC 6749 §10.12).

use super::{Endpoint, Invocation};
use crate::app_authorization::Connection;
use crate::budget::Budget;
use crate::callback_log::{CallbackLog, Checked};
use crate::config::StateMode;
use crate::flow::{Bearer, Refused, State};
use crate::gateway::Request;
use crate::ledger::{CodeKey, Kept};
use crate::outcome::{Outcome, ResultPage};
use crate::query::Parameter;
use crate::secret::Secret;
use crate::table::Unreachable;

/// The most cookies of one flow that are compared: a browser sends one, and DynamoDB takes a hundred.
const MOST_COOKIES: usize = 16;

/// What checking `state` came to.
#[derive(Debug)]
pub(super) enum Proof {
    /// It was not checked.
    Off,
    /// It is this browser's, for this app authorization, and used up now.
    Valid(State),
    /// It proves nothing.
    Refused(Refused),
    /// The table does not answer.
    Unreachable,
}

impl Proof {
    /// Whether the browser is the one that was asked.
    pub(super) fn is_valid(&self) -> bool {
        matches!(self, Self::Valid(_))
    }

    /// What the callback comes to without the code being spent.
    pub(super) fn refusal(&self, mode: StateMode) -> Option<Outcome> {
        match self {
            Self::Refused(refused) if mode == StateMode::Enforce => Some(refused.outcome()),
            Self::Unreachable if mode == StateMode::Enforce => Some(Outcome::TemporarilyUnavailable),
            _ => None,
        }
    }
}

impl Endpoint {
    /// Checks `state` and uses it up, and tells the log what came of it.
    pub(super) async fn proof(
        &self,
        request: &Request<'_>,
        connection: &Connection,
        code: &CodeKey,
        budget: &Budget,
        invocation: &Invocation,
        log: &mut CallbackLog<'_>,
    ) -> Proof {
        if self.config.state_mode == StateMode::Off {
            return Proof::Off;
        }
        let proof = match self.check(request, connection, code, budget).await {
            Ok(Ok(state)) => Proof::Valid(state),
            Ok(Err(refused)) => Proof::Refused(refused),
            Err(unreachable) => {
                unreachable.tell(&invocation.request_id);
                log.note_ledger(Kept::Unreachable);
                Proof::Unreachable
            }
        };
        log.state = match &proof {
            Proof::Off => Checked::Off,
            Proof::Valid(_) => Checked::Valid,
            Proof::Refused(refused) => Checked::Refused(*refused),
            Proof::Unreachable => Checked::Unchecked,
        };
        if let (Proof::Refused(refused), StateMode::Report) = (&proof, self.config.state_mode) {
            tracing::warn!(
                reference = invocation.request_id,
                state = refused.name(),
                action = "before STATE_MODE is set to enforce, let this connection start from a link of POST /flows",
                "state would be refused"
            );
        }
        proof
    }

    /// Reads `state` and uses it up.
    async fn check(
        &self,
        request: &Request<'_>,
        connection: &Connection,
        code: &CodeKey,
        budget: &Budget,
    ) -> Result<Result<State, Refused>, Unreachable> {
        let text = match request.query.values("state").next() {
            Some(Parameter::Text(text)) if !text.is_empty() => text,
            Some(Parameter::Malformed) => return Ok(Err(Refused::Unknown)),
            _ => return Ok(Err(Refused::Missing)),
        };
        let Some(state) = State::parse(text) else { return Ok(Err(Refused::Unknown)) };
        let name = state.flow.cookie_name(self.is_secure(request));
        let cookies: Vec<Secret> = request.cookies(&name).filter_map(Secret::parse).take(MOST_COOKIES).collect();
        let app_authorization = &connection.app_authorization.canonical_name();
        let by = Bearer { cookies: &cookies, app_authorization, now: budget.now() };
        Ok(self.flows.take(&state, code, &by, budget.for_claim()).await?.map(|()| state))
    }

    /// Ends the flow unless something failed, which leaves its link good for another try.
    pub(super) async fn finish(
        &self,
        proof: &Proof,
        outcome: Outcome,
        budget: &Budget,
        invocation: &Invocation,
    ) -> Kept {
        if let Proof::Valid(state) = proof
            && outcome.page() != ResultPage::Failed
            && let Err(unreachable) = self.flows.finish(&state.flow, budget.for_record()).await
        {
            unreachable.tell(&invocation.request_id);
            return Kept::Unreachable;
        }
        Kept::Nowhere
    }
}
