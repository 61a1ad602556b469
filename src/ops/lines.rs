//! Every line of the log. None of them holds a code, a `state`, a cookie, a link or a query.

use super::milliseconds;
use crate::aws::Unreachable;
use crate::connect::{FlowId, Proof, Report};
use crate::values::{Budget, Malformed, Severity, StateMode};

/// What the operator does when AWS refuses the function's own credentials, signature or clock.
pub(crate) const NOT_AUTHENTICATED: &str = "see the error code: give the function its role, and set no AWS_ACCESS_KEY_ID or AWS_SESSION_TOKEN of your own; if the \
     session has expired or the clock is wrong, deploy again to start new instances";

/// A line at this level; `tracing` takes the level as a constant only.
macro_rules! line {
    ($severity:expr, $($fields:tt)*) => {
        match $severity {
            Severity::Error => tracing::error!($($fields)*),
            Severity::Warn => tracing::warn!($($fields)*),
            Severity::Info => tracing::info!($($fields)*),
        }
    };
}

/// A callback's lines: first those about an unreachable table and a `state` that `enforce` would refuse, then its own.
pub(crate) fn callback(report: &Report, state_mode: StateMode, reference: &str, cold_start: bool, budget: &Budget) {
    for unreachable in &report.unreachable {
        flow_table_unreachable(unreachable, reference);
    }
    let Report { outcome, calls, .. } = report;
    if let (Proof::Refused(refused), StateMode::Report) = (&report.proof, state_mode) {
        let action = "before you set STATE_MODE to enforce, start this connection from a link of POST /flows";
        tracing::warn!(reference, state = refused.name(), action, "state would be refused");
    }
    let severity = if report.not_authenticated() { Severity::Error } else { outcome.severity() };
    let action = if report.redirect_uri_refused {
        "set PUBLIC_BASE_URL to the https address that the application was given; AppFabric accepts no other"
    } else if report.not_authenticated() {
        NOT_AUTHENTICATED
    } else {
        outcome.action()
    };
    line!(
        severity,
        outcome = outcome.page().name(),
        reason = outcome.reason(),
        connection = report.connection.as_deref(),
        flow = report.flow.map(tracing::field::display),
        reference,
        app = calls.app.as_deref(),
        status = calls.status.as_deref(),
        aws.request_id = calls.request_id.as_deref(),
        aws.error_code = report.error_code(),
        application.error = report.application_error.as_deref(),
        malformed = report.malformed.map(Malformed::name),
        look_up.error_code = calls.look_up_error_code.as_deref(),
        attempts = calls.attempts,
        look_ups = calls.look_ups,
        appfabric_ms = calls.time.map(milliseconds),
        duration_ms = milliseconds(budget.elapsed()),
        budget_left_ms = milliseconds(budget.left()),
        cold_start,
        state = report.proof.name(),
        duplicate = report.first_reference.is_some(),
        first_reference = report.first_reference.as_deref(),
        ledger = if report.unreachable.is_empty() { report.ledger } else { Some("unreachable") },
        action,
        "callback"
    );
}

/// The line of a page that does not end a callback.
pub(crate) struct PageLine<'l> {
    pub(crate) severity: Severity,
    pub(crate) status: u16,
    /// The route's pattern, because a path may hold a link's secret.
    pub(crate) route: Option<&'static str>,
    pub(crate) reference: &'l str,
    pub(crate) flow: Option<FlowId>,
    pub(crate) connection: Option<&'l str>,
    pub(crate) cause: &'static str,
    pub(crate) action: &'static str,
}

/// A page was shown that does not end a callback.
pub(crate) fn page(line: &PageLine<'_>) {
    let PageLine { severity, status, route, reference, flow, connection, cause, action } = *line;
    line!(
        severity,
        status,
        route,
        reference,
        flow = flow.map(tracing::field::display),
        connection,
        cause,
        action,
        "page"
    );
}

/// A caller with this IAM ARN has begun a flow.
pub(crate) fn flow_begun(reference: &str, flow: FlowId, connection: &str, caller: &str) {
    tracing::info!(reference, flow = %flow, connection, caller, "flow begun");
}

/// `POST /flows` was refused.
pub(crate) fn no_flow_begun(reference: &str, status: u16, action: &str) {
    tracing::warn!(reference, status, action, "no flow begun");
}

/// A person has pressed the button and was sent to the application.
pub(crate) fn link_followed(reference: &str, flow: FlowId, connection: &str) {
    tracing::info!(reference, flow = %flow, connection, "connect link followed");
}

/// A person has pressed the button, and there is no application to send them to.
pub(crate) fn leads_nowhere(reference: &str, flow: FlowId, connection: &str) {
    let action = "check that the app authorization is an OAuth one with an https authUrl, and PUBLIC_BASE_URL";
    tracing::error!(reference, flow = %flow, connection, action, "connect link leads nowhere");
}

/// The table did not answer.
pub(crate) fn flow_table_unreachable(unreachable: &Unreachable, reference: &str) {
    let action = if unreachable.is_about_authentication() {
        NOT_AUTHENTICATED
    } else {
        "compare FLOW_TABLE and the role's DynamoDB statements with the table, then see DynamoDB's health; until then no state \
         can be checked, and a code that comes twice may be spent twice"
    };
    let Unreachable { operation, error_code } = unreachable;
    tracing::error!(reference, operation, aws.error_code = error_code, action, "flow table unreachable");
}

/// A variable has a value that the function cannot start with.
pub fn faulty_configuration(variable: &str, problem: &str) {
    tracing::error!(variable, problem, "faulty configuration");
}
