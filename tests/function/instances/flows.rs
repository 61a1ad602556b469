//! One flow, fifty callbacks at once, three processes, one table: one Connect.

use std::collections::HashMap;
use std::time::Duration;

use appfabric_emulator::appfabric::{Fault, Operation, Status};
use appfabric_emulator::lambda::Instance;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::stage::{ENOUGH, Stage, code, line, number, text, told};
use crate::flows::site::{Answer, Payload, Request};
use crate::support::arn;

/// The callbacks of one flow.
const CALLBACKS: usize = 50;

/// What a person has on the way back.
pub(super) struct Pressed {
    link: String,
    cookie: String,
    state: String,
}

/// The answer of one process.
pub(super) async fn send(instance: &Instance, request: &Request) -> Answer {
    let answer = instance.invoke(&request.event(Payload::Http, None), ENOUGH).await;
    Answer(answer.unwrap_or_else(|unanswered| panic!("{unanswered}:\n{}", instance.printed())))
}

/// Begins a flow, and gives the path of its link.
pub(super) async fn begin(instance: &Instance, number: u32) -> String {
    let authorization = arn(number);
    let (bundle, authorization) = (authorization.bundle().uuid(), authorization.uuid());
    let body = json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization });
    let begun = send(instance, &Request::new("POST", "/flows").signed().body(body.to_string())).await;
    assert_eq!(begun.status(), 201, "{}", begun.0);
    let url = begun.json()["connectUrl"].as_str().expect("a link").to_owned();
    url[url.rfind("/connect/").expect("a link")..].to_owned()
}

/// Opens the page behind this link, and is given a cookie there.
pub(super) async fn open(instance: &Instance, link: &str) -> String {
    let opened = send(instance, &Request::new("GET", link)).await;
    assert_eq!(opened.status(), 200, "{}", opened.0);
    opened.set_cookies().concat().split_once(';').expect("attributes").0.to_owned()
}

/// A press of the button behind this link, by the browser that has this cookie.
pub(super) fn button(link: &str, cookie: &str) -> Request {
    Request::new("POST", link).header("Sec-Fetch-Site", "same-origin").cookies(vec![cookie.to_owned()])
}

/// Begins a flow at one process, opens its page at another and presses its button at the third.
pub(super) async fn press(instances: [&Instance; 3], number: u32) -> Pressed {
    let link = begin(instances[0], number).await;
    let cookie = open(instances[2], &link).await;
    let pressed = send(instances[1], &button(&link, &cookie)).await;
    Pressed { link, cookie, state: pressed.parameter("state").expect("a state") }
}

/// The event that brings this code back.
pub(super) fn callback(pressed: &Pressed, number: u32, code: &str) -> Value {
    let authorization = arn(number);
    let path = format!("{}/{}", authorization.bundle().uuid(), authorization.uuid());
    Request::callback(&path, code, &[&pressed.state]).cookies(vec![pressed.cookie.clone()]).event(Payload::Http, None)
}

/// Delivers every event at once, each to the next process, and says how each of them ended.
async fn all_at_once(instances: &[Instance; 3], events: &[Value], number: u32) -> Vec<(String, Option<String>)> {
    let deliver = |position: usize| {
        let theirs: Vec<&Value> = events.iter().skip(position).step_by(3).collect();
        let instance = &instances[position];
        async move {
            let mut endings = Vec::new();
            for event in theirs {
                let told = told(instance, event, ENOUGH, number).await;
                assert_eq!(line(instance, &told.reference)["outcome"], told.outcome.as_str());
                endings.push((told.outcome, told.reason));
            }
            endings
        }
    };
    let (one, two, three) = tokio::join!(deliver(0), deliver(1), deliver(2));
    [one, two, three].concat()
}

