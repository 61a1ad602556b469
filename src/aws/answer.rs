//! What AppFabric's answer to a call means, and what it means if none comes.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_sdk_appfabric::config::http::HttpResponse;
use aws_sdk_appfabric::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_appfabric::operation::RequestId;
use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};
use aws_sdk_appfabric::types::Tenant;

use super::sdk::{NO_CREDENTIALS, lacks_credentials};

pub(crate) use aws_sdk_appfabric::types::AppAuthorizationStatus as Status;

/// The answer to a call, as far as it is used or logged.
#[derive(Debug)]
pub(crate) struct Answer<F> {
    /// 200 and the app authorization, or what went wrong.
    pub(crate) seen: Result<Seen, F>,
    /// AppFabric's request ID.
    pub(crate) request_id: Option<String>,
    /// The error's type, as AppFabric or its front door names it; our own word where there was no answer.
    pub(crate) error_code: Option<String>,
}

/// Why `ConnectAppAuthorization` showed no app authorization, and what that means for the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConnectFailure {
    /// `ValidationException`, and any other 4xx that is not modeled: the code or the redirect URI was refused.
    Rejected,
    /// `AccessDeniedException`, `ResourceNotFoundException` and any other 403.
    Unavailable,
    /// AWS's front door refused our credentials, signature or clock, or there are no credentials: the code was not read.
    NotAuthenticated,
    /// `ThrottlingException`: refused before the code was read.
    Throttled {
        /// `Retry-After` (RFC 9110 §10.2.3), where there is one that can be read.
        retry_after: Option<Duration>,
    },
    /// No connection was established, or no request could be made: nothing was sent.
    NotSent,
    /// A 5xx, a timeout, a reset, an unreadable answer: the code may or may not have been spent.
    Unclear,
}

/// Why `GetAppAuthorization` showed no app authorization.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LookFailure {
    /// AppFabric does not know it, or does not show it to this function.
    Unknown,
    /// AWS's front door refused our credentials, signature or clock, or there are no credentials.
    NotAuthenticated,
    /// AppFabric is busy, failed, or cannot be reached; it may be back soon.
    Down,
}

/// Errors that mean the same as a 403: this function may not see the app authorization, or there is none.
const UNAVAILABLE: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "ResourceNotFoundException"];

/// The longest name of an application or a tenant that is kept, in characters; AppFabric promises no limit.
const LONGEST_NAME: usize = 128;

/// An app authorization as AppFabric showed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    /// The application's name, such as `SLACK`.
    pub(crate) app: String,
    /// The tenant there, as people call it.
    pub(crate) tenant: Option<String>,
    /// Where a person consents. Only a look has it, a fresh one each time; none for an application with an API key.
    pub(crate) auth_url: Option<String>,
    /// Its status, even one that is new to us.
    pub(crate) status: Status,
    /// When it last changed.
    pub(crate) updated_at: SystemTime,
}

impl From<ConnectFailure> for LookFailure {
    fn from(failure: ConnectFailure) -> Self {
        match failure {
            ConnectFailure::Rejected | ConnectFailure::Unavailable => Self::Unknown,
            ConnectFailure::NotAuthenticated => Self::NotAuthenticated,
            ConnectFailure::Throttled { .. } | ConnectFailure::NotSent | ConnectFailure::Unclear => Self::Down,
        }
    }
}

impl Answer<ConnectFailure> {
    /// Whether the request was sent, as far as that is known.
    pub(crate) fn was_sent(&self) -> bool {
        self.seen != Err(ConnectFailure::NotSent) && self.error_code.as_deref() != Some(NO_CREDENTIALS)
    }
}

impl<F: From<ConnectFailure>> Answer<F> {
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
                Self { seen: seen.ok_or(ConnectFailure::Unclear.into()), request_id, error_code: None }
            }
            Err(error) => {
                let failure = failure(&error);
                let error_code = error.code().and_then(loggable).unwrap_or_else(|| nameless(&error, failure));
                let request_id = error.request_id().and_then(loggable);
                Self { seen: Err(failure.into()), request_id, error_code: Some(error_code) }
            }
        }
    }
}

fn failure<E>(error: &SdkError<E, HttpResponse>) -> ConnectFailure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        _ if lacks_credentials(error) => ConnectFailure::NotAuthenticated,
        SdkError::ConstructionFailure(_) => ConnectFailure::NotSent,
        SdkError::DispatchFailure(failure) if failure.is_user() || never_connected(failure.as_connector_error()) => {
            ConnectFailure::NotSent
        }
        SdkError::ServiceError(answer) => {
            match (answer.err().code().unwrap_or_default(), answer.raw().status().as_u16()) {
                (code, _) if is_about_authentication(code) => ConnectFailure::NotAuthenticated,
                ("ThrottlingException", _) | (_, 429) => {
                    ConnectFailure::Throttled { retry_after: retry_after(answer.raw()) }
                }
                ("InternalServerException", _) | (_, 500..) => ConnectFailure::Unclear,
                (code, status) if status == 403 || UNAVAILABLE.contains(&code) => ConnectFailure::Unavailable,
                ("ValidationException", _) | (_, 400..) => ConnectFailure::Rejected,
                _ => ConnectFailure::Unclear,
            }
        }
        // Timeouts, resets, unreadable answers, and anything that a later SDK adds.
        _ => ConnectFailure::Unclear,
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

/// Our name for an error that AppFabric did not name.
fn nameless<E>(error: &SdkError<E, HttpResponse>, failure: ConnectFailure) -> String {
    match error {
        SdkError::ServiceError(answer) => return format!("Http{}", answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => "Timeout",
        SdkError::ResponseError(_) => "UnreadableAnswer",
        _ if failure == ConnectFailure::NotAuthenticated => NO_CREDENTIALS,
        _ if failure == ConnectFailure::NotSent => "NotSent",
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

/// A name from outside, if it may be logged because it is short and plain.
fn loggable(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=');
    (matches!(name.len(), 1..=128) && name.bytes().all(plain)).then(|| name.to_owned())
}

impl Seen {
    pub(super) fn new(
        app: String,
        tenant: Option<Tenant>,
        auth_url: Option<String>,
        status: Status,
        updated_at: DateTime,
    ) -> Self {
        let tenant = tenant.map(|tenant| cut(tenant.tenant_display_name));
        // A time that does not fit counts as the oldest one.
        let updated_at = SystemTime::try_from(updated_at).unwrap_or(SystemTime::UNIX_EPOCH);
        Self { app: cut(app), tenant, auth_url, status, updated_at }
    }
}

/// A name as it is shown: one that is too long ends in `…`.
fn cut(name: String) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some(_) => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        None => name,
    }
}
