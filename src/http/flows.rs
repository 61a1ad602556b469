//! `POST /flows`: an operator's program begins a flow and gets a link for a person.

use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Endpoint, Request, Response, Visit};
use crate::aws::{LookFailure, rfc_3339};
use crate::connect::{Flow, FlowId};
use crate::ops::lines;
use crate::values::{RedirectUri, Secret};

/// The body of `POST /flows`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewFlow {
    connection: Option<String>,
    app_bundle_identifier: Option<String>,
    app_authorization_identifier: Option<String>,
    expires_in_minutes: Option<u64>,
}

/// Why no flow was begun, for the author of the calling program (RFC 9457).
struct Problem(u16, &'static str);

const NO_IDENTITY: Problem = Problem(
    403,
    "The request has no IAM identity. Sign it with Signature Version 4 for execute-api, and let the route require AWS_IAM.",
);
const BAD_BODY: Problem = Problem(
    400,
    "The body must be a JSON object with connection (an alias or an ARN), or with appBundleIdentifier and appAuthorizationIdentifier, all texts. It may have expiresInMinutes, an integer from 1 to 1440, and nothing else.",
);
const UNKNOWN_CONNECTION: Problem = Problem(
    404,
    "There is no such connection. Compare APP_AUTHORIZATIONS, the identifiers and the role's AppFabric statements.",
);
const NOBODY_TO_ASK: Problem =
    Problem(409, "The app authorization has no authUrl, as with an API key, so there is no consent to ask for.");
const NO_REDIRECT_URI: Problem =
    Problem(503, "AppFabric accepts no redirect URI at this address. Set PUBLIC_BASE_URL to the API's https address.");
const APPFABRIC_DOWN: Problem = Problem(503, "AppFabric does not answer. Try again in a few minutes.");
const NO_TIME: Problem =
    Problem(503, "The function has no time left to ask AppFabric and its table. Raise its Timeout, then try again.");
const NOT_AUTHENTICATED: Problem = Problem(
    503,
    "AWS refuses the function's own credentials, signature or clock, or it has no credentials. Check its role and environment.",
);
const TABLE_DOWN: Problem = Problem(503, "The table of flows does not answer. Try again in a few minutes.");

impl Endpoint {
    /// Begins a flow: 201 with its link and the time when the link expires, else problem details.
    pub(super) async fn begin_flow(&self, visit: &Visit<'_>) -> Response {
        match self.link(visit).await {
            Ok(body) => Response::json(StatusCode::CREATED, "application/json", body),
            Err(problem @ Problem(status, detail)) => {
                lines::no_flow_begun(visit.reference, status, detail);
                problem.response(visit.reference)
            }
        }
    }

    async fn link(&self, visit: &Visit<'_>) -> Result<String, Problem> {
        let Visit { request, reference, budget, .. } = visit;
        let caller = request.iam_identity().ok_or(NO_IDENTITY)?;
        let new = NewFlow::read(request).ok_or(BAD_BODY)?;
        let names = new.names().ok_or(BAD_BODY)?;
        let connection = self.config.connections.find(&names).ok_or(UNKNOWN_CONNECTION)?;
        let (base_url, callback) = (self.base_url(request), names.join("/"));
        RedirectUri::new(&base_url, &format!("/callback/{callback}")).map_err(|_| NO_REDIRECT_URI)?;
        if !budget.is_enough() {
            return Err(NO_TIME);
        }
        match self.appfabric.look(&connection.app_authorization, budget.for_first_look()).await.seen {
            Ok(seen) if seen.auth_url.is_some() => {}
            Ok(_) => return Err(NOBODY_TO_ASK),
            Err(LookFailure::Unknown) => return Err(UNKNOWN_CONNECTION),
            Err(LookFailure::NotAuthenticated) => return Err(NOT_AUTHENTICATED),
            Err(LookFailure::Down) => return Err(APPFABRIC_DOWN),
        }
        let link = Secret::random();
        // In whole seconds, as the answer has it.
        let end = budget.now() + Duration::from_mins(new.minutes());
        let end = UNIX_EPOCH + Duration::from_secs(end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
        let flow = Flow::new(callback, &connection.app_authorization, end);
        let id = FlowId::of(&link);
        self.store.begin(id, flow, budget.for_claim()).await.map_err(|unreachable| {
            self.tell(&unreachable, visit);
            if unreachable.is_about_authentication() { NOT_AUTHENTICATED } else { TABLE_DOWN }
        })?;
        lines::flow_begun(reference, id, &connection.name, caller);
        let connect_url = format!("{base_url}/connect/{}", link.reveal());
        Ok(json!({ "connectUrl": connect_url, "expiresAt": rfc_3339(end) }).to_string())
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

    /// The segments of its redirect URI after `/callback/`: an alias, those of an ARN, or two UUIDs.
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
        let status = StatusCode::from_u16(status).expect("each of them is a status");
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
