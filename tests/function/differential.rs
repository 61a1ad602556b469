//! A client that leaves trying again to boto3, and the function, under the same faults: how often each sends a code.
//!
//! `PYTHON` names a Python that has boto3. A Connect without an answer is not among the rows: boto3 waits a minute for
//! it, five times.

use std::env;
use std::sync::Arc;

use appfabric_emulator::appfabric::{Answer, AppFabric, Exception, Fault, Operation, Status};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::instances::stage::{PAGES, Told, calls, code, seed};
use crate::support::{answer, arn, endpoint, granted, root};

/// What happens to the Connect, and how often the function sends the code.
type Row = (&'static str, Fault, usize);

fn rows() -> Vec<Row> {
    let closed = Fault::from(Answer::CloseAfterReading);
    vec![
        ("nothing", Fault::default(), 1),
        ("500 once, and connected", Fault::bare(500).then_connect(), 1),
        ("500 always, and connected", Fault::bare(500).then_connect().times(9), 1),
        ("503 once, and connected", Fault::bare(503).then_connect(), 1),
        ("InternalServerException always", Fault::exception(Exception::InternalServer).times(9), 1),
        ("closed once, and connected", closed.clone().then_connect(), 1),
        ("closed always", closed.times(9), 1),
        ("garbage once, and connected", Fault::from(Answer::Garbage).then_connect(), 1),
        ("ValidationException", Fault::exception(Exception::Validation).times(9), 1),
        ("429 once, Retry-After 1", Fault::throttled(1, 1), 2),
        ("429 always, Retry-After 1", Fault::throttled(9, 1), 3),
    ]
}

#[tokio::test]
#[ignore = "needs a Python with boto3: PYTHON=… cargo test -- --ignored"]
async fn boto3_sends_a_code_again_where_the_function_does_not() {
    let appfabric = Arc::new(AppFabric::builder().start("127.0.0.1:0").await.expect("a free port"));
    let mut contests = JoinSet::new();
    for (row, number) in rows().into_iter().zip(1..) {
        contests.spawn(contest(Arc::clone(&appfabric), row, number));
    }
    let mut lines = contests.join_all().await;
    lines.sort();
    println!("{:32}{:>12} {:26}{:>12} {}", "a Connect meets", "boto3 sends", "and is told", "we send", "and tell");
    for (_, line, _) in &lines {
        println!("{line}");
    }
    assert!(lines.iter().any(|(_, _, more)| *more > 0), "boto3 has become careful");
}

/// One row: its place, its text, and how many more times boto3 sent the code than the function.
async fn contest(appfabric: Arc<AppFabric>, (name, fault, expected): Row, row: u32) -> (u32, String, usize) {
    // Each has an app authorization of its own, so that both meet the fault from its beginning.
    let [theirs, ours] = [row * 2, row * 2 + 1];
    for number in [theirs, ours] {
        let authorization = seed(&appfabric, number, Status::PENDING_CONNECT);
        appfabric.fault(&authorization, Operation::Connect, fault.clone());
    }
    let output = Command::new(env::var("PYTHON").expect("PYTHON is set"))
        .arg(root().join("tests/differential/boto3_client.py"))
        .args([&appfabric.url(), arn(theirs).bundle().uuid(), arn(theirs).uuid(), &code()])
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "example")
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("AWS_MAX_ATTEMPTS")
        .env_remove("AWS_RETRY_MODE")
        .env_remove("AWS_SESSION_TOKEN")
        .env("AWS_CONFIG_FILE", "")
        .env("AWS_SHARED_CREDENTIALS_FILE", "")
        .env_remove("AWS_PROFILE")
        .output()
        .await
        .expect("Python runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let they_are_told = String::from_utf8_lossy(&output.stdout);
    let response = answer(&endpoint(&PAGES, &appfabric.url()), &granted(ours, &code())).await;
    let told = Told::read(&response, ours);

    let [they_send, we_send] = [theirs, ours].map(|number| calls(&appfabric, number, Operation::Connect));
    assert_eq!(we_send, expected, "{name}");
    assert!(they_send > 0, "{name}: {they_are_told}");
    let (outcome, reason) = told.ending();
    let line = format!(
        "{name:32}{they_send:>12} {:26}{we_send:>12} {outcome} {}",
        they_are_told.trim(),
        reason.unwrap_or_default()
    );
    (row, line.trim_end().to_owned(), they_send.saturating_sub(we_send))
}
