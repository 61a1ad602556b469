//! What is done while the table does not answer.

use std::time::Duration;

use appfabric_connect::values::StateMode;
use serde_json::json;

use super::begin::is_guarded;
use super::site::{PAYLOADS, Request, Site};
use crate::lines::Lines;
use crate::metrics::counts;

/// In the right shape.
fn state() -> String {
    "0123456789abcdef".repeat(8)
}

#[tokio::test(start_paused = true)]
async fn under_enforce_nothing_is_spent_and_the_other_modes_go_on() {
    let (lines, _listening) = Lines::listen();
    let unavailable = ("failed".to_owned(), Some("temporarily_unavailable".to_owned()));
    let invalid = ("failed".to_owned(), Some("invalid_state".to_owned()));
    let connected = ("connected".to_owned(), None);
    for payload in PAYLOADS {
        for (mode, state, ending, logged, calls) in [
            (StateMode::Enforce, Some(state()), &unavailable, "unchecked", [0, 0, 0]),
            // What needs no table is known without one.
            (StateMode::Enforce, Some("x".to_owned()), &invalid, "unknown", [0, 0, 0]),
            (StateMode::Enforce, None, &invalid, "missing", [0, 0, 0]),
            (StateMode::Report, Some(state()), &connected, "unchecked", [1, 1, 2]),
            (StateMode::Report, None, &connected, "missing", [1, 1, 2]),
            (StateMode::Off, Some(state()), &connected, "off", [1, 1, 2]),
            (StateMode::Off, None, &connected, "off", [1, 1, 2]),
        ] {
            let site = Site::without_its_table(mode, payload).await;
            let states: Vec<&str> = state.iter().map(String::as_str).collect();
            let answer = site.send(&Request::callback("slack", "canary", &states)).await;
            let name = format!("{mode:?} {payload:?} {logged}");
            assert_eq!((&answer.ending(), site.calls()), (ending, calls), "{name}");
            let lines = lines.take();
            let callback = lines.iter().find(|line| line["message"] == "callback").expect("a line");
            assert_eq!(callback["state"], logged, "{name}: {callback}");
            assert_eq!(
                callback["ledger"] == "unreachable",
                calls[1] == 1 || logged == "unchecked",
                "{name}: {callback}"
            );
            let complaints = lines.iter().filter(|line| line["message"] == "flow table unreachable").count();
            assert_eq!(complaints > 0, logged == "unchecked" || mode != StateMode::Enforce, "{name}: {lines:?}");
            let [numbers] = site.counter.take().try_into().expect("printed once");
            assert_eq!(counts(&numbers).contains(&"FlowTableUnreachable"), complaints > 0, "{name}: {numbers:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_at_the_application_is_told_all_the_same() {
    let (lines, _listening) = Lines::listen();
    for payload in PAYLOADS {
        for mode in [StateMode::Enforce, StateMode::Report, StateMode::Off] {
            let site = Site::without_its_table(mode, payload).await;
            let denied =
                Request::new("GET", "/callback/slack").query("error", "access_denied").query("state", &state());
            let ending = site.send(&denied).await.ending();
            assert_eq!(ending, ("failed".to_owned(), Some("access_denied".to_owned())), "{mode:?}");
            // The table was to end the ownership of a browser without its cookie.
            let complaints = lines.take().iter().filter(|line| line["message"] == "flow table unreachable").count();
            assert_eq!(complaints, 1, "{mode:?}");
            // Without time left it is not asked, and so not blamed.
            site.set_remaining(Duration::from_secs(1));
            assert_eq!(site.send(&denied).await.ending().1.as_deref(), Some("access_denied"), "{mode:?}");
            assert!(lines.take().iter().all(|line| line["message"] != "flow table unreachable"), "{mode:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_flow_is_begun_and_no_link_is_followed() {
    for payload in PAYLOADS {
        let site = Site::without_its_table(StateMode::Enforce, payload).await;
        let answer = site.ask(&json!({ "connection": "slack" })).await;
        assert_eq!((answer.status(), answer.header("content-type")), (503, Some("application/problem+json")));
        assert!(answer.json()["detail"].as_str().expect("a text").contains("table"), "{}", answer.0);
        is_counted_once(&site);
        let link = format!("/connect/{}", "0123456789abcdef".repeat(4));
        let post = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "same-origin");
        for request in [Request::new("GET", link.as_str()), Request::new("HEAD", link.as_str()), post] {
            let answer = site.send(&request).await;
            assert_eq!(answer.status(), 503, "{request:?}");
            assert!(answer.set_cookies().is_empty() && answer.header("location").is_none(), "{request:?}");
            is_counted_once(&site);
            is_guarded(&answer);
        }
    }
}

fn is_counted_once(site: &Site) {
    let [numbers] = site.counter.take().try_into().expect("printed once");
    assert_eq!(counts(&numbers), ["FlowTableUnreachable"]);
}
