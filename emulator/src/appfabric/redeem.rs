//! Spending a code at the application's token endpoint (RFC 6749 §4.1.3).

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{Request, StatusCode, header::ACCEPT, header::CONTENT_TYPE},
};
use hyper_util::{client::legacy, client::legacy::connect::HttpConnector, rt::TokioExecutor};
use serde::Deserialize;
use tokio::time::timeout;
use url::{Url, form_urlencoded::Serializer};

use super::{authorization::Secret, errors::Failure, requests::AuthRequest};

/// What AppFabric sends requests with.
pub(super) type Client = legacy::Client<HttpConnector, Body>;

/// How long AppFabric waits for the application.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than any token response needs.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The client that AppFabric is towards the application. Plain HTTP only: the stand-in is on loopback.
pub(super) fn client() -> Client {
    legacy::Client::builder(TokioExecutor::new()).build_http()
}

/// Spends the code. Whatever the application grants is forgotten at once.
pub(super) async fn redeem(
    client: &Client,
    token_endpoint: &Url,
    request: &AuthRequest,
    client_id: &str,
    client_secret: &Secret,
) -> Result<(), Failure> {
    /// RFC 6749 §5.1, with only the member that is needed here.
    #[derive(Deserialize)]
    struct Granted {
        #[serde(rename = "access_token")]
        _access_token: String,
    }

    let form = Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", &request.code),
            ("redirect_uri", &request.redirect_uri),
            ("client_id", client_id),
            ("client_secret", client_secret.expose()),
        ])
        .finish();
    let request = Request::post(token_endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .map_err(|_| UNREACHABLE)?;
    let (status, body) = timeout(PATIENCE, answered(client, request)).await.ok().flatten().ok_or(UNREACHABLE)?;
    if status.is_client_error() {
        return Err(Failure::Other("The application refused the authorization code."));
    }
    if !status.is_success() {
        return Err(Failure::Internal("The application answered with a server error."));
    }
    serde_json::from_slice::<Granted>(&body)
        .map(drop)
        .map_err(|_| Failure::Other("The application's token response has no access token."))
}

const UNREACHABLE: Failure = Failure::Internal("The application could not be reached.");

/// The whole answer, if one comes.
async fn answered(client: &Client, request: Request<Body>) -> Option<(StatusCode, Bytes)> {
    let answer = client.request(request).await.ok()?;
    let status = answer.status();
    Some((status, to_bytes(Body::new(answer.into_body()), LARGEST_ANSWER).await.ok()?))
}
