//! `authUrl`: where a person consents at the application, from AppFabric.

use http::HeaderValue;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::values::{ESCAPED, RedirectUri, is_loopback};

/// An `authUrl` that a browser may be sent to: `https://`, or `http://` on this machine, then a host name or an IP literal,
/// perhaps with a port; all of it in visible ASCII.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AuthUrl {
    text: String,
    origin: String,
}

impl AuthUrl {
    /// The longest, in bytes: API Gateway carries 10,240 bytes of headers, and our own parameters must fit, too.
    pub(crate) const MAX_BYTES: usize = 8_192;

    /// Reads AppFabric's text; none for anything that a person should not be sent to.
    ///
    /// The host goes into the page's policy, where a `;` would begin a directive, so it is checked as it is written. A
    /// browser reads `https:host` as a path of our own site, which the parser does not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= Self::MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        let (scheme, rest) = text.split_once("://").filter(|_| plain)?;
        let authority = rest.split(['/', '?', '#']).next().filter(|authority| is_host(authority))?;
        let followed = scheme.eq_ignore_ascii_case("https") || (scheme == "http" && is_loopback(authority));
        let url = Url::parse(text).ok().filter(|_| followed)?;
        Some(Self { text: text.to_owned(), origin: url.origin().ascii_serialization() })
    }

    /// Scheme, host and port, for the connect page's `form-action`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The address with `redirect_uri` and `state` set (RFC 6749 §4.1.1), everything else unchanged.
    pub(crate) fn with(&self, redirect_uri: &RedirectUri, state: &str) -> HeaderValue {
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
        location.extend(["&state=", state]);
        if let Some(fragment) = fragment {
            location.extend(["#", fragment]);
        }
        HeaderValue::try_from(location).expect("visible ASCII is a header value")
    }
}

/// Whether an authority is written as a host name or an IP literal, with or without a port. The parser decides the rest.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if !address.is_empty() => (address, port),
        _ => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| matches!(label.len(), 1..=63) && label.bytes().all(plain) && !label.starts_with('-');
    let address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let is_host = if authority.starts_with('[') {
        host.bytes().all(address)
    } else {
        host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
    };
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    is_host && port
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

    #[test]
    fn redirect_uri_and_state_are_set_and_nothing_else_is_touched() {
        let redirect_uri = RedirectUri::new("https://connect.example.com", "/callback/slack").unwrap();
        let state = "0123456789abcdef";
        let uri = "redirect_uri=https%3A%2F%2Fconnect.example.com%2Fcallback%2Fslack";
        let set = format!("{uri}&state={state}");
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
            assert_eq!(AuthUrl::parse(auth_url).unwrap().with(&redirect_uri, state), expected.as_str());
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
            "https:slack.com/authorize",
            "https:/slack.com/authorize",
            "https:///slack.com/authorize",
            "https:\\\\slack.com/authorize",
            "https://\\slack.com/authorize",
            "https://slack.com\\@evil.example/",
            "https://a;frame-ancestors/x",
            "https://a%3Bframe-ancestors/x",
            "https://a'none'/",
            "https://a,b/",
            "https://*/",
            "https://*.example.com/",
            "https://@slack.com/",
            "https://slack.com:x/",
            "https://..../",
            "https://a..b/",
            "https://-a/",
            &format!("https://{}.com/", "a".repeat(64)),
            &format!("https://{}com/", "a.".repeat(126)),
            "https://slack.com:99999/",
            "https://[::1/",
            "https://[]/",
            "https://[a;b]/",
            "https://[::1];/",
            "https://?a",
            &format!("https://slack.com/{}", "a".repeat(8_192 - 17)),
        ] {
            assert_eq!(AuthUrl::parse(auth_url), None, "{auth_url}");
        }
    }

    #[test]
    fn an_origin_is_a_host_name_or_an_address_with_its_port() {
        let longest = format!("https://slack.com/{}", "a".repeat(8_192 - 18));
        for (auth_url, origin) in [
            ("https://slack.com:8443/a?b#c", "https://slack.com:8443"),
            ("https://Slack.com:443", "https://slack.com"),
            ("HTTPS://slack.com/", "https://slack.com"),
            ("https://my_tenant.example.com./a;b?c;d", "https://my_tenant.example.com."),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://192.0.2.7/", "https://192.0.2.7"),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
            ("http://localhost/", "http://localhost"),
            (longest.as_str(), "https://slack.com"),
        ] {
            assert_eq!(AuthUrl::parse(auth_url).unwrap().origin(), origin);
        }
    }
}
