//! `state` (RFC 6749 §10.12): the proof that this browser was asked to connect this app authorization.

use std::fmt;
use std::time::SystemTime;

use crate::values::{Hash, Outcome, Parameter, Query, RedirectUri, Secret};

use super::Used;

/// A flow's public name: the hash of the secret in its link.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct FlowId(Hash);

/// A `state`: the flow's name and a secret of its own, 128 characters of `[0-9a-f]`.
#[derive(Debug)]
pub(crate) struct State {
    /// Which flow.
    pub(crate) flow: FlowId,
    /// The secret of one press of its button.
    pub(crate) press: Secret,
}

/// The browser that brings a `state` back.
#[derive(Debug)]
pub(crate) struct Bearer<'b> {
    /// Its cookies that are named for the flow.
    pub(crate) cookies: &'b [Secret],
    /// The canonical name of the app authorization that the path names.
    pub(crate) app_authorization: &'b str,
    /// The wall clock.
    pub(crate) now: SystemTime,
}

/// Why a `state` proves nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The request has no `state`.
    Missing,
    /// No flow has issued it.
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

/// The result of checking `state`.
#[derive(Debug)]
pub(crate) enum Proof {
    /// `STATE_MODE` is `off`.
    Off,
    /// The callback ended before it could be checked, or the table did not answer.
    Unchecked,
    /// It was given to this browser for this app authorization. It is used up now.
    Valid(
        /// The redirect URI of its authorization request.
        RedirectUri,
    ),
    /// It proves nothing.
    Refused(Refused),
}

impl FlowId {
    /// The flow that a connect link's secret opens.
    pub(crate) fn of(link: &Secret) -> Self {
        Self(link.hash())
    }

    /// The name of the cookie that holds this secret. The secret identifies the browser in this flow.
    ///
    /// Each flow has its own name, so that flows do not disturb each other. Each secret has one, too: if two pages are
    /// opened at once, the second one does not replace the cookie of the first, pressed one. With the prefix `__Host-`
    /// no other host can set the cookie. Over loopback `http`, that prefix is not possible.
    pub(crate) fn cookie_name(&self, secret: &Secret, secure: bool) -> String {
        format!("{}{}", self.cookie_prefix(secure), &secret.hash().to_string()[..8])
    }

    /// Whether a cookie's name is one of this flow's.
    pub(crate) fn is_cookie_name(&self, name: &str, secure: bool) -> bool {
        let digits = name.strip_prefix(&self.cookie_prefix(secure));
        digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    fn cookie_prefix(&self, secure: bool) -> String {
        format!("{}appfabric-connect-{:.16}-", if secure { "__Host-" } else { "" }, self.to_string())
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl State {
    /// A new one, for a press of this flow's button.
    pub(crate) fn new(flow: FlowId) -> Self {
        Self { flow, press: Secret::random() }
    }

    /// Reads the `state` of an authorization response.
    pub(super) fn of(query: &Query) -> Result<Self, Refused> {
        match query.values("state").next() {
            Some(Parameter::Text(text)) if !text.is_empty() => Self::parse(text).ok_or(Refused::Unknown),
            Some(Parameter::Malformed) => Err(Refused::Unknown),
            _ => Err(Refused::Missing),
        }
    }

    /// Reads the text that an application sends back; `None` if it cannot be ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (flow, press) = Hash::split(text)?;
        Some(Self { flow: FlowId(flow), press: Secret::parse(press)? })
    }

    /// The text, for the application.
    pub(crate) fn reveal(&self) -> String {
        format!("{}{}", self.flow, self.press.reveal())
    }
}

impl Refused {
    /// The word of every reason, for logs and metrics.
    pub const NAMES: [&str; 7] =
        ["missing", "unknown", "expired", "used", "finished", "other_browser", "other_authorization"];

    /// The outcome where `state` is enforced; none if it depends on the outcome of the code that has used the
    /// `state` up.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
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

    /// Its name in logs and metrics, one of a fixed set.
    pub(crate) fn name(&self) -> &'static str {
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

impl Proof {
    /// Its name in the log, one of a fixed set.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Unchecked => "unchecked",
            Self::Valid(_) => "valid",
            Self::Refused(refused) => refused.name(),
        }
    }
}
