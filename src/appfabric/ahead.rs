//! What is made ready before there is anything to call for.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_appfabric::config::auth::{Params, ResolveAuthScheme};
use aws_sdk_appfabric::config::{self, ConfigBag, RuntimeComponents};
use aws_smithy_runtime_api::client::auth::{AuthSchemeId, AuthSchemeOption, AuthSchemeOptionsFuture};

use super::AppFabric;
use crate::app_authorization::Region;
use crate::budget::Slice;

/// Stands for both identifiers, where nothing is meant.
const NOTHING: &str = "none";

impl AppFabric {
    /// Makes the client of a Region, which is otherwise made when first needed.
    pub fn prepare(&self, region: &Region) {
        let _kept = self.client(region);
    }

    /// Opens a connection, for whichever call comes next, by a look that nobody has signed: AppFabric refuses that at its
    /// door, whatever it names. The time is its bound; whether anything comes of it makes no difference to any call.
    pub async fn open_connection(&self, region: &Region, time: Slice) {
        let timeouts = TimeoutConfig::builder().connect_timeout(time.connecting).operation_timeout(time.whole);
        let config = config::Builder::new()
            .auth_scheme_resolver(Unsigned)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        let look = self
            .client(region)
            .get_app_authorization()
            .app_bundle_identifier(NOTHING)
            .app_authorization_identifier(NOTHING)
            .customize()
            .config_override(config);
        let _refused = look.send().await;
    }
}

/// Sends without a signature, by the SDK's own way for operations that need none.
#[derive(Debug)]
struct Unsigned;

impl ResolveAuthScheme for Unsigned {
    fn resolve_auth_scheme<'a>(
        &'a self,
        _: &'a Params,
        _: &'a ConfigBag,
        _: &'a RuntimeComponents,
    ) -> AuthSchemeOptionsFuture<'a> {
        AuthSchemeOptionsFuture::ready(Ok(vec![AuthSchemeOption::from(AuthSchemeId::new("noAuth"))]))
    }
}
