//! `GET` and `POST /connect/{link}`: the connect page and its button. `pages/connect.rs` makes its HTML.

use std::time::Duration;

use http::{StatusCode, header};
use url::Url;

use super::{
    Cause, ConnectPage, Endpoint, Reference, Refusal, Request, Response, Route, Visit, location, policy_with_form,
};
use crate::aws::{LookFailure, Seen, Unreachable};
use crate::config::PageUrl;
use crate::connect::{Dead, Flow, FlowId, Press, State};
use crate::ops::lines::{self, PageLine};
use crate::values::{AuthUrl, Connection, Outcome, RedirectUri, ResultPage, Secret, Severity};

/// A link that this browser may use, and what it is for.
struct Opened {
    id: FlowId,
    flow: Flow,
    connection: Connection,
    /// The cookie that identifies the browser in this flow, if it has one.
    cookie: Option<Secret>,
}

impl Endpoint {
    /// The page. It gives the browser its cookie and changes nothing else, so that link previews may open it.
    pub(super) async fn connect_page(&self, visit: &Visit<'_>, link: &str) -> Response {
        let shown = self.show(visit, link).await;
        shown.unwrap_or_else(|refusal| self.refuse(refusal, visit.route.as_ref(), visit.reference))
    }

    /// The button: binds the flow to this browser and sends it to the application.
    pub(super) async fn follow_link(&self, visit: &Visit<'_>, link: &str) -> Response {
        let followed = self.follow(visit, link).await;
        followed.unwrap_or_else(|refusal| self.refuse(refusal, visit.route.as_ref(), visit.reference))
    }

    async fn show(&self, visit: &Visit<'_>, link: &str) -> Result<Response, Refusal> {
        let Opened { id, flow, connection, cookie } = self.open(visit, link).await?;
        let seen = self.see(visit, id, &connection).await?;
        let organisation = self.config.organisation_name.as_deref();
        let page = ConnectPage { app: &seen.app, tenant: seen.tenant.as_deref(), organisation };
        let auth_url = seen.auth_url.as_deref().and_then(AuthUrl::parse);
        let pages = ResultPage::ALL.map(|page| self.config.page_url(page).map(PageUrl::origin));
        // A result page without https is there on purpose: a stand-in, in a trial on one machine.
        let plain = pages.iter().flatten().map(String::as_str).filter(|origin| origin.starts_with("http://"));
        let policy = policy_with_form(auth_url.as_ref().map(AuthUrl::origin).into_iter().chain(plain));
        let status = StatusCode::OK;
        lines::page(&PageLine {
            severity: Severity::Info,
            status: status.as_u16(),
            route: visit.route.as_ref().map(Route::pattern),
            reference: visit.reference,
            flow: Some(id),
            connection: Some(&connection.name),
            cause: "shown",
            action: "nothing",
        });
        let response = Response::page(status, page.html(Reference::parse(visit.reference)))
            .with(header::CONTENT_SECURITY_POLICY, policy);
        Ok(match cookie {
            Some(_) => response,
            None => response.with_cookie(self.new_cookie(visit, id, &flow)),
        })
    }

    async fn follow(&self, visit: &Visit<'_>, link: &str) -> Result<Response, Refusal> {
        let Visit { request, reference, budget, .. } = visit;
        if !self.is_own_page(request) {
            return Err(Cause::NotOurPage.into());
        }
        let Opened { id, flow, connection, cookie } = self.open(visit, link).await?;
        let name = connection.name.as_str();
        let cookie = cookie.ok_or_else(|| Refusal::of(Cause::NoCookie, id).to(name))?;
        let seen = self.see(visit, id, &connection).await?;
        let redirect_uri = RedirectUri::new(&self.base_url(request), &format!("/callback/{}", flow.callback));
        let auth_url = seen.auth_url.as_deref().and_then(AuthUrl::parse);
        let (Ok(redirect_uri), Some(auth_url)) = (redirect_uri, auth_url) else {
            lines::leads_nowhere(reference, id, name);
            let page = self.page_url(request, ResultPage::Failed);
            return Ok(Response::see_other(location(&page, Outcome::ApplicationError, Some(name), reference)));
        };
        let state = State::new(id);
        let application = auth_url.with(&redirect_uri, &state.reveal());
        let press = Press { secret: state.press.hash(), cookie: cookie.hash(), redirect_uri, used: None };
        match self.store.bind(id, press, budget.now(), budget.for_claim()).await {
            Ok(true) => {}
            Ok(false) => return Err(self.changed(visit, id, &cookie).await.to(name)),
            Err(unreachable) => return Err(self.unreachable(visit, id, &unreachable).to(name)),
        }
        lines::link_followed(reference, id, name);
        Ok(Response::see_other(application))
    }

