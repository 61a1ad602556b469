//! The redirection endpoint (RFC 6749 §3.1.2), step by step.

use super::{Bearer, Calls, Claimed, Dealings, FlowId, Proof, Refused, Report, State, Store, another, later};
use crate::aws::{AppFabric, Spending, Unreachable};
use crate::values::{
    AppAuthorization, AuthorizationResponse, Budget, Connection, Connections, Hash, NotARedirectUri, Outcome, Query,
    RedirectUri, ResultPage, Secret, StateMode,
};

/// What the function needs to decide a callback.
#[derive(Clone, Copy)]
pub(crate) struct Services<'s> {
    /// Where codes are spent.
    pub(crate) appfabric: &'s AppFabric,
    /// The codes that were claimed, and the flows.
    pub(crate) store: &'s Store,
    /// The app authorizations that a path may name.
    pub(crate) connections: &'s Connections,
    /// What happens to a callback without a valid `state`.
    pub(crate) state_mode: StateMode,
}

/// A callback as it arrived.
pub(crate) struct Arrived<'a> {
    /// The path's segments after `/callback`.
    pub(crate) segments: &'a [&'a str],
    /// The authorization response.
    pub(crate) query: &'a Query,
    /// Returns the cookies that the browser sent for a flow.
    pub(crate) cookies: &'a (dyn Fn(&FlowId) -> Vec<Secret> + Sync),
    /// The address that it was sent to.
    pub(crate) redirect_uri: Result<RedirectUri, NotARedirectUri>,
    /// How long it may take.
    pub(crate) budget: &'a Budget,
    /// Lambda's request ID.
    pub(crate) reference: &'a str,
}

