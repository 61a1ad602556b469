//! `POST /connect/{flow}`: who may press the button, the cookie, and the way to the application.

use std::time::{Duration, SystemTime};

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Answer as Reply, Authorization, Fault, Operation};
use serde_json::{Value, json};

use super::begin::is_guarded;
use super::site::{Answer, Browser, PAYLOADS, Payload, Pressed, Request, Site, UUIDS, listed};
use crate::support::{REFERENCE, arn};

#[tokio::test(start_paused = true)]
async fn only_our_own_page_presses_the_button() {
    let mut count = 0;
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let own = site.base_url().trim_end_matches("/prod").to_owned();
        let link = site.link(&json!({ "connection": "slack" })).await;
        let sites = [
            None,
            Some("same-origin"),
            Some("same-site"),
            Some("cross-site"),
            Some("none"),
            Some(""),
            Some("SAME-ORIGIN"),
        ];
        let [other, insecure] = ["https://evil.example".to_owned(), own.replace("https:", "http:")];
        let [longer, port] = [format!("{own}.evil.example"), format!("{own}:8443")];
        let origins =
            [None, Some("null"), Some(""), Some(&own), Some(&other), Some(&insecure), Some(&longer), Some(&port)];
        let owner = Browser::default();
        owner.consent(&site, &link).await;
        for fetch_site in sites {
            for origin in origins {
                let mut request = Request::new("POST", link.as_str());
                for (name, value) in [("Sec-Fetch-Site", fetch_site), ("Origin", origin)] {
                    if let Some(value) = value {
                        request = request.header(name, value);
                    }
                }
                // What a browser says of itself is enough; an older one is asked where it comes from.
                let may = fetch_site == Some("same-origin") || (fetch_site.is_none() && origin == Some(&own));
                site.calls();
                let answer = owner.go(&site, request).await;
                let name = format!("{payload:?} {fetch_site:?} {origin:?}");
                assert_eq!(answer.status(), if may { 303 } else { 403 }, "{name}: {}", answer.0);
                assert_eq!((answer.set_cookies().len(), site.calls()[2]), (0, usize::from(may)), "{name}");
                is_guarded(&answer);
                count += 1;
            }
        }
    }
    println!("figures: {count} presses");
}

#[tokio::test(start_paused = true)]
async fn the_first_browser_may_press_again_and_no_other() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let (owner, other) = (Browser::default(), Browser::default());
        let first = owner.consent(&site, &link).await;
        let cookie = owner.cookie();
        let second = owner.consent(&site, &link).await;
        assert_eq!(owner.cookie(), cookie, "both tabs have one cookie");
        assert_ne!(first.state, second.state);
        assert_eq!(other.press(&site, &link).await.status(), 410);
        assert_eq!(other.open(&site, &link).await.status(), 410);
        for state in [&first.state, &second.state] {
            let plain = state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            assert!(plain && state.len() <= 200, "{state}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_browsers_that_press_at_the_same_time_one_goes_on() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let (one, other) = (Browser::default(), Browser::default());
        for browser in [&one, &other] {
            assert_eq!(browser.open(&site, &link).await.status(), 200);
        }
        // Both find the link free, and AppFabric takes its time for both.
        site.fault(Operation::Get, Fault::default().wait_after_reading(Duration::from_millis(500)).times(2));
        let (first, second) = tokio::join!(one.press(&site, &link), other.press(&site, &link));
        let mut statuses = [first.status(), second.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 410]);
        let late = if first.status() == 410 { first } else { second };
        assert!(late.body().contains("The link is in use in another browser"), "{}", late.0);
    }
}

/// The only cookie of an answer: name, value, attributes.
fn cookie(answer: &Answer) -> (&str, &str, &str) {
    let [cookie] = answer.set_cookies()[..] else { panic!("{}", answer.0) };
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    let (name, value) = pair.split_once('=').expect("a value");
    (name, value, attributes)
}

