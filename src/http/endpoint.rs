//! The function: it answers every event, by its route.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use serde_json::Value;

use super::{Cause, EventResponse, Page, Payload, Reference, Request, Response, Route, location};
use crate::aws::{AppFabric, Table, Unreachable};
use crate::config::Config;
use crate::connect::{Arrived, FlowId, Services, Store, callback};
use crate::ops::{Metrics, lines};
use crate::values::{Budget, Outcome, RedirectUri, ResultPage, Secret};

/// The most cookies of one flow that are compared: a browser sends one or two, and DynamoDB takes a hundred.
const MOST_COOKIES: usize = 16;

/// The function: everything that answers an event.
pub struct Endpoint {
    pub(super) config: Config,
    pub(super) appfabric: AppFabric,
    pub(super) store: Store,
    metrics: Metrics,
    warm: AtomicBool,
}

/// What Lambda says about one invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request ID; no caller can choose it.
    pub request_id: String,
    /// The wall clock when it began.
    pub now: SystemTime,
    /// The time left then until Lambda's deadline.
    pub remaining: Duration,
}

/// A request on its way through the function.
pub(super) struct Visit<'v> {
    pub(super) request: &'v Request<'v>,
    pub(super) route: Option<Route<'v>>,
    /// Lambda's request ID.
    pub(super) reference: &'v str,
    pub(super) budget: Budget,
    /// Whether this is the process's first event.
    cold_start: bool,
}

impl Endpoint {
    /// The function with this configuration, calling this AppFabric, with flows and spent codes in this table, else in its own
    /// memory.
    pub fn new(config: Config, appfabric: AppFabric, table: Option<Table>) -> Self {
        let (store, metrics, warm) = (Store::new(table), Metrics::default(), AtomicBool::new(false));
        Self { config, appfabric, store, metrics, warm }
    }

    /// The same with these metrics; without them, nothing is counted.
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same with this configuration, as after an update of the stack.
    pub fn with_config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Answers an event, whatever it is.
    pub async fn answer(&self, event: &Value, invocation: &Invocation) -> EventResponse {
        let cold_start = !self.warm.swap(true, Ordering::Relaxed);
        let budget = Budget::new(invocation.now, invocation.remaining);
        let reference = invocation.request_id.as_str();
        match Request::from_event(event) {
            Ok(request) => {
                let route = Route::of(request.path);
                let visit = Visit { request: &request, route, reference, budget, cold_start };
                self.respond(&visit).await.into_event(request.payload)
            }
            Err(_) => self.refuse(Cause::NotApiGateway.into(), None, reference).into_event(Payload::V1),
        }
    }

    async fn respond(&self, visit: &Visit<'_>) -> Response {
        match (visit.request.method, &visit.route) {
            ("HEAD", Some(Route::Redirection(_))) => Response::empty(StatusCode::NO_CONTENT),
            ("HEAD", _) => self.perform("GET", visit).await.without_body(),
            ("GET", Some(_)) if visit.request.is_prefetch() => Response::empty(status_of_prefetch(visit.request)),
            (method, _) => self.perform(method, visit).await,
        }
    }

    async fn perform(&self, method: &str, visit: &Visit<'_>) -> Response {
        let Some(route) = &visit.route else { return self.refuse(Cause::UnknownPath.into(), None, visit.reference) };
        let refused =
            |cause: Cause| self.refuse(cause.into(), Some(route), visit.reference).with(header::ALLOW, route.allow());
        match (method, route) {
            ("OPTIONS", _) => Response::empty(StatusCode::NO_CONTENT).with(header::ALLOW, route.allow()),
            ("GET", Route::Redirection(segments)) => self.redirection(visit, segments).await,
            ("GET", Route::Result(page)) => self.result(visit.request, *page),
            ("POST", Route::Flows) => self.begin_flow(visit).await,
            ("GET", Route::Connect(link)) => self.connect_page(visit, link).await,
            ("POST", Route::Connect(link)) => self.follow_link(visit, link).await,
            ("POST", Route::Redirection(_)) => refused(Cause::FormPost),
            _ => refused(Cause::Method),
        }
    }

    /// The redirection endpoint: always one 303, and one line in the log.
    async fn redirection(&self, visit: &Visit<'_>, segments: &[&str]) -> Response {
        let Visit { request, reference, budget, cold_start, .. } = visit;
        let Config { connections, state_mode, .. } = &self.config;
        let services =
            Services { appfabric: &self.appfabric, store: &self.store, connections, state_mode: *state_mode };
        let cookies = |flow: &FlowId| self.cookies(request, flow);
        let redirect_uri = RedirectUri::new(&self.base_url(request), request.path);
        let arrived = Arrived { segments, query: &request.query, cookies: &cookies, redirect_uri, budget, reference };
        let report = callback(services, arrived).await;
        let outcome = report.outcome;
        // Every `unknown_connection` looks the same, so that a stranger learns nothing from it.
        let public_name = report.connection.as_deref().filter(|_| outcome != Outcome::UnknownConnection);
        let location = location(&self.page_url(request, outcome.page()), outcome, public_name, reference);
        lines::callback(&report, *state_mode, reference, *cold_start, budget);
        self.metrics.count_callback(&report, *state_mode, budget);
        Response::see_other(location)
    }

    /// A built-in result page. Anybody can write its query, so only a known reason and a UUID are shown.
    fn result(&self, request: &Request<'_>, page: ResultPage) -> Response {
        let page = Page::told(page, request.query.text("reason"));
        self.page(page, request.query.text("reference").and_then(Reference::parse))
    }

    /// Tells the operator that the table did not answer, for a request that is not a callback.
    pub(super) fn tell(&self, unreachable: &Unreachable, visit: &Visit<'_>) {
        lines::flow_table_unreachable(unreachable, visit.reference);
        self.metrics.count_flow_table_unreachable(visit.budget.started_at());
    }

    /// The cookies of this flow that the browser has sent.
    pub(super) fn cookies(&self, request: &Request<'_>, flow: &FlowId) -> Vec<Secret> {
        let secure = self.is_secure(request);
        let ours = request.cookies(|name| flow.is_cookie_name(name, secure));
        ours.filter_map(Secret::parse).take(MOST_COOKIES).collect()
    }

    /// Whether browsers reach this API over TLS: always, except on a loopback host.
    pub(super) fn is_secure(&self, request: &Request<'_>) -> bool {
        !self.base_url(request).starts_with("http://")
    }

    /// The page for an outcome: the configured one, else the built-in one of this API.
    pub(super) fn page_url(&self, request: &Request<'_>, page: ResultPage) -> String {
        match self.config.page_url(page) {
            Some(url) => url.as_str().to_owned(),
            None => format!("{}/{}", self.base_url(request), page.name()),
        }
    }

    /// `PUBLIC_BASE_URL`, else what API Gateway says; else the path alone, which a browser can still follow.
    pub(super) fn base_url(&self, request: &Request<'_>) -> String {
        match &self.config.public_base_url {
            Some(url) => url.as_str().to_owned(),
            None => request.base_url().unwrap_or_else(|| request.prefix().to_owned()),
        }
    }
}

/// The status for a prefetch; the body is empty.
///
/// Chromium keeps what speculation rules have fetched. A 2xx would then answer the person's own click, and they would
/// stay where they are. Chromium discards a refusal. A header names those rules.
fn status_of_prefetch(request: &Request<'_>) -> StatusCode {
    let is_kept = request.header("sec-speculation-tags").next().is_some();
    if is_kept { StatusCode::FORBIDDEN } else { StatusCode::NO_CONTENT }
}
