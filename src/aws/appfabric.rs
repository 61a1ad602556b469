//! AppFabric: its two calls, each within the time that it is given.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_appfabric::Client;
use aws_sdk_appfabric::config;
use aws_sdk_appfabric::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_appfabric::types::AuthRequest;

use super::answer::{Answer, ConnectFailure, LookFailure, Seen};
use crate::values::{AppAuthorization, AuthorizationCode, RedirectUri, Region, Slice};

/// How often a look is tried within its time; asking again changes nothing at AppFabric.
const LOOK_ATTEMPTS: u32 = 3;

/// The pause before a look is tried again. It doubles each time, and a random part is cut off.
const LOOK_BACKOFF: Duration = Duration::from_millis(200);

/// AppFabric in every Region that an app authorization is in; one client per Region, made when first needed.
pub struct AppFabric {
    sdk: SdkConfig,
    clients: Mutex<HashMap<Region, Client>>,
}

/// A code with its redirect URI, on the way to AppFabric; its `Debug` output has neither.
#[derive(Debug)]
pub(crate) struct Spending(AuthRequest);

impl Spending {
    /// Takes the code, to be sent.
    pub(crate) fn new(code: AuthorizationCode, redirect_uri: &RedirectUri) -> Self {
        let request = AuthRequest::builder().redirect_uri(redirect_uri.as_str()).code(code.spend()).build();
        Self(request.expect("both members are set"))
    }
}

impl AppFabric {
    /// Calls AppFabric with this configuration, in the Region of each app authorization.
    pub fn new(sdk: SdkConfig) -> Self {
        Self { sdk, clients: Mutex::default() }
    }

    /// One `ConnectAppAuthorization`, sent at most once, answered or given up in time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_ConnectAppAuthorization.html>
    pub(crate) async fn connect(
        &self,
        app_authorization: &AppAuthorization,
        spending: &Spending,
        time: Slice,
    ) -> Answer<ConnectFailure> {
        // A connection that AppFabric closed while this instance was frozen is noticed when the reactor runs, which
        // takes a yield; otherwise the code would be written to a dead connection.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let timeouts = TimeoutConfig::builder().connect_timeout(time.connecting).operation_timeout(time.whole);
        // The code is good for one use: a retry by the SDK would spend it twice.
        let config = config::Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build());
        let sent = self
            .client(app_authorization.region())
            .connect_app_authorization()
            .app_bundle_identifier(app_authorization.app_bundle_identifier())
            .app_authorization_identifier(app_authorization.app_authorization_identifier())
            .auth_request(spending.0.clone())
            .customize()
            .config_override(config)
            .send()
            .await;
        Answer::read(sent, |output| {
            let summary = output.app_authorization_summary?;
            Some(Seen::new(summary.app, summary.tenant, None, summary.status, summary.updated_at))
        })
    }

    /// A look: one `GetAppAuthorization`, tried up to three times, answered or given up in time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_GetAppAuthorization.html>
    pub(crate) async fn look(&self, app_authorization: &AppAuthorization, time: Slice) -> Answer<LookFailure> {
        // It uses the same connections as the code, so it finds a dead connection before the code does. One try gets
        // two thirds of the time: enough for a slow answer, and a lost one can be asked for again.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(time.connecting)
            .operation_attempt_timeout(time.whole * 2 / 3)
            .operation_timeout(time.whole);
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
        Answer::read(sent, |output| {
            let seen = output.app_authorization?;
            Some(Seen::new(seen.app, seen.tenant, seen.auth_url, seen.status, seen.updated_at))
        })
    }

    fn client(&self, region: &Region) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        // Each look has its own time limit. The SDK's quota of retries is one for the whole process, and empty after
        // many errors.
        let retries = RetryPartition::custom("looks").token_bucket(TokenBucket::unlimited()).build();
        let builder = config::Builder::from(&self.sdk)
            .region(config::Region::new(region.as_str().to_owned()))
            .retry_partition(retries);
        let client = Client::from_conf(builder.build());
        clients.insert(region.clone(), client.clone());
        client
    }
}