    /// The flow behind a link, if this browser may continue it and its app authorization is still the same.
    async fn open(&self, visit: &Visit<'_>, link: &str) -> Result<Opened, Refusal> {
        let budget = &visit.budget;
        let id = FlowId::of(&Secret::parse(link).ok_or(Cause::UnknownLink)?);
        if !budget.is_enough() {
            return Err(Refusal::of(Cause::NoTime, id));
        }
        let found = self.store.find(id, budget.for_claim()).await;
        let flow = found.map_err(|unreachable| self.unreachable(visit, id, &unreachable))?;
        let flow = flow.ok_or(Cause::UnknownLink)?;
        let mut cookies = self.cookies(visit.request, &id);
        let admitted = flow.admits(&cookies, budget.now());
        let connection = self.config.connections.find(&flow.callback.split('/').collect::<Vec<_>>());
        let name = connection.as_ref().map(|found| found.name.clone());
        let connection = connection.filter(|found| found.app_authorization.canonical_name() == flow.app_authorization);
        let dead = match (admitted, connection) {
            (Ok(()), Some(connection)) => {
                // If a browser has two cookies of this flow, the owner's cookie identifies it.
                let owners = flow.browser.and_then(|owner| cookies.iter().position(|own| own.hash() == owner.cookie));
                let cookie = (!cookies.is_empty()).then(|| cookies.swap_remove(owners.unwrap_or_default()));
                return Ok(Opened { id, flow, connection, cookie });
            }
            (Ok(()), None) => Dead::OtherAuthorization,
            (Err(dead), _) => dead,
        };
        Err(Refusal { connection: name, ..Refusal::of(Cause::Dead(dead), id) })
    }

    /// What AppFabric says about the link's app authorization.
    async fn see(&self, visit: &Visit<'_>, id: FlowId, connection: &Connection) -> Result<Seen, Refusal> {
        let answer = self.appfabric.look(&connection.app_authorization, visit.budget.for_first_look()).await;
        answer.seen.map_err(|failure| {
            let cause = match failure {
                LookFailure::Unknown => Cause::UnknownAuthorization,
                LookFailure::NotAuthenticated => Cause::Credentials,
                LookFailure::Down => Cause::AppFabric,
            };
            Refusal::of(cause, id).to(&connection.name)
        })
    }

    /// Why a flow could not be bound: it has changed since it was found.
    async fn changed(&self, visit: &Visit<'_>, id: FlowId, cookie: &Secret) -> Refusal {
        let cause = match self.store.find(id, visit.budget.for_claim()).await {
            Ok(Some(flow)) => {
                let admitted = flow.admits(std::slice::from_ref(cookie), visit.budget.now());
                admitted.err().map_or(Cause::Changed, Cause::Dead)
            }
            Ok(None) => Cause::UnknownLink,
            Err(unreachable) => return self.unreachable(visit, id, &unreachable),
        };
        Refusal::of(cause, id)
    }

    fn unreachable(&self, visit: &Visit<'_>, id: FlowId, unreachable: &Unreachable) -> Refusal {
        self.tell(unreachable, visit);
        Refusal::of(if unreachable.is_about_authentication() { Cause::Credentials } else { Cause::Table }, id)
    }

    /// Whether a press of the button comes from a page of this API.
    ///
    /// Most browsers send `Sec-Fetch-Site`, which decides; else `Origin` decides. It comes second, because browsers
    /// that know both send `null` from our own pages, which send no referrer.
    fn is_own_page(&self, request: &Request<'_>) -> bool {
        if let Some(site) = request.header("sec-fetch-site").next() {
            return site == "same-origin";
        }
        let own = Url::parse(&self.base_url(request)).map(|url| url.origin().ascii_serialization());
        own.is_ok_and(|own| request.header("origin").next() == Some(&own))
    }

    /// `Set-Cookie` (RFC 6265 §4.1): for as long as the link lives; `Lax`, because the way back begins at another site.
    fn new_cookie(&self, visit: &Visit<'_>, id: FlowId, flow: &Flow) -> String {
        let (secret, is_secure) = (Secret::random(), self.is_secure(visit.request));
        let name = id.cookie_name(&secret, is_secure);
        // Zero would delete the cookie at once.
        let seconds = flow.expires_at.duration_since(visit.budget.now()).as_ref().map_or(0, Duration::as_secs).max(1);
        let secure = if is_secure { "; Secure" } else { "" };
        format!("{name}={}; Max-Age={seconds}; Path=/{secure}; HttpOnly; SameSite=Lax", secret.reveal())
    }
}
