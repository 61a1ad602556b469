//! The structures of the service model that answers carry.

use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use url::Url;
use uuid::Uuid;

use super::{
    authorization::{Credential, Status, Tenant},
    state::{Bundle, Record},
};

/// `AppAuthorization`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppAuthorization {
    #[serde(rename = "appAuthorizationArn")]
    arn: String,
    app_bundle_arn: String,
    app: String,
    tenant: Tenant,
    auth_type: &'static str,
    status: Status,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_url: Option<String>,
}

impl AppAuthorization {
    /// An app authorization with a fresh `authUrl` at this authorization endpoint.
    pub(super) fn read(record: &Record, authorization_endpoint: &Url) -> Self {
        Self {
            arn: record.arn.to_string(),
            app_bundle_arn: record.arn.bundle().to_string(),
            app: record.app.clone(),
            tenant: record.tenant.clone(),
            auth_type: record.credential.auth_type(),
            status: record.status.clone(),
            created_at: date_time(record.created_at),
            updated_at: date_time(record.updated_at),
            auth_url: auth_url(&record.credential, authorization_endpoint),
        }
    }
}

/// `AppAuthorizationSummary`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppAuthorizationSummary {
    #[serde(rename = "appAuthorizationArn")]
    arn: String,
    app_bundle_arn: String,
    app: String,
    tenant: Tenant,
    status: Status,
    updated_at: String,
}

impl From<&Record> for AppAuthorizationSummary {
    fn from(record: &Record) -> Self {
        Self {
            arn: record.arn.to_string(),
            app_bundle_arn: record.arn.bundle().to_string(),
            app: record.app.clone(),
            tenant: record.tenant.clone(),
            status: record.status.clone(),
            updated_at: date_time(record.updated_at),
        }
    }
}

/// `AppBundle`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppBundle {
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_managed_key_arn: Option<String>,
}

impl From<&Bundle> for AppBundle {
    fn from(bundle: &Bundle) -> Self {
        Self { arn: bundle.arn.to_string(), customer_managed_key_arn: bundle.customer_managed_key_arn.clone() }
    }
}

/// `AppBundleSummary`
#[derive(Debug, Serialize)]
pub(super) struct AppBundleSummary {
    arn: String,
}

impl From<&Bundle> for AppBundleSummary {
    fn from(bundle: &Bundle) -> Self {
        Self { arn: bundle.arn.to_string() }
    }
}

/// `DateTime`: `timestampFormat: iso8601`, in UTC, to the millisecond.
fn date_time(at: OffsetDateTime) -> String {
    let at = at.replace_millisecond(at.millisecond()).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_default()
}

/// Another URL at each call; none for an API key. It carries neither redirect URI nor state.
fn auth_url(credential: &Credential, authorization_endpoint: &Url) -> Option<String> {
    let Credential::Oauth2 { client_id, .. } = credential else { return None };
    let mut url = authorization_endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("nonce", &Uuid::new_v4().to_string());
    Some(url.into())
}
