//! What the contract promises of every answer, whatever the event.

use std::collections::HashSet;
use std::sync::LazyLock;

use appfabric_connect::connect::Dead;
use appfabric_connect::http::{Page, Reference};
use appfabric_connect::values::{Outcome, ResultPage};
use regex_lite::Regex;
use serde_json::Value;

use crate::site::REFERENCE;

/// A UUID as AppFabric writes it, in the contract's words.
pub const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// The path of a built-in page, behind what the event says of the API's address: scheme, host and stage, or the path alone.
const BUILT_IN: &str = r"^(https?://[A-Za-z0-9.:-]+)?(/[A-Za-z0-9._~$-]+)*/(connected|pending|failed)$";

/// The only `ORGANISATION_NAME` here.
pub const ORGANISATION: &str = "Example & Sons";

/// Where the pages of a deployment are.
pub struct Pages<'p> {
    /// `SUCCESS_URL`, `PENDING_URL` and `FAILURE_URL`, where they are set.
    pub configured: [Option<&'p str>; 3],
    /// The aliases.
    pub aliases: &'p [&'p str],
    /// `ORGANISATION_NAME`.
    pub organisation: Option<&'static str>,
}

/// Checks an answer, and gives its `Location` where it has one.
pub fn check<'r>(response: &'r Value, pages: &Pages<'_>) -> Option<&'r str> {
    let headers = response["headers"].as_object().unwrap_or_else(|| panic!("no headers: {response}"));
    for (name, value) in headers {
        let value = value.as_str().unwrap_or_else(|| panic!("{name} is no text: {response}"));
        assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{name}: {value:?}");
    }
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers.get(name).and_then(Value::as_str), Some(value), "{response}");
    }
    let policy = headers["content-security-policy"].as_str().unwrap_or_default();
    for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("script"), "{policy}");
    let named = |name: &str| {
        let several = response["multiValueHeaders"].as_object().into_iter().flatten();
        let names = headers.keys().chain(several.map(|(name, _)| name));
        names.filter(|candidate| candidate.eq_ignore_ascii_case(name)).count()
    };
    let status = response["statusCode"].as_u64().unwrap_or_else(|| panic!("no status: {response}"));
    assert_eq!(named("location"), usize::from(status == 303), "{response}");
    let body = response["body"].as_str().unwrap_or_default();
    let kind = headers.get("content-type").and_then(Value::as_str);
    match (status, kind) {
        (204 | 303, None) => assert_eq!(body, "", "{response}"),
        (200 | 400 | 403 | 404 | 405 | 410 | 503, Some("text/html; charset=utf-8")) => check_page(body, pages),
        (201, Some("application/json")) => assert!(object(body).contains_key("connectUrl"), "{body}"),
        (400 | 403 | 404 | 409 | 503, Some("application/problem+json")) => {
            let problem = object(body);
            assert_eq!(problem["status"], status, "{body}");
            assert_eq!(problem["instance"], format!("urn:uuid:{REFERENCE}"), "{body}");
        }
        _ => panic!("{response}"),
    }
    assert_eq!(named("allow"), usize::from(status == 405 || response["statusCode"] == 204 && named("allow") == 1));
    headers.get("location").and_then(Value::as_str)
}

/// Checks that a `Location` is a page of this deployment and has our four words behind it and nothing else.
pub fn check_result(location: &str, pages: &Pages<'_>) {
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
    let [success, pending, failure] = pages.configured;
    for (page, configured) in
        [(ResultPage::Connected, success), (ResultPage::Pending, pending), (ResultPage::Failed, failure)]
    {
        let Some((url, ours)) = location.split_once(&format!("outcome={}", page.name())) else { continue };
        if let Some(configured) = configured {
            assert_eq!(url.trim_end_matches(['?', '&']), configured.trim_end_matches(['?', '&']));
        } else {
            let url = url.strip_suffix('?').unwrap_or_else(|| panic!("{location}"));
            assert!(BUILT_IN_PAGE.is_match(url) && url.ends_with(page.name()), "{location}");
        }
        return check_words(page, ours, pages);
    }
    panic!("{location}");
}

fn check_words(page: ResultPage, ours: &str, pages: &Pages<'_>) {
    let words = ours.strip_suffix(&format!("&reference={REFERENCE}#_")).unwrap_or_else(|| panic!("{ours}"));
    let (reason, connection) = match words.split_once("&connection=") {
        Some((reason, connection)) => (reason, Some(connection)),
        None => (words, None),
    };
    let reason = reason.strip_prefix("&reason=").or_else(|| reason.is_empty().then_some("none"));
    let outcome = Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.page() == page && Some(outcome.reason().unwrap_or("none")) == reason)
        .unwrap_or_else(|| panic!("{ours}"));
    assert_eq!(connection.is_none(), outcome == Outcome::UnknownConnection, "{ours}");
    if let Some(name) = connection {
        assert!(pages.aliases.contains(&name) || pages.aliases.is_empty() && ONE_UUID.is_match(name), "{ours}");
    }
}

/// Checks that a page is one of ours, to the last byte.
fn check_page(body: &str, pages: &Pages<'_>) {
    let shown = body.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>")).map(|(shown, _)| shown);
    let usual = match shown {
        Some(shown) if Reference::parse(shown).is_some() => &body.replace(shown, REFERENCE),
        Some(shown) => panic!("{shown}"),
        None => body,
    };
    let ours = |organisation| EVERY_PAGE.contains(&(organisation, usual.to_owned()));
    assert!(body.is_empty() || ours(None) || ours(pages.organisation), "{body}");
}

fn object(body: &str) -> serde_json::Map<String, Value> {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

static BUILT_IN_PAGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(BUILT_IN).expect("a pattern"));
static ONE_UUID: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!("^{UUID}$")).expect("a pattern"));

/// Every page of every deployment here, with the usual reference and with none.
static EVERY_PAGE: LazyLock<HashSet<(Option<&str>, String)>> = LazyLock::new(|| {
    let dead = [
        Dead::Expired,
        Dead::PressedTooOften,
        Dead::Finished(Outcome::Connected),
        Dead::Finished(Outcome::InProgress),
        Dead::OtherBrowser,
        Dead::OtherAuthorization,
    ];
    let dead = dead.map(Page::LinkDead);
    let others = [
        Page::Pending,
        Page::Failed,
        Page::BadRequest,
        Page::NotFound,
        Page::LinkUnknown,
        Page::Foreign,
        Page::NoCookie,
        Page::Unavailable,
        Page::MethodNotAllowed,
    ];
    let all = Outcome::ALL.map(Page::Result).into_iter().chain(dead).chain(others);
    all.flat_map(|page| {
        let of = move |organisation| {
            [None, Reference::parse(REFERENCE)].map(|reference| (organisation, page.html(reference, organisation)))
        };
        [None, Some(ORGANISATION)].into_iter().flat_map(of)
    })
    .collect()
});
