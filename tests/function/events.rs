//! Each file of `events/`, through the function, against the emulator: `Location` byte for byte, calls and their bytes.

use crate::expected::{EXPECTED, base_url, set_stage};
use crate::pipe::Pipes;
use crate::support::{REFERENCE, answer, endpoint, event, events, header, piped};
use appfabric_emulator::appfabric::{AppFabric, Operation};
use serde_json::{Value, json};

/// The code of every event file, decoded once.
const CODE: &str = "4/0AeaYSHDq-Rr9Yx_example.code==";

async fn emulator() -> AppFabric {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    set_stage(&appfabric);
    appfabric
}

#[tokio::test(start_paused = true)]
async fn every_event_file_ends_as_its_name_says() {
    for (folder, name, event) in events() {
        let expected = EXPECTED
            .iter()
            .find(|expected| expected.name == name)
            .unwrap_or_else(|| panic!("events/{folder}/{name}.json is not expected"));
        let pipes = Pipes::new(emulator().await);
        let response = answer(&piped(&[], &pipes), &event).await;
        let location = expected.location(folder, REFERENCE);
        assert_eq!(
            (&response["statusCode"], header(&response, "location")),
            (&json!(303), location.as_str()),
            "{folder}/{name}"
        );
        let calls = pipes.emulator().calls_of(Operation::Connect);
        assert_eq!(calls.len(), expected.sends, "{folder}/{name}");
        for call in calls {
            let body: Value = serde_json::from_str(&call.body).expect("a JSON body");
            let path = event.pointer("/pathParameters/proxy").and_then(Value::as_str).expect("a proxy path");
            let redirect_uri = format!("{}/callback/{path}", base_url(folder));
            assert_eq!(body, json!({"authRequest": {"redirectUri": redirect_uri, "code": CODE}}), "{folder}/{name}");
            assert_eq!(call.region.as_deref(), Some("us-east-1"));
        }
    }
    let names: Vec<String> = events().into_iter().map(|(_, name, _)| name).collect();
    assert!(
        EXPECTED.iter().all(|expected| names.iter().filter(|name| *name == expected.name).count() == 2),
        "{names:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn configured_pages_are_used_with_their_query() {
    let pages = [
        ("SUCCESS_URL", "https://example.com/done?lang=en"),
        ("PENDING_URL", "https://example.com/soon"),
        ("FAILURE_URL", "https://example.org/sorry?a=1&b=2"),
    ];
    let connection = "connection=10000000-0000-4000-8000-00000000000";
    for (name, expected) in [
        ("connected", format!("https://example.com/done?lang=en&outcome=connected&{connection}1")),
        ("in_progress", format!("https://example.com/soon?outcome=pending&reason=in_progress&{connection}2")),
        (
            "access_denied",
            format!("https://example.org/sorry?a=1&b=2&outcome=failed&reason=access_denied&{connection}1"),
        ),
    ] {
        let pipes = Pipes::new(emulator().await);
        let response = answer(&piped(&pages, &pipes), &event("http", name)).await;
        assert_eq!(header(&response, "location"), format!("{expected}&reference={REFERENCE}#_"));
    }
}

#[tokio::test]
async fn an_alias_is_the_name_and_the_listed_arns_region_is_called() {
    let bundle = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d";
    let authorization = "20000000-0000-4000-8000-000000000001";
    let arn = format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{bundle}/appauthorization/{authorization}");
    let list = json!({ "slack": arn }).to_string();
    let variables = [("APP_AUTHORIZATIONS", list.as_str()), ("PUBLIC_BASE_URL", "https://connect.example.com/x/")];
    for path in ["slack".to_owned(), format!("{bundle}/{authorization}"), arn.clone()] {
        let appfabric = emulator().await;
        let arn = arn.parse().expect("an ARN");
        appfabric.seed(&arn, appfabric_emulator::appfabric::Authorization::oauth2("SLACK"));
        let mut event = event("rest", "connected");
        event["path"] = json!(format!("/callback/{path}"));
        event["pathParameters"]["proxy"] = json!(path);
        let response = answer(&endpoint(&variables, &appfabric.url()), &event).await;
        let expected = format!(
            "https://connect.example.com/x/connected?outcome=connected&connection=slack&reference={REFERENCE}#_"
        );
        assert_eq!(header(&response, "location"), expected, "{path}");
        let calls = appfabric.calls_of(Operation::Connect);
        assert_eq!((calls.len(), calls[0].region.as_deref()), (1, Some("eu-west-1")));
        let body: Value = serde_json::from_str(&calls[0].body).expect("a JSON body");
        assert_eq!(body["authRequest"]["redirectUri"], format!("https://connect.example.com/x/callback/{path}"));
    }
    // An unlisted connection causes no call, and gets the same answer as one that does not exist.
    let appfabric = emulator().await;
    let response = answer(&endpoint(&variables, &appfabric.url()), &event("rest", "connected")).await;
    let expected = format!(
        "https://connect.example.com/x/failed?outcome=failed&reason=unknown_connection&reference={REFERENCE}#_"
    );
    assert_eq!((header(&response, "location"), appfabric.calls().len()), (expected.as_str(), 0));
}

#[tokio::test]
async fn only_a_get_that_somebody_asked_for_spends_the_code() {
    let appfabric = emulator().await;
    let endpoint = endpoint(&[], &appfabric.url());
    for (folder, method, header, status) in [
        ("rest", "HEAD", None, 204),
        ("rest", "OPTIONS", None, 204),
        ("rest", "POST", None, 405),
        ("rest", "PUT", None, 405),
        ("rest", "GET", Some(("Sec-Purpose", "prefetch;prerender")), 204),
        ("rest", "GET", Some(("X-Moz", "prefetch")), 204),
        ("rest", "GET", Some(("Sec-Speculation-Tags", "null")), 403),
        ("http", "HEAD", None, 204),
        ("http", "OPTIONS", None, 204),
        ("http", "DELETE", None, 405),
        ("http", "GET", Some(("purpose", "prefetch")), 204),
    ] {
        let mut event = event(folder, "connected");
        match folder {
            "rest" => event["httpMethod"] = json!(method),
            _ => event["requestContext"]["http"]["method"] = json!(method),
        }
        if let Some((name, value)) = header {
            event["headers"][name] = json!(value);
            // A prefetch by a speculation rule sends both headers.
            if status == 403 {
                event["headers"]["Sec-Purpose"] = json!("prefetch");
            }
        }
        let response = answer(&endpoint, &event).await;
        assert_eq!(response["statusCode"], status, "{method} {header:?}");
        assert_eq!(response["headers"]["allow"].is_string(), matches!(method, "OPTIONS") || status == 405, "{method}");
    }
    assert_eq!(appfabric.calls().len(), 0);
    // And the person's own click afterwards works.
    let response = answer(&endpoint, &event("rest", "connected")).await;
    assert!(header(&response, "location").contains("outcome=connected"));
}

#[tokio::test]
async fn the_built_in_pages_show_the_closed_set_and_nothing_else_of_their_query() {
    let endpoint = endpoint(&[("ORGANISATION_NAME", "Müller & <b>Söhne</b>")], "http://127.0.0.1:9");
    let page = |path: &str, query: &str| json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": {"http": {"method": "GET"}}});
    for (path, query, shown, hidden) in [
        ("/connected", format!("outcome=connected&reference={REFERENCE}"), REFERENCE, "canary"),
        ("/failed", "reason=access_denied&reference=canary".to_owned(), "<h1", "canary"),
        (
            "/failed",
            "reason=%3Ccanary%3E&error=canary&error_description=canary&connection=canary".to_owned(),
            "<h1",
            "canary",
        ),
        ("/pending/", "reason=in_progress".to_owned(), "Müller &#38; &#60;b&#62;Söhne&#60;/b&#62;", "<b>"),
    ] {
        let response = answer(&endpoint, &page(path, &query)).await;
        let mut head = page(path, &query);
        head["requestContext"]["http"]["method"] = json!("HEAD");
        let mut without = response.clone();
        without.as_object_mut().expect("an answer").remove("body");
        assert_eq!(answer(&endpoint, &head).await, without, "{path}");
        let body = response["body"].as_str().expect("a body");
        assert_eq!(
            (&response["statusCode"], header(&response, "content-type")),
            (&json!(200), "text/html; charset=utf-8")
        );
        assert!(body.contains(shown) && !body.contains(hidden), "{path}?{query}\n{body}");
    }
    let told = answer(&endpoint, &page("/failed", "reason=access_denied")).await;
    let untold = answer(&endpoint, &page("/failed", "reason=canary")).await;
    assert_ne!(told["body"], untold["body"]);
}
