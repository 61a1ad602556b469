//! `GET` and `POST /connect/{link}`: the page that asks a person, and its button.

use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use tracing::Level;
use url::Url;

use super::page::{Cause, Line, Refusal};
use super::route::Route;
use super::{Endpoint, Invocation};
use crate::app_authorization::Connection;
use crate::appfabric::{Seen, Verdict};
use crate::auth_url::AuthUrl;
use crate::budget::Budget;
use crate::config::PageUrl;
use crate::flow::{Dead, Flow, FlowId, Press, State};
use crate::gateway::{Request, Response};
use crate::location::location;
use crate::outcome::{Outcome, ResultPage};
use crate::pages::{self, ConnectPage, Reference};
use crate::redirect_uri::RedirectUri;
use crate::secret::Secret;
use crate::table::Unreachable;

/// A link that this browser may use, and what it is for.
struct Opened {
    id: FlowId,
    flow: Flow,
    connection: Connection,
    /// What the browser is known by in this flow, if it has been given that.
    cookie: Option<Secret>,
}

impl Endpoint {
    /// The page: who asks, for what, and one button. It gives the browser its cookie and changes nothing else, so that
    /// link previews may open it.
    pub(super) async fn connect_page(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Response {
        let shown = self.show(request, link, invocation).await;
        shown.unwrap_or_else(|refusal| self.refuse(refusal, Some(&Route::Connect(link)), invocation))
    }

    /// The button: binds the flow to this browser and sends it to the application.
    pub(super) async fn follow_link(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Response {
        let followed = self.follow(request, link, invocation).await;
        followed.unwrap_or_else(|refusal| self.refuse(refusal, Some(&Route::Connect(link)), invocation))
    }

    async fn show(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Result<Response, Refusal> {
        let budget = Budget::new(invocation.now, invocation.remaining);
        let opened = self.open(request, link, &budget, invocation).await?;
        let seen = self.see(&opened, &budget).await?;
        let Opened { id, flow, connection, cookie } = opened;
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
        let (status, connection) = (StatusCode::OK, Some(connection.name.as_str()));
        let shown = Line { status, cause: "shown", flow: Some(id), connection, action: "nothing" };
        shown.write(Level::INFO, Some(&Route::Connect(link)), invocation);
        let response = Response::page(status, page.html(Reference::parse(&invocation.request_id)))
            .with(header::CONTENT_SECURITY_POLICY, policy);
        Ok(match cookie {
            Some(_) => response,
            None => response.with_cookie(self.new_cookie(request, &id, &flow, budget.now())),
        })
    }

    async fn follow(&self, request: &Request<'_>, link: &str, invocation: &Invocation) -> Result<Response, Refusal> {
        let budget = Budget::new(invocation.now, invocation.remaining);
        if !self.is_own_page(request) {
            return Err(Cause::NotOurPage.into());
        }
        let mut opened = self.open(request, link, &budget, invocation).await?;
        let Some(cookie) = opened.cookie.take() else {
            return Err(Refusal::of(Cause::NoCookie, opened.id).to(&opened.connection.name));
        };
        let seen = self.see(&opened, &budget).await?;
        let Opened { id, flow, connection, .. } = opened;
        let redirect_uri = RedirectUri::new(&self.base_url(request), &format!("/callback/{}", flow.callback));
        let auth_url = seen.auth_url.as_deref().and_then(AuthUrl::parse);
        let (Ok(redirect_uri), Some(auth_url)) = (redirect_uri, auth_url) else {
            tracing::error!(
                reference = invocation.request_id,
                flow = %id,
                connection = connection.name,
                action = "check that the app authorization is an OAuth one with an https authUrl, and PUBLIC_BASE_URL",
                "connect link leads nowhere"
            );
            let page = self.page_url(request, Outcome::ApplicationError.page());
            let name = Some(connection.name.as_str());
            return Ok(Response::see_other(location(&page, Outcome::ApplicationError, name, &invocation.request_id)));
        };
        let state = State::new(id);
        let application = auth_url.with(&redirect_uri, &state);
        let press = Press { secret: state.press.hash(), cookie: cookie.hash(), redirect_uri, used: None };
        match self.flows.bind(&id, press, budget.now(), budget.for_claim()).await {
            Ok(true) => {}
            Ok(false) => return Err(self.changed(&id, &cookie, &budget, invocation).await.to(&connection.name)),
            Err(unreachable) => return Err(self.unreachable(&unreachable, Some(id), invocation).to(&connection.name)),
        }
        tracing::info!(
            reference = invocation.request_id,
            flow = %id,
            connection = connection.name,
            "connect link followed"
        );
        Ok(Response::see_other(application))
    }

    /// The flow behind a link, where this browser may go on with it, for the app authorization that it was begun for.
    async fn open(
        &self,
        request: &Request<'_>,
        link: &str,
        budget: &Budget,
        invocation: &Invocation,
    ) -> Result<Opened, Refusal> {
        let id = FlowId::of(&Secret::parse(link).ok_or(Cause::UnknownLink)?);
        if !budget.is_enough() {
            return Err(Refusal::of(Cause::NoTime, id));
        }
        let flow = self.flows.find(&id, budget.for_claim()).await;
        let flow = flow.map_err(|unreachable| self.unreachable(&unreachable, Some(id), invocation))?;
        let flow = flow.ok_or(Cause::UnknownLink)?;
        let mut cookies = self.cookies(request, &id);
        let admitted = flow.admits(&cookies, budget.now());
        let connection = self.connection_of(&flow.callback);
        let name = connection.as_ref().map(|found| found.name.clone());
        let connection = connection.filter(|found| found.app_authorization.canonical_name() == flow.app_authorization);
        let dead = match (admitted, connection) {
            (Ok(()), Some(connection)) => {
                // A browser that was given two is known by the owner's.
                let owners = flow.browser.and_then(|owner| cookies.iter().position(|own| own.hash() == owner.cookie));
                let cookie = (!cookies.is_empty()).then(|| cookies.swap_remove(owners.unwrap_or_default()));
                return Ok(Opened { id, flow, connection, cookie });
            }
            (Ok(()), None) => Dead::OtherAuthorization,
            (Err(dead), _) => dead,
        };
        Err(Refusal { connection: name, ..Refusal::of(Cause::Dead(dead), id) })
    }

    /// What AppFabric shows of the link's app authorization.
    async fn see(&self, opened: &Opened, budget: &Budget) -> Result<Seen, Refusal> {
        let Opened { id, connection, .. } = opened;
        let cause = match self.appfabric.look(&connection.app_authorization, budget.for_first_look()).await.verdict {
            Verdict::Seen(seen) => return Ok(seen),
            Verdict::Unavailable | Verdict::Rejected => Cause::UnknownAuthorization,
            Verdict::NotAuthenticated => Cause::Credentials,
            Verdict::Throttled { .. } | Verdict::NotSent | Verdict::Unclear => Cause::AppFabric,
        };
        Err(Refusal::of(cause, *id).to(&connection.name))
    }

    /// Why a flow could not be bound: it has changed since it was found.
    async fn changed(&self, id: &FlowId, cookie: &Secret, budget: &Budget, invocation: &Invocation) -> Refusal {
        let cause = match self.flows.find(id, budget.for_claim()).await {
            Ok(Some(flow)) => {
                flow.admits(std::slice::from_ref(cookie), budget.now()).err().map_or(Cause::Changed, Cause::Dead)
            }
            Ok(None) => Cause::UnknownLink,
            Err(unreachable) => return self.unreachable(&unreachable, Some(*id), invocation),
        };
        Refusal::of(cause, *id)
    }

    fn unreachable(&self, unreachable: &Unreachable, flow: Option<FlowId>, invocation: &Invocation) -> Refusal {
        self.tell_and_count(unreachable, invocation);
        let cause = if unreachable.is_about_authentication() { Cause::Credentials } else { Cause::Table };
        Refusal { flow, ..cause.into() }
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

    /// `Set-Cookie` (RFC 6265 §4.1): as long as the link lives, and Lax, because the way back begins at another site.
    fn new_cookie(&self, request: &Request<'_>, id: &FlowId, flow: &Flow, now: SystemTime) -> String {
        let (secret, secure) = (Secret::random(), self.is_secure(request));
        let name = id.cookie_name(&secret, secure);
        // Zero would end it at once.
        let seconds = flow.expires_at.duration_since(now).as_ref().map_or(0, Duration::as_secs).max(1);
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
