//! What a callback's line in the log tells: how often the code was sent, how often AppFabric was asked, whether it was a
//! duplicate, and how much time was left.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use appfabric_connect::http::{Endpoint, Invocation};
use appfabric_connect::ops;
use appfabric_emulator::appfabric::{Answer, Exception, Fault, Operation, Status, Target};
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

use crate::pipe::{Pipes, Way};
use crate::support::{arn, event, granted, piped, stage};

/// The code of every row; no line may show it.
const CODE: &str = "canary-code";

/// What has been logged.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics here").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// What this thread logs from now on, as long as the second value lives.
    pub(crate) fn listen() -> (Self, impl Sized) {
        Self::listen_at("INFO")
    }

    /// The same at this level.
    pub(crate) fn listen_at(level: &'static str) -> (Self, impl Sized) {
        // With only one subscriber, the first test thread that reaches a line decides for all whether it is wanted.
        // So there are two.
        let another = Dispatch::new(NoSubscriber::new());
        let lines = Self::default();
        let writer = lines.clone();
        let variables = move |name: &str| (name == "AWS_LAMBDA_LOG_LEVEL").then(|| level.to_owned());
        let guard = tracing::subscriber::set_default(ops::subscriber(variables, move || writer.clone()));
        (lines, (guard, another))
    }

    /// The lines since this was last called.
    pub(crate) fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().expect("nobody panics here"));
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(!text.contains("canary"), "{text}");
        text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
    }
}

/// Delivers an event with 25 s left.
async fn deliver(endpoint: &Endpoint, event: &Value, reference: &str) {
    let (request_id, remaining) = (reference.to_owned(), Duration::from_secs(25));
    endpoint.answer(event, &Invocation { request_id, now: SystemTime::now(), remaining }).await;
}

