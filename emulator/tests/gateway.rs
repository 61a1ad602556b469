//! The local API Gateway: which events a function sees, and what becomes of its answers.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appfabric_emulator::gateway::{
    Arrival, Gateway, Handler, Payload, Refusal, Resources, function_url_event, handler, http_event, rest_event,
};
use axum::body::Bytes;
use axum::http::Request;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

#[test]
fn query_parameters_are_decoded_once_and_kept_in_order() {
    // sent, last values of payload 1.0, all values of 1.0, joined values of 2.0
    let table = [
        ("", json!(null), json!(null), json!(null)),
        ("?", json!(null), json!(null), json!(null)),
        ("?code=4%2F0A", json!({"code": "4/0A"}), json!({"code": ["4/0A"]}), json!({"code": "4/0A"})),
        ("?code=a%252Fb", json!({"code": "a%2Fb"}), json!({"code": ["a%2Fb"]}), json!({"code": "a%2Fb"})),
        ("?code=a+b%2Bc", json!({"code": "a b+c"}), json!({"code": ["a b+c"]}), json!({"code": "a b+c"})),
        ("?code=x%3D%3D", json!({"code": "x=="}), json!({"code": ["x=="]}), json!({"code": "x=="})),
        ("?code=x==", json!({"code": "x=="}), json!({"code": ["x=="]}), json!({"code": "x=="})),
        ("?code=&code=x", json!({"code": "x"}), json!({"code": ["", "x"]}), json!({"code": ",x"})),
        ("?code=a%2Cb&code=c", json!({"code": "c"}), json!({"code": ["a,b", "c"]}), json!({"code": "a,b,c"})),
        (
            "?error&state=",
            json!({"error": "", "state": ""}),
            json!({"error": [""], "state": [""]}),
            json!({"error": "", "state": ""}),
        ),
        ("?a%20b=%C3%A9", json!({"a b": "é"}), json!({"a b": ["é"]}), json!({"a b": "é"})),
        ("?code=%zz", json!({"code": "%zz"}), json!({"code": ["%zz"]}), json!({"code": "%zz"})),
    ];
    for (query, last, all, joined) in table {
        let request = get(&format!("/callback/slack{query}"));
        let rest = rest(&request);
        assert_eq!(rest["queryStringParameters"], last, "{query}");
        assert_eq!(rest["multiValueQueryStringParameters"], all, "{query}");
        assert!(rest.as_object().is_some_and(|event| event.contains_key("queryStringParameters")), "null is written");
        for event in [http(&request), function_url_event(&request, &arrival())] {
            assert_eq!(event["queryStringParameters"], joined, "{query}");
            assert_eq!(event["rawQueryString"], query.trim_start_matches('?'), "as it was sent");
            assert_eq!(event.get("queryStringParameters").is_some(), !joined.is_null(), "absent, not null");
        }
    }
}

#[test]
fn paths_are_as_sent_in_rest_and_function_urls_and_decoded_in_http_apis() {
    let arn = "arn:aws:appfabric:us-east-1:123456789012:appbundle/b/appauthorization/a";
    // sent, resource, parameter as sent, parameter decoded
    let table = [
        ("/callback/slack".to_owned(), "/callback/{proxy+}", Some(("proxy", "slack", "slack"))),
        (format!("/callback/{arn}"), "/callback/{proxy+}", Some(("proxy", arn, arn))),
        ("/callback/a%2Fb/c%20d".to_owned(), "/callback/{proxy+}", Some(("proxy", "a%2Fb/c%20d", "a/b/c d"))),
        ("/connect/f-1".to_owned(), "/connect/{proxy+}", Some(("proxy", "f-1", "f-1"))),
        ("/connect/%C3%A9".to_owned(), "/connect/{proxy+}", Some(("proxy", "%C3%A9", "é"))),
        ("/connected".to_owned(), "/connected", None),
        ("/pending".to_owned(), "/pending", None),
        ("/failed".to_owned(), "/failed", None),
        ("/flows".to_owned(), "/flows", None),
    ];
    for (path, resource, parameter) in table {
        let request = get(&path);
        let as_sent = parameter.map_or(json!(null), |(name, sent, _)| json!({ name: sent }));
        let decoded = parameter.map_or(json!(null), |(name, _, decoded)| json!({ name: decoded }));

        let rest = rest(&request);
        assert_eq!((&rest["path"], &rest["resource"]), (&json!(path), &json!(resource)));
        assert_eq!(rest["pathParameters"], as_sent, "{path}");
        let http = http(&request);
        assert_eq!((&http["pathParameters"], &http["routeKey"]), (&decoded, &json!(format!("ANY {resource}"))));
        assert_eq!(http["rawPath"], http["requestContext"]["http"]["path"]);
        assert!(http["rawPath"].as_str().is_some_and(|raw| !raw.contains('%')), "{path}");
        let url = function_url_event(&request, &arrival());
        assert_eq!((&url["rawPath"], &url["routeKey"]), (&json!(path), &json!("$default")));
    }
}

