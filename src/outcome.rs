//! How a callback ends, and the one table that says what each ending means.

use tracing::Level;

/// How a callback ended: the public word for it, seen by the person, the log and the metrics alike.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// The app authorization is `Connected`: the only success.
    Connected,
    /// AppFabric took the code and is still at work.
    InProgress,
    /// The code was sent, and what became of it is not known.
    Unconfirmed,
    /// The person, or a policy of theirs, said no at the application.
    AccessDenied,
    /// The application answered with any other `error`.
    ApplicationError,
    /// Something was down or busy, and the code is known not to have been spent.
    TemporarilyUnavailable,
    /// What arrived is no authorization response.
    InvalidRequest,
    /// No app authorization that this function may connect; one answer for every cause, so that nobody can probe.
    UnknownConnection,
    /// AppFabric refused the code or the redirect URI.
    CodeRejected,
    /// AppFabric answered, and the app authorization is not connected.
    NotConnected,
    /// The `state` is not one that this browser was given for this app authorization (RFC 6749 §10.12).
    InvalidState,
    /// The flow's time is over.
    LinkExpired,
    /// The flow has come to its end before.
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

/// What an outcome means to each of its readers.
struct Policy {
    page: ResultPage,
    reason: Option<&'static str>,
    level: Level,
    action: &'static str,
}

impl Outcome {
    /// Every outcome, in the order of the README.
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
    #[must_use]
    pub fn page(self) -> ResultPage {
        self.policy().page
    }

    /// The public `reason`; none for a success.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        self.policy().reason
    }

    /// The level of the callback's log line: `WARN` where something failed, `ERROR` where an operator must act.
    #[must_use]
    pub fn level(self) -> Level {
        self.policy().level
    }

    /// What an operator does about it, for the log.
    #[must_use]
    pub fn action(self) -> &'static str {
        self.policy().action
    }

    fn policy(self) -> Policy {
        let (page, reason, level, action) = match self {
            Self::Connected => (ResultPage::Connected, None, Level::INFO, "nothing"),
            Self::InProgress => (
                ResultPage::Pending,
                Some("in_progress"),
                Level::INFO,
                "wait; then ask GetAppAuthorization for the status",
            ),
            Self::Unconfirmed => (
                ResultPage::Pending,
                Some("unconfirmed"),
                Level::WARN,
                "ask GetAppAuthorization for the status; never send the code again",
            ),
            Self::AccessDenied => {
                (ResultPage::Failed, Some("access_denied"), Level::INFO, "nothing; the person may start again")
            }
            Self::ApplicationError => (
                ResultPage::Failed,
                Some("application_error"),
                Level::ERROR,
                "look up application.error in the application's documentation and mend its OAuth client",
            ),
            Self::TemporarilyUnavailable => (
                ResultPage::Failed,
                Some("temporarily_unavailable"),
                Level::WARN,
                "nothing was spent, the person may try again later; if it lasts, see aws.error_code or application.error",
            ),
            Self::InvalidRequest => (
                ResultPage::Failed,
                Some("invalid_request"),
                Level::WARN,
                "nothing; if an application's own redirects end here, its response is not RFC 6749 section 4.1.2",
            ),
            Self::UnknownConnection => (
                ResultPage::Failed,
                Some("unknown_connection"),
                Level::ERROR,
                "compare the registered redirect URI, APP_AUTHORIZATIONS and the role's AppFabric statements",
            ),
            Self::CodeRejected => (
                ResultPage::Failed,
                Some("code_rejected"),
                Level::WARN,
                "the person starts again; if it repeats, compare the registered redirect URI with PUBLIC_BASE_URL",
            ),
            Self::NotConnected => (
                ResultPage::Failed,
                Some("not_connected"),
                Level::ERROR,
                "check the app authorization's client ID, secret and tenant, then connect again",
            ),
            Self::InvalidState => (
                ResultPage::Failed,
                Some("invalid_state"),
                Level::WARN,
                "see state; the person starts again from a link of POST /flows, in one browser that keeps cookies",
            ),
            Self::LinkExpired => (
                ResultPage::Failed,
                Some("link_expired"),
                Level::INFO,
                "send a new link; POST /flows takes expiresInMinutes",
            ),
            Self::LinkUsed => {
                (ResultPage::Failed, Some("link_used"), Level::INFO, "nothing, or send a new link to connect once more")
            }
        };
        Policy { page, reason, level, action }
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
