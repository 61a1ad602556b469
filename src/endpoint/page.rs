//! Pages that end no callback, and the line that each leaves in the log, so that every reference can be looked up.

use http::StatusCode;
use tracing::Level;

use super::route::Route;
use super::{Endpoint, Invocation};
use crate::appfabric::NOT_AUTHENTICATED;
use crate::flow::{Dead, FlowId};
use crate::gateway::Response;
use crate::outcome::Outcome;
use crate::pages::{Page, Reference};

/// Why a request gets another page than it asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// The event is not API Gateway's.
    NotApiGateway,
    /// No route has this path.
    UnknownPath,
    /// The route does not take this method.
    Method,
    /// The application posted its response to the redirection endpoint.
    FormPost,
    /// No flow has this link.
    UnknownLink,
    /// AppFabric does not know the app authorization of this link, or does not show it to this function.
    UnknownAuthorization,
    /// The link cannot be used any more, or not now.
    Dead(Dead),
    /// The button was not pressed on our own page.
    NotOurPage,
    /// The browser did not send the cookie that the connect page gave it.
    NoCookie,
    /// Somebody else has changed the flow in this very moment.
    Changed,
    /// The deadline is too near to ask anything.
    NoTime,
    /// The flow table does not answer, which has a line of its own.
    Table,
    /// AWS refuses the function's own credentials, signature or clock, or there are none.
    Credentials,
    /// AppFabric does not answer.
    AppFabric,
}

/// A request that gets another page, and what is known of it.
pub(super) struct Refusal {
    pub(super) cause: Cause,
    pub(super) flow: Option<FlowId>,
    pub(super) connection: Option<String>,
}

impl Endpoint {
    /// The page for a refusal, which names who asks; and its line in the log.
    pub(super) fn refuse(&self, refusal: Refusal, route: Option<&Route<'_>>, invocation: &Invocation) -> Response {
        let Refusal { cause, flow, connection } = refusal;
        let (page, cause, level, action) = cause.policy();
        let line = Line { status: page.status(), cause, flow, connection: connection.as_deref(), action };
        line.write(level, route, invocation);
        let reference = Reference::parse(&invocation.request_id);
        Response::page(page.status(), page.html(reference, self.config.organisation_name.as_deref()))
    }

    /// The page after a panic: whose line has the place, and no reference.
    pub(crate) fn apology(&self) -> Response {
        let page = Page::InternalError;
        Response::page(page.status(), page.html(None, self.config.organisation_name.as_deref()))
    }
}

/// The line of a page.
pub(super) struct Line<'l> {
    pub(super) status: StatusCode,
    pub(super) cause: &'static str,
    pub(super) flow: Option<FlowId>,
    pub(super) connection: Option<&'l str>,
    pub(super) action: &'static str,
}

impl Line<'_> {
    /// Writes it.
    pub(super) fn write(&self, level: Level, route: Option<&Route<'_>>, invocation: &Invocation) {
        // The macro wants its level as a constant.
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    status = self.status.as_u16(),
                    route = route.map(Route::pattern),
                    reference = invocation.request_id,
                    flow = self.flow.map(tracing::field::display),
                    connection = self.connection,
                    cause = self.cause,
                    action = self.action,
                    "page"
                )
            };
        }
        match level {
            Level::ERROR => line!(Level::ERROR),
            Level::WARN => line!(Level::WARN),
            _ => line!(Level::INFO),
        }
    }
}

impl Refusal {
    /// A refusal that concerns this flow.
    pub(super) fn of(cause: Cause, flow: FlowId) -> Self {
        Self { flow: Some(flow), ..Self::from(cause) }
    }

    /// The same for this connection.
    pub(super) fn to(self, connection: &str) -> Self {
        Self { connection: Some(connection.to_owned()), ..self }
    }
}

impl From<Cause> for Refusal {
    fn from(cause: Cause) -> Self {
        Self { cause, flow: None, connection: None }
    }
}

impl Cause {
    /// Its page; its word, level and advice for the log.
    fn policy(self) -> (Page, &'static str, Level, &'static str) {
        match self {
            Self::NotApiGateway => (
                Page::BadRequest,
                "not_api_gateway",
                Level::WARN,
                "invoke this function through its API Gateway API or function URL only",
            ),
            Self::UnknownPath => (
                Page::NotFound,
                "unknown_path",
                Level::INFO,
                "nothing; if a person was sent here, compare the redirect URI or the link with PUBLIC_BASE_URL and the API's address",
            ),
            Self::Method => {
                (Page::MethodNotAllowed, "method", Level::INFO, "nothing; the answer's Allow has the methods")
            }
            Self::FormPost => (
                Page::MethodNotAllowed,
                "form_post",
                Level::WARN,
                "form_post is not supported; let the application answer in the query (response_mode=query)",
            ),
            Self::UnknownLink => (
                Page::LinkUnknown,
                "unknown_link",
                Level::INFO,
                "nothing; if a person was sent this link, it is damaged or expired more than a day ago: send a new one",
            ),
            Self::UnknownAuthorization => (
                Page::LinkUnknown,
                "unknown_authorization",
                Level::ERROR,
                "compare APP_AUTHORIZATIONS and the role's AppFabric statements with the app authorization, then send a new link",
            ),
            Self::Dead(dead) => {
                let (cause, action) = match dead {
                    Dead::Expired => ("expired", "send a new link; POST /flows takes expiresInMinutes"),
                    Dead::PressedTooOften => (
                        "pressed_too_often",
                        "send a new link; a program may be pressing the button, such as a mail scanner",
                    ),
                    Dead::Finished(Outcome::Connected) => {
                        ("finished", "nothing, or send a new link to connect once more")
                    }
                    Dead::Finished(_) => {
                        ("finished", "ask GetAppAuthorization for the status before you send a new link")
                    }
                    Dead::OtherBrowser => (
                        "other_browser",
                        "nothing; ten minutes after the last press in the other browser the link is free again",
                    ),
                    Dead::OtherAuthorization => (
                        "other_authorization",
                        "send a new link: APP_AUTHORIZATIONS has changed since this one was made",
                    ),
                };
                (Page::LinkDead(dead), cause, Level::INFO, action)
            }
            Self::NotOurPage => (
                Page::Foreign,
                "not_our_page",
                Level::WARN,
                "nothing; if people meet this, compare PUBLIC_BASE_URL with the address that they open",
            ),
            Self::NoCookie => (
                Page::NoCookie,
                "no_cookie",
                Level::WARN,
                "the person allows cookies for this site; if many meet this, let what is in front of the API pass cookies on",
            ),
            Self::Changed => (Page::Unavailable, "changed", Level::INFO, "nothing; the person opens the link again"),
            Self::NoTime => (
                Page::Unavailable,
                "no_time_left",
                Level::WARN,
                "raise the function's Timeout; nothing was asked, because it was about to end",
            ),
            Self::Table => (Page::Unavailable, "flow_table", Level::WARN, "see the line \"flow table unreachable\""),
            Self::Credentials => (Page::Unavailable, "credentials", Level::ERROR, NOT_AUTHENTICATED),
            Self::AppFabric => (
                Page::Unavailable,
                "appfabric",
                Level::WARN,
                "nothing; the person opens the link again later; if it lasts, see AppFabric's health",
            ),
        }
    }
}
