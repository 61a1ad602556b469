//! One code, delivered to three processes at once and then again and again.

use std::time::Duration;

use appfabric_emulator::appfabric::{Exception, Fault, Operation, Status};
use serde_json::json;

use super::stage::{ENOUGH, Stage, code, line, number, text, told};
use crate::support::granted;

/// The rounds, each with a code of its own.
const ROUNDS: u32 = 30;

/// What happens to a Connect, and what everybody is told who brings the code.
fn rows() -> [(Fault, (&'static str, Option<&'static str>)); 4] {
    [
        (Fault::default(), ("connected", None)),
        (Fault::bare(503).then_connect(), ("connected", None)),
        (Fault::exception(Exception::Validation), ("failed", Some("code_rejected"))),
        (Fault::status(Status::CONNECTION_VALIDATION_FAILED), ("failed", Some("not_connected"))),
    ]
}

#[tokio::test]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn a_code_that_comes_to_three_processes_at_once_is_sent_once() {
    let stage = Stage::new().await;
    let instances = [stage.instance().await, stage.instance().await, stage.instance().await];
    let [one, two, three] = &instances;
    for (round, (fault, expected)) in (1..=ROUNDS).zip(rows().into_iter().cycle()) {
        let authorization = stage.seed(round, Status::PENDING_CONNECT);
        // Long enough for all three to be at it.
        let slow = fault.wait_after_reading(Duration::from_millis(300));
        stage.appfabric.fault(&authorization, Operation::Connect, slow);
        let event = granted(round, &code());

        let bring = |instance| told(instance, &event, ENOUGH, round);
        let (one, two, three) = tokio::join!(bring(one), bring(two), bring(three));
        let mut lines = Vec::new();
        for (told, instance) in [one, two, three].iter().zip(&instances) {
            assert_eq!(told.ending(), expected, "round {round}");
            lines.push(line(instance, &told.reference));
        }
        let first = lines.iter().position(|line| line["duplicate"] == false).expect("one is the first");
        let first = lines.remove(first);
        assert_eq!((&first["attempts"], first.get("first_reference")), (&json!(1), None), "{first}");
        for line in lines {
            assert_eq!((&line["duplicate"], &line["attempts"]), (&json!(true), &json!(0)), "{line}");
            assert_eq!(line["first_reference"], first["reference"], "{line}");
        }

        for instance in instances.iter().cycle().take(15) {
            let told = told(instance, &event, ENOUGH, round).await;
            let line = line(instance, &told.reference);
            assert_eq!(told.ending(), expected, "round {round}");
            assert_eq!((&line["first_reference"], &line["attempts"]), (&first["reference"], &json!(0)), "{line}");
            // It may have looked while it claimed, and not since.
            assert!(line["look_ups"].as_u64() <= Some(1), "{line}");
        }
        assert_eq!(stage.calls(round, Operation::Connect), 1, "round {round}");
    }
    only_hashes_are_in(&stage).await;
    assert!(instances.iter().all(|instance| !instance.printed().contains("canary")));
}

/// The table has one item a code, with what tells deliveries apart and nothing else.
async fn only_hashes_are_in(stage: &Stage) {
    let items = stage.table.items().await;
    assert_eq!(items.len(), usize::try_from(ROUNDS).expect("it is small"));
    for item in items {
        let mut attributes: Vec<&str> = item.keys().map(String::as_str).collect();
        attributes.sort_unstable();
        let expected = ["claimed_at", "concluded_at", "expires_at", "id", "outcome", "owner", "reason", "reference"];
        assert_eq!(attributes, expected);
        let hash = text(&item, "id").strip_prefix("code#").expect("a code's item");
        assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(number(&item, "expires_at"), number(&item, "claimed_at") / 1_000 + 24 * 60 * 60);
        assert!(!format!("{item:?}").contains("canary"));
    }
}
