//! A state, a cookie or a path that differs from the right one in anything at all is refused, and costs nothing.

use serde_json::json;

use super::site::{Browser, PAYLOADS, Request, Site, UUIDS};
use crate::expected::{CONNECTED, INVALID_STATE};

/// Every text that is one character away from this one, by the characters that stand in secrets and some others.
fn mutations(right: &str) -> Vec<String> {
    let mut all = Vec::new();
    for at in 0..right.len() {
        let (before, rest) = right.split_at(at);
        let (digit, after) = rest.split_at(1);
        all.push([before, after].concat());
        all.push(right[..at].to_owned());
        for other in ["0", "7", "f", "g", " ", "é", "%", "\0", &digit.to_uppercase()] {
            all.push([before, other, after].concat());
            all.push([before, other, rest].concat());
        }
    }
    let swapped = [&right[right.len() / 2..], &right[..right.len() / 2]].concat();
    all.extend([swapped, right.chars().rev().collect(), right.to_uppercase(), format!("{right} "), right.repeat(2)]);
    all.sort();
    all.dedup();
    all.retain(|mutation| mutation != right);
    all
}

#[tokio::test(start_paused = true)]
async fn a_state_that_differs_in_anything_is_refused() {
    let site = Site::enforcing(PAYLOADS[1]).await;
    let link = site.link(&json!({ "connection": "slack" })).await;
    let person = Browser::default();
    let pressed = person.consent(&site, &link).await;
    site.calls();
    let mutations = mutations(&pressed.state);
    for state in &mutations {
        let answer = person.go(&site, Request::callback("slack", "code", &[state])).await;
        assert_eq!(answer.parameter("reason").as_deref(), INVALID_STATE.1, "{state:?} for {:?}", pressed.state);
    }
    println!("figures: {} states", mutations.len());
    assert_eq!(site.calls(), [0, 0, 0]);
    assert_eq!(person.return_with(&site, &pressed, "code").await.ending().0, CONNECTED.0);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_differs_in_anything_is_refused() {
    let site = Site::enforcing(PAYLOADS[0]).await;
    let link = site.link(&json!({ "connection": "slack" })).await;
    let person = Browser::default();
    let pressed = person.consent(&site, &link).await;
    let (name, value) = person.cookie();
    site.calls();
    // A space around a pair is no part of it (RFC 6265 section 5.4), nor is a `;`.
    let values = mutations(&value).into_iter().filter(|other| other.trim() != value);
    let mut pairs: Vec<String> = values.map(|other| format!("{name}={other}")).collect();
    // The last digits of a name only keep two cookies of a flow apart.
    let flows_own = &name[..name.len() - 8];
    let names = mutations(&name).into_iter().filter(|other| !other.trim().starts_with(flows_own));
    pairs.extend(names.map(|other| format!("{other}={value}")));
    for pair in &pairs {
        let request = Request::callback("slack", "code", &[&pressed.state]).cookies(vec![pair.clone()]);
        assert_eq!(site.send(&request).await.parameter("reason").as_deref(), INVALID_STATE.1, "{pair:?}");
    }
    println!("figures: {} cookies", pairs.len());
    assert_eq!(site.calls(), [0, 0, 0]);
    assert_eq!(person.return_with(&site, &pressed, "code").await.ending().0, CONNECTED.0);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_differs_in_anything_is_refused() {
    let site = Site::enforcing(PAYLOADS[1]).await;
    let link = site.link(&json!({ "connection": "slack" })).await;
    let person = Browser::default();
    let pressed = person.consent(&site, &link).await;
    site.calls();
    let mut count = 0;
    for path in ["slack", UUIDS[0]] {
        // A slash at its end changes nothing.
        for other in mutations(path).into_iter().filter(|other| other.split('/').all(|segment| !segment.is_empty())) {
            let answer = person.go(&site, Request::callback(&other, "code", &[&pressed.state])).await;
            // Three segments are no callback at all.
            let expected = ["unknown_connection", "invalid_state"];
            let refused = || answer.parameter("reason").is_some_and(|reason| expected.contains(&reason.as_str()));
            assert!(answer.status() == 404 || refused(), "{other:?}: {}", answer.0);
            count += 1;
        }
    }
    println!("figures: {count} paths");
    assert_eq!(site.calls(), [0, 0, 0]);
    assert_eq!(person.return_with(&site, &pressed, "code").await.ending().0, CONNECTED.0);
}
