//! How a callback ends, and the one table that says what each ending means.

/// How a callback ended. The person, the log and the metrics see the same word.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// The app authorization is `Connected`: the only success.
    Connected,
    /// AppFabric took the code and is still at work.
    InProgress,
    /// The code was sent, and the result is not known.
    Unconfirmed,
    /// The person, or a policy of theirs, said no at the application.
    AccessDenied,
    /// The application answered with any other `error`.
    ApplicationError,
    /// Something was down or busy, and the code is known not to have been spent.
    TemporarilyUnavailable,
    /// The request is not an authorization response.
    InvalidRequest,
    /// No app authorization that this function may connect; one answer for every cause, so a stranger learns nothing.
    UnknownConnection,
    /// AppFabric refused the code or the redirect URI.
    CodeRejected,
    /// AppFabric answered, and the app authorization is not connected.
    NotConnected,
    /// The `state` is not one that this browser was given for this app authorization (RFC 6749 §10.12).
    InvalidState,
    /// The link expired before the answer came.
    LinkExpired,
    /// The link has connected before.
    LinkUsed,
}

/// Where the person's browser goes; its name is the public `outcome`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ResultPage {
    /// `SUCCESS_URL`, else `/connected`.
    Connected,
    /// `PENDING_URL`, else `/pending`.
    Pending,
    /// `FAILURE_URL`, else `/failed`.
    Failed,
}

/// How urgent an outcome is for the operator: the level of its log line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Severity {
    /// Nothing is wrong with the deployment.
    Info,
    /// Something failed; look if it repeats.
    Warn,
    /// An operator has to act.
    Error,
}

impl Outcome {
    /// Every outcome, in the order of `docs/reasons.md`.
    pub const ALL: [Self; 13] = [
        Self::Connected,
        Self::InProgress,
        Self::Unconfirmed,
        Self::AccessDenied,
        Self::ApplicationError,
        Self::TemporarilyUnavailable,
        Self::InvalidRequest,
        Self::UnknownConnection,
        Self::CodeRejected,
        Self::NotConnected,
        Self::InvalidState,
        Self::LinkExpired,
        Self::LinkUsed,
    ];

    /// The page that the person is sent to.
    pub fn page(self) -> ResultPage {
        self.policy().0
    }

    /// The public `reason`; a success has none.
    pub fn reason(self) -> Option<&'static str> {
        self.policy().1
    }

    /// The level of the callback's log line.
    pub(crate) fn severity(self) -> Severity {
        self.policy().2
    }

    /// The one table: where the person goes, the public reason, and how urgent it is.
    fn policy(self) -> (ResultPage, Option<&'static str>, Severity) {
        use ResultPage::{Connected, Failed, Pending};
        use Severity::{Error, Info, Warn};
        match self {
            Self::Connected => (Connected, None, Info),
            Self::InProgress => (Pending, Some("in_progress"), Info),
            Self::Unconfirmed => (Pending, Some("unconfirmed"), Warn),
            Self::AccessDenied => (Failed, Some("access_denied"), Info),
            Self::ApplicationError => (Failed, Some("application_error"), Error),
            Self::TemporarilyUnavailable => (Failed, Some("temporarily_unavailable"), Warn),
            Self::InvalidRequest => (Failed, Some("invalid_request"), Warn),
            Self::UnknownConnection => (Failed, Some("unknown_connection"), Error),
            Self::CodeRejected => (Failed, Some("code_rejected"), Warn),
            Self::NotConnected => (Failed, Some("not_connected"), Error),
            Self::InvalidState => (Failed, Some("invalid_state"), Warn),
            Self::LinkExpired => (Failed, Some("link_expired"), Info),
            Self::LinkUsed => (Failed, Some("link_used"), Info),
        }
    }

    /// The log's `action`: what the operator does. `ops/lines.rs` replaces it for faults of our own set-up.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Connected => "nothing",
            Self::InProgress => "wait, then read the status with GetAppAuthorization",
            Self::Unconfirmed => "read the status with GetAppAuthorization; never send the code again",
            Self::AccessDenied => "nothing; the person can start again",
            Self::ApplicationError => {
                "find application.error in the application's documentation and correct its OAuth client"
            }
            Self::TemporarilyUnavailable => {
                "nothing was spent and the person can try again later; if it lasts, see aws.error_code or \
                application.error"
            }
            Self::InvalidRequest => {
                "nothing; if an application sends people here like this, its response does not follow RFC 6749 \
                section 4.1.2"
            }
            Self::UnknownConnection => {
                "compare the registered redirect URI, APP_AUTHORIZATIONS and the role's AppFabric statements"
            }
            Self::CodeRejected => {
                "the person starts again; if it repeats, compare the registered redirect URI with PUBLIC_BASE_URL"
            }
            Self::NotConnected => "check the app authorization's client ID, secret and tenant, then connect again",
            Self::InvalidState => {
                "see state; the person opens the link of POST /flows again and stays in one browser that keeps \
                cookies"
            }
            Self::LinkExpired => "send a new link; POST /flows takes expiresInMinutes",
            Self::LinkUsed => "nothing; to connect once more, send a new link",
        }
    }
}

impl ResultPage {
    /// Every result page.
    pub const ALL: [Self; 3] = [Self::Connected, Self::Pending, Self::Failed];

    /// The public `outcome`, which is also the built-in page's path segment.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }
}
