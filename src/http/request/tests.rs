use serde_json::json;

use super::*;

/// Method, path, base URL.
type Read<'a> = Option<(&'a str, &'a str, Option<String>)>;

fn read(event: &Value) -> Read<'_> {
    let request = Request::from_event(event).ok()?;
    Some((request.method, request.path, request.base_url()))
}

/// The host of the API itself.
const OWN: &str = "abc123def4.execute-api.eu-west-1.amazonaws.com";

/// A custom domain of the API.
const CUSTOM: &str = "connect.example.com";

/// Routes of an API: the template, the path parameters, the path that the function knows.
fn routes() -> [(&'static str, Value, &'static str); 6] {
    [
        ("/{proxy+}", json!({"proxy": "callback/slack"}), "/callback/slack"),
        ("/callback/{proxy+}", json!({"proxy": "slack"}), "/callback/slack"),
        ("/callback/{proxy+}", json!({"proxy": "a/b"}), "/callback/a/b"),
        ("/callback/{connection}", json!({"connection": "slack"}), "/callback/slack"),
        ("/flows", json!(null), "/flows"),
        ("$default", json!(null), "/callback/slack"),
    ]
}

/// An event of payload 1.0: both paths, and the route that API Gateway chose.
fn payload_1(host: &str, stage: &str, [path, in_context]: [&str; 2], template: &str, parameters: &Value) -> Value {
    json!({"httpMethod": "GET", "path": path, "resource": template, "pathParameters": parameters,
        "requestContext": {"apiId": "abc123def4", "domainName": host, "path": in_context, "resourcePath": template, "stage": stage}})
}

/// An event of payload 2.0.
fn payload_2(host: &str, stage: &str, path: &str, route_key: &str, parameters: &Value) -> Value {
    json!({"version": "2.0", "rawPath": path, "routeKey": route_key, "pathParameters": parameters,
        "requestContext": {"apiId": "abc123def4", "domainName": host, "stage": stage, "http": {"method": "GET", "path": path}}})
}

/// The route and the base URL that an event has, or a message with where the event was documented.
#[track_caller]
fn assert_read(event: &Value, route: &str, base_url: &str, source: &str) {
    assert_eq!(read(event), Some(("GET", route, Some(base_url.to_owned()))), "{source}: {event}");
}

