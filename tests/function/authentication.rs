//! AWS refuses the function's own credentials, signature or clock, or there are no credentials: nothing was spent, the person
//! may try again later, and the operator is told what to do.

use std::time::{Duration, SystemTime};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::aws::FlowTable;
use appfabric_connect::aws::Table;
use appfabric_connect::http::{Endpoint, Invocation};
use appfabric_connect::values::Region;
use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Fault, Operation, Target};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Future;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use serde_json::{Value, json};

use crate::expected::{Ending, TEMPORARILY_UNAVAILABLE, UNCONFIRMED, UNKNOWN_CONNECTION, location};
use crate::flows::site::{Payload, Request, Site};
use crate::lines::Lines;
use crate::pipe::Pipes;
use crate::support::{REFERENCE, answer, config, granted, header, piped, sdk, stage};

/// The names of AWS's front door, each also with `Exception` at its end.
const NAMES: [&str; 15] = [
    "AuthFailure",
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurityToken",
    "InvalidSignature",
    "InvalidToken",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClient",
];

/// The statuses that they may come with.
const STATUSES: [u16; 4] = [400, 403, 429, 500];

/// When AWS refuses, how to cause it, how the callback ends, how often the code is sent, and the line's error field.
type Moment = (&'static str, fn(&Pipes, Fault), Ending, usize, &'static str);

