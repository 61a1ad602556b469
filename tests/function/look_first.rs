//! What AppFabric says before the code is spent: whether it is sent, and what the person is told.

use std::time::{Duration, SystemTime};

use appfabric_connect::values::Budget;
use appfabric_emulator::appfabric::{Answer, Exception, Fault, Operation, Status, Target};
use serde_json::json;
use tokio::time::Instant;

use crate::expected::{CONNECTED, Ending, TEMPORARILY_UNAVAILABLE, UNKNOWN_CONNECTION, location};
use crate::pipe::{Pipes, Way};
use crate::support::{answer, answer_within, granted, header, piped, stage};

/// What the look meets.
enum Look {
    /// This, each time that AppFabric is asked or the first so many times.
    Answer(Fault),
    /// No connection, so many times.
    Way(Way, u32),
}

/// What the look meets, how the callback ends, and how often the code is sent.
type Row = (&'static str, Look, Ending, usize);

fn rows() -> Vec<Row> {
    [statuses(), refusals(), doubts(), passing()].into_iter().flatten().collect()
}

/// The code is sent for every status except `Connected`.
fn statuses() -> Vec<Row> {
    [
        ("PendingConnect", 1),
        ("Connected", 0),
        ("ConnectionValidationFailed", 1),
        ("TokenAutoRotationFailed", 1),
        ("SomethingNew", 1),
    ]
    .map(|(status, sends)| (status, always(Fault::status(Status::from(status))), CONNECTED, sends))
    .into()
}

/// AppFabric refuses, so there is nothing to connect.
fn refusals() -> Vec<Row> {
    [
        ("ResourceNotFoundException", Fault::exception(Exception::ResourceNotFound)),
        ("404 without a type", Fault::bare(404)),
        ("AccessDeniedException", Fault::exception(Exception::AccessDenied)),
        ("403 without a type", Fault::bare(403)),
        ("ValidationException", Fault::exception(Exception::Validation)),
        ("400 without a type", Fault::bare(400)),
    ]
    .map(|(name, fault)| (name, always(fault), UNKNOWN_CONNECTION, 0))
    .into()
}

/// The status stays unknown. The code is not sent, so it is still good later.
fn doubts() -> Vec<Row> {
    [
        ("403 ExpiredTokenException", always(Fault::front_door(403, "ExpiredTokenException"))),
        ("400 IncompleteSignature", always(Fault::front_door(400, "IncompleteSignature"))),
        ("ThrottlingException", always(Fault::exception(Exception::Throttling))),
        ("429, Retry-After 15 minutes", always(Fault::throttled(1, 900))),
        ("InternalServerException", always(Fault::exception(Exception::InternalServer))),
        ("500 without a type", always(Fault::bare(500))),
        ("503 without a type", always(Fault::bare(503))),
        ("200 garbage", always(Answer::Garbage.into())),
        ("200 without a status", always(Answer::NoStatus.into())),
        ("closed before reading", always(Answer::CloseBeforeReading.into())),
        ("closed after reading", always(Answer::CloseAfterReading.into())),
        ("hangs", always(Answer::Hang.into())),
        ("answers after 10 s", always(Fault::default().wait_after_reading(Duration::from_secs(10)))),
        ("connection refused", Look::Way(Way::Refused, u32::MAX)),
        ("connection not established", Look::Way(Way::Silent, u32::MAX)),
    ]
    .map(|(name, look)| (name, look, TEMPORARILY_UNAVAILABLE, 0))
    .into()
}

/// A look changes nothing at AppFabric, so it is repeated after a temporary fault.
fn passing() -> Vec<Row> {
    [
        ("ThrottlingException once", Look::Answer(Fault::exception(Exception::Throttling))),
        ("500 once", Look::Answer(Fault::bare(500))),
        ("503 twice", Look::Answer(Fault::bare(503).times(2))),
        ("closed after reading once", Look::Answer(Answer::CloseAfterReading.into())),
        ("hangs once", Look::Answer(Answer::Hang.into())),
        ("connection refused once", Look::Way(Way::Refused, 1)),
    ]
    .map(|(name, look)| (name, look, CONNECTED, 1))
    .into()
}

fn always(fault: Fault) -> Look {
    Look::Answer(fault.times(u32::MAX))
}

#[tokio::test(start_paused = true)]
async fn the_code_is_kept_unless_there_is_something_to_connect() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for remaining in [29, 10, 5].map(Duration::from_secs) {
        for (name, look, ending, expected_sends) in rows() {
            count += 1;
            let pipes = Pipes::new(stage().await);
            match look {
                Look::Answer(fault) => pipes.emulator().fault(Target::any(), Operation::Get, fault),
                Look::Way(way, times) => pipes.set(Operation::Get, way, times),
            }
            let started = Instant::now();
            let response = answer_within(&piped(&[], &pipes), &granted(1, "code"), remaining).await;
            let elapsed = started.elapsed();
            let sends = pipes.emulator().calls_of(Operation::Connect).len();
            let told = (&response["statusCode"], header(&response, "location"), sends);
            if told != (&json!(303), &location(ending, 1), expected_sends) {
                wrong.push(format!("{name}, {remaining:?} left: {told:?}, not {ending:?} and {expected_sends}"));
            }
            // A look is one slice of the budget, and the Connect here takes no time.
            if elapsed > Duration::from_secs(3) || elapsed > remaining {
                wrong.push(format!("{name}, {remaining:?} left: {elapsed:?}"));
            }
        }
    }
    println!("figures: {count} rows of looks before the code is spent");
    assert!(wrong.is_empty(), "{} of {count} rows end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn an_appfabric_that_takes_half_of_the_time_is_waited_for() {
    for remaining in [29, 10, 5].map(Duration::from_secs) {
        let half = Budget::new(SystemTime::now(), remaining).for_first_look().whole / 2;
        let pipes = Pipes::new(stage().await);
        pipes.emulator().fault(
            Target::any(),
            Operation::Get,
            Fault::default().wait_after_reading(half).times(u32::MAX),
        );
        let response = answer_within(&piped(&[], &pipes), &granted(1, "code"), remaining).await;
        assert_eq!(header(&response, "location"), location(CONNECTED, 1), "{half:?}");
        assert_eq!(pipes.called(Operation::Get), 1, "{half:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_bad_spell_a_look_is_as_patient_as_before() {
    let pipes = Pipes::new(stage().await);
    let endpoint = piped(&[], &pipes);
    // A warm instance whose AppFabric is down for a while.
    let callbacks = 150;
    pipes.emulator().fault(Target::any(), Operation::Get, Fault::bare(500).times(u32::MAX));
    for number in 0..callbacks {
        let response = answer(&endpoint, &granted(1, &format!("code-{number}"))).await;
        assert_eq!(header(&response, "location"), location(TEMPORARILY_UNAVAILABLE, 1));
    }
    assert_eq!(pipes.called(Operation::Get), 3 * callbacks);
    pipes.emulator().clear_faults();
    pipes.emulator().fault(Target::any(), Operation::Get, Fault::bare(500).times(2));
    let response = answer(&endpoint, &granted(1, "code")).await;
    assert_eq!(header(&response, "location"), location(CONNECTED, 1));
}