/// What happens, the outcome and reason, how often the code is sent, how often AppFabric is asked, and the seconds of
/// the budget that are left: from, to.
type Row = (&'static str, fn(&Pipes), [Value; 2], u64, u64, [u64; 2]);

fn rows() -> [Row; 9] {
    fn fault(pipes: &Pipes, operation: Operation, fault: impl Into<Fault>) {
        pipes.emulator().fault(Target::any(), operation, fault);
    }
    let connected = || [json!("connected"), Value::Null];
    let pending = |reason: &str| [json!("pending"), json!(reason)];
    let failed = |reason: &str| [json!("failed"), json!(reason)];
    [
        ("nothing", |_| {}, connected(), 1, 1, [19, 19]),
        ("already", |pipes| pipes.emulator().set_status(&arn(1), Status::CONNECTED), connected(), 0, 1, [19, 19]),
        (
            "closed after performing",
            |pipes| fault(pipes, Operation::Connect, Fault::from(Answer::CloseAfterReading).then_connect()),
            connected(),
            1,
            2,
            [19, 19],
        ),
        ("429 once", |pipes| fault(pipes, Operation::Connect, Fault::throttled(1, 3)), connected(), 2, 1, [16, 16]),
        (
            "429 thrice",
            |pipes| fault(pipes, Operation::Connect, Fault::throttled(3, 3)),
            failed("temporarily_unavailable"),
            3,
            1,
            [13, 13],
        ),
        (
            "never connected",
            |pipes| pipes.set(Operation::Connect, Way::Refused, u32::MAX),
            failed("temporarily_unavailable"),
            0,
            1,
            [14, 19],
        ),
        (
            "refused",
            |pipes| fault(pipes, Operation::Connect, Fault::exception(Exception::Validation)),
            failed("code_rejected"),
            1,
            3,
            [18, 19],
        ),
        (
            "not found",
            |pipes| fault(pipes, Operation::Get, Fault::exception(Exception::ResourceNotFound)),
            failed("unknown_connection"),
            0,
            1,
            [19, 19],
        ),
        (
            "no answer, and no look afterwards",
            |pipes| {
                fault(pipes, Operation::Connect, Answer::Hang);
                fault(pipes, Operation::Get, Fault::default());
                fault(pipes, Operation::Get, Fault::bare(403));
            },
            pending("unconfirmed"),
            1,
            2,
            [7, 7],
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_line_tells_how_often_and_how_long() {
    let (lines, _listening) = Lines::listen();
    for (name, happens, [outcome, reason], attempts, look_ups, [least, most]) in rows() {
        let pipes = Pipes::new(stage().await);
        happens(&pipes);
        deliver(&piped(&[], &pipes), &granted(1, CODE), "the-first").await;
        let logged = lines.take();
        assert_eq!(logged.len(), 1, "{name}: {logged:?}");
        let line = &logged[0];
        let told = json!([line["message"], line["outcome"], line["reason"], line["attempts"], line["look_ups"]]);
        assert_eq!(told, json!(["callback", outcome, reason, attempts, look_ups]), "{name}: {line}");
        let told = json!([line["duplicate"], line["first_reference"], line["ledger"], line["reference"]]);
        assert_eq!(told, json!([false, null, "memory", "the-first"]), "{name}: {line}");
        let left = line["budget_left_ms"].as_u64().unwrap_or_else(|| panic!("{name}: {line}"));
        assert!((least * 1_000).saturating_sub(100) <= left && left <= most * 1_000, "{name}: {left} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicates_line_names_the_first_one() {
    let (lines, _listening) = Lines::listen();
    let pipes = Pipes::new(stage().await);
    let endpoint = piped(&[], &pipes);
    for (reference, duplicate, first_reference, attempts, look_ups) in [
        ("the-first", false, Value::Null, 1, 1),
        ("the-second", true, json!("the-first"), 0, 0),
        ("the-third", true, json!("the-first"), 0, 0),
    ] {
        deliver(&endpoint, &granted(1, CODE), reference).await;
        let logged = lines.take();
        assert_eq!(logged.len(), 1, "{reference}: {logged:?}");
        let line = &logged[0];
        let told = json!([line["outcome"], line["reference"], line["duplicate"], line["first_reference"]]);
        assert_eq!(told, json!(["connected", reference, duplicate, first_reference]), "{line}");
        let told = json!([line["attempts"], line["look_ups"], line["ledger"]]);
        assert_eq!(told, json!([attempts, look_ups, "memory"]), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_code_arrives_nothing_is_claimed_sent_or_asked() {
    let (lines, _listening) = Lines::listen();
    let pipes = Pipes::new(stage().await);
    for name in ["access_denied", "invalid_request"] {
        deliver(&piped(&[], &pipes), &event("http", name), "the-first").await;
        let logged = lines.take();
        let line = &logged[0];
        let told = json!([line["reason"], line["attempts"], line["look_ups"], line["duplicate"], line["ledger"]]);
        assert_eq!(told, json!([name, 0, 0, false, null]), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_line_tells_what_appfabric_said_to_the_code_and_to_the_look_afterwards_apart() {
    let (lines, _listening) = Lines::listen();
    let refused = || Fault::exception(Exception::Validation);
    for (happens, to_the_code, to_the_look) in [
        (vec![], Value::Null, Value::Null),
        (vec![(Operation::Get, Fault::bare(403))], json!("Http403"), Value::Null),
        (vec![(Operation::Connect, refused())], json!("ValidationException"), Value::Null),
        (
            vec![
                (Operation::Connect, refused()),
                (Operation::Get, Fault::default()),
                (Operation::Get, Fault::exception(Exception::ResourceNotFound)),
            ],
            json!("ValidationException"),
            json!("ResourceNotFoundException"),
        ),
    ] {
        let pipes = Pipes::new(stage().await);
        for (operation, fault) in happens {
            pipes.emulator().fault(Target::any(), operation, fault);
        }
        deliver(&piped(&[], &pipes), &granted(1, CODE), "the-first").await;
        let line = &lines.take()[0];
        assert_eq!(
            json!([line["aws.error_code"], line["look_up.error_code"]]),
            json!([to_the_code, to_the_look]),
            "{line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_has_no_name_is_called_by_what_happened() {
    type Happens = fn(&Pipes);
    let (lines, _listening) = Lines::listen();
    let rows: [(Happens, &str); 5] = [
        (|pipes| pipes.emulator().fault(Target::any(), Operation::Connect, Fault::bare(418)), "Http418"),
        (|pipes| pipes.emulator().fault(Target::any(), Operation::Connect, Answer::Hang), "Timeout"),
        (
            |pipes| pipes.emulator().fault(Target::any(), Operation::Connect, Answer::CloseAfterReading),
            "ConnectionLost",
        ),
        (|pipes| pipes.emulator().fault(Target::any(), Operation::Connect, Answer::Garbage), "Http200"),
        (|pipes| pipes.set(Operation::Connect, Way::Refused, u32::MAX), "NotSent"),
    ];
    for (happens, name) in rows {
        let pipes = Pipes::new(stage().await);
        happens(&pipes);
        deliver(&piped(&[], &pipes), &granted(1, CODE), "the-first").await;
        let line = &lines.take()[0];
        assert_eq!(line["aws.error_code"], name, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_cold_at_its_first_event_whatever_that_is() {
    let (lines, _listening) = Lines::listen();
    let page = json!({"version": "2.0", "rawPath": "/connected", "requestContext": {"http": {"method": "GET"}}});
    let callback = granted(1, CODE);
    for (events, expected) in
        [(vec![&callback, &callback], [true, false].as_slice()), (vec![&page, &callback], &[false])]
    {
        let pipes = Pipes::new(stage().await);
        let endpoint = piped(&[], &pipes);
        for event in events {
            deliver(&endpoint, event, "a-reference").await;
        }
        let cold: Vec<Value> = lines.take().into_iter().map(|line| line["cold_start"].clone()).collect();
        assert_eq!(json!(cold), json!(expected));
    }
}