#[test]
fn the_stage_is_in_the_context_of_rest_and_in_the_path_of_http() {
    let prod = Arrival { stage: Some("prod".to_owned()), ..arrival() };
    let request = get("/prod/callback/slack?code=1");
    let rest = rest_event(&request, &prod, &Resources::default()).expect("the stage is there");
    assert_eq!(rest["path"], "/callback/slack");
    assert_eq!(rest["requestContext"]["path"], "/prod/callback/slack");
    assert_eq!(rest["requestContext"]["stage"], "prod");
    let http = http_event(&request, &prod, &Resources::default()).expect("the stage is there");
    assert_eq!(http["rawPath"], "/prod/callback/slack");
    assert_eq!(http["requestContext"]["stage"], "prod");
    assert_eq!(http["pathParameters"], json!({ "proxy": "slack" }));

    assert_eq!(self::rest(&get("/connected"))["requestContext"]["path"], "/connected");
    assert_eq!(self::http(&get("/connected"))["requestContext"]["stage"], "$default");
}

#[test]
fn a_path_that_the_api_does_not_have_is_no_event() {
    let prod = Arrival { stage: Some("prod".to_owned()), ..arrival() };
    let table = [
        (arrival(), "/", Refusal::UnknownResource),
        (arrival(), "/callback", Refusal::UnknownResource),
        (arrival(), "/callback/", Refusal::UnknownResource),
        (arrival(), "/connect", Refusal::UnknownResource),
        (arrival(), "/connect/", Refusal::UnknownResource),
        (arrival(), "/nothing", Refusal::UnknownResource),
        (prod.clone(), "/prod", Refusal::UnknownResource),
        (prod.clone(), "/prod/nothing", Refusal::UnknownResource),
        (prod.clone(), "/connected", Refusal::UnknownStage),
        (prod, "/production/connected", Refusal::UnknownStage),
    ];
    for (arrival, path, refusal) in table {
        assert_eq!(rest_event(&get(path), &arrival, &Resources::default()), Err(refusal), "{path}");
        assert_eq!(http_event(&get(path), &arrival, &Resources::default()), Err(refusal), "{path}");
    }
    assert_eq!(rest(&get("/connected/"))["resource"], "/connected", "a REST API forgives a slash");
    let slash = http_event(&get("/connected/"), &arrival(), &Resources::default());
    assert_eq!(slash, Err(Refusal::UnknownResource), "an HTTP API does not");
}

