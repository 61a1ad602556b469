//! A table that is not there stops nobody.

use appfabric_emulator::appfabric::{AppFabric, Operation, Status};
use appfabric_emulator::lambda::Instance;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::stage::{ENOUGH, code, function, line, seed, told};
use crate::support::granted;

#[tokio::test]
#[ignore = "needs the release binary: BOOTSTRAP=… cargo test -- --ignored"]
async fn without_its_table_the_function_goes_on_and_says_so() {
    // Connections to it are made by the system; nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let free = TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr()).expect("a free port");
    for (address, error_code) in [(free, "NotConnected"), (silent.local_addr().expect("an address"), "Timeout")] {
        let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
        seed(&appfabric, 1, Status::PENDING_CONNECT);
        let function = function(&appfabric, &format!("http://{address}"), "codes");
        let instance = function.start().await.expect("it can be started");
        let event = granted(1, &code());

        // Later than the deadline would be no answer at all.
        let first = told(&instance, &event, ENOUGH, 1).await;
        let second = told(&instance, &event, ENOUGH, 1).await;
        assert_eq!((first.ending(), second.ending()), (("connected", None), ("connected", None)), "{error_code}");
        assert_eq!(appfabric.calls_of(Operation::Connect).len(), 1, "{error_code}");
        let (first_line, second_line) = (line(&instance, &first.reference), line(&instance, &second.reference));
        assert_eq!((&first_line["duplicate"], &first_line["attempts"]), (&json!(false), &json!(1)), "{first_line}");
        assert_eq!(second_line["first_reference"], json!(first.reference), "{second_line}");
        for line in [first_line, second_line] {
            assert_eq!(line["ledger"], "unreachable", "{line}");
            let complaint = complaint(&instance, &line["reference"]);
            assert_eq!((&complaint["level"], &complaint["operation"]), (&json!("ERROR"), &json!("PutItem")));
            assert_eq!(complaint["aws.error_code"], error_code, "{complaint}");
        }
    }
}

/// What is logged for an operator during the callback of this reference.
fn complaint(instance: &Instance, reference: &Value) -> Value {
    let found = |line: &Value| line["message"] == "flow table unreachable" && line["reference"] == *reference;
    instance.lines().into_iter().find(found).unwrap_or_else(|| panic!("{}", instance.printed()))
}
