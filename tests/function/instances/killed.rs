//! The process that claimed a code is killed before it can say what came of it.

use std::time::Duration;

use appfabric_emulator::appfabric::{Answer, Fault, Operation, Status};
use appfabric_emulator::lambda::Unanswered;
use serde_json::json;

use super::stage::{ENOUGH, LITTLE, Stage, code, line, text, told};
use crate::support::granted;

/// Where the process is when it is killed: the call, and what keeps it there; how far AppFabric is by then; what whoever
/// brings the code later is told; how often the code has been sent.
type Row = (Operation, Fault, Status, (&'static str, Option<&'static str>), usize);

/// Longer than any invocation.
const FOR_EVER: Duration = Duration::from_mins(1);

const IN_PROGRESS: (&str, Option<&str>) = ("pending", Some("in_progress"));
const UNCONFIRMED: (&str, Option<&str>) = ("pending", Some("unconfirmed"));

fn rows() -> [Row; 3] {
    let unread = Fault::default().wait_before_reading(FOR_EVER);
    let done = Fault::from(Answer::Hang).then_connect();
    [
        // Between the claim and the Connect.
        (Operation::Get, Answer::Hang.into(), Status::PENDING_CONNECT, UNCONFIRMED, 0),
        // On its way: AppFabric has a connection and has not read the code.
        (Operation::Connect, unread, Status::PENDING_CONNECT, UNCONFIRMED, 1),
        // Between the Connect and the record.
        (Operation::Connect, done, Status::CONNECTED, ("connected", None), 1),
    ]
}

#[tokio::test]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn a_code_whose_process_was_killed_is_settled_by_looking() {
    for (operation, fault, status, expected, sends) in rows() {
        let stage = Stage::new().await;
        let (owner, other) = (stage.instance().await, stage.instance().await);
        let authorization = stage.seed(1, Status::PENDING_CONNECT);
        stage.appfabric.fault(&authorization, operation, fault);
        let event = granted(1, &code());

        let kill = async {
            // The first look and the claim are under way at the same time; either may arrive first.
            while stage.calls(1, operation) == 0
                || stage.appfabric.status_of(&authorization).as_ref() != Some(&status)
                || stage.table.items().await.is_empty()
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            owner.kill().await;
        };
        let (answer, ()) = tokio::join!(owner.invoke(&event, ENOUGH), kill);
        assert_eq!(answer, Err(Unanswered::Ended));
        let claims = stage.table.items().await;
        let [claim] = claims.as_slice() else { panic!("{claims:?}") };
        assert!(!claim.contains_key("outcome"), "{claim:?}");
        let first = text(claim, "reference");

        // The owner may still be alive, for all that anybody knows: AppFabric is asked nothing, but for the look while the
        // code is claimed.
        let calls = stage.appfabric.calls().len();
        let early = told(&other, &event, LITTLE, 1).await;
        assert_eq!(early.ending(), IN_PROGRESS, "{operation:?}");
        assert!(stage.appfabric.calls().len() <= calls + 1, "{operation:?}");

        stage.table.age_the_claim().await;
        for instance in [other, stage.instance().await] {
            let late = told(&instance, &event, LITTLE, 1).await;
            assert_eq!(late.ending(), expected, "{operation:?}");
            let line = line(&instance, &late.reference);
            assert_eq!((&line["duplicate"], &line["first_reference"]), (&json!(true), &json!(first)), "{line}");
        }
        assert_eq!(stage.calls(1, Operation::Connect), sends, "{operation:?}");
        assert_eq!(stage.appfabric.status_of(&authorization), Some(status), "{operation:?}");
    }
}