#[tokio::test]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn of_fifty_callbacks_of_one_flow_over_three_processes_one_connects() {
    let stage = Stage::new().await;
    let function = || stage.function().variable("STATE_MODE", "enforce").variable("AWS_LAMBDA_LOG_LEVEL", "TRACE");
    let start = async || function().start().await.expect("it can be started");
    let instances = [start().await, start().await, start().await];
    let mut secrets = Vec::new();
    for (round, same_code) in (1..).zip([true, false, true, false]) {
        let authorization = stage.seed(round, Status::PENDING_CONNECT);
        let slow = Fault::default().wait_after_reading(Duration::from_millis(300));
        stage.appfabric.fault(&authorization, Operation::Connect, slow);
        let pressed = press(instances.each_ref(), round).await;
        let first = code();
        let codes = (0..CALLBACKS).map(|_| if same_code { first.clone() } else { code() });
        let events: Vec<Value> = codes.map(|code| callback(&pressed, round, &code)).collect();
        let endings = all_at_once(&instances, &events, round).await;

        let connected = endings.iter().filter(|(outcome, _)| outcome == "connected").count();
        // Another code comes while the first one is under way, or after it.
        let told = [Some("in_progress"), Some("link_used")];
        let later = endings.iter().filter(|(_, reason)| told.contains(&reason.as_deref())).count();
        let expected = if same_code { (CALLBACKS, 0) } else { (1, CALLBACKS - 1) };
        assert_eq!((connected, later), expected, "round {round}: {endings:?}");
        assert_eq!(stage.calls(round, Operation::Connect), 1, "round {round}");
        // A look at the start, one for the page, one for the button; none for what is verified or refused.
        assert_eq!(stage.calls(round, Operation::Get), 3, "round {round}");
        let dead = send(&instances[0], &Request::new("GET", pressed.link.as_str())).await;
        assert_eq!(dead.status(), 410, "{}", dead.0);
        secrets.extend([pressed.link.replace("/connect/", ""), pressed.state[64..].to_owned()]);
        secrets.push(pressed.cookie.split_once('=').expect("a value").1.to_owned());
    }
    let items = stage.table.items().await;
    assert_eq!(items.len(), 8, "four flows and four codes: {items:?}");
    for item in &items {
        only_hashes_are_in(item);
        let shown = format!("{item:?}");
        assert!(!secrets.iter().any(|secret| shown.contains(secret)) && !shown.contains("canary"), "{shown}");
    }
    for instance in &instances {
        let printed = instance.printed();
        assert!(!secrets.iter().any(|secret| printed.contains(secret)) && !printed.contains("canary"), "{printed}");
    }
}

/// A flow's item has hashes and times, and nothing of a person.
fn only_hashes_are_in(item: &HashMap<String, AttributeValue>) {
    let id = text(item, "id");
    let Some(hash) = id.strip_prefix("flow#") else { return assert!(id.starts_with("code#"), "{id}") };
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!(is_hash(hash) && is_hash(text(item, "browser")), "{item:?}");
    let (states, mut others): (Vec<&String>, Vec<&String>) = item.keys().partition(|name| name.starts_with("state_"));
    others.sort();
    let expected =
        ["app_authorization", "browser", "browser_until", "callback", "expires_at", "finished", "id", "valid_until"];
    assert_eq!(others, expected);
    let [state] = states.as_slice() else { panic!("{states:?}") };
    let press = item[*state].as_m().expect("a map");
    let mut names: Vec<&String> = press.keys().collect();
    names.sort();
    assert_eq!(names, ["code", "cookie", "redirect_uri", "used_at"], "{item:?}");
    let hashes = [&state["state_".len()..], text(press, "cookie"), text(press, "code")];
    assert!(hashes.into_iter().all(is_hash), "{item:?}");
    let seconds = |name: &str| number(item, name);
    assert_eq!(seconds("expires_at"), seconds("valid_until") / 1_000 + 24 * 60 * 60);
}

#[tokio::test]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn of_two_browsers_that_press_at_once_one_owns_the_flow() {
    let stage = Stage::new().await;
    let function = stage.function().variable("STATE_MODE", "enforce");
    let (one, two) = (function.start().await.expect("it starts"), function.start().await.expect("it starts"));
    for round in 1..=20 {
        stage.seed(round, Status::PENDING_CONNECT);
        let link = begin(&one, round).await;
        let (of_one, of_two) = (open(&one, &link).await, open(&two, &link).await);
        let (of_one, of_two) = (button(&link, &of_one), button(&link, &of_two));
        let (first, second) = tokio::join!(send(&one, &of_one), send(&two, &of_two));
        let mut statuses = [first.status(), second.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 410], "round {round}");
    }
}
