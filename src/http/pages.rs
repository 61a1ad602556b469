//! The built-in pages: how a connection ended, and what a person sees when something is wrong.
//!
//! A page is one template, one style sheet and three sentences. It runs no script and loads nothing.

mod connect;
mod words;

use askama::Template;
use http::StatusCode;

use crate::connect::Dead;
use crate::values::{Outcome, ResultPage, Uuid};

pub(super) use connect::ConnectPage;
use words::Words;

/// A page that this function shows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Page {
    /// How a callback ended.
    Result(Outcome),
    /// `/pending` without a reason that belongs to it.
    Pending,
    /// `/failed` without a reason that belongs to it.
    Failed,
    /// The request could not be read.
    BadRequest,
    /// No route has this path.
    NotFound,
    /// No flow has this connect link.
    LinkUnknown,
    /// A connect link that cannot be used any more, or not now.
    LinkDead(Dead),
    /// A press of the connect page's button that did not come from the connect page.
    Foreign,
    /// A press of the connect page's button by a browser that has not kept the page's cookie.
    NoCookie,
    /// AppFabric or the table does not answer, and nothing was begun.
    Unavailable,
    /// The route does not know this method.
    MethodNotAllowed,
    /// A fault of ours; nothing more is known.
    InternalError,
}

impl Page {
    /// The built-in result page, with the query's `reason` if it is one of this page's own; any other is ignored.
    pub(super) fn told(page: ResultPage, reason: Option<&str>) -> Self {
        match page {
            ResultPage::Connected => Self::Result(Outcome::Connected),
            ResultPage::Pending => outcome_told(page, reason).map_or(Self::Pending, Self::Result),
            ResultPage::Failed => outcome_told(page, reason).map_or(Self::Failed, Self::Result),
        }
    }

    /// The page's HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Result(_) | Self::Pending | Self::Failed => StatusCode::OK,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound | Self::LinkUnknown => StatusCode::NOT_FOUND,
            Self::LinkDead(_) => StatusCode::GONE,
            Self::Foreign | Self::NoCookie => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page as HTML, with the reference for support and the name of who asked, if known.
    pub fn html(self, reference: Option<Reference<'_>>, organisation: Option<&str>) -> String {
        let Words { heading, happened, now } = Words::of(self);
        let Tone { name, glyph, state } = self.tone();
        let title = &state.map_or_else(|| heading.to_owned(), |state| format!("{state} · {heading}"));
        let (organisation, asked) = (organisation.map(undirected), None);
        let organisation = organisation.as_deref();
        Html { title, tone: name, organisation, glyph, heading, happened, now, asked, reference }.html()
    }

    fn tone(self) -> Tone {
        let (name, glyph, state) = match self {
            // This try failed, but the person has the connection that they wanted.
            Self::Result(Outcome::LinkUsed) | Self::LinkDead(Dead::Finished(Outcome::Connected)) => {
                return Tone::of(ResultPage::Connected);
            }
            Self::Result(outcome) => return Tone::of(outcome.page()),
            Self::Pending | Self::LinkDead(Dead::Finished(_)) => return Tone::of(ResultPage::Pending),
            Self::Failed => return Tone::of(ResultPage::Failed),
            _ => ("error", "M100 19.5v10M100 36v.01", None),
        };
        Tone { name, glyph, state }
    }
}

/// The query's `reason`, if it belongs to an outcome of this result page.
fn outcome_told(page: ResultPage, reason: Option<&str>) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.page() == page && outcome.reason() == reason)
}

/// How a page looks and how its title begins.
struct Tone {
    /// The class that the style sheet knows.
    name: &'static str,
    /// The sign in the middle of the picture, as an SVG path around (100, 28).
    glyph: &'static str,
    /// The first words of the title, where the heading alone does not tell the outcome.
    state: Option<&'static str>,
}

impl Tone {
    fn of(page: ResultPage) -> Self {
        let (glyph, state) = match page {
            ResultPage::Connected => ("M92 28.5l5.5 5.5L108.5 22.5", "Connected"),
            ResultPage::Pending => ("M93 19h14M93 37h14M95 19c0 9 10 9 10 18M105 19c0 9-10 9-10 18", "Pending"),
            ResultPage::Failed => ("M94 22l12 12M106 22l-12 12", "Not connected"),
        };
        Self { name: page.name(), glyph, state: Some(state) }
    }
}

/// The reference that a person gives to support: Lambda's request ID, a UUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reference<'a>(&'a str);

impl<'a> Reference<'a> {
    /// Takes a UUID in upper or lower case, and nothing else.
    pub fn parse(text: &'a str) -> Option<Self> {
        Uuid::parse(&text.to_ascii_lowercase()).map(|_| Self(text))
    }
}

/// The one template of all pages. An unknown name in it does not compile.
#[derive(Template)]
#[template(path = "page.html", config = "src/http/pages/askama.toml")]
struct Html<'h> {
    title: &'h str,
    tone: &'static str,
    organisation: Option<&'h str>,
    glyph: &'static str,
    heading: &'h str,
    happened: &'h str,
    now: &'h str,
    asked: Option<Asked<'h>>,
    reference: Option<Reference<'h>>,
}

/// What only the connect page has.
struct Asked<'h> {
    app: &'h str,
    tenant: Option<&'h str>,
}

impl Html<'_> {
    fn html(&self) -> String {
        self.render().expect("a text takes everything")
    }
}

/// The text without direction controls, one of which could end the isolation of `<bdi>` and turn the words around it.
fn undirected(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect()
}

/// Its hash is in [`CONTENT_SECURITY_POLICY`](super::response::CONTENT_SECURITY_POLICY).
const STYLE: &str = include_str!("pages/style.css");

#[cfg(test)]
mod tests;
