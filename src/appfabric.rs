//! The only file that talks to AppFabric.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_appfabric::Client;
use aws_sdk_appfabric::config::{self, http::HttpResponse};
use aws_sdk_appfabric::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appfabric::operation::RequestId;
use aws_sdk_appfabric::operation::connect_app_authorization::{
    ConnectAppAuthorizationError as ConnectError, ConnectAppAuthorizationOutput,
};
use aws_sdk_appfabric::types::{AppAuthorizationStatus, AppAuthorizationSummary, AuthRequest};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::app_authorization::{AppAuthorization, Region};
use crate::authorization_code::AuthorizationCode;
use crate::outcome::Outcome;
use crate::redirect_uri::RedirectUri;

/// How long establishing a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long one `ConnectAppAuthorization` may take, connection included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(12);

/// AppFabric in every Region that an app authorization is in; one client a Region, made when first needed.
pub struct AppFabric {
    sdk: SdkConfig,
    clients: Mutex<HashMap<Region, Client>>,
}

/// What became of one `ConnectAppAuthorization`, and what the log says of it.
#[derive(Debug)]
pub struct Connect {
    /// What AppFabric's answer, or the lack of one, means.
    pub verdict: Verdict,
    /// The application's name, as AppFabric knows it.
    pub app: Option<String>,
    /// AppFabric's request ID.
    pub request_id: Option<String>,
    /// The error's type, as AppFabric or its front door names it; our own word where there was no answer.
    pub error_code: Option<String>,
    /// How often the code was sent: 0 or 1.
    pub attempts: u32,
    /// How long it took.
    pub duration: Duration,
}

/// What AppFabric's answer to a Connect, or the lack of one, means for the code and the app authorization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// 200, and this status; only `Connected` is a success.
    Status(AppAuthorizationStatus),
    /// `ValidationException`, and any other 4xx that is not modeled.
    Rejected,
    /// `AccessDeniedException`, `ResourceNotFoundException`, any other 403 and the common credential errors.
    Unavailable,
    /// `ThrottlingException`: refused before the code was read.
    Throttled,
    /// No connection was established, or no request could be made: nothing was sent.
    NotSent,
    /// A 5xx, a timeout, a reset, an answer that cannot be read: the code may or may not have been spent.
    Unclear,
}

impl Verdict {
    /// The outcome, where nothing more can be learnt.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Status(AppAuthorizationStatus::Connected) => Outcome::Connected,
            Self::Status(AppAuthorizationStatus::PendingConnect) => Outcome::InProgress,
            Self::Status(_) => Outcome::NotConnected,
            Self::Rejected => Outcome::CodeRejected,
            Self::Unavailable => Outcome::UnknownConnection,
            Self::Throttled | Self::NotSent => Outcome::TemporarilyUnavailable,
            Self::Unclear => Outcome::Unconfirmed,
        }
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

    /// Spends the code: one `ConnectAppAuthorization`, sent exactly once, answered or given up `within` the time.
    ///
    /// Source: <https://docs.aws.amazon.com/appfabric/latest/api/API_ConnectAppAuthorization.html>
    pub async fn connect(
        &self,
        app_authorization: &AppAuthorization,
        code: AuthorizationCode,
        redirect_uri: &RedirectUri,
        within: Duration,
    ) -> Connect {
        let started = Instant::now();
        // A connection that AppFabric closed while this instance was frozen is found out when the reactor is asked,
        // which a yield does; without it the code would be written to a dead connection.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(connect_timeout(within))
            .operation_timeout(OPERATION_TIMEOUT.min(within))
            .build();
        let auth_request =
            AuthRequest::builder().redirect_uri(redirect_uri.as_str()).code(code.spend()).build().map_err(Box::new);
        let (verdict, app, request_id, error_code) = match auth_request {
            Err(_) => (Verdict::NotSent, None, None, None),
            Ok(auth_request) => {
                let sent = self
                    .client(app_authorization.region())
                    .connect_app_authorization()
                    .app_bundle_identifier(app_authorization.app_bundle_identifier())
                    .app_authorization_identifier(app_authorization.app_authorization_identifier())
                    .auth_request(auth_request)
                    .customize()
                    // The code is single-use: a retry of the SDK's would be a second spending.
                    .config_override(
                        config::Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts),
                    )
                    .send()
                    .await;
                read(sent.map_err(Box::new))
            }
        };
        let attempts = u32::from(verdict != Verdict::NotSent);
        Connect { verdict, app, request_id, error_code, attempts, duration: started.elapsed() }
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

