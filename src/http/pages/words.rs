//! What each page says: every sentence that the person reads, in one table.

use super::Page;
use crate::connect::Dead;
use crate::values::Outcome;

/// One page's words: what is the case, what happened, and what to do now, a sentence each.
pub(super) struct Words {
    pub(super) heading: &'static str,
    pub(super) happened: &'static str,
    pub(super) now: &'static str,
}

impl Words {
    /// No sentence names a cause that a stranger could probe, or a reference that may be missing.
    pub(super) fn of(page: Page) -> Self {
        let (heading, happened, now) = match page {
            Page::Result(outcome) => return Self::of_outcome(outcome),
            Page::Pending => (
                "The connection is pending",
                "The connection is not ready yet and is still being checked.",
                "You can safely close this page; the team that requested the connection can tell you when it is ready.",
            ),
            Page::Failed => (
                "The connection could not be made",
                "Something prevented the connection, and no further detail is available here.",
                "Start again from the link you were given; if that fails too, tell the team that requested the connection.",
            ),
            Page::BadRequest => (
                "This request could not be read",
                "The request was incomplete or damaged on its way here.",
                "Open the link you were given once more, exactly as you received it.",
            ),
            Page::NotFound => (
                "Page not found",
                "There is no page at this address.",
                "Check that the address is complete, or open the link you were given once more.",
            ),
            Page::LinkUnknown => (
                "This link leads nowhere",
                "No connection waits behind it.",
                "Check that the link is complete, or ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::Expired) => (
                "This link has expired",
                "It was good for a limited time only, and that is over.",
                "Ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::PressedTooOften) => (
                "The button was pressed too often",
                "The button behind this link has been pressed as often as it may be.",
                "Go on in the window in which you have begun, or ask the team that sent the link for a new one.",
            ),
            Page::LinkDead(Dead::Finished(Outcome::Connected)) => (
                "Already connected",
                "The connection that this link is for has been made.",
                "You have nothing more to do and can close this page; if it was not you who approved it, tell the team that \
                 requested the connection.",
            ),
            Page::LinkDead(Dead::Finished(_)) => (
                "This link has done its work",
                "An approval has arrived through it, and the connection was not confirmed yet.",
                "You can safely close this page; ask the team that requested the connection whether it is ready.",
            ),
            Page::LinkDead(Dead::OtherAuthorization) => (
                "This link is out of date",
                "The connection that it was made for has changed since.",
                "Ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::OtherBrowser) => (
                "The link is in use in another browser",
                "Somebody has begun with it elsewhere, and each link is for one browser.",
                "Go on in the browser in which you began, or wait ten minutes and open the link once more; if it was not you \
                 who began, tell the team that requested the connection.",
            ),
            Page::Foreign => (
                "This did not come from the page itself",
                "The request was sent from somewhere else, so nothing was done.",
                "Open the link you were given, and press the button on its page.",
            ),
            Page::NoCookie => (
                "This browser keeps no cookies for this site",
                "The page before gave your browser a cookie, and it was not sent back, so nothing was begun.",
                "Allow cookies for this site, or take another browser, and open the link you were given once more.",
            ),
            Page::Unavailable => (
                "This page is not available for a moment",
                "A service that it needs is busy or cannot be reached.",
                "Wait a few minutes, then open the link you were given once more.",
            ),
            Page::MethodNotAllowed => (
                "This request is not possible here",
                "There is a page at this address, but it cannot answer the kind of request that was sent.",
                "Open the link you were given in your browser once more.",
            ),
            Page::InternalError => (
                "Something went wrong on our side",
                "A fault on our side kept us from finishing your request, and we cannot tell how far it got.",
                "Ask the team that requested the connection to check it before you try again.",
            ),
        };
        Self { heading, happened, now }
    }

    fn of_outcome(outcome: Outcome) -> Self {
        let (heading, happened, now) = match outcome {
            Outcome::Connected => (
                "The application is connected",
                "The connection is in place and ready to be used.",
                "You have nothing more to do and can close this page.",
            ),
            Outcome::InProgress => (
                "Still connecting",
                "Your approval has arrived, and the connection is still being checked.",
                "You can safely close this page, which does not update by itself, and ask the team that requested the \
                 connection whether it is ready.",
            ),
            Outcome::Unconfirmed => (
                "Not confirmed yet",
                "Your approval was passed on, but whether the connection is ready could not be confirmed in time.",
                "You can safely close this page; wait a few minutes, then ask the team that requested the connection to \
                 check it before you try again.",
            ),
            Outcome::AccessDenied => (
                "Access was not granted",
                "The application reports that the request was declined, by choice or by a policy, so no connection was \
                 made.",
                "If this was not intended, start again from the link you were given and allow access.",
            ),
            Outcome::ApplicationError => (
                "The application reported a problem",
                "The application could not complete the request, so no connection was made.",
                "Tell the team that requested the connection; trying again is unlikely to help until they have looked \
                 into it.",
            ),
            Outcome::TemporarilyUnavailable => (
                "Temporarily unavailable",
                "A service that the connection needs is busy or cannot be reached, so no connection was made.",
                "Wait a few minutes, then start again from the link you were given.",
            ),
            Outcome::InvalidRequest => (
                "The request could not be read",
                "The request that brought you here was incomplete or damaged, so no connection was made.",
                "Start again from the link you were given; if that ends here too, tell the team that requested the \
                 connection.",
            ),
            Outcome::UnknownConnection => (
                "This connection is not available",
                "No connection can be made from the address that brought you here.",
                "Tell the team that requested the connection, who can find out what is needed.",
            ),
            Outcome::CodeRejected => (
                "Your approval could not be used",
                "The approval was not accepted, most often because it is too old or was used before.",
                "Start again from the link you were given and go through the steps without a long break; if that fails \
                 too, tell the team that requested the connection.",
            ),
            Outcome::NotConnected => (
                "The connection was not completed",
                "Your approval has arrived, but the connection could not be put into service.",
                "Tell the team that requested the connection, who need to check its settings before you try again.",
            ),
            Outcome::InvalidState => (
                "Your approval could not be matched",
                "It did not arrive in the browser in which you started, or it belongs to an earlier try, so no connection \
                 was made with it.",
                "Open the link you were given once more, and go through all the steps in that same browser.",
            ),
            Outcome::LinkExpired => (
                "The link has expired",
                "The time for this connection was over before your approval arrived, so no connection was made.",
                "Ask the team that requested the connection for a new link.",
            ),
            Outcome::LinkUsed => (
                "The application is already connected",
                "The connection was made from the same link before, so nothing was changed.",
                "You can close this page, and you have nothing more to do; if it was not you who approved it before, tell \
                 the team that requested the connection.",
            ),
        };
        Self { heading, happened, now }
    }
}
