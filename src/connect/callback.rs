//! The redirection endpoint (RFC 6749 §3.1.2), step by step.

use super::{Bearer, Calls, Claimed, Dealings, FlowId, Proof, Refused, Report, State, Store, another, later};
use crate::aws::{AppFabric, Spending, Unreachable};
use crate::values::{
    AppAuthorization, AuthorizationResponse, Budget, Connection, Connections, Hash, NotARedirectUri, Outcome, Query,
    RedirectUri, ResultPage, Secret, StateMode,
};

/// What a callback is decided with.
#[derive(Clone, Copy)]
pub(crate) struct Services<'s> {
    /// Where codes are spent.
    pub(crate) appfabric: &'s AppFabric,
    /// Which codes have been, and for whom.
    pub(crate) store: &'s Store,
    /// What a path may name.
    pub(crate) connections: &'s Connections,
    /// What a callback without a valid `state` comes to.
    pub(crate) state_mode: StateMode,
}

/// A callback as it came.
pub(crate) struct Arrived<'a> {
    /// The path's segments after `/callback`.
    pub(crate) segments: &'a [&'a str],
    /// The authorization response.
    pub(crate) query: &'a Query,
    /// The cookies of a flow that the browser sent.
    pub(crate) cookies: &'a (dyn Fn(&FlowId) -> Vec<Secret> + Sync),
    /// The address that it came to.
    pub(crate) redirect_uri: Result<RedirectUri, NotARedirectUri>,
    /// How long it may take.
    pub(crate) budget: &'a Budget,
    /// Lambda's request ID.
    pub(crate) reference: &'a str,
}

/// Decides a callback: the contract's steps, in order.
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
            report.flow(release(store, &arrived).await);
            return report.ended(error.outcome());
        }
        Err(malformed) => {
            report.malformed = Some(malformed);
            report.flow(release(store, &arrived).await);
            return report.ended(Outcome::InvalidRequest);
        }
    };
    // Without time the table could not answer, and would be blamed for that.
    if !budget.is_enough() {
        let outcome = report.calls.no_time_left();
        return report.ended(outcome);
    }

    // 3. `state` is checked before the code is spent, and is used up.
    let key = Hash::of_code(&app_authorization, &code);
    if state_mode == StateMode::Off {
        report.flow(release(store, &arrived).await);
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
    // AppFabric would refuse it as it refuses a wrong code, so nothing is sent.
    let Ok(redirect_uri) = redirect_uri else {
        report.redirect_uri_refused = true;
        return report.ended(Outcome::CodeRejected);
    };

    // 4. The code is claimed: the first delivery may spend it, a later one is told what came of it.
    let (claimed, unreachable) = store.claim(key, reference, budget).await;
    report.ledger = Some(store.name());
    let unsafe_to_spend = enforced && unreachable.is_some();
    report.unreachable.extend(unreachable);
    let (outcome, is_settled) = match claimed {
        Claimed::First(claim) => {
            // 5., 6. and 7. A look, the code, and looks until the end is known.
            let outcome = if unsafe_to_spend {
                Outcome::TemporarilyUnavailable
            } else {
                dealings.spend(&Spending::new(code, &redirect_uri)).await
            };
            // 8. The end is recorded before the answer leaves: afterwards Lambda may freeze the instance for good, a second
            // delivery would wait for an outcome that never comes, and the link would still be good. One after the other:
            // at the same time they would need a second connection, whose handshake takes two round trips to save one. A
            // transaction is no help: DynamoDB does it in two phases, for twice the price, and cancels it where two
            // deliveries meet.
            report.unreachable.extend(store.record(claim, outcome, budget).await.err());
            (outcome, true)
        }
        Claimed::Before(entry) => {
            report.first_reference = Some(entry.reference.clone());
            let (outcome, unreachable) = later(store, &mut dealings, &key, entry).await;
            report.unreachable.extend(unreachable);
            // Without the end, the flow is left to the first delivery, which may still fail.
            (outcome, outcome != Outcome::InProgress)
        }
    };
    // A failure leaves the link good for another try.
    if let (Proof::Valid(_), Some(flow), true) = (&report.proof, report.flow, is_settled)
        && outcome.page() != ResultPage::Failed
    {
        report.unreachable.extend(store.finish(flow, outcome, budget.for_finish()).await.err());
    }
    Report { calls: dealings.calls, ..report.ended(outcome) }
}

/// Checks `state` and uses it up; with its flow, if there is one.
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

/// Lets a browser that comes back without its cookie start again at once, as the page will tell it to; used where its
/// `state` is not used up. With the flow that it gave up.
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
