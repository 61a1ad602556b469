//! The token endpoint (RFC 6749 §3.2): a client redeems a code for an access token.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::parameters::{Parameters, Repeated};
use super::{Desk, Redemption, Step};

/// `POST /token`: the access token request (§4.1.3).
pub(super) async fn redeem(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    match issue(&desk, &headers, &Parameters::parse(&body)) {
        Ok(token) => {
            let token = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 });
            (StatusCode::OK, UNCACHED, Json(token)).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Responses with tokens must not be cached (§5.1).
const UNCACHED: [(axum::http::HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];

fn issue(desk: &Desk, headers: &HeaderMap, parameters: &Parameters) -> Result<String, TokenError> {
    if !is_form(headers) {
        return Err(TokenError::InvalidRequest);
    }
    let client = authenticated_client(desk, headers, parameters)?;
    match parameters.one("grant_type")? {
        Some("authorization_code") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
        None => return Err(TokenError::InvalidRequest),
    }
    let code = parameters.one("code")?.ok_or(TokenError::InvalidRequest)?;
    let redirect_uri = parameters.one("redirect_uri")?.ok_or(TokenError::InvalidRequest)?;

    let redemption = desk.ledger().redeem(code, &client, redirect_uri, Instant::now());
    let (step, answer) = match redemption {
        Redemption::Issued(token) => (Step::CodeRedeemed, Ok(token)),
        Redemption::Reused => (Step::CodeReused, Err(TokenError::InvalidGrant("the code was used before"))),
        Redemption::Expired => (Step::CodeExpired, Err(TokenError::InvalidGrant("the code has expired"))),
        Redemption::Unknown => (Step::CodeUnknown, Err(TokenError::InvalidGrant("the code is not known"))),
        Redemption::RedirectUriMismatch => {
            (Step::RedirectUriMismatch, Err(TokenError::InvalidGrant("the redirect URI differs")))
        }
    };
    desk.report(step);
    answer
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The client that shows its secret in one of the two ways of §2.3.1, not in both.
fn authenticated_client(desk: &Desk, headers: &HeaderMap, parameters: &Parameters) -> Result<String, TokenError> {
    let (basic, posted) = (headers.get(AUTHORIZATION), parameters.one("client_secret")?);
    let named = parameters.one("client_id")?.map(ToOwned::to_owned);
    let credentials = match (basic, posted) {
        (Some(_), Some(_)) => return Err(TokenError::InvalidRequest),
        (Some(value), None) => value
            .to_str()
            .ok()
            .and_then(basic_credentials)
            .filter(|(id, _)| named.as_ref().is_none_or(|name| name == id)),
        (None, secret) => named.zip(secret.map(ToOwned::to_owned)),
    };
    match credentials {
        Some((id, secret)) if desk.ledger().authenticates(&id, &secret) => Ok(id),
        _ => {
            desk.report(Step::UnknownClient);
            Err(TokenError::InvalidClient)
        }
    }
}

/// Id and secret of HTTP Basic, each form-encoded inside it (§2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// An error response (§5.2).
enum TokenError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant(&'static str),
    UnsupportedGrantType,
}

impl From<Repeated> for TokenError {
    fn from(Repeated: Repeated) -> Self {
        Self::InvalidRequest
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (error, description) = match self {
            Self::InvalidRequest => ("invalid_request", "a parameter is missing, repeated or malformed"),
            Self::InvalidClient => {
                let body = json!({ "error": "invalid_client" });
                let challenge = [(WWW_AUTHENTICATE, "Basic realm=\"Example application\"")];
                return (StatusCode::UNAUTHORIZED, UNCACHED, challenge, Json(body)).into_response();
            }
            Self::InvalidGrant(description) => ("invalid_grant", description),
            Self::UnsupportedGrantType => ("unsupported_grant_type", "only authorization_code is supported"),
        };
        let body = json!({ "error": error, "error_description": description });
        (StatusCode::BAD_REQUEST, UNCACHED, Json(body)).into_response()
    }
}
