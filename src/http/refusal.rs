//! Pages for requests that are refused. Each leaves a line in the log, so that every reference can be looked up.

use super::{Endpoint, Page, Reference, Response, Route};
use crate::connect::{Dead, FlowId};
use crate::ops::lines::{self, NOT_AUTHENTICATED, PageLine};
use crate::values::{Outcome, Severity};

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
    /// Another request changed the flow at the same moment.
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
    /// Answers a refusal with its page, which names who asks, and writes its line in the log.
    pub(super) fn refuse(&self, refusal: Refusal, route: Option<&Route<'_>>, reference: &str) -> Response {
        let Refusal { cause, flow, connection } = refusal;
        let (page, word, severity) = cause.policy();
        lines::page(&PageLine {
            severity,
            status: page.status().as_u16(),
            route: route.map(Route::pattern),
            reference,
            flow,
            connection: connection.as_deref(),
            cause: word,
            action: cause.action(),
        });
        self.page(page, Reference::parse(reference))
    }

    /// The page after a panic. The panic's log line has the place in the code, but no reference.
    pub(super) fn apology(&self) -> Response {
        self.page(Page::InternalError, None)
    }

    /// A page as a response.
    pub(super) fn page(&self, page: Page, reference: Option<Reference<'_>>) -> Response {
        Response::page(page.status(), page.html(reference, self.config.organisation_name.as_deref()))
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
    /// Its page, and its `cause` and level in the log.
    fn policy(self) -> (Page, &'static str, Severity) {
        use Severity::{Error, Info, Warn};
        match self {
            Self::NotApiGateway => (Page::BadRequest, "not_api_gateway", Warn),
            Self::UnknownPath => (Page::NotFound, "unknown_path", Info),
            Self::Method => (Page::MethodNotAllowed, "method", Info),
            Self::FormPost => (Page::MethodNotAllowed, "form_post", Warn),
            Self::UnknownLink => (Page::LinkUnknown, "unknown_link", Info),
            Self::UnknownAuthorization => (Page::LinkUnknown, "unknown_authorization", Error),
            Self::Dead(dead) => (Page::LinkDead(dead), dead.name(), Info),
            Self::NotOurPage => (Page::Foreign, "not_our_page", Warn),
            Self::NoCookie => (Page::NoCookie, "no_cookie", Warn),
            Self::Changed => (Page::Unavailable, "changed", Info),
            Self::NoTime => (Page::Unavailable, "no_time_left", Warn),
            Self::Table => (Page::Unavailable, "flow_table", Warn),
            Self::Credentials => (Page::Unavailable, "credentials", Error),
            Self::AppFabric => (Page::Unavailable, "appfabric", Warn),
        }
    }

    /// The log's `action`: what the operator does about it.
    fn action(self) -> &'static str {
        match self {
            Self::NotApiGateway => "invoke this function through its API Gateway API or its function URL only",
            Self::UnknownPath => {
                "nothing; if a person was sent here, compare the redirect URI or the link with PUBLIC_BASE_URL and \
                the API's address"
            }
            Self::Method => "nothing; the answer's Allow header names the methods",
            Self::FormPost => {
                "form_post is not supported; let the application answer in the query (response_mode=query)"
            }
            Self::UnknownLink => {
                "nothing; if a person was sent this link, it is damaged or expired more than a day ago: send a new \
                one"
            }
            Self::UnknownAuthorization => {
                "compare APP_AUTHORIZATIONS and the role's AppFabric statements with the app \
                authorization, then send a new link"
            }
            Self::Dead(Dead::Expired) => "send a new link; POST /flows takes expiresInMinutes",
            Self::Dead(Dead::PressedTooOften) => {
                "send a new link; a program such as a mail scanner may be pressing the button"
            }
            Self::Dead(Dead::Finished(Outcome::Connected)) => "nothing; to connect once more, send a new link",
            Self::Dead(Dead::Finished(_)) => "read the status with GetAppAuthorization before you send a new link",
            Self::Dead(Dead::OtherBrowser) => {
                "nothing; the link is free again ten minutes after the last press in the other browser"
            }
            Self::Dead(Dead::OtherAuthorization) => {
                "send a new link; APP_AUTHORIZATIONS has changed since this one was made"
            }
            Self::NotOurPage => "nothing; if people meet this, compare PUBLIC_BASE_URL with the address that they open",
            Self::NoCookie => {
                "the person allows cookies for this site; if many meet this, let what is in front of the API pass \
                cookies on"
            }
            Self::Changed => "nothing; the person opens the link again",
            Self::NoTime => "raise the function's Timeout; it was about to end, so nothing was asked",
            Self::Table => "see the line \"flow table unreachable\"",
            Self::Credentials => NOT_AUTHENTICATED,
            Self::AppFabric => "nothing; the person opens the link again later; if it lasts, see AppFabric's health",
        }
    }
}