#[test]
fn repeated_headers_and_cookies_keep_their_values() {
    let request = Request::get("/connected")
        .header("Accept", "text/html")
        .header("accept", "*/*")
        .header("Cookie", "a=1; b=2")
        .header("Cookie", "c=3")
        .header("X-Forwarded-For", "192.0.2.1")
        .body(Bytes::new())
        .expect("a good request");
    let rest = rest(&request);
    assert_eq!(rest["headers"]["accept"], "*/*");
    assert_eq!(rest["multiValueHeaders"]["accept"], json!(["text/html", "*/*"]));
    assert_eq!(rest["multiValueHeaders"]["cookie"], json!(["a=1; b=2", "c=3"]));
    assert_eq!(rest["headers"]["x-forwarded-for"], "192.0.2.1, 127.0.0.1");
    assert_eq!(rest["headers"]["x-forwarded-port"], "3000");
    let http = http(&request);
    assert_eq!(http["headers"]["accept"], "text/html,*/*");
    assert_eq!(http["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert_eq!(http["headers"].get("cookie"), None, "an HTTP API moves them");
    let url = function_url_event(&request, &arrival());
    assert_eq!(url["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert_eq!(url["headers"]["cookie"], "a=1; b=2,c=3", "a function URL copies them");
    assert_eq!(self::http(&get("/connected")).get("cookies"), None);
}

#[test]
fn a_body_is_text_in_rest_and_base64_elsewhere_unless_its_type_is_text() {
    // content type, payload 2.0 body, in Base64
    let table = [
        (Some("application/json"), "{\"a\":1}", false),
        (Some("application/json; charset=utf-8"), "{\"a\":1}", false),
        (Some("text/plain"), "{\"a\":1}", false),
        (Some("application/x-www-form-urlencoded"), "eyJhIjoxfQ==", true),
        (Some("application/octet-stream"), "eyJhIjoxfQ==", true),
        (None, "eyJhIjoxfQ==", true),
    ];
    for (content_type, body, is_base64) in table {
        let mut request = Request::post("/flows");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Bytes::from_static(b"{\"a\":1}")).expect("a good request");
        let rest = rest(&request);
        assert_eq!((&rest["body"], &rest["isBase64Encoded"]), (&json!("{\"a\":1}"), &json!(false)));
        let http = http(&request);
        assert_eq!((&http["body"], &http["isBase64Encoded"]), (&json!(body), &json!(is_base64)), "{content_type:?}");
    }
    assert_eq!(rest(&get("/connected")).get("body"), Some(&json!(null)));
    assert_eq!(http(&get("/connected")).get("body"), None);
}

#[test]
fn the_context_of_payload_1_is_api_gateways() {
    let request = Request::get("/callback/slack").header("user-agent", "test/1").body(Bytes::new());
    let event = rest(&request.expect("a good request"));
    let expected = json!({
        "accountId": "123456789012",
        "apiId": "emulator00",
        "domainName": "127.0.0.1:3000",
        "domainPrefix": "127",
        "extendedRequestId": "936da01f9abd4d9=",
        "httpMethod": "GET",
        "identity": {
            "accessKey": null,
            "accountId": null,
            "caller": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": "127.0.0.1",
            "user": null,
            "userAgent": "test/1",
            "userArn": null,
        },
        "path": "/callback/slack",
        "protocol": "HTTP/1.1",
        "requestId": "936da01f-9abd-4d9d-80c7-02af85c822a8",
        "requestTime": "09/Feb/2026:01:02:03 +0000",
        "requestTimeEpoch": 1_770_598_923_456_i64,
        "resourceId": "a1b2c3",
        "resourcePath": "/callback/{proxy+}",
        "stage": "local",
    });
    assert_eq!(event["requestContext"], expected);
    assert_eq!(event.get("stageVariables"), Some(&json!(null)));

    let chosen = Request::get("/connected").header("x-amzn-RequestId", "chosen").body(Bytes::new());
    let event = rest(&chosen.expect("a good request"));
    assert_eq!(event["requestContext"]["requestId"], "chosen", "the caller can set it");
}

#[test]
fn the_context_of_payload_2_is_api_gateways() {
    let request = Request::get("/connected").header("user-agent", "test/1").body(Bytes::new());
    let event = http(&request.expect("a good request"));
    let expected = json!({
        "accountId": "123456789012",
        "apiId": "emulator00",
        "domainName": "127.0.0.1:3000",
        "domainPrefix": "127",
        "http": {
            "method": "GET",
            "path": "/connected",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test/1",
        },
        "requestId": "936da01f-9abd-4d9d-80c7-02af85c822a8",
        "routeKey": "ANY /connected",
        "stage": "$default",
        "time": "09/Feb/2026:01:02:03 +0000",
        "timeEpoch": 1_770_598_923_456_i64,
    });
    assert_eq!((&event["version"], &event["requestContext"]), (&json!("2.0"), &expected));
}

#[test]
fn a_caller_who_signed_is_named_where_api_gateway_names_one() {
    let arn = "arn:aws:iam::210987654321:user/operator";
    let signed = Arrival { caller: Some(arn.to_owned()), ..arrival() };
    let request = get("/flows");
    let rest = rest_event(&request, &signed, &Resources::default()).expect("a resource");
    let identity = &rest["requestContext"]["identity"];
    assert_eq!((&identity["userArn"], &identity["accountId"]), (&json!(arn), &json!("210987654321")));
    for event in [http_event(&request, &signed, &Resources::default()), Ok(function_url_event(&request, &signed))] {
        let iam = &event.expect("a resource")["requestContext"]["authorizer"]["iam"];
        assert_eq!((&iam["userArn"], &iam["accountId"]), (&json!(arn), &json!("210987654321")));
    }
}

#[tokio::test]
async fn a_request_becomes_an_event_and_the_answer_a_response() {
    for (payload, method, body) in [
        (Payload::Rest, "/httpMethod", "/body"),
        (Payload::Http, "/requestContext/http/method", "/body"),
        (Payload::FunctionUrl, "/requestContext/http/method", "/body"),
    ] {
        let seen = Seen::default();
        let answer = json!({
            "statusCode": 303,
            "headers": { "Location": "https://example.com/#_" },
            "multiValueHeaders": { "Set-Cookie": ["a=1", "b=2"] },
            "cookies": ["a=1", "b=2"],
        });
        let gateway = start(Gateway::builder(seen.answering(answer)).payload(payload)).await;
        let response = browser()
            .post(format!("{}/connect/f?x=1", gateway.url()))
            .header("content-type", "application/json")
            .body("{}")
            .send()
            .await
            .expect("the gateway answers");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["location"], "https://example.com/#_");
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"], "{payload:?}");

        let events = seen.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].pointer(method), Some(&json!("POST")));
        assert_eq!(events[0].pointer(body), Some(&json!("{}")));
        let authority = gateway.url().trim_start_matches("http://");
        assert_eq!(events[0]["requestContext"]["domainName"], authority);
        assert_eq!(events[0]["headers"]["host"], authority);
    }
}

