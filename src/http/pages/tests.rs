use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::http::response::CONTENT_SECURITY_POLICY;

const REFERENCE: &str = "8f5a1c2e-7b34-4d6f-9a01-23456789abcd";

fn every_page() -> Vec<Page> {
    let unexplained = [
        Page::Pending,
        Page::Failed,
        Page::BadRequest,
        Page::NotFound,
        Page::LinkUnknown,
        Page::LinkDead(Dead::Expired),
        Page::LinkDead(Dead::PressedTooOften),
        Page::LinkDead(Dead::Finished(Outcome::Connected)),
        Page::LinkDead(Dead::Finished(Outcome::InProgress)),
        Page::LinkDead(Dead::OtherAuthorization),
        Page::LinkDead(Dead::OtherBrowser),
        Page::Foreign,
        Page::NoCookie,
        Page::Unavailable,
        Page::MethodNotAllowed,
        Page::InternalError,
    ];
    Outcome::ALL.into_iter().map(Page::Result).chain(unexplained).collect()
}

fn full(page: Page) -> String {
    page.html(Reference::parse(REFERENCE), Some("Example & Sons"))
}

/// What stands between the first `open` and the `close` after it.
fn between<'a>(html: &'a str, open: &str, close: &str) -> &'a str {
    let (_, from) = html.split_once(open).unwrap_or_else(|| panic!("no {open} in {html}"));
    from.split_once(close).unwrap_or_else(|| panic!("no {close} after {open}")).0
}

#[test]
fn every_page_tells_what_is_the_case_what_happened_and_what_to_do() {
    for page in every_page() {
        let html = full(page);
        let Words { heading, happened, now } = Words::of(page);
        assert!(html.contains(&format!("<h1>{heading}</h1>")), "{page:?}");
        assert!(html.contains(&format!(">{happened}</p>")), "{page:?}");
        assert!(html.contains(&format!("<p>{now}</p>")), "{page:?}");
        assert!(html.contains("<bdi>Example &#38; Sons</bdi>"), "{page:?}");
        assert!(html.contains(&format!("<dt>Reference for support</dt><dd><code>{REFERENCE}</code></dd>")), "{page:?}");
        assert!(!html.contains("{{"), "{page:?}");
        for once in ["<main>", "<h1>", "<title>", "<style>", "<html lang=\"en\">"] {
            assert_eq!(html.matches(once).count(), 1, "{once} on {page:?}");
        }
    }
}

#[test]
fn no_two_pages_say_the_same() {
    let mut said = std::collections::HashMap::new();
    for page in every_page() {
        let Words { heading, happened, now } = Words::of(page);
        assert_eq!(said.insert((happened, now), page), None, "{page:?}");
        assert_eq!(said.insert((heading, ""), page), None, "{page:?}");
    }
}

#[test]
fn every_sentence_is_one_sentence_without_jargon_or_markup() {
    for page in every_page() {
        let Words { heading, happened, now } = Words::of(page);
        assert!(!heading.ends_with('.'), "{heading}");
        for text in [happened, now] {
            assert!(text.ends_with('.') && text.matches('.').count() == 1, "{text}");
        }
        for text in [heading, happened, now] {
            assert!(!text.contains(['&', '<', '>', '"', '\'']), "{text}");
            for word in ["OAuth", "callback", "code", "token", "redirect", "AppFabric", "AWS", "Lambda", "  "] {
                assert!(!text.contains(word), "{word:?} in {text}");
            }
        }
    }
}

#[test]
fn a_title_begins_with_the_outcome() {
    for (page, title) in [
        (Page::Result(Outcome::Connected), "Connected · The application is connected"),
        (Page::Result(Outcome::Unconfirmed), "Pending · Not confirmed yet"),
        (Page::Failed, "Not connected · The connection could not be made"),
        (Page::Result(Outcome::LinkUsed), "Connected · The application is already connected"),
        (Page::LinkDead(Dead::Finished(Outcome::Connected)), "Connected · Already connected"),
        (Page::LinkDead(Dead::Finished(Outcome::Unconfirmed)), "Pending · This link has been used"),
        (Page::NotFound, "Page not found"),
    ] {
        assert_eq!(between(&full(page), "<title>", "</title>"), title);
    }
}

#[test]
fn a_link_that_has_connected_shows_no_sign_of_failure() {
    for page in [Page::Result(Outcome::LinkUsed), Page::LinkDead(Dead::Finished(Outcome::Connected))] {
        let [told, connected] = [full(page), full(Page::Result(Outcome::Connected))];
        for (open, close) in [("<body class=\"", "\""), ("<path class=\"glyph\" d=\"", "\"")] {
            assert_eq!(between(&told, open, close), between(&connected, open, close), "{page:?}");
        }
        assert!(!told.contains("Not connected"), "{page:?}");
    }
}

#[test]
fn what_is_absent_leaves_no_trace() {
    for page in every_page() {
        let html = page.html(None, None);
        for trace in ["<header", "<bdi", "requested by", "<dl", "<code", "Reference"] {
            assert!(!html.contains(trace), "{trace} on {page:?}");
        }
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{page:?}");
    }
}

#[test]
fn pending_pages_say_that_closing_them_is_safe() {
    for page in every_page().into_iter().filter(|page| page.tone().name == "pending") {
        assert!(Words::of(page).now.starts_with("You can safely close this page"), "{page:?}");
    }
}

#[test]
fn a_reason_is_told_only_on_the_page_it_belongs_to() {
    for outcome in Outcome::ALL {
        for page in ResultPage::ALL {
            let told = Page::told(page, outcome.reason());
            assert_eq!(told == Page::Result(outcome), page == outcome.page(), "{outcome:?} on {page:?}");
        }
    }
}

