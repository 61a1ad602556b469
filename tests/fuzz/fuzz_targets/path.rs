//! What follows `/callback/` → which app authorization is called, beside the contract's own patterns.
#![no_main]

use std::sync::LazyLock;

use appfabric_connect_fuzz::answer::{Pages, UUID, check, check_result};
use appfabric_connect_fuzz::site::{Fate, Site, config};
use libfuzzer_sys::fuzz_target;
use regex_lite::Regex;
use serde_json::{Value, json};

const HOST: &str = "api.example.com";

/// What is listed: two aliases of one, and one in another Region.
const ONE: &str = "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorization/10000000-0000-4000-8000-000000000001";
const OTHER: &str = "arn:aws:appfabric:eu-west-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorization/10000000-0000-4000-8000-000000000002";
const ALIASES: [&str; 3] = ["okta", "slack", "team-chat"];

static UUIDS: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("^({UUID})/({UUID})$")));
static ARN: LazyLock<Regex> = LazyLock::new(|| {
    let region = "(us-east-1|eu-west-1|ap-northeast-1)";
    let bundle = format!("arn:(aws|aws-cn|aws-us-gov):appfabric:{region}:[0-9]{{12}}:appbundle/{UUID}");
    pattern(&format!("^({bundle})/appauthorization/{UUID}$"))
});
/// What AppFabric takes as a redirect URI, from its service model.
static REDIRECT_URI: LazyLock<Regex> = LazyLock::new(|| pattern(r"^https://[-a-zA-Z0-9._~:/?#@!$&'()*+,;=]{1,1016}$"));

fuzz_target!(|path: &str| {
    let bare = path.strip_suffix('/').unwrap_or(path);

    // Without a list, two UUIDs or an ARN in a Region that has AppFabric.
    let anything = match (UUIDS.captures(bare), ARN.captures(bare)) {
        (Some(uuids), _) => Some((uuids[1].to_owned(), uuids[2].to_owned())),
        (None, Some(arn)) => Some((arn[1].to_owned(), bare.to_owned())),
        (None, None) => None,
    };
    called(path, &[], &[], anything);

    // With a list, what stands there, under each of its names, and nothing else.
    let listed = format!(r#"{{"slack": "{ONE}", "team-chat": "{ONE}", "okta": "{OTHER}"}}"#);
    let uuids = |arn: &str| arn.split_once("appbundle/").expect("an ARN").1.replace("appauthorization/", "");
    let arn = match bare {
        "slack" | "team-chat" => Some(ONE),
        "okta" => Some(OTHER),
        _ => [ONE, OTHER].into_iter().find(|arn| bare == *arn || bare == uuids(arn)),
    };
    let identifiers =
        arn.map(|arn| (arn.split_once("/appauthorization").expect("an ARN").0.to_owned(), arn.to_owned()));
    called(path, &[("APP_AUTHORIZATIONS", &listed)], &ALIASES, identifiers);
});

/// Checks which app authorization a callback at a path connects, in both payload formats.
fn called(path: &str, variables: &[(&str, &str)], aliases: &[&str], expected: Option<(String, String)>) {
    let pages = Pages { configured: [None; 3], aliases, organisation: None };
    let raw = format!("/callback/{path}");
    let redirect_uri = format!("https://{HOST}{raw}");
    let expected = expected.filter(|_| REDIRECT_URI.is_match(&redirect_uri));
    let answers = [in_payload_1(&raw), in_payload_2(&raw)].map(|event| {
        let site = Site::new(config(variables), Fate::Connected);
        let answer = site.answer(&event);
        let location = check(&answer, &pages);
        if let Some(location) = location {
            check_result(location, &pages);
            assert_eq!(location.starts_with(&format!("https://{HOST}/connected?")), expected.is_some(), "{location}");
        }
        let spent = site.spent();
        match (&spent[..], &expected) {
            ([call], Some((app_bundle, app_authorization))) => {
                let escaped = |identifier: &str| identifier.replace(':', "%3A").replace('/', "%2F");
                let (app_bundle, app_authorization) = (escaped(app_bundle), escaped(app_authorization));
                let connect = format!("/appbundles/{app_bundle}/appauthorizations/{app_authorization}/connect");
                assert_eq!(call.path, connect);
                let body: Value = serde_json::from_str(&call.body).expect("JSON");
                assert_eq!(body, json!({"authRequest": {"code": "once", "redirectUri": redirect_uri}}));
            }
            ([], None) => {}
            _ => panic!("{path:?}: {spent:?}, expected {expected:?}"),
        }
        (answer["statusCode"].clone(), location.map(ToOwned::to_owned))
    });
    assert_eq!(answers[0], answers[1], "{path:?}");
}

fn in_payload_1(path: &str) -> Value {
    json!({"httpMethod": "GET", "path": path, "multiValueQueryStringParameters": {"code": ["once"]},
        "requestContext": {"path": path, "domainName": HOST}})
}

fn in_payload_2(path: &str) -> Value {
    json!({"version": "2.0", "rawPath": path, "rawQueryString": "code=once", "routeKey": "$default",
        "requestContext": {"http": {"method": "GET"}, "stage": "$default", "domainName": HOST}})
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}
