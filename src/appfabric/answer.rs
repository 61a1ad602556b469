//! What AppFabric's answer to a call, or the lack of one, means.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_sdk_appfabric::config::http::HttpResponse;
use aws_sdk_appfabric::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appfabric::operation::RequestId;
use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};
use aws_sdk_appfabric::types::{AppAuthorization, AppAuthorizationSummary};

use crate::sdk::{NO_CREDENTIALS, lacks_credentials};

pub use aws_sdk_appfabric::types::AppAuthorizationStatus as Status;

/// An answer as far as anybody here reads it.
#[derive(Debug)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// AppFabric's request ID.
    pub request_id: Option<String>,
    /// The error's type, as AppFabric or its front door names it; our own word where there was no answer.
    pub error_code: Option<String>,
}

/// What an answer, or the lack of one, means for the code and the app authorization.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// 200, and the app authorization; only `Connected` is a success.
    Seen(Seen),
    /// `ValidationException`, and any other 4xx that is not modeled.
    Rejected,
    /// `AccessDeniedException`, `ResourceNotFoundException` and any other 403.
    Unavailable,
    /// AWS's front door refused our credentials, signature or clock, or there are no credentials: the request was not read.
    NotAuthenticated,
    /// `ThrottlingException`: refused before the code was read.
    Throttled {
        /// `Retry-After` (RFC 9110 §10.2.3), where there is one that can be read.
        retry_after: Option<Duration>,
    },
    /// No connection was established, or no request could be made: nothing was sent.
    NotSent,
    /// A 5xx, a timeout, a reset, an answer that cannot be read: what was asked may or may not have been done.
    Unclear,
}

/// The longest name of an application or a tenant that is kept, in characters; AppFabric promises none.
const LONGEST_NAME: usize = 128;

/// An app authorization as AppFabric showed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The application's name, such as `SLACK`.
    pub app: String,
    /// The tenant there, as people call it.
    pub tenant: Option<String>,
    /// Where a person consents, in the answer to a look: a fresh one each time, none for an application with an API key.
    pub auth_url: Option<String>,
    /// Its status, known today or not.
    pub status: Status,
    /// When anything of it last changed.
    pub updated_at: SystemTime,
}

impl Answer {
    /// Whether the request was sent, as far as that is known.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        self.verdict != Verdict::NotSent && self.error_code.as_deref() != Some(NO_CREDENTIALS)
    }

    pub(super) fn read<T: RequestId, E>(
        sent: Result<T, SdkError<E, HttpResponse>>,
        seen: impl FnOnce(T) -> Option<Seen>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        SdkError<E, HttpResponse>: RequestId + ProvideErrorMetadata,
    {
        match sent {
            Ok(output) => {
                let request_id = output.request_id().and_then(loggable);
                // Where AppFabric sends no status, the SDK puts a sentence of its own there.
                let seen = seen(output).filter(|seen| loggable(seen.status.as_str()).is_some());
                Self { verdict: seen.map_or(Verdict::Unclear, Verdict::Seen), request_id, error_code: None }
            }
            Err(error) => {
                let verdict = verdict(&error);
                let error_code = error.code().and_then(loggable).unwrap_or_else(|| nameless(&error, &verdict));
                Self { verdict, request_id: error.request_id().and_then(loggable), error_code: Some(error_code) }
            }
        }
    }
}

fn verdict<E>(error: &SdkError<E, HttpResponse>) -> Verdict
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        _ if lacks_credentials(error) => Verdict::NotAuthenticated,
        SdkError::ConstructionFailure(_) => Verdict::NotSent,
        SdkError::DispatchFailure(failure) if failure.is_user() || never_connected(failure.as_connector_error()) => {
            Verdict::NotSent
        }
        SdkError::ServiceError(answer) => {
            let throttled = || Verdict::Throttled { retry_after: retry_after(answer.raw()) };
            match (answer.err().code().unwrap_or_default(), answer.raw().status().as_u16()) {
                (code, _) if is_about_authentication(code) => Verdict::NotAuthenticated,
                ("ThrottlingException", _) | (_, 429) => throttled(),
                ("InternalServerException", _) | (_, 500..) => Verdict::Unclear,
                (
                    "AccessDenied"
                    | "AccessDeniedException"
                    | "NotAuthorized"
                    | "OptInRequired"
                    | "ResourceNotFoundException",
                    _,
                )
                | (_, 403) => Verdict::Unavailable,
                ("ValidationException", _) | (_, 400..) => Verdict::Rejected,
                _ => Verdict::Unclear,
            }
        }
        // Timeouts, resets, answers that are no answer, and whatever a later SDK adds.
        _ => Verdict::Unclear,
    }
}

/// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which is compared with the answer's own.
fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let text = answer.headers().get("retry-after")?.trim();
    let date = |text| SystemTime::try_from(DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?).ok();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => date(text)?.duration_since(date(answer.headers().get("date")?)?).ok(),
    }
}

/// What to call an error that AppFabric has given no name.
fn nameless<E>(error: &SdkError<E, HttpResponse>, verdict: &Verdict) -> String {
    match error {
        SdkError::ServiceError(answer) => return format!("Http{}", answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::ResponseError(_) => "UnreadableAnswer",
        _ if *verdict == Verdict::NotAuthenticated => NO_CREDENTIALS,
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

/// What an operator does about AWS's refusal of the function's own credentials, signature or clock.
pub(crate) const NOT_AUTHENTICATED: &str = "see the error code: give the function its role and no AWS_ACCESS_KEY_ID or AWS_SESSION_TOKEN of your own; if the session \
     has expired or the clock is wrong, deploy again to start new instances";

/// The errors about the caller's credentials, signature or clock that AWS's front door sends for any service, with any status.
///
/// Source: <https://docs.aws.amazon.com/appfabric/latest/api/CommonErrors.html>; those that only other services' pages name
/// are here, too, because the front door is the same.
pub(crate) fn is_about_authentication(code: &str) -> bool {
    matches!(
        code.strip_suffix("Exception").unwrap_or(code),
        "AuthFailure"
            | "ExpiredToken"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSecurityToken"
            | "InvalidSignature"
            | "InvalidToken"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "RequestInTheFuture"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
            | "TokenRefreshRequired"
            | "UnrecognizedClient"
    )
}

/// A name from outside as it may be logged: short and plain, else none.
fn loggable(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    (matches!(name.len(), 1..=128) && name.bytes().all(plain)).then(|| name.to_owned())
}

impl From<AppAuthorizationSummary> for Seen {
    fn from(summary: AppAuthorizationSummary) -> Self {
        Self {
            app: cut(summary.app),
            tenant: summary.tenant.map(|tenant| cut(tenant.tenant_display_name)),
            auth_url: None,
            status: summary.status,
            updated_at: time(summary.updated_at),
        }
    }
}

impl From<AppAuthorization> for Seen {
    fn from(authorization: AppAuthorization) -> Self {
        Self {
            app: cut(authorization.app),
            tenant: authorization.tenant.map(|tenant| cut(tenant.tenant_display_name)),
            auth_url: authorization.auth_url,
            status: authorization.status,
            updated_at: time(authorization.updated_at),
        }
    }
}

/// A name as it is shown: one that is too long ends in `…`.
fn cut(name: String) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some(_) => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        None => name,
    }
}

/// A time that no clock can hold is as old as can be.
fn time(time: DateTime) -> SystemTime {
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}
