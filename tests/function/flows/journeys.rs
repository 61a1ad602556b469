//! Whole journeys, from the link to the outcome: those that end well, those that go wrong, and those of somebody else.

use std::time::Duration;

use appfabric_connect::config::StateMode;
use appfabric_emulator::appfabric::{Answer as Reply, Exception, Fault, Operation, Status};
use serde_json::json;
use tokio::time::sleep;

use super::site::{Browser, PAYLOADS, Payload, Request, Site, listed};
use crate::expected::{
    ACCESS_DENIED, CODE_REJECTED, CONNECTED, Ending, IN_PROGRESS, INVALID_REQUEST, INVALID_STATE, LINK_USED,
    NOT_CONNECTED, TEMPORARILY_UNAVAILABLE, UNCONFIRMED, UNKNOWN_CONNECTION,
};
use crate::pipe::Way;
use crate::support::arn;

/// A deployment, and a link for its first app authorization.
async fn begun(payload: Payload) -> (Site, String) {
    let site = Site::enforcing(payload).await;
    let link = site.link(&json!({ "connection": "slack" })).await;
    (site, link)
}

/// An ending as an answer has it.
fn told((outcome, reason): Ending) -> (String, Option<String>) {
    (outcome.to_owned(), reason.map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn from_the_link_to_connected_and_never_twice() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let person = Browser::default();
        assert_eq!(person.open(&site, &link).await.status(), 200);
        let pressed = person.consent(&site, &link).await;
        site.calls();
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
        assert_eq!(site.calls(), [0, 1, 1]);
        // Reloaded, and back and forward again: what was recorded, whatever has become of it since.
        site.disconnect();
        for _ in 0..3 {
            assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
        }
        // Another code is no reload.
        assert_eq!(person.return_with(&site, &pressed, "another").await.ending(), told(LINK_USED));
        let opened = person.open(&site, &link).await;
        assert!(opened.status() == 410 && opened.body().contains("This link was used before"), "{}", opened.0);
        assert_eq!(person.press(&site, &link).await.status(), 410);
        assert_eq!(site.calls(), [0, 0, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_connected_can_be_connected_anew_and_only_by_a_flow() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        site.pipes.emulator().set_status(&arn(1), Status::CONNECTED);
        let person = Browser::default();
        let pressed = person.consent(&site, &link).await;
        site.calls();
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
        assert_eq!(site.calls(), [0, 1, 1]);
        // In report, without a state, it is left alone.
        let report = Site::new(&[("APP_AUTHORIZATIONS", &listed())], StateMode::Report, payload).await;
        report.pipes.emulator().set_status(&arn(1), Status::CONNECTED);
        let answer = report.send(&Request::callback("slack", "code", &[])).await;
        assert_eq!((answer.ending(), report.calls()), (told(CONNECTED), [1, 0, 1]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_was_not_told_the_end_leaves_the_flow_to_the_one_that_may_still_fail() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let person = Browser::default();
        let pressed = person.consent(&site, &link).await;
        site.fault(Operation::Connect, Fault::throttled(3, 7));
        let impatient = async {
            sleep(Duration::from_secs(1)).await;
            site.set_remaining(Duration::from_secs(6));
            person.return_with(&site, &pressed, "code").await
        };
        let (first, second) = tokio::join!(person.return_with(&site, &pressed, "code"), impatient);
        assert_eq!((first.ending(), second.ending()), (told(TEMPORARILY_UNAVAILABLE), told(IN_PROGRESS)));
        assert_eq!(person.open(&site, &link).await.status(), 200);
    }
}

/// What a first try meets, how it ends, and whether the link is good for another one.
type Row = (&'static str, fn(&Site), Ending, bool);

const TRIES: [Row; 9] = [
    ("a code that AppFabric refuses", |site| refuse(site, Exception::Validation), CODE_REJECTED, true),
    ("no such app authorization", |site| refuse(site, Exception::ResourceNotFound), UNKNOWN_CONNECTION, true),
    ("a wrong secret", |site| answers(site, Status::CONNECTION_VALIDATION_FAILED), NOT_CONNECTED, true),
    ("a status that nobody knows", |site| answers(site, Status::from("Resting")), NOT_CONNECTED, true),
    ("throttled", |site| site.fault(Operation::Connect, Fault::throttled(3, 1)), TEMPORARILY_UNAVAILABLE, true),
    ("out of reach", |site| site.pipes.set(Operation::Connect, Way::Refused, 3), TEMPORARILY_UNAVAILABLE, true),
    ("pending", |site| answers(site, Status::PENDING_CONNECT), IN_PROGRESS, false),
    ("no answer", |site| site.fault(Operation::Connect, Reply::Hang), UNCONFIRMED, false),
    ("connected", |_| {}, CONNECTED, false),
];

fn refuse(site: &Site, exception: Exception) {
    site.fault(Operation::Connect, Fault::exception(exception));
}

fn answers(site: &Site, status: Status) {
    site.fault(Operation::Connect, Fault::status(status));
}

#[tokio::test(start_paused = true)]
async fn what_fails_leaves_the_link_and_what_is_connected_or_pending_ends_it() {
    for payload in PAYLOADS {
        for (name, meets, ending, again) in TRIES {
            let (site, link) = begun(payload).await;
            let person = Browser::default();
            let pressed = person.consent(&site, &link).await;
            let tab = person.consent(&site, &link).await;
            meets(&site);
            assert_eq!(person.return_with(&site, &pressed, "first").await.ending(), told(ending), "{name}");
            // That state is used up either way.
            assert_eq!(person.return_with(&site, &pressed, "second").await.ending(), told(LINK_USED), "{name}");
            let [opened, expected] = [person.open(&site, &link).await.status(), if again { 200 } else { 410 }];
            assert_eq!(opened, expected, "{name}");
            assert_eq!(person.press(&site, &link).await.status(), if again { 303 } else { 410 }, "{name}");
            // So is, with the link, every other state of it.
            let expected = if again { CONNECTED } else { LINK_USED };
            assert_eq!(person.return_with(&site, &tab, "third").await.ending(), told(expected), "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_says_no_touches_neither_state_nor_link() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let person = Browser::default();
        let pressed = person.consent(&site, &link).await;
        site.calls();
        for (error, state) in [("access_denied", true), ("access_denied", false), ("server_error", true)] {
            let mut request = Request::new("GET", "/callback/slack").query("error", error);
            if state {
                request = request.query("state", &pressed.state);
            }
            let ending = if error == "access_denied" { ACCESS_DENIED } else { TEMPORARILY_UNAVAILABLE };
            assert_eq!(person.go(&site, request).await.ending(), told(ending));
        }
        let neither = Request::new("GET", "/callback/slack").query("state", &pressed.state);
        assert_eq!(person.go(&site, neither).await.ending(), told(INVALID_REQUEST));
        let head = Request::new("HEAD", "/callback/slack").query("code", "code").query("state", &pressed.state);
        assert_eq!(person.go(&site, head).await.status(), 204);
        let ahead = Request::callback("slack", "code", &[&pressed.state]).header("Sec-Purpose", "prefetch");
        assert_eq!(person.go(&site, ahead).await.status(), 204);
        assert_eq!(site.calls(), [0, 0, 0]);
        assert_eq!(person.open(&site, &link).await.status(), 200);
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
    }
}

#[tokio::test(start_paused = true)]
async fn two_tabs_of_one_flow_end_alike_and_one_of_them_connects() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let person = Browser::default();
        let (one, two) = (person.consent(&site, &link).await, person.consent(&site, &link).await);
        site.calls();
        // The later one comes back first.
        assert_eq!(person.return_with(&site, &two, "two").await.ending(), told(CONNECTED));
        assert_eq!(person.return_with(&site, &one, "one").await.ending(), told(LINK_USED));
        assert_eq!(site.calls(), [0, 1, 1]);
        assert_eq!(person.return_with(&site, &two, "two").await.ending(), told(CONNECTED));

        // Both at once: one wins, and the other's code is spent or is not, as it came first or not.
        let link = site.link(&json!({ "connection": "slack" })).await;
        let (one, two) = (person.consent(&site, &link).await, person.consent(&site, &link).await);
        site.disconnect();
        site.calls();
        let both = tokio::join!(person.return_with(&site, &one, "three"), person.return_with(&site, &two, "four"));
        let endings = [both.0.ending(), both.1.ending()];
        assert!(endings.iter().all(|ending| [told(CONNECTED), told(LINK_USED)].contains(ending)), "{endings:?}");
        assert!(endings.contains(&told(CONNECTED)), "{endings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_fifty_callbacks_at_once_one_sends_a_code() {
    for payload in PAYLOADS {
        for same_code in [true, false] {
            let (site, link) = begun(payload).await;
            let person = Browser::default();
            let pressed = person.consent(&site, &link).await;
            site.calls();
            let slow = Fault::default().wait_after_reading(Duration::from_secs(1));
            site.fault(Operation::Connect, slow.times(u32::MAX));
            let codes: Vec<String> =
                (0..50).map(|number| format!("code-{}", if same_code { 0 } else { number })).collect();
            let callbacks = codes.iter().map(|code| person.return_with(&site, &pressed, code));
            let answers = join_all(callbacks.collect()).await;
            let connected = answers.iter().filter(|ending| **ending == told(CONNECTED)).count();
            let used = answers.iter().filter(|ending| **ending == told(LINK_USED)).count();
            let expected = if same_code { (50, 0) } else { (1, 49) };
            assert_eq!(((connected, used), site.calls()), (expected, [0, 1, 1]), "{answers:?}");
        }
    }
}

/// All of them at once.
async fn join_all<F: Future<Output = super::site::Answer>>(callbacks: Vec<F>) -> Vec<(String, Option<String>)> {
    let mut callbacks: Vec<_> = callbacks.into_iter().map(|callback| (Box::pin(callback), None)).collect();
    std::future::poll_fn(|context| {
        for (callback, ending) in &mut callbacks {
            if ending.is_none()
                && let std::task::Poll::Ready(answer) = callback.as_mut().poll(context)
            {
                *ending = Some(answer.ending());
            }
        }
        let done = callbacks.iter().all(|(_, ending)| ending.is_some());
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    callbacks.into_iter().map(|(_, ending)| ending.expect("it is done")).collect()
}

#[tokio::test(start_paused = true)]
async fn two_flows_in_one_browser_do_not_disturb_each_other() {
    for payload in PAYLOADS {
        for other in ["slack", "okta"] {
            let (site, first) = begun(payload).await;
            let second = site.link(&json!({ "connection": other })).await;
            let person = Browser::default();
            let (one, two) = (person.consent(&site, &first).await, person.consent(&site, &second).await);
            assert_eq!(person.cookies(site.now()).len(), 3);
            site.calls();
            // The code of one flow with the state of the other is nobody's.
            if other == "okta" {
                let mixed = Request::callback(&two.callback, "mixed", &[&one.state]);
                assert_eq!(person.go(&site, mixed).await.ending(), told(INVALID_STATE));
                assert_eq!(site.calls(), [0, 0, 0]);
            }
            assert_eq!(person.return_with(&site, &one, "one").await.ending(), told(CONNECTED));
            assert_eq!(person.return_with(&site, &two, "two").await.ending(), told(CONNECTED));
            assert_eq!(site.calls(), [0, 2, 2]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stolen_link_opens_for_nobody_else_and_a_stolen_state_proves_nothing() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let (owner, thief) = (Browser::default(), Browser::default());
        let pressed = owner.consent(&site, &link).await;
        assert_eq!(thief.open(&site, &link).await.status(), 410);
        assert_eq!(thief.press(&site, &link).await.status(), 410);
        site.calls();
        // Both ways round: the thief brings the owner's state, or has the owner bring the thief's code and state.
        for _ in 0..2 {
            assert_eq!(thief.return_with(&site, &pressed, "thief").await.ending(), told(INVALID_STATE));
        }
        let own_link = site.link(&json!({ "connection": "slack" })).await;
        let lure = thief.consent(&site, &own_link).await;
        site.calls();
        assert_eq!(owner.return_with(&site, &lure, "lure").await.ending(), told(INVALID_STATE));
        assert_eq!(site.calls(), [0, 0, 0]);
        assert_eq!(owner.return_with(&site, &pressed, "owner").await.ending(), told(CONNECTED));
        // What the owner has finished, the thief does not learn of.
        assert_eq!(thief.return_with(&site, &pressed, "owner").await.ending(), told(INVALID_STATE));
        assert_eq!(site.calls(), [0, 1, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_anew_after_the_cookie_has_ended_owns_the_flow() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let (first, second) = (Browser::default(), Browser::default());
        let earlier = first.consent(&site, &link).await;
        let cookies = first.cookies(site.now());
        site.wait(BROWSER_KEPT);
        let later = second.consent(&site, &link).await;
        site.calls();
        // A browser that has kept its cookie too long is not the owner any more.
        let late = Request::callback("slack", "late", &[&earlier.state]).cookies(cookies);
        assert_eq!(site.send(&late).await.ending(), told(INVALID_STATE));
        assert_eq!(site.calls(), [0, 0, 0]);
        assert_eq!(second.return_with(&site, &later, "code").await.ending(), told(CONNECTED));
    }
}

/// As the cookie's `Max-Age` says.
const BROWSER_KEPT: Duration = Duration::from_mins(10);