#[test]
fn the_route_and_the_base_url_come_from_the_event() {
    // Where it was documented, the host, what `path` and `requestContext.path` have before the route, what is public.
    for (source, host, in_path, in_context, public) in [
        ("localstack#12296, measured at AWS: no mapping", OWN, "", "/prod", "/prod"),
        ("localstack#12296: a mapping without base path and stage", CUSTOM, "/prod", "/prod", "/prod"),
        ("localstack#12296: a base path without a stage", CUSTOM, "/base/prod", "/base/prod", "/base/prod"),
        ("localstack#12296: a base path and a stage", CUSTOM, "/base", "/base", "/base"),
        ("aws-lambda-router#27: a stage without a base path", CUSTOM, "", "", ""),
        ("powertools-lambda-python#579: a base path that looks like a version", CUSTOM, "/v1", "/v1", "/v1"),
        ("powertools-lambda-python#579: two levels", CUSTOM, "/v1/nested", "/v1/nested", "/v1/nested"),
        (
            "aws-cdk#8983: every character that a base path may have",
            CUSTOM,
            "/$-_.+!*'(),9",
            "/$-_.+!*'(),9",
            "/$-_.+!*'(),9",
        ),
        ("localstack#12296: a base path that is called like a route", CUSTOM, "/callback", "/callback", "/callback"),
    ] {
        for (template, parameters, route) in routes().into_iter().filter(|(template, ..)| *template != "$default") {
            // powertools-lambda-python#579: `/payment/` for the resource `/payment`.
            for route in [route.to_owned(), format!("{route}/")] {
                let paths = [format!("{in_path}{route}"), format!("{in_context}{route}")];
                let event = payload_1(host, "prod", [&paths[0], &paths[1]], template, &parameters);
                assert_read(&event, &route, &format!("https://{host}{public}"), source);
            }
        }
    }
    // An HTTP API with payload 1.0; also the stage.
    for (source, host, stage, in_path, in_context, public) in [
        ("AWS, payload format 1.0; spring-cloud-function, CustomRuntimeEventLoopTest", OWN, "$default", "", "", ""),
        ("serverless-http#143, serverless-java-container#401", OWN, "prod", "/prod", "/prod", "/prod"),
        ("AWS, payload format 1.0", CUSTOM, "$default", "", "", ""),
        ("AWS, payload format differences: `path` has the mapping", CUSTOM, "$default", "/base", "", "/base"),
        (
            "AWS, the same; AWS, HTTP API logging: the stage in `$context.path`",
            CUSTOM,
            "prod",
            "/base",
            "/prod",
            "/base",
        ),
        ("AWS, the same, with a mapping of two levels", CUSTOM, "prod", "/a+b/c", "/prod", "/a+b/c"),
        ("AWS, the same, without a mapping", CUSTOM, "prod", "", "/prod", ""),
        ("serverless-express#465: the stage in every path", CUSTOM, "prod", "/prod", "/prod", ""),
    ] {
        for (template, parameters, route) in routes() {
            let paths = [format!("{in_path}{route}"), format!("{in_context}{route}")];
            let mut event = payload_1(host, stage, [&paths[0], &paths[1]], template, &parameters);
            event["version"] = json!("1.0");
            assert_read(&event, route, &format!("https://{host}{public}"), source);
        }
    }
    // An HTTP API with payload 2.0: the stage, and what `rawPath` has before the route.
    for (source, host, stage, in_path, public) in [
        ("AWS, payload format 2.0", OWN, "$default", "", ""),
        ("powertools-lambda-python#621, serverless-wsgi#191, serverless-express#653", OWN, "prod", "/prod", "/prod"),
        ("AWS, payload format differences; apig-wsgi#194: no mapping in `rawPath`", CUSTOM, "$default", "", ""),
        ("serverless-express#465: the stage in every path", CUSTOM, "prod", "/prod", ""),
        ("Zappa#1440: a custom domain without the stage", CUSTOM, "prod", "", ""),
    ] {
        for (template, parameters, route) in routes() {
            let key = if template == "$default" { template.to_owned() } else { format!("ANY {template}") };
            let event = payload_2(host, stage, &format!("{in_path}{route}"), &key, &parameters);
            assert_read(&event, route, &format!("https://{host}{public}"), source);
        }
    }
    let host = "abc123def4.lambda-url.eu-west-1.on.aws";
    let event = payload_2(host, "$default", "/callback/slack", "$default", &json!(null));
    assert_read(&event, "/callback/slack", &format!("https://{host}"), "AWS, Lambda function URLs");
}

#[test]
fn a_path_that_only_looks_like_a_stage_is_left_as_it_is() {
    for path in ["/production/callback/slack", "/prod", "/produce"] {
        let event = payload_2(CUSTOM, "prod", path, "$default", &json!(null));
        assert_read(&event, path, &format!("https://{CUSTOM}"), "Zappa#1460");
    }
}

#[test]
fn a_local_gateway_keeps_its_stage_in_the_address() {
    let (host, base_url, proxy) = ("127.0.0.1:3000", "http://127.0.0.1:3000", json!({"proxy": "slack"}));
    let template = "/callback/{proxy+}";
    let mut sam = payload_1(host, "Prod", ["/callback/slack", template], template, &proxy);
    sam["version"] = json!("1.0");
    assert_read(&sam, "/callback/slack", base_url, "aws-sam-cli, event_constructor.py");

    let public = format!("{base_url}/prod");
    let rest = payload_1(host, "prod", ["/callback/slack", "/prod/callback/slack"], template, &proxy);
    let http = payload_2(host, "prod", "/prod/callback/slack", "ANY /callback/{proxy+}", &proxy);
    for event in [rest, http] {
        assert_read(&event, "/callback/slack", &public, "this project's emulator");
    }
}

