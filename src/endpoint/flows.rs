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

/// How long a link lives unless the body says otherwise, in minutes.
const EXPIRES_IN_MINUTES: u64 = 60;

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
struct Problem {
    status: StatusCode,
    detail: &'static str,
}

impl Endpoint {
    /// Begins a flow: 201 with its link and the time when that dies, else problem details.
    pub(super) async fn begin_flow(&self, request: &Request<'_>, invocation: &Invocation) -> Response {
        match self.try_to_begin(request, invocation).await {
            Ok(response) => response,
            Err(problem) => {
                tracing::warn!(
                    reference = invocation.request_id,
                    status = problem.status.as_u16(),
                    action = problem.detail,
                    "no flow begun"
                );
                problem.response(&invocation.request_id)
            }
        }
    }

    async fn try_to_begin(&self, request: &Request<'_>, invocation: &Invocation) -> Result<Response, Problem> {
        if !request.has_iam_identity() {
            return Err(Problem {
                status: StatusCode::FORBIDDEN,
                detail: "The request carries no IAM identity. Sign it with Signature Version 4 for execute-api, and let the route require AWS_IAM.",
            });
        }
        let new: NewFlow = request.body().and_then(|body| serde_json::from_str(&body).ok()).ok_or(Problem {
            status: StatusCode::BAD_REQUEST,
            detail: "The body must be a JSON object with connection, or with appBundleIdentifier and appAuthorizationIdentifier, all texts; and perhaps with expiresInMinutes, an integer; nothing else.",
        })?;
        let minutes = new.expires_in_minutes.unwrap_or(EXPIRES_IN_MINUTES);
        if !(1..=1_440).contains(&minutes) {
            return Err(Problem {
                status: StatusCode::BAD_REQUEST,
                detail: "expiresInMinutes must be from 1 to 1440.",
            });
        }
        let callback = match (new.connection, new.app_bundle_identifier, new.app_authorization_identifier) {
            (Some(connection), None, None) => connection,
            (None, Some(app_bundle), Some(app_authorization)) => format!("{app_bundle}/{app_authorization}"),
            _ => {
                return Err(Problem {
                    status: StatusCode::BAD_REQUEST,
                    detail: "Name either connection, or both appBundleIdentifier and appAuthorizationIdentifier.",
                });
            }
        };
        let unknown = Problem {
            status: StatusCode::NOT_FOUND,
            detail: "There is no such connection. Compare APP_AUTHORIZATIONS, the identifiers and the role's AppFabric statements.",
        };
        let Some(connection) = self.connection_of(&callback) else { return Err(unknown) };
        let base_url = self.base_url(request);
        if RedirectUri::new(&base_url, &format!("/callback/{callback}")).is_err() {
            return Err(Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                detail: "AppFabric takes no redirect URI at this address. Set PUBLIC_BASE_URL to the https address of this API.",
            });
        }
        let budget = Budget::new(invocation.now, invocation.remaining);
        match self.appfabric.look(&connection.app_authorization, budget.for_first_look()).await.verdict {
            Verdict::Seen(seen) if seen.auth_url.is_some() => {}
            Verdict::Seen(_) => {
                return Err(Problem {
                    status: StatusCode::CONFLICT,
                    detail: "The app authorization has no authUrl, as with an API key: nobody has to consent to it.",
                });
            }
            Verdict::Unavailable | Verdict::Rejected => return Err(unknown),
            _ => {
                return Err(Problem {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    detail: "AppFabric does not answer. Try again in a few minutes.",
                });
            }
        }
        let link = Secret::random();
        // To the second, as it is told.
        let expires_at = DateTime::from_secs(DateTime::from(budget.now() + Duration::from_mins(minutes)).secs());
        let flow = Flow::new(callback, SystemTime::try_from(expires_at).expect("it is a few hours from now"));
        if let Err(unreachable) = self.flows.begin(&FlowId::of(&link), flow, budget.for_claim()).await {
            unreachable.tell(&invocation.request_id);
            return Err(Problem {
                status: StatusCode::SERVICE_UNAVAILABLE,
                detail: "The table of flows does not answer. Try again in a few minutes.",
            });
        }
        tracing::info!(reference = invocation.request_id, connection = connection.name, "flow begun");
        let connect_url = format!("{base_url}/connect/{}", link.reveal());
        let expires_at = expires_at.fmt(DateTimeFormat::DateTime).expect("four-digit years can be written");
        let body = json!({ "connectUrl": connect_url, "expiresAt": expires_at });
        Ok(Response::json(StatusCode::CREATED, "application/json", body.to_string()))
    }
}

impl Problem {
    fn response(&self, reference: &str) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": format!("urn:uuid:{reference}"),
        });
        Response::json(self.status, "application/problem+json", body.to_string())
    }
}
