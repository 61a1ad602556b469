//! Whether a `state` proves that this browser was asked to connect this app authorization (RFC 6749 §10.12).

use super::{Endpoint, Invocation};
use crate::app_authorization::Connection;
use crate::budget::Budget;
use crate::callback_log::{CallbackLog, Checked};
use crate::config::StateMode;
use crate::flow::{Bearer, FlowId, Refused, State};
use crate::gateway::Request;
use crate::ledger::{CodeKey, Kept};
use crate::outcome::{Outcome, ResultPage};
use crate::query::Parameter;
use crate::redirect_uri::RedirectUri;
use crate::secret::Secret;

/// The most cookies of one flow that are compared: a browser sends one or two, and DynamoDB takes a hundred.
const MOST_COOKIES: usize = 16;

/// What checking `state` came to.
#[derive(Debug)]
pub(super) enum Proof {
    /// It was not checked.
    Off,
    /// It was given to this browser for this app authorization, with this redirect URI; it is used up now.
    Valid(State, RedirectUri),
    /// It proves nothing.
    Refused(Refused),
    /// The table does not answer.
    Unreachable,
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
            self.release(request, budget, log).await;
            return Proof::Off;
        }
        let proof = match state(request) {
            Err(refused) => Proof::Refused(refused),
            Ok(state) => {
                let cookies = self.cookies(request, &state.flow);
                let app_authorization = &connection.app_authorization.canonical_name();
                let by = Bearer { cookies: &cookies, app_authorization, now: budget.now() };
                let taken = self.flows.take(&state, code, &by, budget.for_claim()).await;
                log.flow = Some(state.flow).filter(|_| !matches!(taken, Ok(Err(Refused::Unknown)) | Err(_)));
                match taken {
                    Ok(Ok(redirect_uri)) => Proof::Valid(state, redirect_uri),
                    Ok(Err(refused)) => Proof::Refused(refused),
                    Err(unreachable) => {
                        log.note_unreachable(&unreachable);
                        Proof::Unreachable
                    }
                }
            }
        };
        log.state = match &proof {
            Proof::Off => Checked::Off,
            Proof::Valid(..) => Checked::Valid,
            Proof::Refused(refused) => Checked::Refused(refused.name()),
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

    /// Lets a browser that comes back and has lost its cookie start again at once, as the page will tell it to: where its
    /// `state` is not to be used up, because there is no code or it is not checked.
    pub(super) async fn release(&self, request: &Request<'_>, budget: &Budget, log: &mut CallbackLog<'_>) {
        let Ok(state) = state(request) else { return };
        // Without time the table could not answer, and would be blamed for that.
        if !self.cookies(request, &state.flow).is_empty() || !budget.is_enough() {
            return;
        }
        match self.flows.release(&state, budget.now(), budget.for_claim()).await {
            Ok(released) => log.flow = released.then_some(state.flow),
            Err(unreachable) => log.note_unreachable(&unreachable),
        }
    }

    /// The cookies of this flow that the browser has sent.
    pub(super) fn cookies(&self, request: &Request<'_>, flow: &FlowId) -> Vec<Secret> {
        let secure = self.is_secure(request);
        let ours = request.cookies(|name| flow.is_cookie_name(name, secure));
        ours.filter_map(Secret::parse).take(MOST_COOKIES).collect()
    }

    /// Ends the flow unless something failed, which leaves its link good for another try.
    pub(super) async fn finish(
        &self,
        proof: &Proof,
        outcome: Outcome,
        budget: &Budget,
        invocation: &Invocation,
    ) -> Kept {
        if let Proof::Valid(state, _) = proof
            && outcome.page() != ResultPage::Failed
            && let Err(unreachable) = self.flows.finish(&state.flow, outcome, budget.for_finish()).await
        {
            unreachable.tell(&invocation.request_id);
            return Kept::Unreachable;
        }
        Kept::Nowhere
    }
}

/// Reads the `state` of an authorization response.
fn state(request: &Request<'_>) -> Result<State, Refused> {
    match request.query.values("state").next() {
        Some(Parameter::Text(text)) if !text.is_empty() => State::parse(text).ok_or(Refused::Unknown),
        Some(Parameter::Malformed) => Err(Refused::Unknown),
        _ => Err(Refused::Missing),
    }
}