#[test]
fn a_path_with_escapes_fits_its_parameters_decoded_or_not() {
    for proxy in ["arn%3Aaws%3Aa%2Fb", "arn:aws:a/b", "arn%3Aaws%3Aa%2Fb/"] {
        let path = "/base/callback/arn%3Aaws%3Aa%2Fb";
        let event = payload_1(CUSTOM, "prod", [path, path], "/callback/{proxy+}", &json!({"proxy": proxy}));
        assert_read(&event, "/callback/arn%3Aaws%3Aa%2Fb", &format!("https://{CUSTOM}/base"), proxy);
    }
}

#[test]
fn a_path_that_does_not_fit_its_resource_is_the_route() {
    for (path, template, parameters) in [
        ("/callback//slack", "/callback/{proxy+}", json!({"proxy": "slack"})),
        ("/callback/slack", "/callback/{proxy+}", json!({"proxy": "okta"})),
        ("/callback/slack", "/callback/{proxy+}", json!({"proxy": 7})),
        ("/callback/slack", "/callback/{proxy+}", json!(null)),
        ("/callback/slack", "/connect/{flow}", json!({"flow": "slack"})),
        ("/callback/slack", "/", json!(null)),
        ("/callback/slack", "", json!(null)),
    ] {
        let in_context = format!("/prod{path}");
        let event = payload_1(OWN, "prod", [path, &in_context], template, &parameters);
        assert_read(&event, path, &format!("https://{OWN}/prod"), template);
    }
    // A path in the context that is none does not cut the other one.
    for in_context in ["", "slack", "/prod", "/prod/slac"] {
        let event = payload_1(CUSTOM, "prod", ["/callback/slack", in_context], "$default", &json!(null));
        assert_read(&event, "/callback/slack", &format!("https://{CUSTOM}"), in_context);
    }
}

#[test]
fn a_prefix_that_cannot_be_a_base_path_is_dropped() {
    for before in [
        "/",
        "//evil.example",
        "/\\evil.example",
        "/a//b",
        "/a?b",
        "/a#b",
        "/a%2Fb",
        "/a b",
        "/a\r\nb",
        "/é",
        ".evil.example",
        "@evil.example",
        ":80",
        "evil",
        "/a@b",
        "/a:b",
        "/a;b",
        "/a=b",
        "/a&b",
        "/a<b",
        "/a\"b",
    ] {
        let path = format!("{before}/callback/slack");
        let event = payload_1(CUSTOM, "prod", [&path, &path], "/callback/{proxy+}", &json!({"proxy": "slack"}));
        assert_read(&event, "/callback/slack", &format!("https://{CUSTOM}"), before);
    }
}

