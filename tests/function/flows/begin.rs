//! `POST /flows`: what an operator's program sends, and what it is told.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Authorization, Exception, Fault, Operation};
use aws_smithy_types::date_time::{DateTime, Format};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::site::{Answer, PAYLOADS, Payload, Request, Site, UUIDS, listed};
use crate::pipe::Way;
use crate::support::{REFERENCE, arn};

/// The headers of every answer.
pub(crate) fn is_guarded(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{}", answer.0);
    }
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

/// RFC 9457, with the reference that support asks for.
#[track_caller]
fn is_problem(answer: &Answer, status: u64, name: &str) {
    assert_eq!(answer.status(), status, "{name}: {}", answer.0);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
    is_guarded(answer);
    let problem = answer.json();
    let mut members: Vec<&String> = problem.as_object().expect("an object").keys().collect();
    members.sort();
    assert_eq!(members, ["detail", "instance", "status", "title", "type"], "{name}");
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)), "{name}");
    assert_eq!(problem["instance"], json!(format!("urn:uuid:{REFERENCE}")), "{name}");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(detail.len() > 20 && detail.ends_with('.'), "{name}: {detail}");
}

/// Bytes as `connectUrl` has them after `/connect/`.
fn secret(answer: &Answer, base_url: &str) -> String {
    let body = answer.json();
    let url = body["connectUrl"].as_str().expect("a text");
    let secret = url.strip_prefix(&format!("{base_url}/connect/")).unwrap_or_else(|| panic!("{url}"));
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    assert!(secret.len() == 64 && secret.bytes().all(hexadecimal), "{url}");
    secret.to_owned()
}

