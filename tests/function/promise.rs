//! Whatever the event: a well-formed answer, a configured page, and the code sent at most once.

mod whatever;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{answer, config, endpoint, event, events, header, sdk};
use appfabric_connect::aws::AppFabric;
use appfabric_connect::http::Endpoint;
use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;
use serde_json::{Value, json};

const PAGES: [(&str, &str); 3] = [
    ("SUCCESS_URL", "https://example.com/done?lang=en"),
    ("PENDING_URL", "https://example.com/soon"),
    ("FAILURE_URL", "https://example.org/sorry?"),
];

/// The function with an AppFabric that always connects, and how often that was asked to.
struct Promise {
    sdk: SdkConfig,
    calls: Arc<AtomicUsize>,
    runtime: tokio::runtime::Runtime,
}

impl Promise {
    fn new() -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let sdk = sdk(Connecting(counter).into_client(), "https://appfabric.example");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { sdk, calls, runtime }
    }

    /// Answers the event and checks everything that is promised of any answer.
    fn keeps(&self, event: &Value) -> Value {
        let before = self.calls.load(Ordering::SeqCst);
        // A new one each time, to which no code is known.
        let endpoint = Endpoint::new(config(&PAGES), AppFabric::new(self.sdk.clone()), None);
        let response = self.runtime.block_on(answer(&endpoint, event));
        assert!(self.calls.load(Ordering::SeqCst) - before <= 1, "sent twice: {event}");
        well_formed(&response, event);
        response
    }
}

/// Checks everything that is promised of any answer, where the pages are those above.
fn well_formed(response: &Value, event: &Value) {
    let headers = response["headers"].as_object().unwrap_or_else(|| panic!("no headers: {response}"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], value, "{event}");
    }
    for directive in ["default-src 'none'", "frame-ancestors 'none'"] {
        assert!(header(response, "content-security-policy").contains(directive));
    }
    // One `Location`, so none among the headers that may have several values.
    let several = response["multiValueHeaders"].as_object().into_iter().flatten();
    assert!(several.map(|(name, _)| name).all(|name| name == "set-cookie"), "{response}");
    let location = headers.get("location").map(|location| location.as_str().expect("Location is a text"));
    let body = response["body"].as_str().unwrap_or_default();
    match response["statusCode"].as_i64().expect("a status") {
        303 => {
            let location = location.unwrap_or_else(|| panic!("no Location: {response}"));
            let page = PAGES.iter().find_map(|(_, page)| location.strip_prefix(page));
            let rest = page.unwrap_or_else(|| panic!("{location}")).trim_start_matches(['?', '&']);
            assert!(rest.starts_with("outcome=") && rest.ends_with("#_"), "{location}");
            assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
        }
        204 => assert!(location.is_none() && body.is_empty()),
        200 | 400 | 404 | 405 => {
            assert!(location.is_none());
            assert!(body.is_empty() || body.trim_end().ends_with("</html>"), "{body}");
            assert_eq!(headers["content-type"], "text/html; charset=utf-8");
        }
        other => panic!("{other} for {event}"),
    }
}

/// An AppFabric that always connects, without a network.
#[derive(Debug)]
struct Connecting(Arc<AtomicUsize>);

impl Connecting {
    fn into_client(self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self);
        http_client_fn(move |_, _| connector.clone())
    }
}

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Two identifiers and nothing else ever stand in the URL.
        let path = request.uri().trim_start_matches("https://appfabric.example");
        assert!(
            path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-%/".contains(&b)) && !path.contains("//"),
            "{path}"
        );
        let (member, status) = if request.method() == "GET" {
            ("appAuthorization", "PendingConnect")
        } else {
            self.0.fetch_add(1, Ordering::SeqCst);
            ("appAuthorizationSummary", "Connected")
        };
        let summary = json!({member: {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK", "authType": "oauth2",
            "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "status": status,
            "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}});
        let status = 200.try_into().expect("200 is a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(summary.to_string()))))
    }
}

/// Every JSON pointer into a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (position, element) in elements.iter().enumerate() {
                pointers(element, &format!("{at}/{position}"), found);
            }
        }
        _ => {}
    }
}

/// Removes what a pointer points to.
fn remove(event: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match event.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Some(Value::Array(elements)) => drop(elements.remove(name.parse().expect("a position"))),
        _ => {}
    }
}

#[test]
fn each_member_of_each_event_may_be_missing_null_or_of_a_wrong_type() {
    let promise = Promise::new();
    let mut count = 0;
    for (_, _, event) in events() {
        let mut found = Vec::new();
        pointers(&event, "", &mut found);
        for pointer in found {
            let mut without = event.clone();
            remove(&mut without, &pointer);
            promise.keeps(&without);
            for wrong in [
                json!(null),
                json!(7),
                json!("x"),
                json!(""),
                json!([]),
                json!({}),
                json!([["a"], null]),
                json!({"a": 1}),
                json!(true),
            ] {
                let mut event = event.clone();
                *event.pointer_mut(&pointer).expect("the pointer is the event's own") = wrong;
                promise.keeps(&event);
                count += 1;
            }
        }
    }
    let calls = promise.calls.load(Ordering::SeqCst);
    assert!(count > 10_000 && calls > 1_000, "{count} events, {calls} calls");
}

