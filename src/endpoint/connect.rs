//! `GET` and `POST /connect/{link}`: the page that asks a person, and its button.

use std::slice;
use std::time::Duration;

use http::{StatusCode, header};
use url::Url;

use super::{Endpoint, Invocation, error_page};
use crate::app_authorization::Connection;
use crate::appfabric::{Seen, Verdict};
use crate::auth_url::AuthUrl;
use crate::budget::Budget;
use crate::config::PageUrl;
use crate::flow::{BROWSER_KEPT, Browser, Flow, FlowId, State};
use crate::gateway::{Request, Response};
use crate::location::location;
use crate::outcome::{Outcome, ResultPage};
use crate::pages::{self, ConnectPage, Page, Reference};
use crate::redirect_uri::RedirectUri;
use crate::secret::Secret;
use crate::table::Unreachable;

/// A link that somebody may use, and what it is for.
struct Opened {
    id: FlowId,
    flow: Flow,
    connection: Connection,
    seen: Seen,
    /// The cookie that makes this browser the flow's own, if it is that.
    cookie: Option<Secret>,
}

impl Endpoint {
    /// The page: who asks, for what, and one button. It changes nothing, so whoever looks ahead may open it.
    pub(super) async fn connect_page(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Response {
        let budget = Budget::new(invocation.now, invocation.remaining);
        let Opened { seen, .. } = match self.open(request, link, &budget, invocation).await {
            Ok(opened) => opened,
            Err(page) => return error_page(page, invocation),
        };
        let page = ConnectPage {
            app: &seen.app,
            tenant: seen.tenant.as_deref(),
            organisation: self.config.organisation_name.as_deref(),
        };
        let auth_url = seen.auth_url.as_deref().and_then(AuthUrl::parse);
        let pages = ResultPage::ALL.map(|page| self.config.page_url(page).map(PageUrl::origin));
        // Where anything but https is meant, it is meant so: the stand-ins of a trial on one machine.
        let plain = pages.iter().flatten().map(String::as_str).filter(|origin| origin.starts_with("http://"));
        let policy = pages::policy_with_form(auth_url.as_ref().map(AuthUrl::origin).into_iter().chain(plain));
        Response::page(StatusCode::OK, page.html(Reference::parse(&invocation.request_id)))
            .with(header::CONTENT_SECURITY_POLICY, policy)
    }

    /// The button: binds the flow to this browser and sends it to the application.
    pub(super) async fn follow_link(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Response {
        let budget = Budget::new(invocation.now, invocation.remaining);
        if !self.is_own_page(request) {
            return error_page(Page::Foreign, invocation);
        }
        let Opened { id, connection, seen, cookie, flow } = match self.open(request, link, &budget, invocation).await {
            Ok(opened) => opened,
            Err(page) => return error_page(page, invocation),
        };
        let redirect_uri = RedirectUri::new(&self.base_url(request), &format!("/callback/{}", flow.callback));
        let auth_url = seen.auth_url.as_deref().and_then(AuthUrl::parse);
        let (Ok(redirect_uri), Some(auth_url)) = (redirect_uri, auth_url) else {
            tracing::error!(
                reference = invocation.request_id,
                connection = connection.name,
                action = "check that the app authorization is an OAuth one with an https authUrl, and PUBLIC_BASE_URL",
                "connect link leads nowhere"
            );
            let page = self.page_url(request, Outcome::ApplicationError.page());
            let name = Some(connection.name.as_str());
            return Response::see_other(location(&page, Outcome::ApplicationError, name, &invocation.request_id));
        };
        let cookie = cookie.unwrap_or_else(Secret::random);
        let state = State::new(id);
        let browser = Browser { cookie: cookie.hash(), until: budget.now() + BROWSER_KEPT };
        match self.flows.bind(&state, browser, budget.now(), budget.for_claim()).await {
            Ok(true) => {}
            Ok(false) => return error_page(self.dead(&id, &cookie, &budget, invocation).await, invocation),
            // The table may have done it for all that, and then only whoever has the cookie can press again.
            Err(unreachable) => {
                return error_page(self.unavailable(&unreachable, invocation), invocation)
                    .with_cookie(self.cookie(request, &id, &cookie));
            }
        }
        tracing::info!(reference = invocation.request_id, connection = connection.name, "connect link followed");
        Response::see_other(auth_url.with(&redirect_uri, &state)).with_cookie(self.cookie(request, &id, &cookie))
    }

    /// The flow behind a link, where this browser may go on with it.
    async fn open(
        &self,
        request: &Request<'_>,
        link: &str,
        budget: &Budget,
        invocation: &Invocation,
    ) -> Result<Opened, Page> {
        let id = FlowId::of(&Secret::parse(link).ok_or(Page::LinkUnknown)?);
        let flow = self.flows.find(&id, budget.for_claim()).await;
        let flow = flow.map_err(|unreachable| self.unavailable(&unreachable, invocation))?.ok_or(Page::LinkUnknown)?;
        let name = id.cookie_name(self.is_secure(request));
        let mut cookies: Vec<Secret> = request.cookies(&name).filter_map(Secret::parse).collect();
        flow.admits(&cookies, budget.now()).map_err(Page::LinkDead)?;
        cookies.retain(|cookie| flow.browser.is_some_and(|browser| browser.cookie == cookie.hash()));
        let connection = self.connection_of(&flow.callback).ok_or(Page::LinkUnknown)?;
        match self.appfabric.look(&connection.app_authorization, budget.for_first_look()).await.verdict {
            Verdict::Seen(seen) => Ok(Opened { id, flow, connection, seen, cookie: cookies.pop() }),
            Verdict::Unavailable | Verdict::Rejected => Err(Page::LinkUnknown),
            _ => Err(Page::Unavailable),
        }
    }

    /// Why a flow could not be bound: it has changed since it was found.
    async fn dead(&self, id: &FlowId, cookie: &Secret, budget: &Budget, invocation: &Invocation) -> Page {
        match self.flows.find(id, budget.for_claim()).await {
            Ok(Some(flow)) => {
                flow.admits(slice::from_ref(cookie), budget.now()).err().map_or(Page::Unavailable, Page::LinkDead)
            }
            Ok(None) => Page::LinkUnknown,
            Err(unreachable) => self.unavailable(&unreachable, invocation),
        }
    }

    fn unavailable(&self, unreachable: &Unreachable, invocation: &Invocation) -> Page {
        self.tell_and_count(unreachable, invocation);
        Page::Unavailable
    }

    /// Whether a press of the button comes from a page of this API.
    ///
    /// Browsers say so themselves (`Sec-Fetch-Site`); one that does not is asked for its `Origin`, which is `null` from
    /// our own pages where it knows both, because they send no referrer.
    fn is_own_page(&self, request: &Request<'_>) -> bool {
        if let Some(site) = request.header("sec-fetch-site").next() {
            return site == "same-origin";
        }
        let own = Url::parse(&self.base_url(request)).map(|url| url.origin().ascii_serialization());
        own.is_ok_and(|own| request.header("origin").next() == Some(&own))
    }

    /// `Set-Cookie` (RFC 6265 §4.1): Lax, because the way back begins at another site.
    fn cookie(&self, request: &Request<'_>, id: &FlowId, secret: &Secret) -> String {
        let secure = self.is_secure(request);
        let (name, seconds) = (id.cookie_name(secure), Duration::as_secs(&BROWSER_KEPT));
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={}; Max-Age={seconds}; Path=/{secure}; HttpOnly; SameSite=Lax", secret.reveal())
    }

    /// Whether browsers reach this API by TLS; only a loopback one they do not.
    pub(super) fn is_secure(&self, request: &Request<'_>) -> bool {
        !self.base_url(request).starts_with("http://")
    }

    /// The app authorization that a flow was begun for, where it still may be connected.
    pub(super) fn connection_of(&self, callback: &str) -> Option<Connection> {
        self.config.connections.find(&callback.split('/').collect::<Vec<_>>())
    }
}
