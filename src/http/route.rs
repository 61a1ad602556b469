//! The function's routes, by path.

use http::HeaderValue;

use crate::values::ResultPage;

/// One of the function's routes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Route<'p> {
    /// `GET /callback/…`, with the segments that name an app authorization.
    Redirection(Vec<&'p str>),
    /// `GET /connected`, `/pending`, `/failed`.
    Result(ResultPage),
    /// `POST /flows`.
    Flows,
    /// `GET` and `POST /connect/…`, with the link's secret.
    Connect(&'p str),
}

impl<'p> Route<'p> {
    /// The methods that the route takes, for the `Allow` header of `OPTIONS` and 405.
    pub(super) fn allow(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Redirection(_) | Self::Result(_) => "GET, HEAD, OPTIONS",
            Self::Flows => "OPTIONS, POST",
            Self::Connect(_) => "GET, HEAD, OPTIONS, POST",
        })
    }

    /// The route's pattern, for the log, because a path may hold the link's secret.
    pub(super) fn pattern(&self) -> &'static str {
        match self {
            Self::Redirection(segments) => match segments.len() {
                1 => "/callback/{connection}",
                2 => "/callback/{appBundleIdentifier}/{appAuthorizationIdentifier}",
                _ => "/callback/{appAuthorizationArn}",
            },
            Self::Result(ResultPage::Connected) => "/connected",
            Self::Result(ResultPage::Pending) => "/pending",
            Self::Result(ResultPage::Failed) => "/failed",
            Self::Flows => "/flows",
            Self::Connect(_) => "/connect/{flow}",
        }
    }

    /// The route of a path; one slash at its end is ignored.
    pub(super) fn of(path: &'p str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            // An alias, a pair of UUIDs, or an ARN, which has three slashes of its own.
            ["callback", rest @ ..] if matches!(rest.len(), 1 | 2 | 4) && !rest.contains(&"") => {
                Some(Self::Redirection(rest.to_vec()))
            }
            ["flows"] => Some(Self::Flows),
            ["connect", link] if !link.is_empty() => Some(Self::Connect(link)),
            [name] => ResultPage::ALL.into_iter().find(|page| page.name() == *name).map(Self::Result),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_route() {
        let redirection = |segments: &[&'static str]| Some(Route::Redirection(segments.to_vec()));
        for (path, expected) in [
            ("/callback/slack", redirection(&["slack"])),
            ("/callback/slack/", redirection(&["slack"])),
            ("/callback/a/b", redirection(&["a", "b"])),
            ("/callback/a/b/c/d/", redirection(&["a", "b", "c", "d"])),
            ("/callback/connected", redirection(&["connected"])),
            ("/callback/%2e%2e", redirection(&["%2e%2e"])),
            ("/connected", Some(Route::Result(ResultPage::Connected))),
            ("/pending/", Some(Route::Result(ResultPage::Pending))),
            ("/failed", Some(Route::Result(ResultPage::Failed))),
            ("/callback", None),
            ("/callback/", None),
            ("/callback//", None),
            ("/callback//slack", None),
            ("/callback/slack//", None),
            ("/callback/a/b/c", None),
            ("/callback/a/b/c/d/e", None),
            ("/Callback/slack", None),
            ("/x/callback/slack", None),
            ("/", None),
            ("", None),
            ("callback/slack", None),
            ("/flows", Some(Route::Flows)),
            ("/flows/", Some(Route::Flows)),
            ("/flows/x", None),
            ("/connect/x", Some(Route::Connect("x"))),
            ("/connect/x/", Some(Route::Connect("x"))),
            ("/connect/", None),
            ("/connect", None),
            ("/connect/x/y", None),
        ] {
            assert_eq!(Route::of(path), expected, "{path}");
        }
    }
}
