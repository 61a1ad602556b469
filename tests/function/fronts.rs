//! Events of APIs that are set up differently from the template: which address people and AppFabric get.

use appfabric_connect::aws::AppFabric;
use appfabric_connect::http::Endpoint;
use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{AppFabric as Emulator, Operation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{REFERENCE, answer, arn, config, event, header, over_http, sdk, stage};

/// An API in front of the function.
struct Front {
    name: &'static str,
    /// `PUBLIC_BASE_URL`, where the event does not tell enough.
    public_base_url: &'static str,
    /// Where the world reaches it.
    base_url: &'static str,
    /// The event of a request: its method and its route, such as `/callback/slack`.
    event: fn(&str, &str) -> Value,
}

const FRONTS: [Front; 5] = [
    Front {
        name: "HTTP API, payload 1.0, the route $default",
        public_base_url: "",
        base_url: "https://v4h2alpine.execute-api.eu-west-1.amazonaws.com",
        event: |method, route| {
            json!({
                "resource": "$default",
                "path": route,
                "httpMethod": method,
                "requestContext": {
                    "domainName": "v4h2alpine.execute-api.eu-west-1.amazonaws.com",
                    "path": route,
                    "resourcePath": "$default",
                    "stage": "$default",
                },
            })
        },
    },
    Front {
        name: "HTTP API, payload 2.0, a stage on a custom domain",
        public_base_url: "",
        base_url: "https://connect.example.com",
        event: |method, route| http_event(method, route, "/prod", "prod"),
    },
    Front {
        name: "HTTP API, payload 2.0, a mapping key",
        public_base_url: "https://connect.example.com/apps",
        base_url: "https://connect.example.com/apps",
        event: |method, route| http_event(method, route, "", "$default"),
    },
    Front {
        name: "HTTP API, payload 2.0, a mapping key that PUBLIC_BASE_URL does not name",
        public_base_url: "",
        base_url: "https://connect.example.com",
        event: |method, route| http_event(method, route, "", "$default"),
    },
    Front {
        name: "REST API, a base path with a plus sign",
        public_base_url: "",
        base_url: "https://connect.example.com/a+b",
        event: |method, route| {
            json!({
                "resource": "/{proxy+}",
                "path": format!("/a+b{route}"),
                "httpMethod": method,
                "pathParameters": { "proxy": route.trim_start_matches('/') },
                "requestContext": {
                    "domainName": "connect.example.com",
                    "path": format!("/a+b{route}"),
                    "stage": "live",
                },
            })
        },
    },
];

/// An event of an HTTP API on a custom domain, payload 2.0.
fn http_event(method: &str, route: &str, in_path: &str, stage: &str) -> Value {
    let path = format!("{in_path}{route}");
    json!({
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "pathParameters": { "proxy": route.trim_start_matches('/') },
        "requestContext": {
            "apiId": "v4h2alpine",
            "domainName": "connect.example.com",
            "domainPrefix": "connect",
            "stage": stage,
            "http": { "method": method, "path": path },
        },
    })
}

/// The function, where `state` has this use and the app authorization 1 is `slack`.
fn endpoint(public_base_url: &str, mode: StateMode, appfabric: &Emulator) -> Endpoint {
    let list = json!({ "slack": arn(1).to_string() }).to_string();
    let mut config = config(&[("APP_AUTHORIZATIONS", &list), ("PUBLIC_BASE_URL", public_base_url)]);
    config.state_mode = mode;
    Endpoint::new(config, AppFabric::new(sdk(over_http(), &appfabric.url())), None)
}

/// A query in the members of both payloads.
fn with_code(mut event: Value) -> Value {
    event["queryStringParameters"] = json!({ "code": "abc" });
    event["rawQueryString"] = json!("code=abc");
    event
}

/// A body of `POST /flows`, signed for both payloads.
fn with_body(mut event: Value, body: &str) -> Value {
    let arn = json!("arn:aws:iam::123456789012:user/operator");
    event["requestContext"]["identity"] = json!({ "userArn": arn });
    event["requestContext"]["authorizer"] = json!({ "iam": { "userArn": arn } });
    event["body"] = json!(body);
    event
}

#[tokio::test]
async fn a_callback_has_the_address_of_its_api() {
    for Front { name, public_base_url, base_url, event } in FRONTS {
        let appfabric = stage().await;
        let endpoint = endpoint(public_base_url, StateMode::Off, &appfabric);
        let response = answer(&endpoint, &with_code(event("GET", "/callback/slack"))).await;
        assert_eq!(response["statusCode"], 303, "{name}: {response}");
        let expected = format!("{base_url}/connected?outcome=connected&connection=slack&reference={REFERENCE}#_");
        assert_eq!(header(&response, "location"), expected, "{name}");
        let calls = appfabric.calls_of(Operation::Connect);
        assert_eq!(calls.len(), 1, "{name}");
        let body: Value = serde_json::from_str(&calls[0].body).expect("a JSON body");
        assert_eq!(body["authRequest"]["redirectUri"], format!("{base_url}/callback/slack"), "{name}");
    }
}

#[tokio::test]
async fn a_link_opens_at_the_api_that_made_it() {
    for Front { name, public_base_url, base_url, event } in FRONTS {
        let appfabric = stage().await;
        let endpoint = endpoint(public_base_url, StateMode::Enforce, &appfabric);
        let begun = answer(&endpoint, &with_body(event("POST", "/flows"), r#"{"connection":"slack"}"#)).await;
        assert_eq!(begun["statusCode"], 201, "{name}: {begun}");
        let body: Value = serde_json::from_str(begun["body"].as_str().expect("a text")).expect("JSON");
        let url = body["connectUrl"].as_str().expect("a text");
        let route = url.strip_prefix(base_url).unwrap_or_else(|| panic!("{name}: {url}"));
        let page = answer(&endpoint, &event("GET", route)).await;
        assert_eq!(page["statusCode"], 200, "{name}: {page}");
        assert!(page["body"].as_str().is_some_and(|html| html.contains("<button")), "{name}: {page}");
    }
}

#[tokio::test]
async fn the_event_of_an_authorizer_spends_no_code_and_makes_no_link() {
    let appfabric = stage().await;
    let endpoint = endpoint("", StateMode::Off, &appfabric);
    for Front { name, event, .. } in FRONTS {
        for request in [
            with_code(event("GET", "/callback/slack")),
            with_body(event("POST", "/flows"), r#"{"connection":"slack"}"#),
        ] {
            for member in ["methodArn", "routeArn"] {
                let mut request = request.clone();
                request["type"] = json!("REQUEST");
                request[member] =
                    json!("arn:aws:execute-api:eu-west-1:123456789012:v4h2alpine/prod/GET/callback/slack");
                let response = answer(&endpoint, &request).await;
                assert_eq!(response["statusCode"], 400, "{name}, {member}: {response}");
                assert!(header(&response, "content-type").starts_with("text/html"), "{name}, {member}: {response}");
            }
        }
    }
    assert_eq!(appfabric.calls().len(), 0);
}

#[tokio::test]
async fn a_body_with_a_byte_order_mark_begins_a_flow() {
    let appfabric = stage().await;
    let endpoint = endpoint("", StateMode::Enforce, &appfabric);
    let body = "\u{feff}{\"connection\":\"slack\"}";
    for folder in ["rest", "http"] {
        let event = event("flows", &format!("{folder}-flow_begun"));
        let text = with_body(event.clone(), body);
        let mut encoded = with_body(event, &STANDARD.encode(body));
        encoded["isBase64Encoded"] = json!(true);
        for event in [text, encoded] {
            let response = answer(&endpoint, &event).await;
            assert_eq!(response["statusCode"], 201, "{folder}: {response}");
        }
    }
}
