//! The built-in pages: how a connection ended, and what is shown where there is nothing to show.
//!
//! A page is one template, one style sheet and three sentences. It runs no script and loads nothing.

mod connect;
mod words;

use http::{HeaderValue, StatusCode};
use words::Words;

pub use connect::ConnectPage;

use crate::flow::Dead;
use crate::outcome::{Outcome, ResultPage};

/// The `Content-Security-Policy` of every page: nothing but its own style sheet, named by hash.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-2QlbSF587QCjLuP1VyvEBkKj4tEWJs50WwmQ50MaW0s='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The same policy for a page with a form: it may be sent to this API, which redirects it on to one of these.
///
/// Chromium asks the policy for each redirect on the way, however many there are until a page comes: an application may send
/// the browser to a host for signing in, and from one that has consented before, the way goes on to the callback and the
/// result page. Nobody knows all of these hosts ahead, so every `https` one is among them.
#[must_use]
pub fn policy_with_form<'o>(origins: impl IntoIterator<Item = &'o str>) -> HeaderValue {
    let to: Vec<&str> = ["form-action 'self'"].into_iter().chain(origins).chain(["https:"]).collect();
    let policy = CONTENT_SECURITY_POLICY.replace("form-action 'none'", &to.join(" "));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

/// A page that this function shows.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Page {
    /// How a callback ended.
    Result(Outcome),
    /// `/pending` without a reason that belongs to it.
    Pending,
    /// `/failed` without a reason that belongs to it.
    Failed,
    /// What arrived is no request that can be read.
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
    /// A fault of ours, after which nothing more can be said.
    InternalError,
}

impl Page {
    /// The built-in result page, with the query's `reason` if it is one of this page's own; any other is ignored.
    #[must_use]
    pub fn told(page: ResultPage, reason: Option<&str>) -> Self {
        match page {
            ResultPage::Connected => Self::Result(Outcome::Connected),
            ResultPage::Pending => outcome_told(page, reason).map_or(Self::Pending, Self::Result),
            ResultPage::Failed => outcome_told(page, reason).map_or(Self::Failed, Self::Result),
        }
    }

    /// The status that the page is answered with.
    #[must_use]
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

    /// The page as HTML, with what the person may quote to support and who asked them, where known.
    #[must_use]
    pub fn html(self, reference: Option<Reference<'_>>, organisation: Option<&str>) -> String {
        let Words { heading, happened, now } = Words::of(self);
        let Tone { name, glyph, state } = self.tone();
        let title = state.map_or_else(|| heading.to_owned(), |state| format!("{state} · {heading}"));
        fill(
            TEMPLATE,
            &[
                ("title", Some(&title)),
                ("style", Some(STYLE)),
                ("tone", Some(name)),
                ("organisation", organisation),
                ("glyph", Some(glyph)),
                ("heading", Some(heading)),
                ("happened", Some(happened)),
                ("now", Some(now)),
                ("reference", reference.map(|Reference(text)| text)),
            ],
        )
    }

    fn tone(self) -> Tone {
        let (name, glyph, state) = match self {
            // The outcome is a failure of this try; what the person wanted is there.
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

/// What a person quotes to support: Lambda's request id, a UUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reference<'a>(&'a str);

impl<'a> Reference<'a> {
    /// Takes a UUID in either case, 8-4-4-4-12 digits, and nothing else.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        well_formed.then_some(Self(text))
    }
}

/// Puts each value, escaped, where the template says `{{name}}`; a line that names an absent value is left out.
///
/// Only the template is read for names, so no value can name another.
fn fill(template: &str, values: &[(&str, Option<&str>)]) -> String {
    template.split_inclusive('\n').filter_map(|line| fill_line(line, values)).collect()
}

fn fill_line(line: &str, values: &[(&str, Option<&str>)]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = line;
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, from)| Some((before, from.split_once("}}")?)))
    {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        filled.push_str(before);
        filled.push_str(&escape((*value)?));
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// Text as HTML, for an element or a quoted attribute.
///
/// Explicit direction controls are dropped: one of them could end the isolation of `<bdi>` and turn the words around it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

const TEMPLATE: &str = include_str!("pages/page.html");

/// Free of characters that `escape` changes, so that the hash in `CONTENT_SECURITY_POLICY` is the hash of the file.
const STYLE: &str = include_str!("pages/style.css");

#[cfg(test)]
mod tests;
