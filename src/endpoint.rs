//! The routes, and the redirection endpoint (RFC 6749 §3.1.2): the contract's steps, one after the other.

mod connect;
mod flows;
mod page;
mod proof;
mod route;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use serde_json::Value;

use crate::app_authorization::Connection;
use crate::appfabric::{AppFabric, Spending};
use crate::authorization_response::AuthorizationResponse;
use crate::budget::Budget;
use crate::callback_log::{CallbackLog, Checked};
use crate::config::{Config, StateMode};
use crate::delivery::Delivery;
use crate::flow::{Flows, Refused};
use crate::gateway::{EventResponse, Payload, Request, Response};
use crate::ledger::{Claim, CodeKey, Kept, Ledger};
use crate::location::location;
use crate::metrics::Metrics;
use crate::outcome::{Outcome, ResultPage};
use crate::pages::{Page, Reference};
use crate::redirect_uri::RedirectUri;
use crate::table::{Table, Unreachable};

use page::Cause;
use proof::Proof;
use route::Route;

/// The function: everything that answers an event.
pub struct Endpoint {
    config: Config,
    appfabric: AppFabric,
    ledger: Ledger,
    flows: Flows,
    metrics: Metrics,
    warm: AtomicBool,
}

/// What Lambda says of one invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's request ID; no caller can choose it.
    pub request_id: String,
    /// The clock on the wall when it began.
    pub now: SystemTime,
    /// The time left then until Lambda's deadline.
    pub remaining: Duration,
}

impl Endpoint {
    /// The function with this configuration, calling this AppFabric, with flows and spent codes in this table, else
    /// in its own memory.
    #[must_use]
    pub fn new(config: Config, appfabric: AppFabric, table: Option<Table>) -> Self {
        let (ledger, flows) = (Ledger::new(table.clone()), Flows::new(table));
        Self { config, appfabric, ledger, flows, metrics: Metrics::default(), warm: AtomicBool::new(false) }
    }

    /// The same with these metrics; without, nothing is counted.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The same with this configuration, as after an update of the stack.
    #[must_use]
    pub fn with_config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Answers an event, whatever it is.
    pub async fn answer(&self, event: &Value, invocation: &Invocation) -> EventResponse {
        let cold_start = !self.warm.swap(true, Ordering::Relaxed);
        match Request::from_event(event) {
            Ok(request) => self.route(&request, invocation, cold_start).await.into_event(request.payload),
            Err(_) => self.refuse(Cause::NotApiGateway.into(), None, invocation).into_event(Payload::V1),
        }
    }

    async fn route(&self, request: &Request<'_>, invocation: &Invocation, cold_start: bool) -> Response {
        let route = Route::of(request.path);
        match (request.method, &route) {
            ("HEAD", Some(Route::Redirection(_))) => Response::empty(StatusCode::NO_CONTENT),
            // As a GET, without the body.
            ("HEAD", _) => self.respond("GET", route.as_ref(), request, invocation, cold_start).await.without_body(),
            ("GET", Some(_)) if request.is_prefetch() => Response::empty(ahead(request)),
            (method, _) => self.respond(method, route.as_ref(), request, invocation, cold_start).await,
        }
    }

    async fn respond(
        &self,
        method: &str,
        route: Option<&Route<'_>>,
        request: &Request<'_>,
        invocation: &Invocation,
        cold_start: bool,
    ) -> Response {
        let Some(route) = route else { return self.refuse(Cause::UnknownPath.into(), None, invocation) };
        let refused =
            |cause: Cause| self.refuse(cause.into(), Some(route), invocation).with(header::ALLOW, route.allow());
        match (method, route) {
            ("OPTIONS", _) => Response::empty(StatusCode::NO_CONTENT).with(header::ALLOW, route.allow()),
            ("GET", Route::Redirection(segments)) => self.redirection(request, segments, invocation, cold_start).await,
            ("GET", Route::Result(page)) => self.result(request, *page),
            ("POST", Route::Flows) => self.begin_flow(request, invocation).await,
            ("GET", Route::Connect(link)) => self.connect_page(request, link, invocation).await,
            ("POST", Route::Connect(link)) => self.follow_link(request, link, invocation).await,
            ("POST", Route::Redirection(_)) => refused(Cause::FormPost),
            _ => refused(Cause::Method),
        }
    }

    /// The redirection endpoint: always one 303, and one line in the log.
    async fn redirection(
        &self,
        request: &Request<'_>,
        segments: &[&str],
        invocation: &Invocation,
        cold_start: bool,
    ) -> Response {
        let budget = Budget::new(invocation.now, invocation.remaining);
        let mut log = CallbackLog::new(&invocation.request_id, cold_start);
        if self.config.state_mode != StateMode::Off {
            log.state = Checked::Unchecked;
        }
        let connection = self.config.connections.find(segments);
        let outcome = match &connection {
            Some(connection) => self.conclude(request, connection, &budget, invocation, &mut log).await,
            None => Outcome::UnknownConnection,
        };
        log.connection = connection.map(|connection| connection.name);
        // Whoever probes learns nothing: every `unknown_connection` looks alike.
        let public_name = log.connection.as_deref().filter(|_| outcome != Outcome::UnknownConnection);
        let page = self.page_url(request, outcome.page());
        let location = location(&page, outcome, public_name, &invocation.request_id);
        log.write(outcome, &budget);
        self.metrics.count_callback(&log, outcome, self.config.state_mode, &budget);
        Response::see_other(location)
    }

