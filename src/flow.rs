//! A flow: one person's way from a connect link to the outcome, and the `state` (RFC 6749 §10.12) that proves it.

mod memory;
mod stored;

use std::time::{Duration, SystemTime};

use crate::app_authorization::AppAuthorization;
use crate::ledger::CodeKey;
use crate::outcome::Outcome;
use crate::redirect_uri::RedirectUri;
use crate::secret::{Secret, SecretHash};
use crate::table::{Table, Unreachable};

use memory::Memory;

/// How long a browser owns the flow after it has pressed the button.
pub const OWNED: Duration = Duration::from_mins(10);

/// How often the button may be pressed: each press is remembered until the flow ends.
const MOST_PRESSES: usize = 32;

/// The flows.
pub struct Flows {
    memory: Memory,
    table: Option<Table>,
}

/// A flow's name everywhere but in its link: the hash of the secret there.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FlowId(SecretHash);

/// One flow as it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flow {
    /// What its redirect URI has after `/callback/`.
    pub callback: String,
    /// The canonical name of the app authorization that it is for.
    pub app_authorization: String,
    /// When its link dies.
    pub expires_at: SystemTime,
    /// The browser that owns it.
    pub browser: Option<Browser>,
    /// How it ended, once it has: connected or pending.
    pub ended: Option<Outcome>,
    /// Every press of its button.
    pub presses: Vec<Press>,
}

/// The browser that owns a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Browser {
    /// The hash of its cookie.
    pub cookie: SecretHash,
    /// When the ownership ends.
    pub until: SystemTime,
}

/// A press of the button. Its `state` is good for the browser that pressed, whichever owns the flow by then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Press {
    /// The hash of the secret in its `state`.
    pub secret: SecretHash,
    /// The hash of the cookie of the browser that pressed.
    pub cookie: SecretHash,
    /// The redirect URI of its authorization request, which the code has to be sent with (RFC 6749 §4.1.3).
    pub redirect_uri: RedirectUri,
    /// The code that came with its `state`.
    pub used: Option<Used>,
}

/// A code that has used a `state` up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Used {
    /// The code.
    pub code: CodeKey,
    /// When it came for the first time.
    pub at: SystemTime,
}

/// A `state`: the flow's name and a secret of its own, 128 characters of `[0-9a-f]`.
#[derive(Debug)]
pub struct State {
    /// Which flow.
    pub flow: FlowId,
    /// Which press of its button.
    pub press: Secret,
}

/// The browser that brings a `state` back.
#[derive(Debug)]
pub struct Bearer<'b> {
    /// Its cookies that are named for the flow.
    pub cookies: &'b [Secret],
    /// The canonical name of the app authorization that the path names.
    pub app_authorization: &'b str,
    /// The clock on the wall.
    pub now: SystemTime,
}

/// Why a connect link cannot be used any more, or not now.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Dead {
    /// Its time is over.
    Expired,
    /// Its button was pressed as often as it may be.
    PressedTooOften,
    /// The flow has ended like this.
    Finished(Outcome),
    /// Another browser owns it.
    OtherBrowser,
    /// Its connection is not for the app authorization any more that the link was made for.
    OtherAuthorization,
}

/// Why a `state` proves nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refused {
    /// There is none.
    Missing,
    /// No flow has given it out.
    Unknown,
    /// The flow's time is over.
    Expired,
    /// Another code has used it up.
    Used {
        /// That code.
        by: Used,
        /// Whether the flow's link is still good.
        link_is_good: bool,
    },
    /// The flow has ended like this.
    Finished(Outcome),
    /// It was given to another browser.
    OtherBrowser,
    /// The flow is for another app authorization.
    OtherAuthorization,
}

impl Flows {
    /// Flows in the table, or in this process alone.
    #[must_use]
    pub fn new(table: Option<Table>) -> Self {
        Self { memory: Memory::default(), table }
    }

    /// Begins a flow.
    pub async fn begin(&self, id: &FlowId, flow: Flow, within: Duration) -> Result<(), Unreachable> {
        if let Some(table) = &self.table {
            return table.begin(id, &flow, within).await;
        }
        self.memory.begin(*id, flow);
        Ok(())
    }

    /// The flow as it stands now.
    pub async fn find(&self, id: &FlowId, within: Duration) -> Result<Option<Flow>, Unreachable> {
        match &self.table {
            Some(table) => table.find(id, within).await,
            None => Ok(self.memory.find(id)),
        }
    }

