//! The redirect URI: what was registered at the application, byte for byte.

use std::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// The characters that we percent-encode in a query: all but RFC 3986's unreserved ones.
pub(crate) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A redirect URI (RFC 6749 §3.1.2) that AppFabric accepts: its service model's pattern, at most 1,024 characters.
///
/// `http` on a loopback host is let through for trials against an emulator; AppFabric itself refuses it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RedirectUri(String);

/// AppFabric does not accept this URI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotARedirectUri;

impl RedirectUri {
    /// The longest that AppFabric accepts, in characters.
    pub(crate) const MAX_LENGTH: usize = 1_024;

    /// Joins the public base URL and the path after it, both unchanged.
    pub(crate) fn new(base_url: &str, path: &str) -> Result<Self, NotARedirectUri> {
        let uri = [base_url, path].concat();
        let (scheme, rest) = uri.split_once("://").ok_or(NotARedirectUri)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_followed = scheme == "https" && !authority.is_empty() || scheme == "http" && is_loopback(authority);
        if is_followed && uri.len() <= Self::MAX_LENGTH && uri.bytes().all(is_accepted) {
            Ok(Self(uri))
        } else {
            Err(NotARedirectUri)
        }
    }

    /// The URI.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the service's pattern admits a byte: `[-a-zA-Z0-9-._~:/?#@!$&'()*+,;=]`, so no `%`, `[` or `]`.
pub(crate) fn is_accepted(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte)
}

/// Whether an authority (`host` or `host:port`) is this machine.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback()),
        None => host == "localhost" || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_appfabric_takes_is_kept_byte_for_byte() {
        for (base, path) in [
            ("https://abc123.execute-api.us-east-1.amazonaws.com/prod", "/callback/slack"),
            ("https://connect.example.com", "/callback/slack/"),
            ("https://connect.example.com:8443/a/b", "/callback/arn:aws:appfabric:us-east-1:1:appbundle/x"),
            ("http://127.0.0.1:3000", "/callback/slack"),
            ("http://localhost", "/callback/slack"),
        ] {
            assert_eq!(RedirectUri::new(base, path).unwrap().as_str(), format!("{base}{path}"));
        }
    }

    #[test]
    fn a_loopback_host_is_one_in_every_place() {
        for (authority, expected) in [
            ("localhost", true),
            ("localhost:3000", true),
            ("127.0.0.1:80", true),
            ("127.0.0.2", true),
            ("[::1]", true),
            ("[::1]:3000", true),
            ("", false),
            ("::1:3000", false),
            ("::1", false),
            ("[127.0.0.1]", false),
            ("127.1", false),
            ("127.0.0.1.example.com", false),
            ("localhost.example.com", false),
            ("[::ffff:127.0.0.1]", false),
            ("192.0.2.7", false),
        ] {
            assert_eq!(is_loopback(authority), expected, "{authority}");
        }
    }

    #[test]
    fn what_appfabric_would_refuse_is_refused_here() {
        let long = format!("/{}", "a".repeat(1_024));
        for (base, path) in [
            ("http://example.com", "/callback/slack"),
            ("http://127.0.0.1.example.com", "/callback/slack"),
            ("http://[::1]:3000", "/callback/slack"),
            ("https://", "/callback/slack"),
            ("ftp://example.com", "/callback/slack"),
            ("", "/callback/slack"),
            ("https://example.com", "/callback/%61"),
            ("https://example.com", "/callback/é"),
            ("https://example.com", "/callback/a b"),
            ("https://example.com", "/callback/a\r\nb"),
            ("https://example.com", long.as_str()),
        ] {
            assert_eq!(RedirectUri::new(base, path), Err(NotARedirectUri), "{base}{path}");
        }
    }
}