/// When a link dies, as the answer tells it: RFC 3339 in UTC.
fn expires_at(answer: &Answer) -> SystemTime {
    let body = answer.json();
    let text = body["expiresAt"].as_str().expect("a text");
    assert!(text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T', "{text}");
    DateTime::from_str(text, Format::DateTime).expect("RFC 3339").try_into().expect("a time")
}

#[tokio::test(start_paused = true)]
async fn a_flow_is_begun_and_its_link_and_end_are_told() {
    let list = listed();
    let (bundle, authorization) = UUIDS[0].split_once('/').expect("two");
    let by_alias = json!({ "connection": "slack" });
    let by_uuids = json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization });
    let at = |mut body: Value, minutes: u64| {
        body["expiresInMinutes"] = json!(minutes);
        body
    };
    let mut secrets = HashSet::new();
    for payload in PAYLOADS {
        for (base_url, variables) in [
            (None, vec![("APP_AUTHORIZATIONS", list.as_str())]),
            (
                Some("https://connect.example.com/x"),
                vec![("APP_AUTHORIZATIONS", list.as_str()), ("PUBLIC_BASE_URL", "https://connect.example.com/x/")],
            ),
        ] {
            let site = Site::new(&variables, StateMode::Enforce, payload).await;
            let base_url = base_url.map_or_else(|| site.base_url(), str::to_owned);
            for (body, minutes) in [
                (by_alias.clone(), 60),
                (by_uuids.clone(), 60),
                (at(by_alias.clone(), 1), 1),
                (at(by_alias.clone(), 60), 60),
                (at(by_uuids.clone(), 1_440), 1_440),
                (json!({ "connection": arn(1).to_string() }), 60),
                (json!({ "connection": "slack", "expiresInMinutes": null }), 60),
            ] {
                let answer = site.ask(&body).await;
                assert_eq!(answer.status(), 201, "{body}: {}", answer.0);
                assert_eq!(answer.header("content-type"), Some("application/json"));
                is_guarded(&answer);
                assert_eq!(answer.json().as_object().expect("an object").len(), 2, "{}", answer.0);
                assert!(answer.set_cookies().is_empty(), "{}", answer.0);
                assert!(secrets.insert(secret(&answer, &base_url)), "twice the same link");
                // To the second, and never later than asked for.
                let life = expires_at(&answer).duration_since(site.now()).expect("later");
                let asked = Duration::from_mins(minutes);
                assert!(life <= asked && life + Duration::from_secs(1) > asked, "{body}: {life:?}");
            }
        }
    }
    assert_eq!(secrets.len(), 28);
    let changes: u32 = secrets.iter().map(|secret| secret.bytes().map(|byte| u32::from(byte & 1)).sum::<u32>()).sum();
    // Of 1,792 coins, how many fall on one side: 21 standard deviations of 21.2 are as good as never.
    assert!((448..1_344).contains(&changes), "{changes} of 1,792");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_right_is_a_400_that_says_what_is() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let uuids = UUIDS[0].split_once('/').expect("two");
        let mut bodies: Vec<Value> = [
            "",
            " ",
            "slack",
            "\"slack\"",
            "7",
            "null",
            "true",
            "[]",
            "{",
            "{}",
            r#"{"connection":"slack"} x"#,
            r#"{"connection":"slack"}{}"#,
            r#"{"connection":"slack","connection":"slack"}"#,
            r#"{"connection":7}"#,
            r#"{"connection":["slack"]}"#,
            r#"{"connection":{"slack":1}}"#,
            r#"{"connection":null}"#,
            r#"{"Connection":"slack"}"#,
            r#"{"connection":"slack","state":"x"}"#,
            r#"{"connection":"slack","expires_in_minutes":5}"#,
            r#"{"expiresInMinutes":5}"#,
            r#"{"connection":"slack","expiresInMinutes":0}"#,
            r#"{"connection":"slack","expiresInMinutes":-1}"#,
            r#"{"connection":"slack","expiresInMinutes":1441}"#,
            r#"{"connection":"slack","expiresInMinutes":18446744073709551615}"#,
            r#"{"connection":"slack","expiresInMinutes":1e99}"#,
            r#"{"connection":"slack","expiresInMinutes":1.5}"#,
            r#"{"connection":"slack","expiresInMinutes":"5"}"#,
            r#"{"connection":"slack","expiresInMinutes":true}"#,
            r#"{"connection":"slack","expiresInMinutes":[5]}"#,
            r#"["slack",null,null,5]"#,
            "connection=slack",
            "{\u{feff}\"connection\":\"slack\"}",
            "\u{feff}\u{feff}{\"connection\":\"slack\"}",
        ]
        .map(Value::from)
        .into();
        bodies.extend([
            json!(null),
            json!(7),
            json!({ "connection": "slack" }),
            json!(["slack"]),
            json!(json!({ "appBundleIdentifier": uuids.0 }).to_string()),
            json!(json!({ "appAuthorizationIdentifier": uuids.1 }).to_string()),
            json!(json!({ "connection": "slack", "appBundleIdentifier": uuids.0 }).to_string()),
            json!(
                json!({ "connection": "slack", "appBundleIdentifier": uuids.0, "appAuthorizationIdentifier": uuids.1 })
                    .to_string()
            ),
        ]);
        for body in bodies {
            let answer = site.send(&Request::new("POST", "/flows").signed().body(body.clone())).await;
            is_problem(&answer, 400, &body.to_string());
            assert_eq!(site.calls(), [0, 0, 0], "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_in_base64_is_read_where_the_event_says_so() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let right = r#"{"connection":"slack"}"#;
        for (body, encoded, status) in [
            (STANDARD.encode(right), json!(true), 201),
            (STANDARD.encode(right), json!(false), 400),
            (STANDARD.encode(right), json!(null), 400),
            (right.to_owned(), json!(false), 201),
            (right.to_owned(), json!(true), 400),
            (STANDARD.encode([0xff, 0xfe, b'{', b'}']), json!(true), 400),
            (STANDARD.encode(right)[1..].to_owned(), json!(true), 400),
            (String::new(), json!(true), 400),
        ] {
            let mut event = Request::new("POST", "/flows").signed().body(body.clone()).event(payload, None);
            event["isBase64Encoded"] = encoded.clone();
            assert_eq!(site.answer(&event).await.status(), status, "{body} {encoded}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_iam_identity_there_is_no_flow() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let signed = Request::new("POST", "/flows").signed().body(r#"{"connection":"slack"}"#).event(payload, None);
        let pointer = match payload {
            Payload::Rest => "/requestContext/identity/userArn",
            Payload::Http => "/requestContext/authorizer/iam/userArn",
        };
        let mut events = Vec::new();
        for identity in
            [json!(null), json!(""), json!("operator"), json!(7), json!(["arn:aws:iam::1:user/x"]), json!({})]
        {
            let mut event = signed.clone();
            *event.pointer_mut(pointer).expect("the event has it") = identity;
            events.push(event);
        }
        for authorizer in [
            json!({ "principalId": "arn:aws:iam::123456789012:user/operator" }),
            json!({ "jwt": { "claims": { "userArn": "arn:aws:iam::123456789012:user/operator" } } }),
            json!({ "lambda": { "userArn": "arn:aws:iam::123456789012:user/operator" } }),
            json!({ "userArn": "arn:aws:iam::123456789012:user/operator" }),
        ] {
            let mut event = Request::new("POST", "/flows").body(r#"{"connection":"slack"}"#).event(payload, None);
            event["requestContext"]["authorizer"] = authorizer;
            events.push(event);
        }
        // Whoever says so themselves is nobody.
        let claims = Request::new("POST", "/flows")
            .body(r#"{"connection":"slack"}"#)
            .header(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-1/execute-api/aws4_request",
            )
            .header("userArn", "arn:aws:iam::123456789012:user/operator");
        events.push(claims.event(payload, None));
        for event in events {
            is_problem(&site.answer(&event).await, 403, &event["requestContext"].to_string());
        }
        // Nor does a body that is wrong tell more.
        is_problem(&site.send(&Request::new("POST", "/flows").body("{")).await, 403, "unsigned and wrong");
        assert_eq!(site.calls(), [0, 0, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_connected_is_one_404_whatever_the_cause() {
    let by_uuids = |uuids: &str| {
        let (bundle, authorization) = uuids.rsplit_once('/').expect("two");
        json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization })
    };
    let mut told = HashSet::new();
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let unlisted = UUIDS[0].replace("0001", "0009");
        for body in [
            json!({ "connection": "nobody" }),
            json!({ "connection": "" }),
            json!({ "connection": "Slack" }),
            json!({ "connection": "slack/" }),
            json!({ "connection": "../slack" }),
            json!({ "connection": "slack\r\nx" }),
            json!({ "connection": UUIDS[0] }),
            json!({ "connection": arn(9).to_string() }),
            json!({ "connection": arn(1).to_string().to_uppercase() }),
            by_uuids(&arn(1).to_string()),
            json!({ "connection": "s".repeat(100_000) }),
            by_uuids(&unlisted),
            by_uuids("x/y"),
            by_uuids(&UUIDS[0].to_uppercase()),
        ] {
            let answer = site.ask(&body).await;
            is_problem(&answer, 404, "unknown");
            told.insert(answer.body().to_owned());
            assert_eq!(site.calls(), [0, 0, 0]);
        }
        let anything = Site::new(&[], StateMode::Enforce, payload).await;
        for (name, body, fault) in [
            ("an alias without a list", json!({ "connection": "slack" }), None),
            ("not there", by_uuids(&unlisted), None),
            ("not found", by_uuids(UUIDS[0]), Some(Fault::exception(Exception::ResourceNotFound))),
            ("denied", by_uuids(UUIDS[0]), Some(Fault::exception(Exception::AccessDenied))),
            ("denied at the front door", by_uuids(UUIDS[0]), Some(Fault::bare(403))),
            ("not valid", by_uuids(UUIDS[0]), Some(Fault::exception(Exception::Validation))),
        ] {
            if let Some(fault) = fault {
                anything.fault(Operation::Get, fault);
            }
            let answer = anything.ask(&body).await;
            is_problem(&answer, 404, name);
            told.insert(answer.body().to_owned());
        }
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_api_key_is_a_conflict_and_an_appfabric_that_is_down_is_unavailable() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        let body = json!({ "connection": "slack" });
        for fault in [Fault::bare(500), Fault::exception(Exception::InternalServer), Fault::throttled(3, 1)] {
            site.fault(Operation::Get, fault.times(3));
            is_problem(&site.ask(&body).await, 503, "faulty");
        }
        for way in [Way::Refused, Way::Silent] {
            site.pipes.set(Operation::Get, way, 3);
            is_problem(&site.ask(&body).await, 503, "out of reach");
        }
        site.pipes.set(Operation::Get, Way::Open, 0);
        assert_eq!(site.ask(&body).await.status(), 201);
        site.pipes.emulator().seed(&arn(2), Authorization::api_key("OKTA"));
        is_problem(&site.ask(&json!({ "connection": "okta" })).await, 409, "an API key");
    }
}

#[tokio::test(start_paused = true)]
async fn another_method_is_told_which_one_there_is() {
    for payload in PAYLOADS {
        let site = Site::enforcing(payload).await;
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "post"] {
            let answer = site.send(&Request::new(method, "/flows").signed().body(r#"{"connection":"slack"}"#)).await;
            assert_eq!((answer.status(), answer.header("allow")), (405, Some("OPTIONS, POST")), "{method}");
            assert_eq!(answer.body().is_empty(), method == "HEAD", "{method}");
            is_guarded(&answer);
        }
        let options = site.send(&Request::new("OPTIONS", "/flows")).await;
        assert_eq!((options.status(), options.header("allow")), (204, Some("OPTIONS, POST")));
        assert_eq!(site.calls(), [0, 0, 0]);
        let slash = Request::new("POST", "/flows/").signed().body(r#"{"connection":"slack"}"#);
        assert_eq!(site.send(&slash).await.status(), 201, "{payload:?}");
    }
}