#[tokio::test]
async fn only_a_signed_request_has_a_caller() {
    let arn = "arn:aws:iam::123456789012:user/operator";
    for (payload, service, identity) in [
        (Payload::Rest, "execute-api", "/requestContext/identity/userArn"),
        (Payload::Http, "execute-api", "/requestContext/authorizer/iam/userArn"),
        (Payload::FunctionUrl, "lambda", "/requestContext/authorizer/iam/userArn"),
    ] {
        let seen = Seen::default();
        let function = seen.answering(json!({ "statusCode": 204 }));
        let gateway = start(Gateway::builder(Arc::clone(&function)).payload(payload).caller(arn)).await;
        let nobodys = start(Gateway::builder(function).payload(payload)).await;
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0f"
        );
        for (gateway, authorization) in [
            (&gateway, Some(&signature)),
            (&gateway, Some(&"Bearer x".to_owned())),
            (&gateway, None),
            (&nobodys, Some(&signature)),
        ] {
            let mut request = browser().post(format!("{}/flows", gateway.url()));
            if let Some(authorization) = authorization {
                request = request.header("authorization", authorization);
            }
            request.send().await.expect("the gateway answers");
        }
        let callers: Vec<_> =
            seen.events().iter().map(|event| event.pointer(identity).unwrap_or(&Value::Null).clone()).collect();
        assert_eq!(callers, [json!(arn), Value::Null, Value::Null, Value::Null], "{payload:?}");
    }
}