#[tokio::test(start_paused = true)]
async fn the_cookie_is_this_one() {
    let hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    for payload in PAYLOADS {
        for (host, prefix, attributes) in [
            (None, "__Host-appfabric-connect-", "Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax"),
            (
                Some("connect.example.com"),
                "__Host-appfabric-connect-",
                "Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax",
            ),
            (Some("127.0.0.1:3000"), "appfabric-connect-", "Max-Age=3600; Path=/; HttpOnly; SameSite=Lax"),
        ] {
            let site = Site::enforcing(payload).await;
            let site = match host {
                Some(host) => site.at(host),
                None => site,
            };
            // Links end at a whole second.
            site.set_clock(SystemTime::UNIX_EPOCH + Duration::from_hours(500_000));
            let link = site.link(&json!({ "connection": "slack" })).await;
            let owner = Browser::default();
            let opened = owner.open(&site, &link).await;
            let (name, value, rest) = cookie(&opened);
            let id = name.strip_prefix(prefix).unwrap_or_else(|| panic!("{name}"));
            let (id, secret) = id.split_once('-').unwrap_or_else(|| panic!("{name}"));
            assert!(id.len() == 16 && hexadecimal(id) && secret.len() == 8 && hexadecimal(secret), "{name}");
            assert!(value.len() == 64 && hexadecimal(value), "{value}");
            assert_eq!(rest, attributes, "{host:?}");
            // It is where the payload format keeps several of them.
            let own = match payload {
                Payload::Rest => &opened.0["multiValueHeaders"]["set-cookie"],
                Payload::Http => &opened.0["cookies"],
            };
            assert_eq!((own.as_array().map(Vec::len), opened.header("set-cookie")), (Some(1), None), "{}", opened.0);
            // The page gives it once.
            assert!(owner.open(&site, &link).await.set_cookies().is_empty());
            let answer = owner.press(&site, &link).await;
            assert!(answer.set_cookies().is_empty(), "{}", answer.0);
            let pressed = Pressed::at(&site, &answer);
            assert_eq!(pressed.state[..16], *id, "the flow's name is in both");
            if host == Some("127.0.0.1:3000") {
                continue; // AppFabric takes no such redirect URI.
            }
            assert_eq!(owner.return_with(&site, &pressed, "code").await.ending().0, "connected", "{host:?}");
        }
    }
}

/// `GetAppAuthorization` with this `authUrl`.
fn with_auth_url(auth_url: Option<&str>) -> Fault {
    let mut authorization = json!({
        "appAuthorizationArn": arn(1).to_string(), "appBundleArn": arn(1).bundle().to_string(), "app": "SLACK",
        "tenant": { "tenantIdentifier": "T1", "tenantDisplayName": "Example Corp." }, "authType": "oauth2",
        "status": "PendingConnect", "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z",
    });
    if let Some(auth_url) = auth_url {
        authorization["authUrl"] = json!(auth_url);
    }
    let body = json!({ "appAuthorization": authorization }).to_string();
    Reply::Raw { status: 200, error_type: None, retry_after: None, body }.into()
}

