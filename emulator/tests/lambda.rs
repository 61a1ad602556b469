//! Instances as processes: what they print, what they use, how they end.
//!
//! The program is this package's own, which never asks for an event; the function's tests have one that does.

use std::time::Duration;

use appfabric_emulator::lambda::{Function, Instance, Unanswered};
use serde_json::json;

async fn started() -> Instance {
    let instance = Function::new(env!("CARGO_BIN_EXE_appfabric-emulator")).start().await.expect("it can be started");
    while !instance.printed().contains("AppFabric is at") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    instance
}

#[tokio::test]
async fn an_instance_that_is_killed_leaves_its_event_unanswered_and_what_it_printed() {
    let instance = started().await;
    assert!(instance.resident_kib().is_some_and(|resident| resident > 0));
    let (event, remaining) = (json!({}), Duration::from_mins(1));
    let (answer, ()) = tokio::join!(instance.invoke(&event, remaining), instance.kill());
    assert_eq!(answer, Err(Unanswered::Ended));
    assert_eq!(instance.resident_kib(), None);
    assert_eq!(instance.invoke(&event, remaining).await, Err(Unanswered::Ended), "it stays dead");
    assert!(instance.printed().contains("AppFabric is at"));
    assert!(instance.lines().is_empty(), "none of it is JSON");
}

#[tokio::test]
async fn another_instance_is_another_process() {
    let (one, other) = (started().await, started().await);
    assert_ne!(one.process_id(), other.process_id());
    assert_ne!(one.printed(), other.printed());
    one.kill().await;
    assert!(other.resident_kib().is_some());
}

#[tokio::test]
async fn a_frozen_instance_does_nothing_until_its_next_event() {
    let instance = started().await;
    let state = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", instance.process_id())).expect("it is there");
        status.lines().find_map(|line| Some(line.strip_prefix("State:")?.trim().to_owned())).expect("a state")
    };
    instance.freeze().await;
    assert!(state().starts_with('T'), "{}", state());
    // This program never answers; that it runs again is all there is to see.
    let event = json!({});
    let unanswered = instance.invoke(&event, Duration::from_secs(1));
    let thawed = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        state()
    };
    tokio::select! {
        answer = unanswered => panic!("{answer:?}"),
        state = thawed => assert!(!state.starts_with('T'), "{state}"),
    }
    instance.freeze().await;
    instance.kill().await;
    assert_eq!(instance.resident_kib(), None);
    instance.freeze().await;
}