#[test]
fn what_is_null_in_one_place_is_taken_from_the_other() {
    let rest = json!({"httpMethod": "GET", "path": null, "resource": null, "pathParameters": {"proxy": "slack"},
        "requestContext": {"path": "/base/callback/slack", "resourcePath": "/callback/{proxy+}"}});
    let http =
        json!({"rawPath": null, "requestContext": {"stage": 7, "http": {"method": "GET", "path": "/callback/slack"}}});
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
    // Where it was documented, and the event.
    for (source, event) in [
        ("any JSON", json!(null)),
        ("any JSON", json!("GET")),
        ("any JSON", json!([])),
        ("any JSON", json!({})),
        ("no context", json!({"httpMethod": "GET", "path": "/callback/slack"})),
        ("a method that is no text", json!({"httpMethod": 7, "requestContext": {}})),
        ("no method", json!({"version": "2.0", "requestContext": {"http": {}}})),
        (
            "AWS, Lambda@Edge and other lists of records",
            json!({"Records": [{"cf": {"request": {"method": "GET", "uri": "/callback/slack"}}}]}),
        ),
        (
            "AWS, application load balancers",
            json!({"httpMethod": "GET", "path": "/callback/slack", "requestContext": {"elb": {"targetGroupArn": "arn"}}}),
        ),
        (
            "AWS, WebSocket APIs",
            json!({"requestContext": {"eventType": "CONNECT", "routeKey": "$connect", "connectionId": "a"}}),
        ),
        (
            "AWS, VPC Lattice",
            json!({"version": "2.0", "method": "GET", "path": "/callback/slack", "requestContext": {"serviceArn": "arn"}}),
        ),
        (
            "AWS, action groups of Bedrock agents",
            json!({"messageVersion": "1.0", "apiPath": "/callback/slack", "httpMethod": "GET", "parameters": []}),
        ),
        (
            "AWS, AppSync authorizers",
            json!({"authorizationToken": "a", "requestContext": {"apiId": "a", "operationName": "a", "queryString": "a"}}),
        ),
        ("AWS, TOKEN authorizers", json!({"type": "TOKEN", "authorizationToken": "a", "methodArn": "arn"})),
        (
            "AWS, REQUEST authorizers of REST APIs",
            json!({"type": "REQUEST", "methodArn": "arn", "resource": "/callback/{proxy+}", "path": "/callback/slack", "httpMethod": "GET",
                "queryStringParameters": {"code": "a"}, "requestContext": {"path": "/prod/callback/slack", "httpMethod": "GET"}}),
        ),
        (
            "AWS, authorizers of HTTP APIs, format 1.0",
            json!({"version": "1.0", "type": "REQUEST", "methodArn": "arn", "identitySource": "a", "resource": "/callback/slack",
                "path": "/callback/slack", "httpMethod": "GET", "requestContext": {"path": "/callback/slack", "stage": "$default"}}),
        ),
        (
            "AWS, authorizers of HTTP APIs, format 2.0",
            json!({"version": "2.0", "type": "REQUEST", "routeArn": "arn", "identitySource": ["a"], "routeKey": "$default",
                "rawPath": "/callback/slack", "rawQueryString": "code=a", "requestContext": {"http": {"method": "GET"}, "stage": "$default"}}),
        ),
        (
            "AWS, authorizers of WebSocket APIs",
            json!({"type": "REQUEST", "methodArn": "arn", "requestContext": {"eventType": "CONNECT", "connectionId": "a"}}),
        ),
    ] {
        assert_eq!(Request::from_event(&event).err(), Some(NotApiGateway), "{source}: {event}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_body() {
    let event = |body: Value, is_base64: Value| json!({"httpMethod": "POST", "body": body, "isBase64Encoded": is_base64, "requestContext": {}});
    for (body, is_base64, expected) in [
        (json!("{}"), json!(false), Some("{}")),
        (json!("\u{feff}{}"), json!(false), Some("{}")),
        (json!("\u{feff}{}"), json!(null), Some("{}")),
        (json!("e30="), json!(true), Some("{}")),
        (json!("77u/e30="), json!(true), Some("{}")),
        // One mark, at the start.
        (json!("\u{feff}\u{feff}{}"), json!(false), Some("\u{feff}{}")),
        (json!("{\u{feff}}"), json!(false), Some("{\u{feff}}")),
        (json!("\u{feff}"), json!(false), Some("")),
        (json!("77u/"), json!(true), Some("")),
        // UTF-16 and half a mark are no text; neither is what is no Base64.
        (json!("//57AH0A"), json!(true), None),
        (json!("77s="), json!(true), None),
        (json!("\u{feff}e30="), json!(true), None),
        (json!(null), json!(false), None),
        (json!(7), json!(false), None),
    ] {
        let event = event(body, is_base64);
        assert_eq!(Request::from_event(&event).ok().unwrap().body().as_deref(), expected, "{event}");
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