    /// From the authorization response to the outcome, for an app authorization that may be connected.
    async fn conclude<'i>(
        &self,
        request: &Request<'_>,
        connection: &Connection,
        budget: &Budget,
        invocation: &'i Invocation,
        log: &mut CallbackLog<'i>,
    ) -> Outcome {
        let code = match AuthorizationResponse::parse(&request.query) {
            Ok(AuthorizationResponse::Granted(code)) => code,
            Ok(AuthorizationResponse::Denied(error)) => {
                log.application_error = Some(error.code().to_owned());
                self.release(request, budget, log).await;
                return error.outcome();
            }
            Err(malformed) => {
                log.malformed = Some(malformed.name());
                self.release(request, budget, log).await;
                return Outcome::InvalidRequest;
            }
        };
        // Before the table is asked, which could not answer in no time and would be blamed for that.
        if !budget.is_enough() {
            return log.no_time_left();
        }
        let key = CodeKey::new(&connection.app_authorization, &code);
        let proof = self.proof(request, connection, &key, budget, invocation, log).await;
        let enforced = self.config.state_mode == StateMode::Enforce;
        let delivery = Delivery {
            appfabric: &self.appfabric,
            ledger: &self.ledger,
            app_authorization: &connection.app_authorization,
            budget,
            reference: &invocation.request_id,
            proven: matches!(proof, Proof::Valid(..)),
            strict: enforced,
            log: &mut *log,
        };
        let redirect_uri = match &proof {
            Proof::Valid(_, redirect_uri) => Ok(redirect_uri.clone()),
            Proof::Unreachable if enforced => return Outcome::TemporarilyUnavailable,
            Proof::Refused(Refused::Used { by, link_is_good }) if enforced => {
                return delivery.another(by, *link_is_good).await;
            }
            Proof::Refused(refused) if enforced => return refused.outcome().unwrap_or(Outcome::InvalidState),
            Proof::Off | Proof::Refused(_) | Proof::Unreachable => {
                RedirectUri::new(&self.base_url(request), request.path)
            }
        };
        // AppFabric would refuse it as it refuses a wrong code; nothing is sent for that.
        let Ok(redirect_uri) = redirect_uri else {
            log.redirect_uri_refused = true;
            return Outcome::CodeRejected;
        };
        let (outcome, claim) = delivery.conclude(Spending::new(code, &redirect_uri), key).await;
        // A later delivery that was not told the end leaves the flow to the first one, which may still fail.
        let ends = claim.is_some() || outcome != Outcome::InProgress;
        // After Connect it is safe to write the log's lines, which wait for nobody. Both of these come before the answer
        // leaves: afterwards Lambda may freeze the instance for good, a second delivery would wait for an outcome that
        // nobody records, and the link would still be good. One after the other: at the same time they take a second
        // connection, whose handshake costs a cold callback two round trips to save one. In one transaction neither: DynamoDB
        // does that in two phases, for twice the price, and cancels it where two deliveries meet.
        let recorded = self.record(claim, outcome, budget).await;
        let finished = if ends { self.finish(&proof, outcome, budget, invocation).await } else { Kept::Nowhere };
        log.note_ledger(recorded.max(finished));
        outcome
    }

    /// Records what came of a claimed code, for whoever delivers it again.
    async fn record(&self, claim: Option<Claim>, outcome: Outcome, budget: &Budget) -> Kept {
        match claim {
            Some(claim) => self.ledger.record(claim, outcome, budget).await,
            None => Kept::Nowhere,
        }
    }

    /// Tells the operator that the table did not answer, where there is no callback to tell it.
    fn tell_and_count(&self, unreachable: &Unreachable, invocation: &Invocation) {
        unreachable.tell(&invocation.request_id);
        self.metrics.count_flow_table_unreachable(invocation.now);
    }

    /// A built-in result page; its query is the browser's, so only the closed set and a UUID of it are shown.
    fn result(&self, request: &Request<'_>, page: ResultPage) -> Response {
        let page = Page::told(page, request.query.text("reason"));
        let reference = request.query.text("reference").and_then(Reference::parse);
        Response::page(page.status(), page.html(reference, self.config.organisation_name.as_deref()))
    }

    /// The page for an outcome: the configured one, else the built-in one of this API.
    fn page_url(&self, request: &Request<'_>, page: ResultPage) -> String {
        match self.config.page_url(page) {
            Some(url) => url.as_str().to_owned(),
            None => format!("{}/{}", self.base_url(request), page.name()),
        }
    }

    /// `PUBLIC_BASE_URL`, else what API Gateway says; else the path alone, which a browser can still follow.
    fn base_url(&self, request: &Request<'_>) -> String {
        match &self.config.public_base_url {
            Some(url) => url.as_str().to_owned(),
            None => request.base_url().unwrap_or_else(|| request.prefix().to_owned()),
        }
    }
}

/// The status of what is fetched ahead, which is answered by nothing.
///
/// Chromium keeps what a page's speculation rules have fetched, and takes any 2xx for the answer to the person's own click, who
/// would stay where they are; what is refused it throws away. It names those rules in a header.
fn ahead(request: &Request<'_>) -> StatusCode {
    let kept = request.header("sec-speculation-tags").next().is_some();
    if kept { StatusCode::FORBIDDEN } else { StatusCode::NO_CONTENT }
}