#[test]
fn any_other_reason_is_ignored() {
    for reason in [None, Some(""), Some("connected"), Some("ACCESS_DENIED"), Some("access_denied "), Some("<script>")] {
        assert_eq!(Page::told(ResultPage::Connected, reason), Page::Result(Outcome::Connected), "{reason:?}");
        assert_eq!(Page::told(ResultPage::Pending, reason), Page::Pending, "{reason:?}");
        assert_eq!(Page::told(ResultPage::Failed, reason), Page::Failed, "{reason:?}");
    }
}

#[test]
fn a_reference_is_a_uuid_and_nothing_else() {
    for text in [REFERENCE, "8F5A1C2E-7B34-4D6F-9A01-23456789ABCD", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(Reference::parse(text), Some(Reference(text)));
    }
    for text in [
        "",
        "8f5a1c2e7b344d6f9a0123456789abcd",
        "8f5a1c2e-7b34-4d6f-9a01-23456789abc",
        "8f5a1c2e-7b34-4d6f-9a01-23456789abcde",
        "8f5a1c2e-7b34-4d6f-9a01-23456789abcg",
        "8f5a1c2e-7b34-4d6f-9a0123-456789abcd",
        "8f5a1c2e-7b34-4d6f-9a01-23456789abc\n",
        "{f5a1c2e-7b34-4d6f-9a01-23456789abc}",
        "<script>alert(document.domain)</scri",
        "８f5a1c2e-7b34-4d6f-9a01-23456789ab",
    ] {
        assert_eq!(Reference::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_hostile_organisation_name_stays_text() {
    for (name, shown) in [
        ("</bdi><script>alert(1)</script>", "&#60;/bdi&#62;&#60;script&#62;alert(1)&#60;/script&#62;"),
        ("\" onload='x' & `y`", "&#34; onload=&#39;x&#39; &#38; `y`"),
        ("&lt;b&gt;", "&#38;lt;b&#38;gt;"),
        ("{{style}} {{reference}} {{", "{{style}} {{reference}} {{"),
        ("a\u{202e}b\u{2069}c\u{2066}d\u{202a}e", "abcde"),
        ("שלום\u{200f} Ltd", "שלום\u{200f} Ltd"),
    ] {
        let html = Page::Failed.html(None, Some(name));
        assert_eq!(between(&html, "<bdi>", "</bdi>"), shown);
        assert_eq!(html.replace(shown, "x"), Page::Failed.html(None, Some("x")), "{name}");
    }
}

#[test]
fn a_page_runs_nothing_and_loads_nothing() {
    for page in every_page() {
        let html = full(page).to_lowercase();
        for forbidden in [
            "http:",
            "https:",
            "//",
            "<script",
            "@import",
            "url(",
            "src=",
            "srcset",
            "<iframe",
            "<form",
            "http-equiv",
            "style=",
            "<link",
            "<base",
            "<a ",
        ] {
            assert!(!html.contains(forbidden), "{forbidden} on {page:?}");
        }
    }
}

#[test]
fn the_policy_names_the_style_sheet_as_it_is_embedded() {
    for page in every_page() {
        let html = full(page);
        let hash =
            base64::engine::general_purpose::STANDARD.encode(Sha256::digest(between(&html, "<style>", "</style>")));
        assert!(CONTENT_SECURITY_POLICY.contains(&format!("style-src 'sha256-{hash}';")), "should be sha256-{hash}");
    }
}

#[test]
fn the_style_sheet_is_the_same_on_every_system() {
    // A browser reads CRLF as LF and hashes that.
    assert!(!STYLE.contains('\r'));
}

#[test]
fn a_page_has_the_status_of_what_it_says() {
    for page in every_page() {
        let expected = match page {
            Page::Result(_) | Page::Pending | Page::Failed => 200,
            Page::BadRequest => 400,
            Page::NotFound | Page::LinkUnknown => 404,
            Page::LinkDead(_) => 410,
            Page::Foreign | Page::NoCookie => 403,
            Page::Unavailable => 503,
            Page::MethodNotAllowed => 405,
            Page::InternalError => 500,
        };
        assert_eq!(page.status(), expected, "{page:?}");
    }
}

/// API Gateway's own pages are this page with other words. The template has it cut at its words.
#[test]
fn gateway_page_of_the_template_is_the_page_of_this_folder() {
    let Words { heading, happened, now } = Words::of(Page::InternalError);
    let html = Page::InternalError.html(Some(Reference("$context.extendedRequestId")), None);
    let mut lines = vec!["    Page:".to_owned(), format!("      Policy: \"'{CONTENT_SECURITY_POLICY}'\"")];
    let mut rest = html.as_str();
    for (name, end) in [("Open", heading), ("Heading", heading), ("Happened", happened), ("Now", now), ("Close", "")] {
        let (piece, after) = if end.is_empty() { (rest, "") } else { rest.split_once(end).unwrap() };
        let style = if piece.ends_with('\n') { "|" } else { "|-" };
        lines.push(format!("      {name}: {style}"));
        lines.extend(piece.trim_matches('\n').lines().map(|line| format!("        {line}")));
        rest = after;
    }
    let made = lines.join("\n");

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/template.yaml");
    let template = std::fs::read_to_string(file).unwrap();
    let (before, from) = template.split_once("    # Made from src/http/pages.\n").unwrap();
    let (_, after) = from.split_once("\nConditions:").unwrap();
    let expected = format!("{before}    # Made from src/http/pages.\n{made}\n\nConditions:{after}");
    if std::env::var_os("UPDATE_TEMPLATE").is_some() {
        std::fs::write(file, expected).unwrap();
    } else {
        assert!(template == expected, "run this test with UPDATE_TEMPLATE=1, which writes the page into template.yaml");
    }
}