    /// Gives the flow to the browser that pressed its button, and remembers the press. False if the flow has ended, or
    /// gone to another browser, since it was found.
    pub async fn bind(
        &self,
        id: &FlowId,
        press: Press,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        match &self.table {
            Some(table) => table.bind(id, &press, now, within).await,
            None => Ok(self.memory.change(id, |flow| flow.bind(press, now))),
        }
    }

    /// Uses a `state` up with a code, and answers the redirect URI of its authorization request; or says why it proves
    /// nothing. Then nothing changes, but that a browser without any cookie of the flow [gives it up](Self::release).
    pub async fn take(
        &self,
        state: &State,
        code: &CodeKey,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<RedirectUri, Refused>, Unreachable> {
        match &self.table {
            Some(table) => table.take(state, code, by, within).await,
            None => Ok(self.memory.take(state, code, by)),
        }
    }

    /// Ends the ownership of a browser that came back with its `state` and has lost its cookie; false if it owns nothing.
    pub async fn release(&self, state: &State, now: SystemTime, within: Duration) -> Result<bool, Unreachable> {
        match &self.table {
            Some(table) => table.release(state, now, within).await,
            None => Ok(self.memory.change(&state.flow, |flow| flow.release(state, now))),
        }
    }

    /// Ends a flow, for good.
    pub async fn finish(&self, id: &FlowId, outcome: Outcome, within: Duration) -> Result<(), Unreachable> {
        if let Some(table) = &self.table {
            return table.finish(id, outcome, within).await;
        }
        self.memory.change(id, |flow| flow.finish(outcome));
        Ok(())
    }
}

impl Flow {
    /// A flow whose button was not pressed yet.
    #[must_use]
    pub fn new(callback: String, app_authorization: &AppAuthorization, expires_at: SystemTime) -> Self {
        let app_authorization = app_authorization.canonical_name();
        Self { callback, app_authorization, expires_at, browser: None, ended: None, presses: Vec::new() }
    }

    /// Whether the link can still be used by the browser that holds these cookies.
    pub fn admits(&self, cookies: &[Secret], now: SystemTime) -> Result<(), Dead> {
        if let Some(outcome) = self.ended {
            Err(Dead::Finished(outcome))
        } else if now >= self.expires_at {
            Err(Dead::Expired)
        } else if self.owner(now).is_some_and(|browser| !holds(cookies, browser.cookie)) {
            Err(Dead::OtherBrowser)
        } else if self.presses.len() >= MOST_PRESSES {
            Err(Dead::PressedTooOften)
        } else {
            Ok(())
        }
    }

