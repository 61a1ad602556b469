//! Every kind of fault, seen over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::signed::{connect, get, path_of, try_send};
use appfabric_emulator::appfabric::{
    Answer, AppFabric, Authorization, AuthorizationArn, BundleArn, Exception, Fault, Operation, Region, Status, Target,
};
use serde_json::{Value, json};

/// An `AppFabric` with one app authorization of fixed identifiers.
async fn appfabric() -> (AppFabric, AuthorizationArn) {
    let bundle = BundleArn::new(Region::ApNortheast1, "0a1b2c3d-0000-4000-8000-00000000000b");
    let arn = AuthorizationArn::new(bundle, "0a1b2c3d-0000-4000-8000-00000000000a");
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    appfabric.seed(&arn, Authorization::oauth2("SLACK"));
    (appfabric, arn)
}

fn request() -> Value {
    json!({ "authRequest": { "redirectUri": "https://example.com/callback", "code": "a-code" } })
}

/// A Connect whose answer may be lost.
async fn lost(appfabric: &AppFabric, arn: &AuthorizationArn, patience: Duration) -> &'static str {
    let path = format!("{}/connect", path_of(arn.uuid(), arn.bundle().uuid()));
    let body = request().to_string();
    let sending = try_send(appfabric, "POST", &path, "ap-northeast-1", &body);
    match tokio::time::timeout(patience, sending).await {
        Err(_) => "silence",
        Ok(Err(_)) => "closed",
        Ok(Ok(_)) => "answered",
    }
}

#[tokio::test]
async fn every_exception_of_the_model_can_be_had() {
    let (appfabric, arn) = appfabric().await;
    for (exception, status, members) in [
        (Exception::AccessDenied, 403, vec!["message"]),
        (Exception::Conflict, 409, vec!["message", "resourceId", "resourceType"]),
        (Exception::InternalServer, 500, vec!["message"]),
        (Exception::ResourceNotFound, 404, vec!["message", "resourceId", "resourceType"]),
        (Exception::ServiceQuotaExceeded, 402, vec!["message", "quotaCode", "resourceId", "serviceCode"]),
        (Exception::Throttling, 429, vec!["message", "quotaCode", "serviceCode"]),
        (Exception::Validation, 400, vec!["message", "reason", "fieldList"]),
    ] {
        appfabric.fault(&arn, Operation::Connect, Fault::exception(exception));
        let sent = connect(&appfabric, &arn, &request()).await;
        assert_eq!((sent.status, sent.error_type.as_str()), (status, exception.name()));
        assert!(members.iter().all(|member| sent.body.get(member).is_some()), "{}", sent.text);
    }
    assert_eq!(appfabric.status_of(&arn), Some(Status::PENDING_CONNECT));
    assert_eq!(connect(&appfabric, &arn, &request()).await.status, 200);
}

#[tokio::test]
async fn each_call_is_told_before_it_is_answered_and_with_the_status_it_leaves() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let builder = AppFabric::builder().on_call(move |call, status| {
        let told = format!("{:?} {:?} {:?}", call.operation, call.status, status.map(Status::as_str));
        telling.lock().expect("no test panics with it").push(told);
    });
    let appfabric = builder.start("127.0.0.1:0").await.expect("a free port");
    let arn = appfabric.create_authorization(Region::ApNortheast1, Authorization::oauth2("SLACK"));
    appfabric.fault(&arn, Operation::Connect, Answer::CloseAfterReading);
    for (call, expected) in [
        ("connect", "Some(Connect) None Some(\"PendingConnect\")"),
        ("connect", "Some(Connect) Some(200) Some(\"Connected\")"),
        ("get", "Some(Get) Some(200) Some(\"Connected\")"),
        ("else", "None Some(404) None"),
    ] {
        match call {
            "connect" => drop(lost(&appfabric, &arn, Duration::from_secs(10)).await),
            "get" => drop(get(&appfabric, &arn).await),
            _ => drop(try_send(&appfabric, "GET", "/ingestions", "ap-northeast-1", "").await),
        }
        assert_eq!(std::mem::take(&mut *told.lock().expect("no test panics with it")), [expected]);
    }
}

#[tokio::test]
async fn throttled_so_many_times_and_then_no_more() {
    let (appfabric, arn) = appfabric().await;
    appfabric.fault(&arn, Operation::Connect, Fault::throttled(2, 3));
    for (status, retry_after) in [(429, "3"), (429, "3"), (200, "")] {
        // A Get has a queue of its own.
        assert_eq!(get(&appfabric, &arn).await.status, 200);
        let sent = connect(&appfabric, &arn, &request()).await;
        assert_eq!((sent.status, sent.retry_after.as_str()), (status, retry_after));
    }
    let calls = appfabric.calls_of(Operation::Connect);
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [Some(429), Some(429), Some(200)]);
    assert_eq!(calls[0].body, request().to_string());
}

#[tokio::test]
async fn raw_answers_go_out_as_they_are() {
    let (appfabric, arn) = appfabric().await;
    for (fault, status, error_type, text) in [
        (Fault::bare(503), 503, "", ""),
        (Fault::bare(404), 404, "", ""),
        (
            Fault::front_door(403, "UnrecognizedClientException"),
            403,
            "UnrecognizedClientException",
            r#"{"message":"The request was refused."}"#,
        ),
        (Answer::Garbage.into(), 200, "", "<html>not what you expected"),
    ] {
        appfabric.fault(&arn, Operation::Get, fault);
        let sent = get(&appfabric, &arn).await;
        assert_eq!((sent.status, sent.error_type.as_str(), sent.text.as_str()), (status, error_type, text));
        assert_eq!(sent.request_id.len(), 36);
    }
}

