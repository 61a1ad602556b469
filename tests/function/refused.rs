//! AppFabric refuses a code: only a change after the refused Connect counts as its result.

use std::time::{Duration, SystemTime};

use appfabric_emulator::appfabric::{Exception, Fault, Operation, Status, Target};
use serde_json::json;
use tokio::time::sleep;

use crate::expected::{CODE_REJECTED, CONNECTED, Ending, NOT_CONNECTED, location};
use crate::flows::site::{Browser, PAYLOADS, Site};
use crate::pipe::Pipes;
use crate::support::{answer, arn, granted, header, piped, stage};

/// What a look after the refusal sees: a status, when it was set (ms after the Connect), and how the callback ends.
type Row = (Status, i64, Ending);

fn rows() -> Vec<Row> {
    let old = [-60_000, -6_000, -5_000, -2_000, -1_000, -500, -50];
    let new = [50, 500, 5_000];
    [(Status::CONNECTED, CONNECTED), (Status::CONNECTION_VALIDATION_FAILED, NOT_CONNECTED)]
        .into_iter()
        .flat_map(|(status, ending)| {
            let old = old.map(|since| (status.clone(), since, CODE_REJECTED));
            let new = new.map(|since| (status.clone(), since, ending));
            old.into_iter().chain(new)
        })
        .collect()
}

fn refused() -> Fault {
    Fault::exception(Exception::Validation)
}

/// So many milliseconds later, or earlier.
fn later(time: SystemTime, milliseconds: i64) -> SystemTime {
    let by = Duration::from_millis(milliseconds.unsigned_abs());
    if milliseconds < 0 { time - by } else { time + by }
}

#[tokio::test(start_paused = true)]
async fn after_a_proven_callbacks_code_is_refused_only_what_is_newer_than_its_connect_counts() {
    for payload in PAYLOADS {
        for (status, since, (outcome, reason)) in rows() {
            let site = Site::enforcing(payload).await;
            let link = site.link(&json!({ "connection": "slack" })).await;
            let person = Browser::default();
            let pressed = person.consent(&site, &link).await;
            site.fault(Operation::Connect, refused());
            site.pipes.emulator().set_status(&arn(1), status.clone());
            site.pipes.emulator().set_updated_at(&arn(1), later(site.now(), since));
            let answer = person.return_with(&site, &pressed, "code").await;
            let expected = (outcome.to_owned(), reason.map(str::to_owned));
            assert_eq!(answer.ending(), expected, "{status:?}, {since} ms from the Connect");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_unproven_callbacks_code_is_refused_what_changed_before_its_connect_is_somebody_elses() {
    for (status, since, ending) in rows() {
        let pipes = Pipes::new(stage().await);
        let emulator = pipes.emulator();
        // The look sees an app authorization that waits; it changes before the Connect that is refused, or after.
        emulator.fault(Target::any(), Operation::Connect, Fault::throttled(1, 3));
        emulator.fault(Target::any(), Operation::Connect, refused());
        let sent = SystemTime::now() + Duration::from_secs(3);
        let changes = async {
            sleep(Duration::from_secs(1)).await;
            emulator.set_status(&arn(1), status.clone());
            emulator.set_updated_at(&arn(1), later(sent, since));
        };
        let (endpoint, event) = (piped(&[], &pipes), granted(1, "code"));
        let (response, ()) = tokio::join!(answer(&endpoint, &event), changes);
        assert_eq!(emulator.calls_of(Operation::Connect).len(), 2);
        assert_eq!(header(&response, "location"), location(ending, 1), "{status:?}, {since} ms from the Connect");
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_unclear_connect_the_clocks_are_still_tolerated() {
    for (since, ending) in [(-60_000, ("pending", Some("unconfirmed"))), (-2_000, CONNECTED), (50, CONNECTED)] {
        let site = Site::enforcing(PAYLOADS[0]).await;
        let link = site.link(&json!({ "connection": "slack" })).await;
        let person = Browser::default();
        let pressed = person.consent(&site, &link).await;
        site.fault(Operation::Connect, Fault::bare(500));
        site.pipes.emulator().set_status(&arn(1), Status::CONNECTED);
        site.pipes.emulator().set_updated_at(&arn(1), later(site.now(), since));
        let answer = person.return_with(&site, &pressed, "code").await;
        assert_eq!(answer.ending(), (ending.0.to_owned(), ending.1.map(str::to_owned)), "{since}");
    }
}
