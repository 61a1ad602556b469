//! Spending a code at the application's token endpoint (RFC 6749 §4.1.3).

use std::time::Duration;

use reqwest::{Client, header::ACCEPT, redirect::Policy};
use serde::Deserialize;
use url::Url;

use super::{authorization::Secret, errors::Failure, requests::AuthRequest};

/// The client that AppFabric is towards the application. Plain HTTP only: the stand-in is on loopback.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(10)).build()
}

/// Spends the code. Whatever the application grants is forgotten at once.
pub(super) async fn redeem(
    client: &Client,
    token_endpoint: &Url,
    request: &AuthRequest,
    client_id: &str,
    client_secret: &Secret,
) -> Result<(), Failure> {
    /// RFC 6749 §5.1, less what nobody here needs.
    #[derive(Deserialize)]
    struct Granted {
        #[serde(rename = "access_token")]
        _access_token: String,
    }

    let form = [
        ("grant_type", "authorization_code"),
        ("code", &request.code),
        ("redirect_uri", &request.redirect_uri),
        ("client_id", client_id),
        ("client_secret", client_secret.expose()),
    ];
    let answer = client
        .post(token_endpoint.clone())
        .header(ACCEPT, "application/json")
        .form(&form)
        .send()
        .await
        .map_err(|_| Failure::Internal("The application could not be reached."))?;
    let status = answer.status();
    if status.is_client_error() {
        return Err(Failure::Other("The application refused the authorization code."));
    }
    if !status.is_success() {
        return Err(Failure::Internal("The application answered with a server error."));
    }
    answer
        .json::<Granted>()
        .await
        .map(drop)
        .map_err(|_| Failure::Other("The application's token response has no access token."))
}