#[tokio::test(start_paused = true)]
async fn location_is_the_auth_url_with_our_redirect_uri_and_state() {
    let list = listed();
    let (bundle, authorization) = UUIDS[0].split_once('/').expect("two");
    let by_uuids = json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization });
    for payload in PAYLOADS {
        for (base_url, flow, callback) in [
            (None, json!({ "connection": "slack" }), "slack"),
            (Some("https://connect.example.com/x"), json!({ "connection": "slack" }), "slack"),
            (None, by_uuids.clone(), UUIDS[0]),
        ] {
            let mut variables = vec![("APP_AUTHORIZATIONS", list.as_str())];
            variables.extend(base_url.map(|base_url| ("PUBLIC_BASE_URL", base_url)));
            let site = Site::new(&variables, StateMode::Enforce, payload).await;
            let base_url = base_url.map_or_else(|| site.base_url(), str::to_owned);
            let answer = site.ask(&flow).await.json();
            let link =
                answer["connectUrl"].as_str().and_then(|url| url.strip_prefix(&base_url)).expect("a link").to_owned();
            let escaped = format!("{base_url}/callback/{callback}").replace(':', "%3A").replace('/', "%2F");
            for (auth_url, before, after) in [
                (
                    "https://slack.com/oauth?client_id=1.2&scope=a%20b+c,d&x&y=&user_scope=",
                    "https://slack.com/oauth?client_id=1.2&scope=a%20b+c,d&x&y=&user_scope=&",
                    "",
                ),
                (
                    "https://slack.com:8443/a?state=theirs&a=%C3%A9&redirect_uri=https%3A%2F%2Fevil.example",
                    "https://slack.com:8443/a?a=%C3%A9&",
                    "",
                ),
                ("https://slack.com/a?a=1&a=2#frag", "https://slack.com/a?a=1&a=2&", "#frag"),
                ("https://slack.com/a", "https://slack.com/a?", ""),
                ("http://127.0.0.1:9999/authorize?a=1", "http://127.0.0.1:9999/authorize?a=1&", ""),
            ] {
                site.fault(Operation::Get, with_auth_url(Some(auth_url)).times(3));
                let owner = Browser::default();
                let page = site.send(&Request::new("GET", link.as_str())).await;
                let origin = auth_url.split('/').take(3).collect::<Vec<_>>().join("/");
                let policy = page.header("content-security-policy").expect("a policy");
                assert!(policy.contains(&format!("form-action 'self' {origin} https:;")), "{policy}");
                let answer = owner.follow(&site, &link).await;
                assert_eq!(answer.status(), 303, "{}", answer.0);
                let state = answer.parameter("state").expect("a state");
                assert_eq!(answer.location(), format!("{before}redirect_uri={escaped}&state={state}{after}"));
                // Only then may another browser begin.
                site.wait(Duration::from_mins(10));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_auth_url_that_may_be_followed_nobody_is_sent_anywhere() {
    let too_long = format!("https://slack.com/{}", "a".repeat(20_000));
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let failed = format!("{}/failed?outcome=failed&reason=application_error&connection=slack", site.base_url());
        for auth_url in [
            None,
            Some(""),
            Some("http://slack.com/oauth"),
            Some("javascript:alert(1)"),
            Some("data:text/html,x"),
            Some("//slack.com/oauth"),
            Some("slack.com/oauth"),
            Some("https://user:password@slack.com/oauth"),
            Some("https://slack.com/a\r\nSet-Cookie: a=b"),
            Some("https://slack.com/ä"),
            Some("ftp://slack.com/"),
            Some("http://127.0.0.1.evil.example/"),
            Some("https:evil.example/x"),
            Some("https:/slack.com/oauth"),
            Some("https://a;frame-ancestors/x"),
            Some("https://a%3Bframe-ancestors/x"),
            Some(too_long.as_str()),
        ] {
            site.fault(Operation::Get, with_auth_url(auth_url).times(3));
            let page = site.send(&Request::new("GET", link.as_str())).await;
            let policy = page.header("content-security-policy").expect("a policy");
            assert!(page.status() == 200 && policy.contains("form-action 'self' https:;"), "{auth_url:?}: {policy}");
            let answer = Browser::default().follow(&site, &link).await;
            assert_eq!(answer.status(), 303, "{auth_url:?}");
            assert_eq!(answer.location(), format!("{failed}&reference={REFERENCE}#_"), "{auth_url:?}");
            assert!(answer.set_cookies().is_empty(), "{auth_url:?}");
        }
        site.pipes.emulator().seed(&arn(1), Authorization::api_key("SLACK"));
        let answer = Browser::default().follow(&site, &link).await;
        assert_eq!(answer.parameter("reason").as_deref(), Some("application_error"));
        // The link is good once that is mended.
        site.pipes.emulator().seed(&arn(1), Authorization::oauth2("SLACK"));
        assert_eq!(Browser::default().follow(&site, &link).await.status(), 303);
    }
}

#[tokio::test(start_paused = true)]
async fn no_header_of_the_callers_moves_the_redirect_uri() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let hostile = ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded", "Referer"];
        let request = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "same-origin");
        let request = hostile.iter().fold(request, |request, name| request.header(name, "http://evil.example"));
        let person = Browser::default();
        person.open(&site, &link).await;
        let request = request.body(Value::from("redirect_uri=https://evil.example&state=x"));
        let answer = person.go(&site, request).await;
        assert_eq!(Pressed::at(&site, &answer).callback, "slack");
    }
}