    /// Whether this `state` proves, with this code, that the browser that brings it was asked; with the redirect URI of
    /// its authorization request. The order is the contract's, and what came of an earlier code is told to the browser
    /// that the `state` was given to, and to no other.
    ///
    /// The same code delivered again is let through: the ledger knows what to say to it.
    pub fn check(&self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<&RedirectUri, Refused> {
        let press = self.press(state).ok_or(Refused::Unknown)?;
        let link_is_good = by.now < self.expires_at;
        if press.used.is_none() && self.ended.is_none() && !link_is_good {
            return Err(Refused::Expired);
        }
        if !holds(by.cookies, press.cookie) {
            return Err(Refused::OtherBrowser);
        }
        if self.app_authorization != by.app_authorization {
            return Err(Refused::OtherAuthorization);
        }
        match (&press.used, self.ended) {
            (Some(used), _) if used.code == *code => Ok(&press.redirect_uri),
            (_, Some(outcome)) => Err(Refused::Finished(outcome)),
            (Some(used), None) => Err(Refused::Used { by: used.clone(), link_is_good }),
            (None, None) => Ok(&press.redirect_uri),
        }
    }

    fn bind(&mut self, press: Press, now: SystemTime) -> bool {
        let owned_by_another = self.owner(now).is_some_and(|owner| owner.cookie != press.cookie);
        let bound = self.ended.is_none() && now < self.expires_at && !owned_by_another;
        if bound {
            self.browser = Some(press.owner(now));
            self.presses.push(press);
        }
        bound
    }

    fn take(&mut self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<RedirectUri, Refused> {
        if by.cookies.is_empty() {
            self.release(state, by.now);
        }
        let redirect_uri = self.check(state, code, by)?.clone();
        let secret = state.press.hash();
        for press in self.presses.iter_mut().filter(|press| press.secret == secret) {
            press.used.get_or_insert_with(|| Used { code: code.clone(), at: by.now });
        }
        Ok(redirect_uri)
    }

    /// Ends the ownership of the browser that this `state` was given to, if that owns the flow and the `state` is live.
    ///
    /// A browser that has lost its cookie can prove nothing any more, and would be kept out by its own ownership.
    fn release(&mut self, state: &State, now: SystemTime) -> bool {
        let given_to = self.press(state).filter(|press| press.used.is_none()).map(|press| press.cookie);
        let live = self.ended.is_none() && now < self.expires_at;
        let released = live && given_to.is_some() && self.browser.map(|browser| browser.cookie) == given_to;
        if released {
            self.browser = None;
        }
        released
    }

    /// Ends the flow. What is pending may become connected, and not the other way round.
    fn finish(&mut self, outcome: Outcome) -> bool {
        let news = outcome == Outcome::Connected || self.ended.is_none();
        if news {
            self.ended = Some(outcome);
        }
        news
    }

    /// The browser that owns the flow now.
    fn owner(&self, now: SystemTime) -> Option<Browser> {
        self.browser.filter(|browser| now < browser.until)
    }

    fn press(&self, state: &State) -> Option<&Press> {
        let secret = state.press.hash();
        self.presses.iter().find(|press| press.secret == secret)
    }
}

impl Press {
    /// The ownership that the press gives.
    fn owner(&self, now: SystemTime) -> Browser {
        Browser { cookie: self.cookie, until: now + OWNED }
    }
}

/// Whether one of the cookies has this hash.
fn holds(cookies: &[Secret], hash: SecretHash) -> bool {
    cookies.iter().any(|cookie| cookie.hash() == hash)
}

impl FlowId {
    /// The flow that a connect link's secret opens.
    #[must_use]
    pub fn of(link: &Secret) -> Self {
        Self(link.hash())
    }

    /// The name of the cookie that holds this secret, which a browser is known by in this flow.
    ///
    /// Each flow has its own, so that none disturbs another; and so has each secret, so that of two pages that are asked
    /// for at the same time, the later one replaces no cookie that the button was pressed with. With the prefix `__Host-`
    /// no other host can set it; a loopback `http` one cannot have that.
    #[must_use]
    pub fn cookie_name(&self, secret: &Secret, secure: bool) -> String {
        format!("{}{}", self.cookie_prefix(secure), &secret.hash().to_string()[..8])
    }

    /// Whether a cookie's name is one of this flow's.
    #[must_use]
    pub fn is_cookie_name(&self, name: &str, secure: bool) -> bool {
        let digits = name.strip_prefix(&self.cookie_prefix(secure));
        digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    fn cookie_prefix(&self, secure: bool) -> String {
        format!("{}appfabric-connect-{:.16}-", if secure { "__Host-" } else { "" }, self.to_string())
    }
}

/// 64 hexadecimal digits.
impl std::fmt::Display for FlowId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl State {
    /// A new one, for a press of this flow's button.
    #[must_use]
    pub fn new(flow: FlowId) -> Self {
        Self { flow, press: Secret::random() }
    }

    /// Reads what an application brings back; none for what cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (flow, press) = text.split_at_checked(Secret::DIGITS)?;
        Some(Self { flow: FlowId(SecretHash::parse(flow)?), press: Secret::parse(press)? })
    }

    /// The text, for the application.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}{}", self.flow, self.press.reveal())
    }
}

impl Refused {
    /// Every reason's [`name`](Self::name).
    pub const NAMES: [&str; 7] =
        ["missing", "unknown", "expired", "used", "finished", "other_browser", "other_authorization"];

    /// What it comes to where `state` is enforced; none where that depends on what came of the code that has used the
    /// `state` up.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Used { .. } => None,
            Self::Expired => Some(Outcome::LinkExpired),
            Self::Finished(Outcome::Connected) => Some(Outcome::LinkUsed),
            Self::Finished(pending) => Some(*pending),
            Self::Missing | Self::Unknown | Self::OtherBrowser | Self::OtherAuthorization => {
                Some(Outcome::InvalidState)
            }
        }
    }

    /// A closed-set word for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Used { .. } => "used",
            Self::Finished(_) => "finished",
            Self::OtherBrowser => "other_browser",
            Self::OtherAuthorization => "other_authorization",
        }
    }
}

#[cfg(test)]
mod tests;
