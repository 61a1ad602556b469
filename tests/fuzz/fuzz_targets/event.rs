//! An event → the response of the whole function, twice.
//!
//! A letter for the deployment, a letter for what becomes of the code, then the event.
#![no_main]

use appfabric_connect::config::Config;
use appfabric_connect_fuzz::answer::{ORGANISATION, Pages, check, check_result};
use appfabric_connect_fuzz::json;
use appfabric_connect_fuzz::lines::logged;
use appfabric_connect_fuzz::site::{Fate, Site, config};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde_json::Value;

const SUCCESS: &str = "https://example.com/done?lang=en";
const PENDING: &str = "https://example.com/soon";
const FAILURE: &str = "https://example.org/sorry?";
const LISTED: &str = r#"{"slack": "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorization/10000000-0000-4000-8000-000000000001"}"#;

/// A word that only the query, a cookie, a header or the body may hold, for the run to tell anything by.
const CANARY: &str = "canary";

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((&[deployment, fate], event)) = input.split_first_chunk() else { return Corpus::Reject };
    let Ok(event) = serde_json::from_slice::<Value>(event) else { return Corpus::Reject };
    let (config, pages) = deployment_of(deployment);
    let site = Site::new(config, Fate::ALL[usize::from(fate) % Fate::ALL.len()]);
    drop(logged());

    let first = site.answer(&event);
    let to = check(&first, &pages).map(ToOwned::to_owned);
    if let Some(location) = &to {
        check_result(location, &pages);
    }
    assert!(site.spent().len() <= 1, "sent twice: {:?}", site.calls());
    // A second delivery is told the same, and nothing is sent for it.
    let second = site.answer(&event);
    assert_eq!(check(&second, &pages).map(ToOwned::to_owned), to, "{event}");
    assert!(site.spent().len() <= 1, "sent twice: {:?}", site.calls());

    let lines = logged();
    if !without_what_is_secret(&event).to_string().contains(CANARY) {
        for text in [first.to_string(), second.to_string(), lines] {
            assert!(!text.contains(CANARY), "{text}");
        }
    }
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut rng = fastrand::Rng::with_seed(seed.into());
    let read = data[..size]
        .split_at_checked(2)
        .and_then(|(head, event)| Some(([head[0], head[1]], serde_json::from_slice::<Value>(event).ok()?)));
    let Some((mut head, mut event)) = read else { return fuzzer_mutate(data, size, max_size) };
    if rng.u8(..8) == 0 {
        head = [b'a' + rng.u8(..3), b'a' + rng.u8(..10)];
    }
    for _ in 0..rng.u8(1..4) {
        json::change(&mut event, &mut rng, |text| {
            let mut bytes = vec![0; text.len() + 64];
            bytes[..text.len()].copy_from_slice(text);
            let size = fuzzer_mutate(&mut bytes, text.len(), text.len() + 64);
            bytes.truncate(size);
            bytes
        });
    }
    let changed = [&head[..], event.to_string().as_bytes()].concat();
    if changed.len() > max_size {
        return size;
    }
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});

/// A deployment with pages of its own, one with none, and one that lists what may be connected and enforces `state`.
fn deployment_of(letter: u8) -> (Config, Pages<'static>) {
    let (variables, pages): (&[_], _) = match letter % 3 {
        0 => (
            &[("SUCCESS_URL", SUCCESS), ("PENDING_URL", PENDING), ("FAILURE_URL", FAILURE)],
            Pages { configured: [Some(SUCCESS), Some(PENDING), Some(FAILURE)], aliases: &[], organisation: None },
        ),
        1 => (
            &[("ORGANISATION_NAME", ORGANISATION)],
            Pages { configured: [None; 3], aliases: &[], organisation: Some(ORGANISATION) },
        ),
        _ => (
            &[("APP_AUTHORIZATIONS", LISTED), ("FLOW_TABLE", "flows"), ("FAILURE_URL", FAILURE)],
            Pages { configured: [None, None, Some(FAILURE)], aliases: &["slack"], organisation: None },
        ),
    };
    (config(variables), pages)
}

/// What is left of an event without its query, headers, cookies and body, wherever they stand.
fn without_what_is_secret(event: &Value) -> Value {
    let mut event = event.clone();
    if let Value::Object(members) = &mut event {
        let secret = [
            "rawQueryString",
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "headers",
            "multiValueHeaders",
            "cookies",
            "body",
        ];
        members.retain(|name, _| !secret.contains(&name.as_str()));
    }
    event
}
