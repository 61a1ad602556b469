//! What a browser brings back → whether it is the one that pressed the button, where `state` is enforced.
//!
//! The first line is `state`; each other one is a `Cookie` header behind a `:`, else a member of payload 2.0's `cookies`.
//! `{state}`, `{name}` and `{secret}` stand for the ones that were given out, `{other}` for a second browser's secret.
#![no_main]

use appfabric_connect::values::StateMode;
use appfabric_connect_fuzz::answer::{Pages, check, check_result};
use appfabric_connect_fuzz::site::{Fate, Site, config};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const HOST: &str = "api.example.com";
const PATH: &str = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-000000000001";
const PAGES: Pages<'_> = Pages { configured: [None; 3], aliases: &[], organisation: None };

fuzz_target!(|text: &str| {
    for payload in [1, 2] {
        come_back(text, payload);
    }
});

fn come_back(text: &str, payload: u8) {
    let mut config = config(&[]);
    config.state_mode = StateMode::Enforce;
    let site = Site::new(config, Fate::Connected);
    let Given { connect, state, name, secret } = Given::by(&site);
    let other = "0123456789abcdef".repeat(4);

    let brought = |text: &str| {
        let text = text.replace("{state}", &state).replace("{name}", &name);
        text.replace("{secret}", &secret).replace("{other}", &other)
    };
    let (given_back, cookies) = text.split_once('\n').unwrap_or((text, ""));
    let given_back = brought(given_back);
    let (headers, members): (Vec<String>, Vec<String>) =
        cookies.lines().map(brought).partition(|line| line.starts_with(':'));
    let headers: Vec<&str> = headers.iter().map(|line| &line[1..]).collect();
    let event = |method: &str, path: &str| match payload {
        1 => json!({"httpMethod": method, "path": path, "requestContext": {"path": path, "domainName": HOST},
            "multiValueQueryStringParameters": {"code": ["once"], "state": [given_back]},
            "multiValueHeaders": {"Cookie": headers}}),
        _ => json!({"version": "2.0", "rawPath": path, "routeKey": "$default", "cookies": members,
            "rawQueryString": format!("code=once&state={}", encoded(&given_back)), "headers": {"cookie": headers.join("; ")},
            "requestContext": {"http": {"method": method}, "stage": "$default", "domainName": HOST}}),
    };

    // Whoever has the link as well: only the browser that owns the flow sees its page.
    let opened = site.answer(&event("HEAD", &connect));
    assert!(matches!(opened["statusCode"].as_u64(), Some(200 | 410)), "{opened}");
    let answer = site.answer(&event("GET", &format!("/callback/{PATH}")));
    check_result(check(&answer, &PAGES).expect("a redirect"), &PAGES);
    let connected = !site.spent().is_empty();
    assert!(site.spent().len() <= 1, "{:?}", site.calls());

    // Nobody without the cookie's own bytes, next to its name, is the one; and a state is as it was given out.
    let all: Vec<&str> = if payload == 1 {
        headers
    } else {
        headers.iter().copied().chain(members.iter().map(String::as_str)).collect()
    };
    let held = [format!("{name}={secret}"), format!("{name}=\"{secret}\"")];
    let may_be = all.iter().any(|cookies| held.iter().any(|held| cookies.contains(held)));
    assert!(!connected || may_be && given_back == state, "{text:?}");
    assert!(opened["statusCode"] == 410 || may_be, "{text:?}");
    // Whoever brings just that is.
    let is = all.iter().any(|cookies| cookies.split("; ").any(|cookie| held.iter().any(|held| cookie == held)));
    assert!(connected || !is || given_back != state, "{text:?}");
    assert!(opened["statusCode"] == 200 || !is, "{text:?}");
}

/// What the function has given out when a button has been pressed.
struct Given {
    connect: String,
    state: String,
    name: String,
    secret: String,
}

impl Given {
    fn by(site: &Site) -> Self {
        let event = |path: &str, body: Value| {
            json!({"version": "2.0", "rawPath": path, "routeKey": "$default", "body": body.to_string(),
                "headers": {"sec-fetch-site": "same-origin"}, "requestContext": {"http": {"method": "POST"},
                "stage": "$default", "domainName": HOST, "authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/a"}}}})
        };
        let (app_bundle, app_authorization) = PATH.split_once('/').expect("two UUIDs");
        let flow = json!({"appBundleIdentifier": app_bundle, "appAuthorizationIdentifier": app_authorization});
        let begun = site.answer(&event("/flows", flow));
        check(&begun, &PAGES);
        let begun: Value = serde_json::from_str(begun["body"].as_str().expect("a body")).expect("JSON");
        let link = begun["connectUrl"].as_str().unwrap_or_else(|| panic!("{begun}"));
        let connect = link.strip_prefix("https://api.example.com").expect("an address of ours").to_owned();
        let mut press = event(&connect, json!({}));
        let mut open = press.clone();
        open["requestContext"]["http"]["method"] = json!("GET");
        let opened = site.answer(&open);
        let cookie = opened["cookies"][0].as_str().expect("a cookie");
        let (name, rest) = cookie.split_once('=').expect("a cookie");
        let (secret, _) = rest.split_once(';').expect("attributes");
        press["cookies"] = json!([format!("{name}={secret}")]);
        let pressed = site.answer(&press);
        let location = check(&pressed, &PAGES).expect("a redirect");
        let (_, state) = location.split_once("&state=").expect("a state");
        Self { connect, state: state.to_owned(), name: name.to_owned(), secret: secret.to_owned() }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