type Sent = Result<ConnectAppAuthorizationOutput, Box<SdkError<ConnectError, HttpResponse>>>;

/// The verdict, the application's name, AppFabric's request ID and its error code.
fn read(sent: Sent) -> (Verdict, Option<String>, Option<String>, Option<String>) {
    match sent {
        Ok(output) => {
            let request_id = output.request_id().and_then(loggable);
            match output.app_authorization_summary {
                Some(AppAuthorizationSummary { app, status, .. }) => {
                    // Where AppFabric sends no status, the SDK puts a sentence of its own there.
                    let verdict = loggable(status.as_str()).map_or(Verdict::Unclear, |_| Verdict::Status(status));
                    (verdict, Some(app), request_id, None)
                }
                None => (Verdict::Unclear, None, request_id, None),
            }
        }
        Err(error) => {
            let verdict = verdict(&error);
            let error_code = error.code().and_then(loggable).unwrap_or_else(|| nameless(&error, &verdict));
            (verdict, None, error.request_id().and_then(loggable), Some(error_code))
        }
    }
}

fn verdict(error: &SdkError<ConnectError, HttpResponse>) -> Verdict {
    match error {
        SdkError::ConstructionFailure(_) => Verdict::NotSent,
        SdkError::DispatchFailure(failure) if failure.is_user() || never_connected(failure.as_connector_error()) => {
            Verdict::NotSent
        }
        SdkError::ServiceError(answer) => {
            let error = answer.err();
            let status = answer.raw().status().as_u16();
            if error.is_throttling_exception() || status == 429 {
                Verdict::Throttled
            } else if error.is_internal_server_exception() || status >= 500 {
                Verdict::Unclear
            } else if error.is_access_denied_exception()
                || error.is_resource_not_found_exception()
                || status == 403
                || error.code().is_some_and(is_credential_error)
            {
                Verdict::Unavailable
            } else if error.is_validation_exception() || status >= 400 {
                Verdict::Rejected
            } else {
                Verdict::Unclear
            }
        }
        // Timeouts, resets, answers that are no answer, and whatever a later SDK adds.
        _ => Verdict::Unclear,
    }
}

/// What to call an error that AppFabric has given no name.
fn nameless(error: &SdkError<ConnectError, HttpResponse>, verdict: &Verdict) -> String {
    match error {
        SdkError::ServiceError(answer) => return format!("Http{}", answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::ResponseError(_) => "UnreadableAnswer",
        _ if *verdict == Verdict::NotSent => "NotSent",
        _ => "ConnectionLost",
    }
    .to_owned()
}

/// Whether hyper says that the connection itself failed (DNS, TCP, TLS), so that nothing was sent on it.
fn never_connected(error: Option<&impl Error>) -> bool {
    let mut source = error.and_then(Error::source);
    while let Some(error) = source {
        if error
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return true;
        }
        source = error.source();
    }
    false
}

/// The credential and signature errors that AWS's front door sends for any service.
///
/// Source: <https://docs.aws.amazon.com/appfabric/latest/api/CommonErrors.html>
fn is_credential_error(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "NotAuthorized"
            | "OptInRequired"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException"
    )
}

/// A name from outside as it may be logged: short and plain, else none.
fn loggable(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    (matches!(name.len(), 1..=128) && name.bytes().all(plain)).then(|| name.to_owned())
}