#[tokio::test]
async fn any_status_can_be_answered_or_none() {
    let (appfabric, arn) = appfabric().await;
    for word in ["Connected", "PendingConnect", "ConnectionValidationFailed", "TokenAutoRotationFailed", "SomethingNew"]
    {
        for operation in [Operation::Connect, Operation::Get] {
            appfabric.fault(&arn, operation, Fault::status(Status::from(word)));
        }
        let connected = connect(&appfabric, &arn, &request()).await.body;
        assert_eq!(connected["appAuthorizationSummary"]["status"], word);
        assert_eq!(get(&appfabric, &arn).await.body["appAuthorization"]["status"], word);
        assert_eq!(appfabric.status_of(&arn), Some(Status::PENDING_CONNECT));
    }
    appfabric.fault(Target::any(), Operation::Get, Answer::NoStatus);
    let read = get(&appfabric, &arn).await;
    assert_eq!((read.status, read.body["appAuthorization"].get("status")), (200, None));
}

#[tokio::test]
async fn pending_for_some_reads_and_then_connected() {
    let (appfabric, arn) = appfabric().await;
    appfabric.fault(&arn, Operation::Connect, Fault::status(Status::PENDING_CONNECT).then_connect());
    appfabric.fault(&arn, Operation::Get, Fault::pending_then_connected(2));
    let answered = connect(&appfabric, &arn, &request()).await.body;
    assert_eq!(answered["appAuthorizationSummary"]["status"], "PendingConnect");
    for word in ["PendingConnect", "PendingConnect", "Connected"] {
        assert_eq!(get(&appfabric, &arn).await.body["appAuthorization"]["status"], word);
    }
}

#[tokio::test]
async fn a_lost_answer_connects_only_if_so_scripted() {
    let patience = Duration::from_millis(500);
    for (answer, seen, body_read) in [
        (Answer::CloseBeforeReading, "closed", false),
        (Answer::CloseAfterReading, "closed", true),
        (Answer::Hang, "silence", true),
    ] {
        for (fault, status) in [
            (Fault::from(answer.clone()), Status::PENDING_CONNECT),
            (
                Fault::from(answer.clone()).then_connect(),
                if body_read { Status::CONNECTED } else { Status::PENDING_CONNECT },
            ),
        ] {
            let (appfabric, arn) = appfabric().await;
            appfabric.fault(&arn, Operation::Connect, fault);
            assert_eq!(lost(&appfabric, &arn, patience).await, seen, "{answer:?}");
            assert_eq!(appfabric.status_of(&arn), Some(status), "{answer:?}");
            let calls = appfabric.calls();
            assert_eq!((calls.len(), calls[0].status, !calls[0].body.is_empty()), (1, None, body_read), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_wait_comes_before_or_after_the_deed() {
    let wait = Duration::from_millis(300);
    for (fault, status) in [
        (Fault::default().wait_before_reading(wait), Status::PENDING_CONNECT),
        (Fault::default().wait_after_reading(wait), Status::CONNECTED),
    ] {
        let (appfabric, arn) = appfabric().await;
        appfabric.fault(&arn, Operation::Connect, fault.clone());
        assert_eq!(lost(&appfabric, &arn, wait / 2).await, "silence");
        assert_eq!(appfabric.status_of(&arn), Some(status));

        appfabric.fault(&arn, Operation::Get, Fault { answer: Answer::Garbage, ..fault });
        let start = Instant::now();
        assert_eq!(get(&appfabric, &arn).await.body, Value::Null);
        assert!(start.elapsed() >= wait);
    }
}

#[tokio::test]
async fn scripts_and_calls_are_there_over_http() {
    let (appfabric, arn) = appfabric().await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let (faults, calls) =
        (format!("{}/_emulator/faults", appfabric.url()), format!("{}/_emulator/calls", appfabric.url()));
    let scripts = json!([
        {
            "target": arn.uuid(), "operation": "Get",
            "fault": { "times": 1, "answer": { "exception": { "name": "ThrottlingException", "retry_after": 7 } } },
        },
        { "target": "*", "operation": "GetAppAuthorization", "fault": { "answer": { "raw": { "status": 503 } } } },
        { "target": "*", "operation": "Get", "fault": { "wait_after_reading_ms": 1, "answer": { "status": "New" } } },
        { "target": "*", "operation": "Get", "fault": { "answer": "garbage" } },
    ]);
    assert_eq!(client.post(&faults).json(&scripts).send().await.expect("an answer").status(), 204);
    let throttled = get(&appfabric, &arn).await;
    assert_eq!((throttled.status, throttled.retry_after.as_str()), (429, "7"));
    assert_eq!(get(&appfabric, &arn).await.status, 503);
    assert_eq!(get(&appfabric, &arn).await.body["appAuthorization"]["status"], "New");
    assert_eq!(client.delete(&faults).send().await.expect("an answer").status(), 204);
    assert!(get(&appfabric, &arn).await.body["appAuthorization"].is_object());

    let misspelt = json!({ "target": "*", "operation": "Get", "fault": { "time": 2 } });
    let refused = client.post(&faults).json(&misspelt).send().await.expect("an answer");
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.expect("a body").contains("`time`"));

    let log: Value = client.get(&calls).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(log.as_array().map(Vec::len), Some(4));
    assert_eq!(log[0]["operation"], "GetAppAuthorization");
    assert_eq!(log[0]["error_type"], "ThrottlingException");
    assert_eq!(client.delete(&calls).send().await.expect("an answer").status(), 204);
    assert!(appfabric.calls().is_empty());
}