fn moments() -> [Moment; 3] {
    fn fault(pipes: &Pipes, operation: Operation, fault: Fault) {
        pipes.emulator().fault(Target::any(), operation, fault);
    }
    [
        (
            "the first look",
            |pipes, refused| fault(pipes, Operation::Get, refused.times(u32::MAX)),
            TEMPORARILY_UNAVAILABLE,
            0,
            "aws.error_code",
        ),
        (
            "the Connect",
            |pipes, refused| fault(pipes, Operation::Connect, refused.times(u32::MAX)),
            TEMPORARILY_UNAVAILABLE,
            1,
            "aws.error_code",
        ),
        (
            "the look after an unclear Connect",
            |pipes, refused| {
                fault(pipes, Operation::Connect, Fault::bare(500));
                fault(pipes, Operation::Get, Fault::default());
                fault(pipes, Operation::Get, refused.times(u32::MAX));
            },
            UNCONFIRMED,
            1,
            "look_up.error_code",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_our_own_credentials_signature_or_clock_spends_nothing_and_calls_the_operator() {
    let (lines, _listening) = Lines::listen();
    let codes = NAMES.into_iter().flat_map(|name| [name.to_owned(), format!("{name}Exception")]);
    let rows: Vec<(String, u16)> = codes.flat_map(|code| STATUSES.map(|status| (code.clone(), status))).collect();
    let mut wrong = Vec::new();
    for (code, status) in &rows {
        for (when, happens, ending, sends, field) in moments() {
            let pipes = Pipes::new(stage().await);
            happens(&pipes, Fault::front_door(*status, code));
            let response = answer(&piped(&[], &pipes), &granted(1, "canary-code")).await;
            let told = (header(&response, "location"), pipes.emulator().calls_of(Operation::Connect).len());
            // The SDK does not know pipes and complains first, so take the last line.
            let lines = lines.take();
            let line = lines.last().expect("a line");
            let action = line["action"].as_str().unwrap_or_default();
            let logged = (line["level"].as_str(), line[field].as_str(), action.contains("role"));
            if told != (&location(ending, 1), sends) || logged != (Some("ERROR"), Some(code), true) {
                wrong.push(format!("{status} {code} at {when}: {told:?}, {line}"));
            }
        }
    }
    println!("figures: {} codes and statuses about authentication, at {} moments", rows.len(), moments().len());
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_permission_stays_an_unknown_connection() {
    for code in ["AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired"] {
        for status in [400, 401, 403] {
            for operation in [Operation::Get, Operation::Connect] {
                let pipes = Pipes::new(stage().await);
                pipes.emulator().fault(Target::any(), operation, Fault::front_door(status, code));
                let response = answer(&piped(&[], &pipes), &granted(1, "code")).await;
                assert_eq!(header(&response, "location"), location(UNKNOWN_CONNECTION, 1), "{status} {code}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_and_a_person_with_a_link_get_a_503() {
    let expired = || Fault::front_door(403, "ExpiredTokenException");
    let site = Site::enforcing(Payload::Http).await;
    site.fault(Operation::Get, Fault::bare(404));
    assert_eq!(site.ask(&json!({ "connection": "slack" })).await.status(), 404);
    site.fault(Operation::Get, expired());
    let answer = site.ask(&json!({ "connection": "slack" })).await;
    assert_eq!((answer.status(), answer.header("content-type")), (503, Some("application/problem+json")));
    let detail = answer.json()["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains("credentials") && detail.contains("role"), "{detail}");

    let link = site.link(&json!({ "connection": "slack" })).await;
    site.fault(Operation::Get, expired());
    assert_eq!(site.send(&Request::new("GET", link)).await.status(), 503);
}

/// The credentials of a function whose environment has none.
#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> Future<'a>
    where
        Self: 'a,
    {
        Future::ready(Err(CredentialsError::not_loaded("environment variable not set")))
    }
}

/// The function without credentials, with a table or without.
fn without_credentials(pipes: &Pipes, table: Option<StateMode>) -> Endpoint {
    let sdk = sdk(pipes.clone(), "http://aws.invalid").into_builder();
    let sdk = sdk.credentials_provider(SharedCredentialsProvider::new(NoCredentials)).build();
    let mut config = config(&[]);
    config.state_mode = table.unwrap_or(StateMode::Off);
    let region = Region::parse("us-east-1").expect("a Region");
    let table = table.map(|_| Table::new(&sdk, &FlowTable { name: "flows".to_owned(), region }));
    Endpoint::new(config, AppFabric::new(sdk), table)
}

#[tokio::test(start_paused = true)]
async fn without_credentials_nothing_is_sent_or_tried_again_and_the_lines_say_so() {
    let (lines, _listening) = Lines::listen();
    let mut with_state = granted(1, "canary-code");
    with_state["rawQueryString"] = json!(format!("code=canary-code&state={}", "0".repeat(128)));
    for (table, event, complaints) in [
        (None, granted(1, "canary-code"), 0),
        (Some(StateMode::Off), granted(1, "canary-code"), 2),
        (Some(StateMode::Enforce), with_state, 1),
    ] {
        let pipes = Pipes::new(stage().await);
        let endpoint = without_credentials(&pipes, table);
        let started = tokio::time::Instant::now();
        let response = answer(&endpoint, &event).await;
        assert_eq!(header(&response, "location"), location(TEMPORARILY_UNAVAILABLE, 1), "{table:?}");
        assert!(started.elapsed() < Duration::from_millis(100), "{table:?}: {:?}", started.elapsed());
        assert_eq!(pipes.emulator().calls().len(), 0, "{table:?}");
        let lines = lines.take();
        let unreachable: Vec<&Value> =
            lines.iter().filter(|line| line["message"] == "flow table unreachable").collect();
        assert_eq!(unreachable.len(), complaints, "{table:?}: {lines:?}");
        assert!(unreachable.iter().all(|line| line["aws.error_code"] == "NoCredentials"), "{table:?}: {lines:?}");
        let callback = lines.last().expect("a line");
        // Whichever was asked first.
        let expected = json!(["callback", "ERROR", "NoCredentials"]);
        assert!(unreachable.iter().all(|line| line["action"] == callback["action"]), "{lines:?}");
        assert_eq!(json!([callback["message"], callback["level"], callback["aws.error_code"]]), expected, "{callback}");
        assert_eq!(callback["attempts"], 0, "{callback}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_no_flow_is_begun() {
    let pipes = Pipes::new(stage().await);
    let event = Request::new("POST", "/flows").signed().body(
        json!({ "appBundleIdentifier": "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
            "appAuthorizationIdentifier": "10000000-0000-4000-8000-000000000001" })
        .to_string(),
    );
    let event = event.event(Payload::Http, None);
    let invocation =
        Invocation { request_id: REFERENCE.to_owned(), now: SystemTime::now(), remaining: Duration::from_secs(25) };
    let answer = without_credentials(&pipes, None).answer(&event, &invocation).await;
    let answer = serde_json::to_value(answer).expect("a response is JSON");
    assert_eq!(answer["statusCode"], 503, "{answer}");
    assert!(answer["body"].as_str().is_some_and(|body| body.contains("credentials")), "{answer}");
}
