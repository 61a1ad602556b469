//! The table does what it is told, and its answers are lost: whoever tries again is none the worse for it.

use std::time::Duration;

use appfabric_emulator::appfabric::{Fault, Operation, Status};
use serde_json::json;
use tokio::time::sleep;

use super::flows::{begin, button, open, send};
use super::road::{Road, Weather};
use super::stage::{ENOUGH, Stage, code, told, variable};
use crate::flows::site::{Payload, Request};
use crate::support::arn;

#[tokio::test]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn a_flow_stays_with_the_browser_whose_press_the_table_did_not_answer() {
    let (stage, table) = (Stage::new().await, Road::to(&variable("DYNAMODB")));
    let function =
        stage.function().variable("AWS_ENDPOINT_URL_DYNAMODB", table.url()).variable("STATE_MODE", "enforce");
    let instance = function.start().await.expect("it can be started");
    let authorization = stage.seed(1, Status::PENDING_CONNECT);
    let link = begin(&instance, 1).await;
    let cookie = open(&instance, &link).await;

    // The flow is found, then AppFabric is asked, and of what the table is told then no answer comes.
    let looked = stage.calls(1, Operation::Get);
    let slow = Fault::default().wait_after_reading(Duration::from_millis(300));
    stage.appfabric.fault(&authorization, Operation::Get, slow);
    let spoil = async {
        while stage.calls(1, Operation::Get) == looked {
            sleep(Duration::from_millis(1)).await;
        }
        table.set(Weather::Unanswered);
    };
    let button = button(&link, &cookie);
    let (pressed, ()) = tokio::join!(send(&instance, &button), spoil);
    assert_eq!(pressed.status(), 503, "{}", pressed.0);
    let [flow] = stage.table.items().await.try_into().expect("one flow");
    assert!(flow.contains_key("browser"), "the table has done it: {flow:?}");

    table.set(Weather::Clear);
    let again = send(&instance, &button).await;
    assert_eq!(again.status(), 303, "{}", again.0);
    let other = send(&instance, &button.clone().cookies(Vec::new())).await;
    assert_eq!(other.status(), 410, "a browser without the cookie: {}", other.0);

    let given = again.parameter("state").expect("a state");
    let path = format!("{}/{}", arn(1).bundle().uuid(), arn(1).uuid());
    let back = Request::callback(&path, &code(), &[&given]).cookies(vec![cookie]).event(Payload::Http, None);
    let told = told(&instance, &back, ENOUGH, 1).await;
    assert_eq!((json!(told.ending()), stage.calls(1, Operation::Connect)), (json!(["connected", null]), 1));
}
