//! The only place that talks to AppFabric: one call at a time, each within the time that it is given.

mod answer;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_appfabric::Client;
use aws_sdk_appfabric::config;
use aws_sdk_appfabric::types::AuthRequest;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::app_authorization::{AppAuthorization, Region};
use crate::authorization_code::AuthorizationCode;
use crate::redirect_uri::RedirectUri;

pub use answer::{Answer, Seen, Status, Verdict};

/// How long establishing a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often a look is tried within its time; asking again changes nothing at AppFabric.
const LOOK_ATTEMPTS: u32 = 3;

/// The pause before a look is tried again, which doubles; by chance it is shorter.
const LOOK_BACKOFF: Duration = Duration::from_millis(200);

/// AppFabric in every Region that an app authorization is in; one client a Region, made when first needed.
pub struct AppFabric {
    sdk: SdkConfig,
    clients: Mutex<HashMap<Region, Client>>,
}

/// A code with its redirect URI, on the way to AppFabric; its `Debug` output has neither.
#[derive(Debug)]
pub struct Spending(AuthRequest);

impl Spending {
    /// Gives the code up to be sent.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it never does: both members are set")]
    pub fn new(code: AuthorizationCode, redirect_uri: &RedirectUri) -> Self {
        let request = AuthRequest::builder().redirect_uri(redirect_uri.as_str()).code(code.spend()).build();
        Self(request.expect("both members are set"))
    }
}

impl AppFabric {
    /// Calls AppFabric with this configuration, in the Region of each app authorization.
    #[must_use]
    pub fn new(sdk: SdkConfig) -> Self {
        Self { sdk, clients: Mutex::default() }
    }

    /// The SDK's configuration from the standard variables: endpoint, credentials from the environment and nowhere
    /// else (no profile, no metadata service), TLS by rustls with ring, the system's root certificates.
    pub async fn sdk_from_environment() -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.build_https())
            .credentials_provider(aws_config::environment::EnvironmentVariableCredentialsProvider::new())
            // Every call names its own Region; without one here the SDK would ask the metadata service for it.
            .region(aws_config::Region::from_static("us-east-1"))
            .load()
            .await
    }

    /// One `ConnectAppAuthorization`, sent at most once, answered or given up `within` the time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_ConnectAppAuthorization.html>
    pub async fn connect(&self, app_authorization: &AppAuthorization, spending: &Spending, within: Duration) -> Answer {
        // A connection that AppFabric closed while this instance was frozen is found out when the reactor is asked,
        // which a yield does; without it the code would be written to a dead connection.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let timeouts = TimeoutConfig::builder().connect_timeout(connect_timeout(within)).operation_timeout(within);
        let sent = self
            .client(app_authorization.region())
            .connect_app_authorization()
            .app_bundle_identifier(app_authorization.app_bundle_identifier())
            .app_authorization_identifier(app_authorization.app_authorization_identifier())
            .auth_request(spending.0.clone())
            .customize()
            // The code is single-use: a retry of the SDK's would be a second spending.
            .config_override(
                config::Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build()),
            )
            .send()
            .await;
        Answer::read(sent, |output| output.app_authorization_summary.map(Seen::from))
    }

    /// The truth: one `GetAppAuthorization`, tried up to three times `within` the time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_GetAppAuthorization.html>
    pub async fn look(&self, app_authorization: &AppAuthorization, within: Duration) -> Answer {
        // The same connections as for the code: a look that finds a dead one has spared the code that.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(within / LOOK_ATTEMPTS)
            .operation_timeout(within);
        let retries = RetryConfig::standard().with_max_attempts(LOOK_ATTEMPTS).with_initial_backoff(LOOK_BACKOFF);
        let sent = self
            .client(app_authorization.region())
            .get_app_authorization()
            .app_bundle_identifier(app_authorization.app_bundle_identifier())
            .app_authorization_identifier(app_authorization.app_authorization_identifier())
            .customize()
            .config_override(config::Builder::new().retry_config(retries).timeout_config(timeouts.build()))
            .send()
            .await;
        Answer::read(sent, |output| output.app_authorization.map(Seen::from))
    }

    fn client(&self, region: &Region) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        let builder = config::Builder::from(&self.sdk).region(config::Region::new(region.as_str().to_owned()));
        let client = Client::from_conf(builder.build());
        clients.insert(region.clone(), client.clone());
        client
    }
}

/// How long establishing a connection may take when so much time is left: 3 s, or half of it as often as it takes for
/// it to end before the whole call does, so that "never sent" can be told from "no answer".
///
/// The values are few because the SDK keeps a pool of connections for each.
fn connect_timeout(within: Duration) -> Duration {
    let mut timeouts = (0..6).map(|halvings| CONNECT_TIMEOUT / 2_u32.pow(halvings));
    timeouts.find(|timeout| *timeout < within).unwrap_or(CONNECT_TIMEOUT)
}
