//! `GET /connect/{flow}`: a page with one button, which anybody may open.

use std::collections::HashSet;
use std::time::Duration;

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Authorization, Exception, Fault, Operation};
use serde_json::json;

use super::begin::is_guarded;
use super::site::{Answer, Browser, PAYLOADS, Request, Site, listed};
use crate::pipe::Way;
use crate::support::{REFERENCE, arn};

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let from = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    from.split_once(after).unwrap_or_else(|| panic!("no {after} after {before}")).0
}

/// The directive of the policy by this name.
fn directive<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let policy = answer.header("content-security-policy").expect("a policy");
    policy.split(';').find_map(|directive| directive.trim().strip_prefix(name))
}

/// It has a button and nothing else that does anything.
fn has_one_button(answer: &Answer, app: &str) {
    let html = answer.body();
    assert_eq!(html.matches("<form").count(), 1, "{html}");
    assert!(html.contains(r#"<form method="post">"#), "{html}");
    assert_eq!(html.matches("<button").count(), 1, "{html}");
    assert_eq!(between(html, "<button>", "</button>"), format!("Continue to {app}"));
    for nothing in ["<a ", "<script", "<img", "<input", "<iframe", "<link", " src=", " href=", "http:", "https:"] {
        assert!(!html.contains(nothing), "{nothing} in {html}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_says_who_asks_for_which_application_and_tenant() {
    let list = listed();
    for payload in PAYLOADS {
        for organisation in [Some("Example Corp"), None] {
            let mut variables = vec![("APP_AUTHORIZATIONS", list.as_str())];
            variables.extend(organisation.map(|name| ("ORGANISATION_NAME", name)));
            let site = Site::new(&variables, StateMode::Enforce, payload).await;
            let tenant = Authorization::oauth2("SLACK").tenant("T1", "Wonderland Inc.");
            site.pipes.emulator().seed(&arn(1), tenant);
            let link = site.link(&json!({ "connection": "slack" })).await;
            let answer = Browser::default().open(&site, &link).await;
            assert_eq!((answer.status(), answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
            is_guarded(&answer);
            has_one_button(&answer, "SLACK");
            let html = answer.body();
            assert_eq!(between(html, "<title>", "</title>"), "Connect SLACK");
            assert!(html.contains(": <bdi>Wonderland Inc.</bdi>") && html.contains(REFERENCE), "{html}");
            assert_eq!(html.contains("Example Corp"), organisation.is_some(), "{html}");
            assert_eq!(directive(&answer, "form-action "), Some("'self' https://application.invalid https:"));
            assert_eq!(answer.set_cookies().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn its_form_may_end_at_a_result_page_on_this_machine() {
    let list = listed();
    for (page, admitted) in [
        ("http://127.0.0.1:9000/done?a=1", "'self' https://application.invalid http://127.0.0.1:9000 https:"),
        ("https://example.com/done", "'self' https://application.invalid https:"),
    ] {
        let variables = [("APP_AUTHORIZATIONS", list.as_str()), ("SUCCESS_URL", page)];
        let site = Site::new(&variables, StateMode::Enforce, PAYLOADS[0]).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let answer = Browser::default().open(&site, &link).await;
        assert_eq!(directive(&answer, "form-action "), Some(admitted));
    }
}

#[tokio::test(start_paused = true)]
async fn no_name_breaks_out_of_the_page_or_the_policy() {
    let list = listed();
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</title></style></button></form><form action=https://evil.example>",
        "{{style}}{{button}}",
        "&lt;b&gt;&amp;",
        "' onclick='x",
        "\u{202e}kcalS\u{2066}",
        "a; script-src *; form-action *",
    ];
    let plain_tags = {
        let site = Site::enforcing(PAYLOADS[0]).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        Browser::default().open(&site, &link).await.body().matches('<').count()
    };
    for name in hostile {
        let organisation: String = name.chars().take(100).collect();
        let variables = [("APP_AUTHORIZATIONS", list.as_str()), ("ORGANISATION_NAME", organisation.as_str())];
        for payload in PAYLOADS {
            let site = Site::new(&variables, StateMode::Enforce, payload).await;
            site.pipes.emulator().seed(&arn(1), Authorization::oauth2(name).tenant(name, name));
            let link = site.link(&json!({ "connection": "slack" })).await;
            let answer = Browser::default().open(&site, &link).await;
            assert_eq!(answer.status(), 200, "{name}: {}", answer.0);
            let html = answer.body();
            // The organisation's own line is one element of two tags more.
            assert_eq!(html.matches('<').count(), plain_tags + 4, "{name}: {html}");
            assert!(!html.contains(name) || !name.contains(['<', '"', '\'', '&', '\u{202e}']), "{name}: {html}");
            assert!(
                !html.chars().any(|character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
            );
            assert_eq!(directive(&answer, "form-action "), Some("'self' https://application.invalid https:"), "{name}");
            assert_eq!(directive(&answer, "script-src"), None, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn opening_it_changes_nothing() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        site.calls();
        let first = Browser::default().open(&site, &link).await;
        for request in [
            Request::new("GET", link.as_str()),
            Request::new("GET", format!("{link}/")),
            Request::new("GET", link.as_str()).header("User-Agent", "Slackbot-LinkExpanding 1.0"),
        ] {
            let answer = site.send(&request).await;
            assert_eq!((answer.status(), answer.body()), (200, first.body()), "{request:?}");
            // Another browser, another cookie.
            assert!(answer.set_cookies().len() == 1 && answer.set_cookies() != first.set_cookies(), "{request:?}");
        }
        let head = site.send(&Request::new("HEAD", link.as_str())).await;
        assert_eq!((head.status(), head.body(), head.header("content-type")), (200, "", first.header("content-type")));
        assert_eq!(site.calls(), [5, 0, 5]);
        let options = site.send(&Request::new("OPTIONS", link.as_str())).await;
        assert_eq!((options.status(), options.header("allow")), (204, Some("GET, HEAD, OPTIONS, POST")));
        for method in ["PUT", "DELETE", "PATCH"] {
            let answer = site.send(&Request::new(method, link.as_str())).await;
            assert_eq!((answer.status(), answer.header("allow")), (405, Some("GET, HEAD, OPTIONS, POST")), "{method}");
        }
        for (name, value) in [
            ("Sec-Purpose", "prefetch"),
            ("Sec-Purpose", "prefetch;prerender"),
            ("Purpose", "prefetch"),
            ("X-Moz", "prefetch"),
            ("X-Purpose", "preview"),
        ] {
            let answer = site.send(&Request::new("GET", link.as_str()).header(name, value)).await;
            let expected = if name == "X-Purpose" { 200 } else { 204 };
            assert_eq!((answer.status(), answer.header("cache-control")), (expected, Some("no-store")), "{name}");
        }
        assert_eq!(site.calls(), [1, 0, 1]);
        // Whoever comes next, from another browser, finds it as it was.
        let owner = Browser::default();
        let pressed = owner.consent(&site, &link).await;
        assert_eq!(owner.return_with(&site, &pressed, "code").await.ending().0, "connected");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_link_says_why_and_another_page_each() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let new = |minutes: u32| json!({ "connection": "slack", "expiresInMinutes": minutes });
        let (expired, used) = (site.link(&new(1)).await, site.link(&new(60)).await);
        let (finished, gone) = (site.link(&new(60)).await, site.link(&json!({ "connection": "okta" })).await);
        let owner = Browser::default();
        owner.consent(&site, &used).await;
        let other = Browser::default();
        let pressed = other.consent(&site, &finished).await;
        other.return_with(&site, &pressed, "code").await;
        site.wait(Duration::from_mins(1));
        site.calls();
        let unknown = format!("/connect/{}", "0123456789abcdef".repeat(4));
        let shorter = expired[..expired.len() - 1].to_owned();
        let upper = format!("/connect/{}", expired["/connect/".len()..].to_uppercase());
        let mut pages = HashSet::new();
        for (name, links, status) in [
            ("unknown", vec![unknown, shorter, upper, "/connect/x".to_owned()], 404),
            ("expired", vec![expired], 410),
            ("finished", vec![finished], 410),
            ("another's", vec![used.clone()], 410),
        ] {
            for link in links {
                let stranger = Browser::default();
                let answer = stranger.open(&site, &link).await;
                assert_eq!(answer.status(), status, "{name}: {}", answer.0);
                is_guarded(&answer);
                assert!(!answer.body().contains("<form") && answer.body().contains("What to do now"), "{name}");
                let pressed = stranger.press(&site, &link).await;
                assert_eq!((pressed.status(), pressed.body()), (status, answer.body()), "{name}");
                assert!(pressed.set_cookies().is_empty() && pressed.header("location").is_none(), "{name}");
                let head = site.send(&Request::new("HEAD", link.as_str())).await;
                assert_eq!((head.status(), head.body()), (status, ""), "{name}");
                pages.insert(answer.body().to_owned());
            }
        }
        assert_eq!(pages.len(), 4);
        // Nobody was asked for any of that.
        assert_eq!(site.calls(), [0, 0, 0]);
        assert_eq!(owner.open(&site, &used).await.status(), 200);

        site.fault(Operation::Get, Fault::exception(Exception::ResourceNotFound));
        assert_eq!(owner.open(&site, &gone).await.status(), 404);
        site.fault(Operation::Get, Fault::bare(500).times(3));
        assert_eq!(owner.open(&site, &gone).await.status(), 503);
        site.pipes.set(Operation::Get, Way::Refused, 3);
        assert_eq!(owner.open(&site, &gone).await.status(), 503);
        site.pipes.set(Operation::Get, Way::Open, 0);
        assert_eq!(owner.follow(&site, &gone).await.status(), 303);
        site.pipes.set(Operation::Get, Way::Refused, 3);
        assert_eq!(owner.press(&site, &gone).await.status(), 503);
        site.pipes.set(Operation::Get, Way::Open, 0);
        assert_eq!(owner.press(&site, &gone).await.status(), 303);
    }
}