#[test]
fn a_megabyte_of_anything_is_answered() {
    let promise = Promise::new();
    let megabyte = "a/%41=&\u{1F600}".repeat(100_000);
    for folder in ["rest", "http"] {
        let event = event(folder, "connected");
        let mut found = Vec::new();
        pointers(&event, "", &mut found);
        for pointer in found.iter().filter(|pointer| event.pointer(pointer).is_some_and(Value::is_string)) {
            let mut event = event.clone();
            *event.pointer_mut(pointer).expect("the pointer is the event's own") = json!(megabyte);
            promise.keeps(&event);
        }
    }
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    for event in [
        json!(megabyte),
        json!({"requestContext": {"http": {"method": "GET"}}, "rawQueryString": megabyte, "rawPath": "/callback/a"}),
        deep,
    ] {
        promise.keeps(&event);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    let name = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "httpMethod",
            "requestContext",
            "http",
            "method",
            "path",
            "rawPath",
            "headers",
            "version",
            "code"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Pieces that have broken redirection endpoints elsewhere, strung together.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "code",
            "error",
            "state",
            "=",
            "&",
            "%",
            "%00",
            "%0d%0a",
            "%2F",
            "+",
            "#",
            "?",
            "//evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "<svg onload=alert(1)>",
            "access_denied",
            "..",
            "/",
            "callback",
            "connected",
            "\r\nSet-Cookie: a=b",
            "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
            "arn:aws:appfabric:us-east-1:123456789012:appbundle",
            "appauthorization",
            "\u{202e}",
            "é",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_event_breaks_the_promise(event in any_json()) {
        Promise::new().keeps(&event);
    }

    #[test]
    fn no_query_path_method_or_header_breaks_it(
        query in any_text(), path in any_text(), method in prop::sample::select(vec!["GET", "HEAD", "POST", "OPTIONS", "get", ""]),
        domain in any_text(), header in any_text(),
    ) {
        let promise = Promise::new();
        for path in [path.clone(), format!("/callback/{path}"), "/callback/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-000000000001".to_owned()] {
            promise.keeps(&json!({"version": "2.0", "rawPath": path, "rawQueryString": query,
                "headers": {"host": header, "x-forwarded-host": header, "origin": header, "referer": header},
                "requestContext": {"http": {"method": method}, "domainName": domain, "stage": "$default"}}));
            promise.keeps(&json!({"httpMethod": method, "path": path, "resource": "/callback/{proxy+}",
                "headers": {"Host": header, "X-Forwarded-Host": header, "Forwarded": header}, "multiValueHeaders": null,
                "multiValueQueryStringParameters": {"code": [query], "error": [header]}, "pathParameters": {"proxy": path},
                "requestContext": {"path": path, "domainName": domain, "stage": "prod"}}));
        }
    }

    #[test]
    fn a_built_in_page_is_on_the_host_that_api_gateway_names(before in any_text(), query in any_text(), named in any::<bool>()) {
        let endpoint = endpoint(&[], "http://127.0.0.1:9");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let host = "api.execute-api.example.com";
        let domain = named.then_some(host);
        for before in [before.clone(), format!("/{before}"), format!("//evil.example{before}"), format!("/\\evil.example{before}")] {
            let stage = before.trim_start_matches('/');
            let v2 = json!({"version": "2.0", "rawPath": format!("/{stage}/callback/unlisted"), "rawQueryString": query, "routeKey": "$default",
                "requestContext": {"http": {"method": "GET"}, "apiId": "api", "stage": stage, "domainName": domain}});
            let path = format!("{before}/callback/unlisted");
            let v1 = json!({"httpMethod": "GET", "path": path, "resource": "/callback/{proxy+}", "pathParameters": {"proxy": "unlisted"},
                "requestContext": {"path": path, "domainName": domain}});
            for event in [v1, v2] {
                let response = runtime.block_on(answer(&endpoint, &event));
                let location = header(&response, "location");
                let address = format!("https://{host}");
                let path = location.strip_prefix(&address).filter(|_| named).unwrap_or(location);
                let page = path.split_once("/failed?outcome=failed&reason=unknown_connection&reference=");
                let (prefix, _) = page.unwrap_or_else(|| panic!("{location}"));
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'(),~/".contains(&byte);
                prop_assert!(prefix.bytes().all(plain), "{}", location);
                prop_assert!(path.starts_with('/') && !path.starts_with("//"), "{}", location);
            }
        }
    }

    #[test]
    fn the_query_and_the_callers_headers_never_reach_the_location(query in any_text(), host in any_text()) {
        let promise = Promise::new();
        let event = |query: &str, host: &str| json!({"version": "2.0", "rawPath": "/callback/unlisted", "rawQueryString": query,
            "headers": {"host": host, "x-forwarded-host": host, "x-forwarded-proto": host, "referer": host, "x-amzn-requestid": host},
            "requestContext": {"http": {"method": "GET"}, "domainName": "api.example.com", "requestId": host, "stage": "$default"}});
        prop_assert_eq!(promise.keeps(&event(&query, &host)), promise.keeps(&event("", "")));
    }
}