/// Decides a callback, step by step. The order of the steps matters.
pub(crate) async fn callback(services: Services<'_>, arrived: Arrived<'_>) -> Report {
    let Services { appfabric, store, connections, state_mode } = services;
    let Arrived { budget, reference, .. } = arrived;
    let enforced = state_mode == StateMode::Enforce;
    let mut report = Report::new(if state_mode == StateMode::Off { Proof::Off } else { Proof::Unchecked });

    // 1. The path names an app authorization that may be connected.
    let Some(Connection { name, app_authorization }) = connections.find(arrived.segments) else { return report };
    report.connection = Some(name);

    // 2. The authorization response brings a code; a refusal by the application ends here.
    let code = match AuthorizationResponse::parse(arrived.query) {
        Ok(AuthorizationResponse::Granted(code)) => code,
        Ok(AuthorizationResponse::Denied(error)) => {
            report.application_error = Some(error.code().to_owned());
            report.note_flow(release(store, &arrived).await);
            return report.ended(error.outcome());
        }
        Err(malformed) => {
            report.malformed = Some(malformed);
            report.note_flow(release(store, &arrived).await);
            return report.ended(Outcome::InvalidRequest);
        }
    };
    // With no time left, a call to the table would fail, and the log would blame the table.
    if !budget.is_enough() {
        let outcome = report.calls.no_time_left();
        return report.ended(outcome);
    }

    // 3. `state` is checked and used up before the code is spent.
    let key = Hash::of_code(&app_authorization, &code);
    if state_mode == StateMode::Off {
        report.note_flow(release(store, &arrived).await);
    } else {
        match prove(store, &arrived, &app_authorization, &key).await {
            Ok((proof, flow)) => (report.proof, report.flow) = (proof, flow),
            Err(unreachable) => report.unreachable.push(unreachable),
        }
    }
    let proven = matches!(report.proof, Proof::Valid(_));
    let calls = Calls::default();
    let mut dealings = Dealings { appfabric, app_authorization: &app_authorization, budget, proven, calls };
    let redirect_uri = match &report.proof {
        Proof::Valid(redirect_uri) => Ok(redirect_uri.clone()),
        Proof::Refused(Refused::Used { by, link_is_good }) if enforced => {
            report.ledger = Some(store.name());
            let (outcome, unreachable) = another(store, &mut dealings, by, *link_is_good).await;
            report.unreachable.extend(unreachable);
            return Report { calls: dealings.calls, ..report.ended(outcome) };
        }
        Proof::Refused(refused) if enforced => {
            let outcome = refused.outcome().unwrap_or(Outcome::InvalidState);
            return report.ended(outcome);
        }
        Proof::Unchecked if enforced => return report.ended(Outcome::TemporarilyUnavailable),
        Proof::Off | Proof::Unchecked | Proof::Refused(_) => arrived.redirect_uri,
    };
    // AppFabric would refuse this redirect URI with the same error as a wrong code, so nothing is sent.
    let Ok(redirect_uri) = redirect_uri else {
        report.redirect_uri_refused = true;
        return report.ended(Outcome::CodeRejected);
    };

    // 4. The code is claimed: the first delivery may spend it, a later one gets the recorded outcome.
    let (claimed, unreachable) = store.claim(key, reference, budget).await;
    report.ledger = Some(store.name());
    let unsafe_to_spend = enforced && unreachable.is_some();
    report.unreachable.extend(unreachable);
    let (outcome, is_settled) = match claimed {
        Claimed::First(claim) => {
            // 5. to 7. Look, send the code, and look again until the outcome is known.
            let outcome = if unsafe_to_spend {
                Outcome::TemporarilyUnavailable
            } else {
                dealings.spend(&Spending::new(code, &redirect_uri)).await
            };
            // 8. Record the outcome before the answer leaves. Then Lambda may freeze the instance for good: a second
            // delivery would wait for an outcome that never comes, and the link would still be good. The two writes
            // run one after the other: at once they would need a second connection, whose handshake costs two round
            // trips to save one. A transaction does not help: DynamoDB runs it in two phases, for twice the price, and
            // cancels it if two deliveries meet.
            report.unreachable.extend(store.record(claim, outcome, budget).await.err());
            (outcome, true)
        }
        Claimed::Before(entry) => {
            report.first_reference = Some(entry.reference.clone());
            let (outcome, unreachable) = later(store, &mut dealings, &key, entry).await;
            report.unreachable.extend(unreachable);
            // Until the outcome is known, only the first delivery may finish the flow, because it may still fail.
            (outcome, outcome != Outcome::InProgress)
        }
    };
    // After a failure, the link stays good for another try.
    if let (Proof::Valid(_), Some(flow), true) = (&report.proof, report.flow, is_settled)
        && outcome.page() != ResultPage::Failed
    {
        report.unreachable.extend(store.finish(flow, outcome, budget.for_finish()).await.err());
    }
    Report { calls: dealings.calls, ..report.ended(outcome) }
}

/// Checks `state` and uses it up. Returns the proof and the flow, if there is one.
async fn prove(
    store: &Store,
    arrived: &Arrived<'_>,
    app_authorization: &AppAuthorization,
    code: &Hash,
) -> Result<(Proof, Option<FlowId>), Unreachable> {
    let state = match State::of(arrived.query) {
        Ok(state) => state,
        Err(refused) => return Ok((Proof::Refused(refused), None)),
    };
    let cookies = &(arrived.cookies)(&state.flow);
    let app_authorization = &app_authorization.canonical_name();
    let by = Bearer { cookies, app_authorization, now: arrived.budget.now() };
    Ok(match store.take(&state, code, &by, arrived.budget.for_claim()).await? {
        Ok(redirect_uri) => (Proof::Valid(redirect_uri), Some(state.flow)),
        Err(Refused::Unknown) => (Proof::Refused(Refused::Unknown), None),
        Err(refused) => (Proof::Refused(refused), Some(state.flow)),
    })
}

/// Lets a browser that comes back without its cookie start again at once, as the page says. Called where its
/// `state` is not used up. Returns the flow that was released.
async fn release(store: &Store, arrived: &Arrived<'_>) -> Result<Option<FlowId>, Unreachable> {
    let Arrived { query, cookies, budget, .. } = arrived;
    match State::of(query) {
        Ok(state) if cookies(&state.flow).is_empty() && budget.is_enough() => {
            let released = store.release(&state, budget.now(), budget.for_claim()).await?;
            Ok(released.then_some(state.flow))
        }
        _ => Ok(None),
    }
}
