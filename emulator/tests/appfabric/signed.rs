//! Signed calls, and what came back.

use appfabric_emulator::appfabric::{AppFabric, AuthorizationArn};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) status: u16,
    pub(crate) error_type: String,
    pub(crate) retry_after: String,
    pub(crate) request_id: String,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Sent {
    pub(crate) async fn of(answer: reqwest::Response) -> Self {
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (status, error_type) = (answer.status().as_u16(), header("x-amzn-errortype"));
        let (retry_after, request_id) = (header("retry-after"), header("x-amzn-requestid"));
        let text = answer.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status, error_type, retry_after, request_id, text, body }
    }
}

/// The path of an app authorization, its identifiers percent-encoded whole.
pub(crate) fn path_of(authorization: &str, bundle: &str) -> String {
    let encoded = |identifier| utf8_percent_encode(identifier, NON_ALPHANUMERIC).to_string();
    format!("/appbundles/{}/appauthorizations/{}", encoded(bundle), encoded(authorization))
}

/// A signed call, which may fail on the way.
pub(crate) async fn try_send(
    appfabric: &AppFabric,
    method: &str,
    path: &str,
    region: &str,
    body: &str,
) -> reqwest::Result<reqwest::Response> {
    let scope = format!("AKID/20260101/{region}/appfabric/aws4_request");
    reqwest::Client::builder()
        .no_proxy()
        .build()?
        .request(method.parse().expect("a method"), format!("{}{path}", appfabric.url()))
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
        .body(body.to_owned())
        .send()
        .await
}

/// A signed call.
pub(crate) async fn send(appfabric: &AppFabric, method: &str, path: &str, region: &str, body: &str) -> Sent {
    Sent::of(try_send(appfabric, method, path, region, body).await.expect("an answer")).await
}

/// A Connect.
pub(crate) async fn connect(appfabric: &AppFabric, arn: &AuthorizationArn, body: &Value) -> Sent {
    let path = format!("{}/connect", path_of(&arn.to_string(), &arn.bundle().to_string()));
    send(appfabric, "POST", &path, arn.bundle().region().name(), &body.to_string()).await
}

/// A Get.
pub(crate) async fn get(appfabric: &AppFabric, arn: &AuthorizationArn) -> Sent {
    let path = path_of(&arn.to_string(), &arn.bundle().to_string());
    send(appfabric, "GET", &path, arn.bundle().region().name(), "").await
}