#[tokio::test]
async fn the_domain_name_is_the_loopback_host_that_was_asked() {
    let seen = Seen::default();
    let gateway = start(Gateway::builder(seen.answering(json!({ "statusCode": 204 })))).await;
    let authority = gateway.url().trim_start_matches("http://");
    let localhost = authority.replace("127.0.0.1", "localhost");
    let strange = authority.replace("127.0.0.1", "example.com");
    for (host, expected) in
        [(authority, authority), (&localhost, &localhost), (&strange, authority), ("localhost", authority)]
    {
        let request = browser().get(format!("{}/connected", gateway.url())).header("host", host);
        request.send().await.expect("the gateway answers");
        let event = seen.events().pop().expect("the function was called");
        assert_eq!(event["requestContext"]["domainName"], *expected, "{host}");
        assert_eq!(event["headers"]["host"], host, "what was asked is there as well");
    }
}

#[tokio::test]
async fn a_body_in_base64_is_decoded_and_payload_2_infers_a_response() {
    let encoded = json!({ "statusCode": 200, "headers": { "content-type": "image/png" }, "body": "iVBORw==", "isBase64Encoded": true });
    let gateway = start(Gateway::builder(Seen::default().answering(encoded))).await;
    let response = reqwest::get(format!("{}/connected", gateway.url())).await.expect("the gateway answers");
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(&response.bytes().await.expect("a body")[..], b"\x89PNG");

    let inferring = Gateway::builder(Seen::default().answering(json!({ "hello": 1 }))).payload(Payload::Http);
    let gateway = start(inferring).await;
    let response = reqwest::get(format!("{}/connected", gateway.url())).await.expect("the gateway answers");
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &"application/json".parse().expect("a value"))
    );
    assert_eq!(response.text().await.expect("a body"), r#"{"hello":1}"#);
}

#[tokio::test]
async fn a_stage_is_the_first_segment_that_is_served() {
    let seen = Seen::default();
    let gateway = start(Gateway::builder(seen.answering(json!({ "statusCode": 204 }))).stage("prod")).await;
    assert!(gateway.url().ends_with("/prod"));
    let status = reqwest::get(format!("{}/connected", gateway.url())).await.expect("the gateway answers").status();
    assert_eq!(status, StatusCode::NO_CONTENT);
    let elsewhere = gateway.url().replace("/prod", "/connected");
    let response = reqwest::get(elsewhere).await.expect("the gateway answers");
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(seen.events().len(), 1);

    let default = Gateway::builder(Seen::default().answering(json!("x"))).payload(Payload::Http).stage("$default");
    assert!(!start(default).await.url().contains("default"));
}

