//! Each way in which AppFabric answers a Connect wrongly: what the person is told, how often the code is sent, and what
//! stays unsaid.

use std::time::Duration;

use appfabric_emulator::appfabric::{Answer, Fault, Operation, Status, Target};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::expected::{
    CODE_REJECTED, CONNECTED, Ending, IN_PROGRESS, NOT_CONNECTED, TEMPORARILY_UNAVAILABLE, UNCONFIRMED,
    UNKNOWN_CONNECTION, base_url, location, parameters,
};
use crate::pipe::Pipes;
use crate::support::{REFERENCE, answer, answer_within, endpoint, event, granted, header, piped, stage};

const CODE: &str = "4/0AeaYSHDq-canary.code==";
const CODE_IN_QUERY: &str = "4%2F0AeaYSHDq-canary.code%3D%3D";

/// What happens to the Connect, and what comes of it.
type Row = (&'static str, Fault, Ending);

fn rows() -> Vec<Row> {
    [modeled(), front_door(), unmodeled(), statuses(), silence()].into_iter().flatten().collect()
}

fn modeled() -> Vec<Row> {
    [
        ("AccessDeniedException", 403, "AccessDeniedException", UNKNOWN_CONNECTION),
        ("ResourceNotFoundException", 404, "ResourceNotFoundException", UNKNOWN_CONNECTION),
        ("ValidationException", 400, "ValidationException", CODE_REJECTED),
        ("InternalServerException", 500, "InternalServerException", UNCONFIRMED),
        ("ThrottlingException, Retry-After in 15 minutes", 429, "ThrottlingException", TEMPORARILY_UNAVAILABLE),
        // A namespace or a URL around the type, as some front doors have it.
        ("type with a URL", 400, "ValidationException:http://internal.amazon.com/canary/", CODE_REJECTED),
        ("type with a namespace", 403, "com.amazonaws.appfabric#AccessDeniedException", UNKNOWN_CONNECTION),
    ]
    .map(|(name, status, error_type, ending)| (name, raw(status, error_type), ending))
    .into()
}

fn front_door() -> Vec<Row> {
    [
        ("403 ExpiredTokenException", 403, "ExpiredTokenException"),
        ("403 UnrecognizedClientException", 403, "UnrecognizedClientException"),
        ("400 UnrecognizedClientException", 400, "UnrecognizedClientException"),
        ("403 InvalidSignatureException", 403, "InvalidSignatureException"),
        ("400 IncompleteSignature", 400, "IncompleteSignature"),
        ("400 ExpiredTokenException", 400, "ExpiredTokenException"),
        ("400 InvalidClientTokenId", 400, "InvalidClientTokenId"),
    ]
    .map(|(name, status, error_type)| (name, raw(status, error_type), TEMPORARILY_UNAVAILABLE))
    .into_iter()
    .chain([
        ("403 of a name nobody knows", raw(403, "CanaryException"), UNKNOWN_CONNECTION),
        ("403 bare", Fault::bare(403), UNKNOWN_CONNECTION),
    ])
    .collect()
}

fn unmodeled() -> Vec<Row> {
    let bare = |name, status, ending| (name, Fault::bare(status), ending);
    let garbage = Answer::Raw { status: 502, error_type: None, retry_after: None, body: "<canary".to_owned() };
    vec![
        bare("400 bare", 400, CODE_REJECTED),
        bare("404 bare", 404, CODE_REJECTED),
        ("404 UnknownOperationException", raw(404, "UnknownOperationException"), CODE_REJECTED),
        ("402 ServiceQuotaExceededException", raw(402, "ServiceQuotaExceededException"), CODE_REJECTED),
        ("409 ConflictException", raw(409, "ConflictException"), CODE_REJECTED),
        bare("409 bare", 409, CODE_REJECTED),
        bare("413 bare", 413, CODE_REJECTED),
        bare("500 bare", 500, UNCONFIRMED),
        ("502 garbage", garbage.into(), UNCONFIRMED),
        bare("503 bare", 503, UNCONFIRMED),
        ("503 ServiceUnavailable", raw(503, "ServiceUnavailable"), UNCONFIRMED),
        bare("504 bare", 504, UNCONFIRMED),
        bare("302 bare", 302, UNCONFIRMED),
    ]
}

fn statuses() -> Vec<Row> {
    let status = |status: &'static str, ending| (status, Fault::status(Status::from(status)), ending);
    let body = r#"{"appAuthorizationSummary":null}"#.to_owned();
    let empty = Answer::Raw { status: 200, error_type: None, retry_after: None, body };
    vec![
        status("Connected", CONNECTED),
        status("PendingConnect", IN_PROGRESS),
        status("ConnectionValidationFailed", NOT_CONNECTED),
        status("TokenAutoRotationFailed", NOT_CONNECTED),
        status("SomethingNew", NOT_CONNECTED),
        ("200 without a status", Answer::NoStatus.into(), UNCONFIRMED),
        ("200 without a summary", empty.into(), UNCONFIRMED),
        ("200 bare", Fault::bare(200), UNCONFIRMED),
        ("200 garbage", Answer::Garbage.into(), UNCONFIRMED),
    ]
}

fn silence() -> Vec<Row> {
    vec![
        ("closed before reading", Answer::CloseBeforeReading.into(), UNCONFIRMED),
        ("closed after reading", Answer::CloseAfterReading.into(), UNCONFIRMED),
        ("hangs", Answer::Hang.into(), UNCONFIRMED),
    ]
}

/// An error with a canary in each of its members; only its type is read.
fn raw(status: u16, error_type: &str) -> Fault {
    let body = json!({
        "message": "canary: the request was refused",
        "Message": "canary: The Request Was Refused",
        "resourceId": "arn:aws:appfabric:us-east-1:123456789012:appbundle/canary",
        "resourceType": "canary",
        "reason": "canary",
        "fieldList": [{"name": "canary", "message": "canary"}],
        "serviceCode": "canary",
        "quotaCode": "canary",
        "retryAfterSeconds": 1,
    });
    let retry_after = (status == 429).then_some(900);
    Answer::Raw { status, error_type: Some(error_type.to_owned()), retry_after, body: body.to_string() }.into()
}

/// The answer to the callback, how long it took, and the body of each Connect.
async fn meets(fault: Fault, kept_alive: bool) -> (Value, Duration, Vec<String>) {
    let pipes = Pipes::new(stage().await);
    let endpoint = piped(&[], &pipes);
    if kept_alive {
        let first = answer(&endpoint, &granted(2, "first")).await;
        assert_eq!(header(&first, "location"), location(CONNECTED, 2));
        pipes.emulator().clear_calls();
    }
    // Once and for all, so that a second sending would meet it, too.
    pipes.emulator().fault(Target::any(), Operation::Connect, fault.times(u32::MAX));
    let started = Instant::now();
    let response = answer_within(&endpoint, &granted(1, CODE_IN_QUERY), Duration::from_secs(25)).await;
    let elapsed = started.elapsed();
    let calls = pipes.emulator().calls_of(Operation::Connect);
    (response, elapsed, calls.into_iter().map(|call| call.body).collect())
}

#[tokio::test(start_paused = true)]
async fn however_a_connect_goes_wrong_the_person_gets_an_answer_and_the_code_is_sent_once() {
    let mut count = 0;
    let mut wrong = Vec::new();
    // On a new connection, and on one that an earlier callback has left open.
    for kept_alive in [false, true] {
        for (name, fault, ending) in rows() {
            let closed_unread = fault.answer == Answer::CloseBeforeReading;
            let (response, elapsed, bodies) = meets(fault, kept_alive).await;
            count += 1;

            let location = location(ending, 1);
            let answered = (&response["statusCode"], header(&response, "location"), bodies.len());
            if answered != (&json!(303), location.as_str(), 1) {
                wrong.push(format!("{name}, kept alive {kept_alive}: {answered:?}, not {location}"));
            }
            for body in bodies.iter().filter(|_| !closed_unread) {
                let body: Value = serde_json::from_str(body).expect("a JSON body");
                assert_eq!(body["authRequest"]["code"], CODE, "{name}");
            }
            let whole = response.to_string();
            for hidden in
                ["canary", CODE, CODE_IN_QUERY, "code=", "4/0Aea", "4%2F0Aea", "arn:", "arn%3A", "Exception", "refused"]
            {
                assert!(!whole.contains(hidden), "{name}: {hidden} in {whole}");
            }
            assert!(elapsed <= Duration::from_secs(20), "{name}: {elapsed:?}");
        }
    }
    println!("figures: {count} ways in which a Connect goes wrong");
    assert!(wrong.is_empty(), "{} of {count} end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
#[tokio::test]
async fn a_redirect_uri_that_appfabric_would_refuse_is_not_sent() {
    for (folder, page) in [("rest", "/prod/failed"), ("http", "/failed")] {
        let appfabric = stage().await;
        let mut event = event(folder, "connected");
        event["requestContext"].as_object_mut().expect("an object").remove("domainName");
        let response = answer(&endpoint(&[], &appfabric.url()), &event).await;
        let location = format!("{page}{}", parameters("failed", Some("code_rejected"), Some(1), REFERENCE));
        assert_eq!((&response["statusCode"], header(&response, "location")), (&json!(303), location.as_str()));
        assert_eq!(appfabric.calls().len(), 0, "{folder}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_callbacks_at_once_keep_their_codes_apart() {
    let uuid = |number: u32| format!("10000000-0000-4000-8000-{number:012}");
    // The first is still unread when the second has long been answered; then the other way round.
    for (round, slow) in [(1, 1), (2, 2)] {
        let pipes = Pipes::new(stage().await);
        let (appfabric, endpoint) = (pipes.emulator(), piped(&[], &pipes));
        let fault = Fault::default().wait_before_reading(Duration::from_millis(300));
        let target = uuid(slow).parse::<Target>().expect("a UUID");
        appfabric.fault(target, Operation::Connect, fault);
        let target = uuid(3 - slow).parse::<Target>().expect("a UUID");
        appfabric.fault(target, Operation::Connect, Fault::status(Status::PENDING_CONNECT));
        let code = |number: u32| format!("round-{round}-code-{number}");
        let events = [1, 2].map(|number| granted(number, &code(number)));
        let (one, two) = tokio::join!(answer(&endpoint, &events[0]), answer(&endpoint, &events[1]));
        for (number, response) in [(1, one), (2, two)] {
            let ending = if number == slow { CONNECTED } else { IN_PROGRESS };
            assert_eq!(header(&response, "location"), location(ending, number));
            let mine: Vec<_> = appfabric
                .calls_of(Operation::Connect)
                .into_iter()
                .filter(|call| call.path.contains(&uuid(number)))
                .collect();
            assert_eq!(mine.len(), 1);
            let redirect_uri =
                format!("{}/callback/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/{}", base_url("http"), uuid(number));
            let body: Value = serde_json::from_str(&mine[0].body).expect("a JSON body");
            assert_eq!(body, json!({"authRequest": {"redirectUri": redirect_uri, "code": code(number)}}));
        }
        assert_eq!(appfabric.calls_of(Operation::Connect).len(), 2);
    }
}
