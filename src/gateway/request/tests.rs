use serde_json::json;

use super::*;

/// Method, path, base URL.
type Read<'a> = Option<(&'a str, &'a str, Option<String>)>;

fn read(event: &Value) -> Read<'_> {
    let request = Request::from_event(event).ok()?;
    Some((request.method, request.path, request.base_url()))
}

#[test]
fn the_route_and_the_base_url_come_from_the_event() {
    let rest = |path: &str, public: &str, proxy: &str| {
        json!({"httpMethod": "GET", "path": path, "resource": "/callback/{proxy+}", "pathParameters": {"proxy": proxy},
            "requestContext": {"path": public, "stage": "prod", "domainName": "api.example.com"}})
    };
    let http = |path: &str, route: &str, stage: &str, proxy: &str| {
        json!({"version": "2.0", "rawPath": path, "routeKey": route, "pathParameters": {"proxy": proxy},
            "requestContext": {"http": {"method": "GET"}, "stage": stage, "domainName": "api.example.com"}})
    };
    let template = "GET /callback/{proxy+}";
    for (event, path, prefix) in [
        (rest("/callback/slack", "/prod/callback/slack", "slack"), "/callback/slack", "/prod"),
        (rest("/callback/slack/", "/prod/callback/slack/", "slack/"), "/callback/slack/", "/prod"),
        (rest("/callback/a/b", "/prod/callback/a/b", "a/b"), "/callback/a/b", "/prod"),
        (rest("/base/callback/slack", "/base/callback/slack", "slack"), "/callback/slack", "/base"),
        (rest("/callback/callback/slack", "/callback/callback/slack", "slack"), "/callback/slack", "/callback"),
        (rest("/callback/slack", "/callback/slack", "slack"), "/callback/slack", ""),
        // sam local start-api gives the template there.
        (rest("/callback/slack", "/callback/{proxy+}", "slack"), "/callback/slack", ""),
        (http("/callback/slack", template, "$default", "slack"), "/callback/slack", ""),
        (http("/prod/callback/slack", template, "prod", "slack"), "/callback/slack", "/prod"),
        (http("/base/callback/a/b", template, "$default", "a/b"), "/callback/a/b", "/base"),
        // The route that the README advises, behind a custom domain's base path.
        (http("/base/callback/slack", "ANY /{proxy+}", "$default", "callback/slack"), "/callback/slack", "/base"),
        (http("/callback/slack", "$default", "$default", ""), "/callback/slack", ""),
        (http("//callback/slack", template, "$default", "slack"), "/callback/slack", ""),
        (http("//evil.example/callback/slack", template, "$default", "slack"), "/callback/slack", ""),
        (http("/\\evil.example/callback/slack", template, "$default", "slack"), "/callback/slack", ""),
        (http("/a?b#c/callback/slack", template, "$default", "slack"), "/callback/slack", ""),
        (http("/prod/callback/slack", "$default", "prod", ""), "/callback/slack", "/prod"),
        (http("/production/callback/slack", "$default", "prod", ""), "/production/callback/slack", ""),
    ] {
        let expected = Some(("GET", path, Some(format!("https://api.example.com{prefix}"))));
        assert_eq!(read(&event), expected, "{event}");
    }
}

#[test]
fn what_is_null_in_one_place_is_taken_from_the_other() {
    let rest = json!({"httpMethod": "GET", "path": null, "resource": null, "pathParameters": {"proxy": "slack"},
        "requestContext": {"path": "/base/callback/slack", "resourcePath": "/callback/{proxy+}"}});
    let http = json!({"rawPath": null, "routeKey": 7, "pathParameters": {"proxy": "slack"},
        "requestContext": {"http": {"method": "GET", "path": "/base/callback/slack"}, "routeKey": "GET /callback/{proxy+}"}});
    for event in [rest, http] {
        assert_eq!(read(&event), Some(("GET", "/callback/slack", None)), "{event}");
    }
}

#[test]
fn a_loopback_host_is_plain_http_and_no_host_is_no_base_url() {
    let event = |name: Value| json!({"httpMethod": "GET", "path": "/connected", "resource": "/connected", "requestContext": {"domainName": name}});
    for (name, expected) in [
        (json!("127.0.0.1:3000"), Some("http://127.0.0.1:3000")),
        (json!("localhost:3000"), Some("http://localhost:3000")),
        (json!("localhost.example.com"), Some("https://localhost.example.com")),
        (json!("evil.example/x?"), None),
        (json!("user@evil.example"), None),
        (json!(""), None),
        (json!(7), None),
        (json!(null), None),
    ] {
        assert_eq!(read(&event(name)).unwrap().2.as_deref(), expected);
    }
}

#[test]
fn other_events_are_not_api_gateways() {
    for event in [
        json!(null),
        json!("GET"),
        json!([]),
        json!({}),
        json!({"Records": []}),
        json!({"httpMethod": "GET", "path": "/callback/slack"}),
        json!({"httpMethod": 7, "requestContext": {}}),
        json!({"httpMethod": "GET", "requestContext": {"elb": {"targetGroupArn": "arn"}}}),
        json!({"version": "2.0", "requestContext": {"http": {}}}),
        json!({"requestContext": {"eventType": "CONNECT", "connectionId": "a"}}),
    ] {
        assert_eq!(Request::from_event(&event).err(), Some(NotApiGateway), "{event}");
    }
}

#[test]
fn a_prefetch_says_so_in_one_of_three_headers() {
    for (headers, expected) in [
        (json!({"headers": {"Sec-Purpose": "prefetch"}}), true),
        (json!({"headers": {"sec-purpose": "prefetch;prerender"}}), true),
        (json!({"headers": {"sec-purpose": "prefetch;anonymous-client-ip"}}), true),
        (json!({"headers": {"Purpose": "preview"}}), true),
        (json!({"headers": {"X-Moz": "Prefetch"}}), true),
        (json!({"multiValueHeaders": {"purpose": ["other", "prerender"]}}), true),
        (json!({"headers": {"purpose": "prefetched"}}), false),
        (json!({"headers": {"x-purpose": "prefetch", "purpose": 7}}), false),
        (json!({"headers": null, "multiValueHeaders": [7]}), false),
    ] {
        let mut event = headers.clone();
        event["httpMethod"] = json!("GET");
        event["requestContext"] = json!({});
        assert_eq!(Request::from_event(&event).ok().unwrap().is_prefetch(), expected, "{headers}");
    }
}
