//! `POST /flows`: an operator's program begins a flow and gets a link for a person.

use std::time::{Duration, SystemTime};

use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Endpoint, Invocation};
use crate::appfabric::Verdict;
use crate::budget::Budget;
use crate::flow::{Flow, FlowId};
use crate::gateway::{Request, Response};
use crate::redirect_uri::RedirectUri;
use crate::secret::Secret;

/// The body of `POST /flows`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewFlow {
    connection: Option<String>,
    app_bundle_identifier: Option<String>,
    app_authorization_identifier: Option<String>,
    expires_in_minutes: Option<u64>,
}

/// Why there is no flow, for whoever wrote the calling program (RFC 9457).
struct Problem(StatusCode, &'static str);

const NO_IDENTITY: Problem = Problem(
    StatusCode::FORBIDDEN,
    "The request carries no IAM identity. Sign it with Signature Version 4 for execute-api, and let the route require AWS_IAM.",
);
const BAD_BODY: Problem = Problem(
    StatusCode::BAD_REQUEST,
    "The body must be a JSON object with connection (an alias or an ARN), or with appBundleIdentifier and appAuthorizationIdentifier, all texts, and perhaps with expiresInMinutes, an integer from 1 to 1440; nothing else.",
);
const UNKNOWN_CONNECTION: Problem = Problem(
    StatusCode::NOT_FOUND,
    "There is no such connection. Compare APP_AUTHORIZATIONS, the identifiers and the role's AppFabric statements.",
);
const NOBODY_TO_ASK: Problem = Problem(
    StatusCode::CONFLICT,
    "The app authorization has no authUrl, as with an API key: nobody has to consent to it.",
);
const NO_REDIRECT_URI: Problem = Problem(
    StatusCode::SERVICE_UNAVAILABLE,
    "AppFabric takes no redirect URI at this address. Set PUBLIC_BASE_URL to the https address of this API.",
);
const APPFABRIC_DOWN: Problem =
    Problem(StatusCode::SERVICE_UNAVAILABLE, "AppFabric does not answer. Try again in a few minutes.");
const NO_TIME: Problem = Problem(
    StatusCode::SERVICE_UNAVAILABLE,
    "The function has no time left to ask AppFabric and its table. Raise its Timeout, then try again.",
);
const NOT_AUTHENTICATED: Problem = Problem(
    StatusCode::SERVICE_UNAVAILABLE,
    "AWS refuses this function's own credentials, signature or clock, or it has no credentials. Check its role and its environment.",
);
const TABLE_DOWN: Problem =
    Problem(StatusCode::SERVICE_UNAVAILABLE, "The table of flows does not answer. Try again in a few minutes.");

impl Endpoint {
    /// Begins a flow: 201 with its link and the time when that dies, else problem details.
    pub(super) async fn begin_flow(&self, request: &Request<'_>, invocation: &Invocation) -> Response {
        match self.link(request, invocation).await {
            Ok(body) => Response::json(StatusCode::CREATED, "application/json", body),
            Err(problem @ Problem(status, detail)) => {
                let (reference, status) = (invocation.request_id.as_str(), status.as_u16());
                tracing::warn!(reference, status, action = detail, "no flow begun");
                problem.response(reference)
            }
        }
    }

    async fn link(&self, request: &Request<'_>, invocation: &Invocation) -> Result<String, Problem> {
        let caller = request.iam_identity().ok_or(NO_IDENTITY)?;
        let new = NewFlow::read(request).ok_or(BAD_BODY)?;
        let names = new.names().ok_or(BAD_BODY)?;
        let connection = self.config.connections.find(&names).ok_or(UNKNOWN_CONNECTION)?;
        let (base_url, callback) = (self.base_url(request), names.join("/"));
        RedirectUri::new(&base_url, &format!("/callback/{callback}")).map_err(|_| NO_REDIRECT_URI)?;

        let budget = Budget::new(invocation.now, invocation.remaining);
        if !budget.is_enough() {
            return Err(NO_TIME);
        }
        match self.appfabric.look(&connection.app_authorization, budget.for_first_look()).await.verdict {
            Verdict::Seen(seen) if seen.auth_url.is_some() => {}
            Verdict::Seen(_) => return Err(NOBODY_TO_ASK),
            Verdict::Unavailable | Verdict::Rejected => return Err(UNKNOWN_CONNECTION),
            Verdict::NotAuthenticated => return Err(NOT_AUTHENTICATED),
            Verdict::Throttled { .. } | Verdict::NotSent | Verdict::Unclear => return Err(APPFABRIC_DOWN),
        }
        let link = Secret::random();
        // To the second, as it is told.
        let lifetime = Duration::from_mins(new.minutes());
        let expires_at = DateTime::from_secs(DateTime::from(budget.now() + lifetime).secs());
        let end = SystemTime::try_from(expires_at).expect("it is a day from now at most");
        let flow = Flow::new(callback, &connection.app_authorization, end);
        let id = FlowId::of(&link);
        self.flows.begin(&id, flow, budget.for_claim()).await.map_err(|unreachable| {
            self.tell_and_count(&unreachable, invocation);
            if unreachable.is_about_authentication() { NOT_AUTHENTICATED } else { TABLE_DOWN }
        })?;
        tracing::info!(
            reference = invocation.request_id,
            flow = %id,
            connection = connection.name,
            caller,
            "flow begun"
        );
        let connect_url = format!("{base_url}/connect/{}", link.reveal());
        let expires_at = expires_at.fmt(DateTimeFormat::DateTime).expect("a year of four digits can be written");
        Ok(json!({ "connectUrl": connect_url, "expiresAt": expires_at }).to_string())
    }
}

impl NewFlow {
    fn read(request: &Request<'_>) -> Option<Self> {
        // serde would read the members from an array, too.
        let body = request.body().filter(|body| body.trim_start().starts_with('{'))?;
        serde_json::from_str(&body).ok().filter(|new: &Self| (1..=1_440).contains(&new.minutes()))
    }

    fn minutes(&self) -> u64 {
        self.expires_in_minutes.unwrap_or(60)
    }

    /// The segments that the path of its redirect URI will have: an alias, an ARN's, or two UUIDs.
    fn names(&self) -> Option<Vec<&str>> {
        match (&self.connection, &self.app_bundle_identifier, &self.app_authorization_identifier) {
            (Some(connection), None, None) if connection.starts_with("arn:") => Some(connection.split('/').collect()),
            (Some(connection), None, None) => Some(vec![connection]),
            (None, Some(app_bundle), Some(app_authorization)) => Some(vec![app_bundle, app_authorization]),
            _ => None,
        }
    }
}

impl Problem {
    fn response(&self, reference: &str) -> Response {
        let Self(status, detail) = *self;
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": detail,
            "instance": format!("urn:uuid:{reference}"),
        });
        Response::json(status, "application/problem+json", body.to_string())
    }
}
