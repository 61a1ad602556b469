//! The operator's side: what makes a link for a person.

use std::error::Error;
use std::time::SystemTime;

use appfabric_emulator::appfabric::AuthorizationArn;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use url::Url;

use crate::function::{self, ALIAS};

const REGION: &str = "us-east-1";

/// Dummy credentials: the emulator does not verify signatures.
const ACCESS_KEY: (&str, &str) = ("AKIDEXAMPLE", "example");

/// Somebody who wants an app authorization connected.
pub(crate) struct Operator<'a> {
    /// How to call AppFabric.
    pub(crate) sdk: &'a SdkConfig,
    /// What shall be connected.
    pub(crate) arn: &'a AuthorizationArn,
    /// The API that the function is behind.
    pub(crate) api: &'a str,
    /// What requests to it are signed for.
    pub(crate) service: &'a str,
}

impl Operator<'_> {
    /// Begins a flow with a signed `POST /flows`, and answers its connect link.
    pub(crate) async fn begin_flow(&self) -> Result<String, Box<dyn Error>> {
        let body = body();
        let mut request = http::Request::post(format!("{}/flows", self.api))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.clone())?;
        let url = request.uri().to_string();
        let identity = credentials().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let content_type = std::iter::once(("content-type", "application/json"));
        let signable = SignableRequest::new("POST", url, content_type, SignableBody::Bytes(body.as_bytes()))?;
        sign(signable, &parameters)?.into_parts().0.apply_to_request_http1x(&mut request);

        let client = Client::builder(TokioExecutor::new()).build_http::<String>();
        let answer = client.request(request).await?;
        let status = answer.status();
        let answer: Value = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
        let text = |member: &str| answer[member].as_str();
        let link = text("connectUrl").map(ToOwned::to_owned);
        link.ok_or_else(|| {
            format!("POST /flows answers {status}. {}", function::by_options(text("detail").unwrap_or_default())).into()
        })
    }

    /// The same request as a command of two lines.
    pub(crate) fn curl(&self) -> [String; 2] {
        let (Self { api, service, .. }, (id, secret), body) = (self, ACCESS_KEY, body());
        [
            format!("curl --aws-sigv4 aws:amz:{REGION}:{service} --user {id}:{secret} \\"),
            format!("    --json '{body}' {api}/flows"),
        ]
    }

    /// A link without a flow: a fresh `authUrl`, with the registered redirect URI set in it.
    pub(crate) async fn auth_url(&self, redirect_uri: &str) -> Result<Url, Box<dyn Error>> {
        let client = aws_sdk_appfabric::Client::new(self.sdk);
        let answer = client
            .get_app_authorization()
            .app_bundle_identifier(self.arn.bundle().uuid())
            .app_authorization_identifier(self.arn.uuid())
            .send()
            .await?;
        let auth_url = answer.app_authorization().and_then(|authorization| authorization.auth_url());
        let mut link: Url = auth_url.ok_or("AppFabric gave no authUrl")?.parse()?;
        link.query_pairs_mut().append_pair("redirect_uri", redirect_uri);
        Ok(link)
    }
}

fn body() -> String {
    json!({ "connection": ALIAS }).to_string()
}

/// The SDK, with made-up credentials, calling the emulator.
pub(crate) fn sdk(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials()))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .region(aws_config::Region::from_static(REGION))
        .endpoint_url(url)
        .build()
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY.0, ACCESS_KEY.1, None, None, "example")
}
