//! The only place that talks to AppFabric: one call at a time, each within the time that it is given.

mod answer;

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

use crate::app_authorization::{AppAuthorization, Region};
use crate::authorization_code::AuthorizationCode;
use crate::budget::Slice;
use crate::redirect_uri::RedirectUri;

pub use answer::{Answer, Seen, Status, Verdict};
pub(crate) use answer::{NOT_AUTHENTICATED, is_about_authentication};

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

    /// One `ConnectAppAuthorization`, sent at most once, answered or given up in time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_ConnectAppAuthorization.html>
    pub async fn connect(&self, app_authorization: &AppAuthorization, spending: &Spending, time: Slice) -> Answer {
        // A connection that AppFabric closed while this instance was frozen is found out when the reactor is asked,
        // which a yield does; without it the code would be written to a dead connection.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let timeouts = TimeoutConfig::builder().connect_timeout(time.connecting).operation_timeout(time.whole);
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

    /// The truth: one `GetAppAuthorization`, tried up to three times, answered or given up in time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_GetAppAuthorization.html>
    pub async fn look(&self, app_authorization: &AppAuthorization, time: Slice) -> Answer {
        // Over the same connections as the code: a look that finds a dead one has spared the code that. One try may have two
        // thirds of the time, so that what is slow is waited for and what was lost is tried again.
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
        Answer::read(sent, |output| output.app_authorization.map(Seen::from))
    }

    fn client(&self, region: &Region) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        // Looks are few and each is bounded by its time. The SDK's own quota, one for the whole process, would end their
        // retries after a bad spell.
        let retries = RetryPartition::custom("looks").token_bucket(TokenBucket::unlimited()).build();
        let builder = config::Builder::from(&self.sdk)
            .region(config::Region::new(region.as_str().to_owned()))
            .retry_partition(retries);
        let client = Client::from_conf(builder.build());
        clients.insert(region.clone(), client.clone());
        client
    }
}
