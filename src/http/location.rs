//! The address that the person's browser is sent to: a page with up to four query parameters of our own.

use http::HeaderValue;
use percent_encoding::utf8_percent_encode;

use crate::values::{ESCAPED, Outcome};

/// The `Location`: the page, `outcome`, `reason`, `connection`, `reference`, and the fragment `#_`, which keeps the
/// browser from attaching an old one (RFC 9700 §4.1.3).
///
/// `page` is a URL or an absolute path; characters that a header cannot hold are left out.
pub(crate) fn location(page: &str, outcome: Outcome, connection: Option<&str>, reference: &str) -> HeaderValue {
    let mut location: String = page.chars().filter(char::is_ascii_graphic).collect();
    let parameters = [
        ("outcome", Some(outcome.page().name())),
        ("reason", outcome.reason()),
        ("connection", connection),
        ("reference", Some(reference)),
    ];
    let mut separator = match location.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, query)) if query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        if let Some(value) = value {
            location.extend([separator, name, "="]);
            location.extend(utf8_percent_encode(value, ESCAPED));
            separator = "&";
        }
    }
    location.push_str("#_");
    // Visible ASCII is always a valid header value. If it were not, a bare fragment would keep the browser on its page.
    HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("#_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = "8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34";

    #[test]
    fn the_parameters_follow_the_page_in_one_order() {
        for (page, outcome, connection, expected) in [
            (
                "https://example.com/done?lang=en",
                Outcome::AccessDenied,
                Some("slack"),
                "https://example.com/done?lang=en&outcome=failed&reason=access_denied&connection=slack&reference=8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34#_",
            ),
            (
                "https://example.com/",
                Outcome::Connected,
                Some("slack"),
                "https://example.com/?outcome=connected&connection=slack&reference=8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34#_",
            ),
            (
                "https://example.com/?",
                Outcome::UnknownConnection,
                None,
                "https://example.com/?outcome=failed&reason=unknown_connection&reference=8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34#_",
            ),
            (
                "/prod/pending",
                Outcome::InProgress,
                Some("slack"),
                "/prod/pending?outcome=pending&reason=in_progress&connection=slack&reference=8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34#_",
            ),
        ] {
            assert_eq!(location(page, outcome, connection, REFERENCE), expected);
        }
    }

    #[test]
    fn nothing_breaks_out_of_a_parameter() {
        let location = location("/failed\r\n", Outcome::Connected, Some("a&b#c"), "x\r\nSet-Cookie: é");
        assert_eq!(
            location,
            "/failed?outcome=connected&connection=a%26b%23c&reference=x%0D%0ASet-Cookie%3A%20%C3%A9#_"
        );
    }
}
