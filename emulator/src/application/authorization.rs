//! The authorization endpoint (RFC 6749 §3.1): asks the person, then redirects with a code or an error.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::pages;
use super::parameters::{Parameters, Repeated};
use super::{Desk, Step};

/// `GET /authorize`: the authorization request (§4.1.1); the answer is the consent page.
pub(super) async fn ask(State(desk): State<Arc<Desk>>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    match AuthorizationRequest::read(&desk, &parameters) {
        Ok(request) => {
            desk.report(Step::ConsentShown);
            pages::consent(request.client, request.redirect_uri, request.state)
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST /authorize`: the person's decision; the answer is the authorization response (§4.1.2).
pub(super) async fn decide(State(desk): State<Arc<Desk>>, body: Bytes) -> Response {
    let parameters = Parameters::parse(&body);
    let request = match AuthorizationRequest::read(&desk, &parameters) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    match parameters.one("decision") {
        Ok(Some("allow")) => {
            let code = desk.ledger().issue_code(request.client, request.redirect_uri, Instant::now());
            desk.report(Step::Allowed);
            redirect(request.redirect_uri, &[("code", &code)], request.state)
        }
        Ok(Some("cancel")) => {
            desk.report(Step::Cancelled);
            let error = [("error", "access_denied"), ("error_description", "The person pressed Cancel.")];
            redirect(request.redirect_uri, &error, request.state)
        }
        Ok(_) | Err(Repeated) => pages::error("The form was sent without a decision."),
    }
}

/// An authorization request whose client and redirect URI are registered (§4.1.1).
struct AuthorizationRequest<'a> {
    client: &'a str,
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl<'a> AuthorizationRequest<'a> {
    fn read(desk: &Desk, parameters: &'a Parameters) -> Result<Self, Refusal<'a>> {
        let client = match parameters.one("client_id") {
            Ok(Some(client)) if desk.ledger().knows_client(client) => client,
            _ => {
                desk.report(Step::UnknownClient);
                return Err(Refusal::Here("This application does not know the client that sent you here."));
            }
        };
        let redirect_uri = match parameters.one("redirect_uri") {
            Ok(Some(redirect_uri)) if desk.ledger().knows_redirect_uri(client, redirect_uri) => redirect_uri,
            _ => {
                desk.report(Step::RedirectUriMismatch);
                return Err(Refusal::Here("The redirect URI is not one that the client has registered."));
            }
        };
        let invalid = |error, state| Refusal::There { redirect_uri, error, state };
        let Ok(state) = parameters.one("state") else { return Err(invalid("invalid_request", None)) };
        match parameters.one("response_type") {
            Ok(Some("code")) => Ok(Self { client, redirect_uri, state }),
            Ok(Some(_)) => Err(invalid("unsupported_response_type", state)),
            Ok(None) | Err(Repeated) => Err(invalid("invalid_request", state)),
        }
    }
}

/// Why the person is not asked (§4.1.2.1).
enum Refusal<'a> {
    /// The person stays here, because the address to redirect to is not verified.
    Here(&'static str),
    /// The client is told.
    There { redirect_uri: &'a str, error: &'static str, state: Option<&'a str> },
}

impl IntoResponse for Refusal<'_> {
    fn into_response(self) -> Response {
        match self {
            Self::Here(sentence) => pages::error(sentence),
            Self::There { redirect_uri, error, state } => redirect(redirect_uri, &[("error", error)], state),
        }
    }
}

/// `303` to the redirect URI as registered, its own query kept (§4.1.2).
fn redirect(redirect_uri: &str, parameters: &[(&str, &str)], state: Option<&str>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    query.extend_pairs(state.map(|state| ("state", state)));
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = HeaderValue::try_from(format!("{redirect_uri}{separator}{}", query.finish()))
        .expect("a registered redirect URI is printable ASCII");
    (
        StatusCode::SEE_OTHER,
        [
            (LOCATION, location),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ],
    )
        .into_response()
}
