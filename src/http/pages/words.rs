//! What each page says to the person, in one table. The connect page's words are in `connect.rs` and `page.html`.

use super::Page;
use crate::connect::Dead;
use crate::values::Outcome;

/// One page's words: a heading, a sentence about what happened, and a sentence about what to do now.
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
                "The connection is still being checked and is not ready yet.",
                "You can safely close this page; the team that requested the connection can tell you when it is ready.",
            ),
            Page::Failed => (
                "The connection could not be made",
                "Something went wrong, and this page has no details.",
                "Open your original link again; if that fails too, tell the team that sent it.",
            ),
            Page::BadRequest => (
                "We could not read this request",
                "Part of the request is missing or damaged.",
                "Open your original link again, exactly as you received it.",
            ),
            Page::NotFound => (
                "Page not found",
                "There is no page at this address.",
                "Check that the address is complete, or open your original link again.",
            ),
            Page::LinkUnknown => (
                "We don’t know this link",
                "The link is incomplete, or it is too old.",
                "Check that the link is complete, or ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::Expired) => (
                "This link has expired",
                "Each link works for a limited time, and this one is too old.",
                "Ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::PressedTooOften) => (
                "The button was pressed too often",
                "The button of this link works a limited number of times.",
                "Go on in the window where you started, or ask the team that sent the link for a new one.",
            ),
            Page::LinkDead(Dead::Finished(Outcome::Connected)) => (
                "Already connected",
                "Somebody has already used this link, and the application is connected.",
                "You have nothing more to do and can close this page; if you did not approve it yourself, tell the team that \
                 sent the link.",
            ),
            Page::LinkDead(Dead::Finished(_)) => (
                "This link has been used",
                "An approval arrived with this link, and the connection is not confirmed yet.",
                "You can safely close this page; ask the team that sent the link whether the connection is ready.",
            ),
            Page::LinkDead(Dead::OtherAuthorization) => (
                "This link is out of date",
                "The connection was set up again after this link was made.",
                "Ask the team that sent it for a new one.",
            ),
            Page::LinkDead(Dead::OtherBrowser) => (
                "The link is in use in another browser",
                "Each link works in one browser at a time, and somebody has started in another one.",
                "Go on in the browser where you started, or wait ten minutes and open the link again; if you did not start \
                 yourself, tell the team that sent the link.",
            ),
            Page::Foreign => (
                "This did not come from our page",
                "The request came from another site, so nothing was done.",
                "Open the link that you were sent, and press the button on its page.",
            ),
            Page::NoCookie => (
                "This browser keeps no cookies for this site",
                "The page before this one gave your browser a cookie, and the browser did not send it back, so nothing was started.",
                "Allow cookies for this site, or use another browser, and open your original link again.",
            ),
            Page::Unavailable => (
                "This page is not available right now",
                "A service that we need is busy or cannot be reached.",
                "Wait a few minutes, then open your original link again.",
            ),
            Page::MethodNotAllowed => (
                "This request is not possible here",
                "There is a page at this address, but it cannot answer this kind of request.",
                "Open your original link again in your browser.",
            ),
            Page::InternalError => (
                "Something went wrong on our side",
                "We could not finish your request, and we do not know how far it got.",
                "Ask the team that sent the link to check the connection before you try again.",
            ),
        };
        Self { heading, happened, now }
    }

    fn of_outcome(outcome: Outcome) -> Self {
        let (heading, happened, now) = match outcome {
            Outcome::Connected => (
                "The application is connected",
                "The connection is made and ready to use.",
                "You have nothing more to do and can close this page.",
            ),
            Outcome::InProgress => (
                "Still connecting",
                "Your approval has arrived, and the connection is still being checked.",
                "You can safely close this page, which does not update by itself, and ask the team that requested the connection \
                 whether the connection is ready.",
            ),
            Outcome::Unconfirmed => (
                "Not confirmed yet",
                "We passed your approval on and could not find out in time whether the connection is ready.",
                "You can safely close this page; wait a few minutes, then ask the team that requested the connection to check the \
                 connection before you try again.",
            ),
            Outcome::AccessDenied => (
                "Access was not granted",
                "The application says that somebody or a policy declined the request, so no connection was made.",
                "If this was a mistake, open your original link again and allow access.",
            ),
            Outcome::ApplicationError => (
                "The application reported a problem",
                "The application could not complete the request, so no connection was made.",
                "Tell the team that requested the connection; try again only after they have looked into it.",
            ),
            Outcome::TemporarilyUnavailable => (
                "Temporarily unavailable",
                "A service that we need is busy or cannot be reached, so no connection was made.",
                "Wait a few minutes, then open your original link again.",
            ),
            Outcome::InvalidRequest => (
                "We could not read the answer",
                "The answer that the application sent with you is incomplete or damaged, so no connection was made.",
                "Open your original link again; if this page comes back, tell the team that requested the connection.",
            ),
            Outcome::UnknownConnection => (
                "This connection is not available",
                "The address that brought you here cannot make a connection.",
                "Tell the team that requested the connection, so that they can find out what is missing.",
            ),
            Outcome::CodeRejected => (
                "Your approval could not be used",
                "The approval was not accepted, usually because it is too old or was used before.",
                "Open your original link again and go through the steps without a long break; if that fails too, \
                 tell the team that requested the connection.",
            ),
            Outcome::NotConnected => (
                "The connection was not completed",
                "Your approval arrived, but the connection does not work.",
                "Ask the team that requested the connection to check its settings before you try again.",
            ),
            Outcome::InvalidState => (
                "Your approval could not be matched",
                "You started in another browser, or your approval belongs to an earlier try, so no \
                 connection was made with it.",
                "Open your original link again, and use the same browser for all the steps.",
            ),
            Outcome::LinkExpired => (
                "The link has expired",
                "Your approval arrived after the link had expired, so no connection was made.",
                "Ask the team that requested the connection for a new link.",
            ),
            Outcome::LinkUsed => (
                "The application is already connected",
                "Somebody has already used this link to make the connection, so nothing was changed.",
                "You can close this page, and you have nothing more to do; if you did not approve it yourself, tell the \
                 team that requested the connection.",
            ),
        };
        Self { heading, happened, now }
    }
}