#[tokio::test]
async fn what_api_gateway_refuses_does_not_reach_the_function() {
    let missing = json!({ "message": "Missing Authentication Token" });
    let uri = json!({ "message": "Request URI Too Long" });
    let length = json!({ "message": "HTTP content length exceeded 10485760 bytes." });
    // kind, path, length of the body, answer
    let table = [
        (Payload::Rest, "/nothing".to_owned(), 0, StatusCode::FORBIDDEN, missing),
        (Payload::Http, "/nothing".to_owned(), 0, StatusCode::NOT_FOUND, json!({ "message": "Not Found" })),
        (Payload::Rest, long_path(10_241), 0, StatusCode::URI_TOO_LONG, uri.clone()),
        (Payload::Http, long_path(10_241), 0, StatusCode::URI_TOO_LONG, uri),
        (
            Payload::Http,
            long_path(10_240),
            0,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            json!({ "message": "Request Header Fields Too Large" }),
        ),
        (Payload::Rest, "/flows".to_owned(), 10_485_761, StatusCode::PAYLOAD_TOO_LARGE, length),
    ];
    for (payload, path, length, status, body) in table {
        let seen = Seen::default();
        let gateway = start(Gateway::builder(seen.answering(json!({ "statusCode": 204 }))).payload(payload)).await;
        let request = browser().post(format!("{}{path}", gateway.url())).body(vec![b'x'; length]);
        let response = request.send().await.expect("the gateway answers");
        assert_eq!(response.status(), status, "{payload:?} {path:.40}");
        assert_eq!(response.json::<Value>().await.expect("the answer is JSON"), body);
        assert_eq!(seen.events(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn the_longest_url_and_the_largest_body_pass() {
    let seen = Seen::default();
    let gateway = start(Gateway::builder(seen.answering(json!({ "statusCode": 204 })))).await;
    for (path, length) in [(long_path(10_240), 0), ("/flows".to_owned(), 10_485_760)] {
        let request = browser().post(format!("{}{path}", gateway.url())).body(vec![b'x'; length]);
        assert_eq!(request.send().await.expect("the gateway answers").status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(seen.events().len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_response_and_a_panic_look_the_same_from_outside() {
    let malformed = Seen::default().answering(json!({ "statusCode": "nonsense" }));
    let panicking = handler(|_| async { panic!("the function fails") });
    for function in [malformed, panicking] {
        for (payload, status, message) in [
            (Payload::Rest, StatusCode::BAD_GATEWAY, "Internal server error"),
            (Payload::Http, StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            (Payload::FunctionUrl, StatusCode::BAD_GATEWAY, "Internal Server Error"),
        ] {
            let gateway = start(Gateway::builder(Arc::clone(&function)).payload(payload)).await;
            let response = reqwest::get(format!("{}/connected", gateway.url())).await.expect("the gateway answers");
            assert_eq!(response.status(), status, "{payload:?}");
            assert_eq!(response.json::<Value>().await.expect("JSON"), json!({ "message": message }));
        }
    }
}

#[tokio::test]
async fn dropping_the_gateway_lets_the_answer_under_way_finish() {
    let (entered, mut entries) = tokio::sync::mpsc::unbounded_channel();
    let slow = handler(move |_| {
        let entered = entered.clone();
        async move {
            entered.send(()).expect("the test waits");
            tokio::time::sleep(Duration::from_millis(200)).await;
            json!({ "statusCode": 204 })
        }
    });
    let gateway = start(Gateway::builder(slow)).await;
    let url = format!("{}/connected", gateway.url());
    let under_way = tokio::spawn(reqwest::get(url.clone()));
    entries.recv().await.expect("the function was called");
    drop(gateway);
    let response = under_way.await.expect("no panic").expect("the gateway answers");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(reqwest::get(url).await.is_err_and(|error| error.is_connect()), "it listens no more");
}

/// The events that a function was called with.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    fn answering(&self, answer: Value) -> Handler {
        let seen = self.clone();
        handler(move |event| {
            seen.0.lock().expect("no test panics with it").push(event);
            std::future::ready(answer.clone())
        })
    }

    fn events(&self) -> Vec<Value> {
        self.0.lock().expect("no test panics with it").clone()
    }
}

async fn start(gateway: appfabric_emulator::gateway::Builder) -> Gateway {
    gateway.start("127.0.0.1:0").await.expect("a loopback port is free")
}

/// A browser that follows nothing.
fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().expect("a client without TLS")
}

/// A callback whose path and query have this many bytes.
fn long_path(length: usize) -> String {
    let path = "/callback/slack?code=";
    path.to_owned() + &"x".repeat(length - path.len())
}

fn arrival() -> Arrival {
    Arrival {
        domain_name: "127.0.0.1:3000".to_owned(),
        stage: None,
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        request_id: Uuid::from_u128(0x936d_a01f_9abd_4d9d_80c7_02af_85c8_22a8),
        time: OffsetDateTime::from_unix_timestamp_nanos(1_770_598_923_456_000_000).expect("a time in range"),
        caller: None,
    }
}

fn get(target: &str) -> Request<Bytes> {
    Request::get(target).body(Bytes::new()).expect("a good request")
}

#[track_caller]
fn rest(request: &Request<Bytes>) -> Value {
    rest_event(request, &arrival(), &Resources::default()).expect("the API has this resource")
}

#[track_caller]
fn http(request: &Request<Bytes>) -> Value {
    http_event(request, &arrival(), &Resources::default()).expect("the API has this resource")
}
