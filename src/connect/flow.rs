//! A flow: one person's way from a connect link to the outcome. All its rules are in this file.
//!
//! The memory store calls them. The table's conditions repeat them for DynamoDB, and a test checks that both agree.

use std::time::{Duration, SystemTime};

use super::{Bearer, Refused, State};
use crate::values::{AppAuthorization, Hash, Outcome, RedirectUri, Secret};

/// How long a browser owns the flow after it has pressed the button.
const OWNED: Duration = Duration::from_mins(10);

/// How often the button may be pressed. There is a limit, because each press is kept until the flow ends.
const MOST_PRESSES: usize = 32;

/// One flow, as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Flow {
    /// The part of its redirect URI after `/callback/`.
    pub(crate) callback: String,
    /// The canonical name of the app authorization that it is for.
    pub(crate) app_authorization: String,
    /// When its link expires.
    pub(crate) expires_at: SystemTime,
    /// The browser that owns it.
    pub(crate) browser: Option<Browser>,
    /// How it ended, once it has: connected or pending.
    pub(crate) ended: Option<Outcome>,
    /// Every press of its button.
    pub(crate) presses: Vec<Press>,
}

/// The browser that owns a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Browser {
    /// The hash of its cookie.
    pub(crate) cookie: Hash,
    /// When the ownership ends.
    pub(crate) until: SystemTime,
}

/// A press of the button. Its `state` works in the browser that pressed, even if another one owns the flow by now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Press {
    /// The hash of the secret in its `state`.
    pub(crate) secret: Hash,
    /// The hash of the cookie of the browser that pressed.
    pub(crate) cookie: Hash,
    /// The redirect URI of its authorization request, which must be sent with the code (RFC 6749 §4.1.3).
    pub(crate) redirect_uri: RedirectUri,
    /// The code that came with its `state`.
    pub(crate) used: Option<Used>,
}

/// The code that has used up a `state`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Used {
    /// The code.
    pub(crate) code: Hash,
    /// When it came for the first time.
    pub(crate) at: SystemTime,
}

/// Why a connect link cannot be used any more, or not now.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Dead {
    /// Its time is over.
    Expired,
    /// Its button was pressed too many times.
    PressedTooOften,
    /// The flow has ended like this.
    Finished(Outcome),
    /// Another browser owns it.
    OtherBrowser,
    /// Its connection no longer names the app authorization that the link was made for.
    OtherAuthorization,
}

impl Dead {
    /// Its name in the log, one of a fixed set.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::PressedTooOften => "pressed_too_often",
            Self::Finished(_) => "finished",
            Self::OtherBrowser => "other_browser",
            Self::OtherAuthorization => "other_authorization",
        }
    }
}

impl Flow {
    /// A flow whose button was not pressed yet.
    pub(crate) fn new(callback: String, app_authorization: &AppAuthorization, expires_at: SystemTime) -> Self {
        let app_authorization = app_authorization.canonical_name();
        Self { callback, app_authorization, expires_at, browser: None, ended: None, presses: Vec::new() }
    }

    /// Whether the link can still be used by the browser that holds these cookies.
    pub(crate) fn admits(&self, cookies: &[Secret], now: SystemTime) -> Result<(), Dead> {
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

    /// Checks that this `state` was given to this browser and was not used with another code. Returns the redirect URI
    /// of its authorization request. The order of the checks matters: the outcome of an earlier code is told only to
    /// the browser that the `state` was given to.
    ///
    /// The same code is let through when it comes again, because the store has its outcome.
    pub(crate) fn check(&self, state: &State, code: &Hash, by: &Bearer<'_>) -> Result<&RedirectUri, Refused> {
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

    /// Gives the flow to the browser that pressed its button, and keeps the press. False if the flow has ended or
    /// expired, or belongs to another browser.
    pub(super) fn bind(&mut self, press: Press, now: SystemTime) -> bool {
        let owned_by_another = self.owner(now).is_some_and(|owner| owner.cookie != press.cookie);
        let bound = self.ended.is_none() && now < self.expires_at && !owned_by_another;
        if bound {
            self.browser = Some(press.owner(now));
            self.presses.push(press);
        }
        bound
    }

    /// Uses up a `state` with a code, if the [check](Self::check) passes. If the browser has no cookie of the flow,
    /// it only loses its [ownership](Self::release).
    pub(super) fn take(&mut self, state: &State, code: &Hash, by: &Bearer<'_>) -> Result<RedirectUri, Refused> {
        if by.cookies.is_empty() {
            self.release(state, by.now);
        }
        let redirect_uri = self.check(state, code, by)?.clone();
        let secret = state.press.hash();
        for press in self.presses.iter_mut().filter(|press| press.secret == secret) {
            press.used.get_or_insert(Used { code: *code, at: by.now });
        }
        Ok(redirect_uri)
    }

    /// Ends the ownership of the browser that this `state` was given to, if it owns the flow and the `state` is unused.
    ///
    /// A browser that has lost its cookie cannot prove who it is, and its own ownership would lock it out.
    pub(super) fn release(&mut self, state: &State, now: SystemTime) -> bool {
        let given_to = self.press(state).filter(|press| press.used.is_none()).map(|press| press.cookie);
        let live = self.ended.is_none() && now < self.expires_at;
        let released = live && given_to.is_some() && self.browser.map(|browser| browser.cookie) == given_to;
        if released {
            self.browser = None;
        }
        released
    }

    /// Ends the flow. A pending flow may become connected; a connected one stays connected.
    pub(super) fn finish(&mut self, outcome: Outcome) -> bool {
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
    pub(super) fn owner(&self, now: SystemTime) -> Browser {
        Browser { cookie: self.cookie, until: now + OWNED }
    }
}

/// Whether one of the cookies has this hash.
fn holds(cookies: &[Secret], hash: Hash) -> bool {
    cookies.iter().any(|cookie| cookie.hash() == hash)
}

#[cfg(test)]
mod tests;
