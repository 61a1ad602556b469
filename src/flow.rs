//! A flow: one person's way from a connect link to the outcome, and the `state` (RFC 6749 §10.12) that proves it.

mod memory;
mod stored;

use std::time::{Duration, SystemTime};

use crate::app_authorization::AppAuthorization;
use crate::ledger::CodeKey;
use crate::outcome::Outcome;
use crate::secret::{Secret, SecretHash};
use crate::table::{Table, Unreachable};

use memory::Memory;

/// How long a browser that has pressed the button owns the flow: the `Max-Age` of its cookie.
pub const BROWSER_KEPT: Duration = Duration::from_mins(10);

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
    /// Who has pressed the button.
    pub browser: Option<Browser>,
    /// Whether it has come to its end.
    pub finished: bool,
    /// One for each press of the button, with the code that used it up.
    pub states: Vec<(SecretHash, Option<CodeKey>)>,
}

/// The browser that owns a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Browser {
    /// What its cookie hashes to.
    pub cookie: SecretHash,
    /// When the cookie ends, and with it the ownership.
    pub until: SystemTime,
}

/// A `state`: the flow's name and a secret of its own, 128 characters of `[0-9a-f]`.
#[derive(Debug)]
pub struct State {
    /// Which flow.
    pub flow: FlowId,
    /// Which press of its button.
    pub press: Secret,
}

/// Whoever brings a `state` back.
#[derive(Debug)]
pub struct Bearer<'b> {
    /// The cookies of their browser that are named for the flow.
    pub cookies: &'b [Secret],
    /// The canonical name of the app authorization that the path names.
    pub app_authorization: &'b str,
    /// The clock on the wall.
    pub now: SystemTime,
}

/// Why a connect link leads nowhere any more.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Dead {
    /// Its time is over, or its button was pressed as often as it may be.
    Expired,
    /// It has come to its end.
    Finished,
    /// Another browser owns it.
    OtherBrowser,
}

/// Why a `state` proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// There is none.
    Missing,
    /// No flow has given it out.
    Unknown,
    /// The flow's time is over.
    Expired,
    /// It was used with another code, or the flow has come to its end.
    Used,
    /// This browser did not press the button.
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

    /// Gives the flow to a browser and remembers a press; false if it has died or gone to another one meanwhile.
    pub async fn bind(
        &self,
        state: &State,
        browser: Browser,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        match &self.table {
            Some(table) => table.bind(state, browser, now, within).await,
            None => Ok(self.memory.change(&state.flow, |flow| flow.bind(state, browser, now))),
        }
    }

    /// Uses a `state` up with a code, or says why it proves nothing, which changes nothing.
    pub async fn take(
        &self,
        state: &State,
        code: &CodeKey,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<(), Refused>, Unreachable> {
        match &self.table {
            Some(table) => table.take(state, code, by, within).await,
            None => Ok(self.memory.take(state, code, by)),
        }
    }

    /// Ends a flow, for good.
    pub async fn finish(&self, id: &FlowId, within: Duration) -> Result<(), Unreachable> {
        if let Some(table) = &self.table {
            return table.finish(id, within).await;
        }
        self.memory.change(id, |flow| {
            flow.finished = true;
            true
        });
        Ok(())
    }
}

impl Flow {
    /// A flow that nobody has entered yet.
    #[must_use]
    pub fn new(callback: String, app_authorization: &AppAuthorization, expires_at: SystemTime) -> Self {
        let app_authorization = app_authorization.canonical_name();
        Self { callback, app_authorization, expires_at, browser: None, finished: false, states: Vec::new() }
    }

    /// Whether the link can still be used by the browser that holds these cookies.
    pub fn admits(&self, cookies: &[Secret], now: SystemTime) -> Result<(), Dead> {
        if self.finished {
            Err(Dead::Finished)
        } else if now >= self.expires_at || self.states.len() >= MOST_PRESSES {
            Err(Dead::Expired)
        } else if self.owner(now).is_some_and(|browser| !browser.is_among(cookies)) {
            Err(Dead::OtherBrowser)
        } else {
            Ok(())
        }
    }

    /// Whether this `state` proves, with this code, that whoever brings it was asked. The order is the contract's: a live
    /// flow, this browser's, for this app authorization.
    ///
    /// The same code delivered again is let through: the ledger knows what to say to it.
    pub fn check(&self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<(), Refused> {
        let press = state.press.hash();
        let (_, used_by) = self.states.iter().find(|(known, _)| *known == press).ok_or(Refused::Unknown)?;
        match used_by {
            Some(known) if known == code => {}
            Some(_) => return Err(Refused::Used),
            None if self.finished => return Err(Refused::Used),
            None if by.now >= self.expires_at => return Err(Refused::Expired),
            None => {}
        }
        if !self.browser.is_some_and(|browser| browser.is_among(by.cookies)) {
            return Err(Refused::OtherBrowser);
        }
        if self.app_authorization == by.app_authorization { Ok(()) } else { Err(Refused::OtherAuthorization) }
    }

    fn bind(&mut self, state: &State, browser: Browser, now: SystemTime) -> bool {
        let owned_by_another = self.owner(now).is_some_and(|owner| owner.cookie != browser.cookie);
        let bound = !self.finished && now < self.expires_at && !owned_by_another;
        if bound {
            self.browser = Some(browser);
            self.states.push((state.press.hash(), None));
        }
        bound
    }

    fn take(&mut self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<(), Refused> {
        self.check(state, code, by)?;
        let press = state.press.hash();
        let (_, used_by) = self.states.iter_mut().find(|(known, _)| *known == press).ok_or(Refused::Unknown)?;
        *used_by = Some(code.clone());
        Ok(())
    }

    /// The browser that owns the flow; a cookie that has ended owns nothing.
    fn owner(&self, now: SystemTime) -> Option<Browser> {
        self.browser.filter(|browser| now < browser.until)
    }
}

impl Browser {
    fn is_among(&self, cookies: &[Secret]) -> bool {
        cookies.iter().any(|cookie| cookie.hash() == self.cookie)
    }
}

impl FlowId {
    /// The flow that a connect link's secret opens.
    #[must_use]
    pub fn of(link: &Secret) -> Self {
        Self(link.hash())
    }

    /// The name of the cookie that makes a browser this flow's own; each flow has one, so that none disturbs another.
    ///
    /// With the prefix `__Host-` no other host can set it; a loopback `http` one cannot have that.
    #[must_use]
    pub fn cookie_name(&self, secure: bool) -> String {
        let id = self.to_string();
        format!("{}appfabric-connect-{}", if secure { "__Host-" } else { "" }, &id[..16])
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
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Missing, Self::Unknown, Self::Expired, Self::Used, Self::OtherBrowser, Self::OtherAuthorization];

    /// What it comes to where `state` is enforced.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Expired => Outcome::LinkExpired,
            Self::Used => Outcome::LinkUsed,
            Self::Missing | Self::Unknown | Self::OtherBrowser | Self::OtherAuthorization => Outcome::InvalidState,
        }
    }

    /// A closed-set word for logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::OtherBrowser => "other_browser",
            Self::OtherAuthorization => "other_authorization",
        }
    }
}

#[cfg(test)]
mod tests;
