//! `authUrl`: where a person consents at the application, as AppFabric says.

use http::HeaderValue;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::flow::State;
use crate::location::ESCAPED;
use crate::redirect_uri::RedirectUri;

/// An `authUrl` that a browser may be sent to: `https`, or `http` on this machine, in visible ASCII.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthUrl {
    text: String,
    origin: String,
}

impl AuthUrl {
    /// Reads AppFabric's text; none for anything that nobody should follow.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let followed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
        let followed = followed && url.username().is_empty() && url.password().is_none();
        followed.then(|| Self { text: text.to_owned(), origin: url.origin().ascii_serialization() })
    }

    /// Scheme, host and port, for the connect page's `form-action`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address with `redirect_uri` and `state` set (RFC 6749 §4.1.1), everything else byte for byte.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it never does: all of it is visible ASCII")]
    pub fn with(&self, redirect_uri: &RedirectUri, state: &State) -> HeaderValue {
        let (before, fragment) = match self.text.split_once('#') {
            Some((before, fragment)) => (before, Some(fragment)),
            None => (self.text.as_str(), None),
        };
        let (path, query) = before.split_once('?').unwrap_or((before, ""));
        let mut location = format!("{path}?");
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty() && !is_ours(parameter)) {
            location.extend([parameter, "&"]);
        }
        location.push_str("redirect_uri=");
        location.extend(utf8_percent_encode(redirect_uri.as_str(), ESCAPED));
        location.extend(["&state=", &state.reveal()]);
        if let Some(fragment) = fragment {
            location.extend(["#", fragment]);
        }
        HeaderValue::try_from(location).expect("visible ASCII is a header value")
    }
}

/// Whether a parameter is one that we set, however its name is written.
fn is_ours(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy();
    matches!(name.as_ref(), "redirect_uri" | "state")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::FlowId;
    use crate::secret::Secret;

    #[test]
    fn redirect_uri_and_state_are_set_and_nothing_else_is_touched() {
        let redirect_uri = RedirectUri::new("https://connect.example.com", "/callback/slack").unwrap();
        let state = State::new(FlowId::of(&Secret::random()));
        let uri = "redirect_uri=https%3A%2F%2Fconnect.example.com%2Fcallback%2Fslack";
        let set = format!("{uri}&state={}", state.reveal());
        for (auth_url, expected) in [
            ("https://slack.com/oauth/v2/authorize", format!("https://slack.com/oauth/v2/authorize?{set}")),
            ("https://slack.com/?", format!("https://slack.com/?{set}")),
            ("https://slack.com?a=1", format!("https://slack.com?a=1&{set}")),
            (
                "https://slack.com/a?scope=a%20b+c&client_id=1&x&y=&scope=z%2F",
                format!("https://slack.com/a?scope=a%20b+c&client_id=1&x&y=&scope=z%2F&{set}"),
            ),
            (
                "https://slack.com/a?redirect_uri=https%3A%2F%2Fexample.com&a=1&state=xyz",
                format!("https://slack.com/a?a=1&{set}"),
            ),
            ("https://slack.com/a?st%61te=1&redirect%5Furi=&state", format!("https://slack.com/a?{set}")),
            ("https://slack.com/a?a=1#top", format!("https://slack.com/a?a=1&{set}#top")),
            ("http://127.0.0.1:3000/authorize?a=1", format!("http://127.0.0.1:3000/authorize?a=1&{set}")),
        ] {
            assert_eq!(AuthUrl::parse(auth_url).unwrap().with(&redirect_uri, &state), expected.as_str());
        }
    }

    #[test]
    fn nobody_is_sent_anywhere_else() {
        for auth_url in [
            "",
            "slack.com/authorize",
            "//slack.com/authorize",
            "http://slack.com/authorize",
            "http://127.0.0.1.example.com/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user:password@slack.com/",
            "https://slack.com/\r\nSet-Cookie: a=b",
            "https://slack.com/é",
            "https://slack.com/a b",
        ] {
            assert_eq!(AuthUrl::parse(auth_url), None, "{auth_url}");
        }
        assert_eq!(AuthUrl::parse("https://slack.com:8443/a?b#c").unwrap().origin(), "https://slack.com:8443");
    }
}
