//! Whole journeys, from the link to the outcome: those that end well, those that go wrong, and those of somebody else.

use std::time::Duration;

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Answer as Reply, Exception, Fault, Operation, Status};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::site::{Browser, PAYLOADS, Payload, Pressed, Request, Site, UUIDS, listed};
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
        assert!(opened.status() == 410 && opened.body().contains("Already connected"), "{}", opened.0);
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
            // That state is used up either way, and what the person learns is what became of the first code.
            let second = if again {
                INVALID_STATE
            } else if ending == CONNECTED {
                LINK_USED
            } else {
                ending
            };
            assert_eq!(person.return_with(&site, &pressed, "second").await.ending(), told(second), "{name}");
            let [opened, expected] = [person.open(&site, &link).await.status(), if again { 200 } else { 410 }];
            assert_eq!(opened, expected, "{name}");
            assert_eq!(person.press(&site, &link).await.status(), if again { 303 } else { 410 }, "{name}");
            // So is, with the link, every other state of it.
            let expected = if again { CONNECTED } else { second };
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
            // The first code is under way meanwhile, and nobody is told a failure.
            let pending = answers.iter().filter(|ending| **ending == told(IN_PROGRESS)).count();
            let expected = if same_code { (50, 0) } else { (1, 49) };
            assert_eq!(((connected, pending), site.calls()), (expected, [0, 1, 1]), "{answers:?}");
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
async fn a_state_is_good_for_the_browser_that_pressed_whichever_owns_the_flow_by_then() {
    for payload in PAYLOADS {
        for mode in [StateMode::Enforce, StateMode::Report] {
            let site = Site::new(&[("APP_AUTHORIZATIONS", &listed())], mode, payload).await;
            let link = site.link(&json!({ "connection": "slack" })).await;
            let (attacker, person) = (Browser::default(), Browser::default());
            let old = attacker.consent(&site, &link).await;
            site.wait(OWNED);
            let own = person.consent(&site, &link).await;
            // The attacker has the person's browser open the redirection endpoint: the person's cookie goes along.
            site.calls();
            let answer = person.return_with(&site, &old, "attackers").await;
            let (ending, calls) =
                if mode == StateMode::Enforce { (INVALID_STATE, [0, 0, 0]) } else { (CONNECTED, [1, 1, 2]) };
            assert_eq!((answer.ending(), site.calls()), (told(ending), calls));
            // What each browser was given is good in that browser, while the flow has not ended.
            assert_eq!(person.return_with(&site, &own, "persons").await.ending(), told(CONNECTED));
            let late = attacker.return_with(&site, &old, "late").await;
            assert_eq!(late.ending(), told(if mode == StateMode::Enforce { LINK_USED } else { CONNECTED }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_clicks_on_the_button_are_one_browser() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let person = Browser::default();
        assert_eq!(person.open(&site, &link).await.status(), 200);
        // Both presses are under way; the answer to the first one never arrives.
        let lost = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "same-origin");
        let lost = lost.cookies(person.cookies(site.now()));
        site.fault(Operation::Get, Fault::default().wait_after_reading(Duration::from_millis(500)));
        let second = async {
            sleep(Duration::from_millis(100)).await;
            person.press(&site, &link).await
        };
        let (first, second) = tokio::join!(site.send(&lost), second);
        assert_eq!((first.status(), second.status()), (303, 303));
        let pressed = Pressed::at(&site, &second);
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
    }
}

#[tokio::test(start_paused = true)]
async fn two_pages_that_are_asked_for_at_the_same_time_are_one_browser() {
    for payload in PAYLOADS {
        for second_one_presses in [false, true] {
            let (site, link) = begun(payload).await;
            let person = Browser::default();
            // Both requests leave before an answer has brought a cookie.
            let (first, second) = (Request::new("GET", link.as_str()), Request::new("GET", link.as_str()));
            let (first, second) = (site.send(&first).await, site.send(&second).await);
            person.keep(&site, &first);
            let pressed = if second_one_presses {
                person.keep(&site, &second);
                person.consent(&site, &link).await
            } else {
                let pressed = Pressed::at(&site, &person.press(&site, &link).await);
                person.keep(&site, &second);
                pressed
            };
            assert_eq!(person.open(&site, &link).await.status(), 200);
            assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_without_cookies_is_told_before_it_consents() {
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let press = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "same-origin");
        site.calls();
        let answer = site.send(&press).await;
        assert_eq!((answer.status(), site.calls()), (403, [0, 0, 0]), "{}", answer.0);
        assert!(answer.body().contains("This browser keeps no cookies for this site"), "{}", answer.0);
        assert!(answer.set_cookies().is_empty() && answer.header("location").is_none(), "{}", answer.0);
        // Nothing was bound: a browser that keeps them goes on.
        let person = Browser::default();
        let pressed = person.consent(&site, &link).await;
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending(), told(CONNECTED));
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_has_lost_its_cookie_starts_again_at_once() {
    type Back = fn(&Pressed) -> Request;
    let ways: [(Ending, Back); 3] = [
        (INVALID_STATE, |pressed| Request::callback("slack", "code", &[&pressed.state])),
        (ACCESS_DENIED, |pressed| {
            Request::new("GET", "/callback/slack").query("error", "access_denied").query("state", &pressed.state)
        }),
        (INVALID_REQUEST, |pressed| Request::new("GET", "/callback/slack").query("state", &pressed.state)),
    ];
    for payload in PAYLOADS {
        for (mode, (ending, back)) in [StateMode::Enforce, StateMode::Report, StateMode::Off]
            .into_iter()
            .flat_map(|mode| ways.map(|way| (mode, way)))
        {
            let site = Site::new(&[("APP_AUTHORIZATIONS", &listed())], mode, payload).await;
            let link = site.link(&json!({ "connection": "slack" })).await;
            // Without a proof the code is sent where it is let through, and refused here.
            site.fault(Operation::Connect, Fault::exception(Exception::Validation).times(u32::MAX));
            let ending = if mode != StateMode::Enforce && ending == INVALID_STATE { CODE_REJECTED } else { ending };
            let (person, other) = (Browser::default(), Browser::default());
            other.open(&site, &link).await;
            let pressed = person.consent(&site, &link).await;
            // Not without the `state`, and not while any cookie of the flow is there.
            site.send(&Request::callback("slack", "code", &[])).await;
            let kept = back(&pressed).cookies(person.cookies(site.now()).split_off(1));
            let wrong = other.cookies(site.now());
            if [ACCESS_DENIED, INVALID_REQUEST].contains(&ending) {
                site.send(&kept).await;
            }
            site.send(&back(&pressed).cookies(wrong)).await;
            assert_eq!(other.open(&site, &link).await.status(), 410, "{mode:?}");
            let lost = Browser::default();
            assert_eq!(lost.go(&site, back(&pressed)).await.ending(), told(ending), "{mode:?}");
            site.pipes.emulator().clear_faults();
            let again = lost.consent(&site, &link).await;
            assert_eq!(lost.return_with(&site, &again, "again").await.ending(), told(CONNECTED), "{mode:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_alias_means_another_app_authorization_by_now_is_dead_before_consent() {
    for payload in PAYLOADS {
        for now in [json!({ "slack": arn(2).to_string() }), json!({ "okta": arn(2).to_string() })] {
            let (site, link) = begun(payload).await;
            let person = Browser::default();
            assert_eq!(person.open(&site, &link).await.status(), 200);
            let site = site.with_variables(&[("APP_AUTHORIZATIONS", &now.to_string())]);
            site.calls();
            for answer in [person.open(&site, &link).await, person.press(&site, &link).await] {
                assert_eq!(answer.status(), 410, "{}", answer.0);
                assert!(answer.body().contains("This link is out of date"), "{}", answer.0);
            }
            assert_eq!(site.calls(), [0, 0, 0]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn connect_gets_the_redirect_uri_of_the_flows_own_authorization_request() {
    let uuids = UUIDS[0];
    let (bundle, authorization) = uuids.split_once('/').expect("two");
    let by_uuids = json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization });
    let arn = arn(1).to_string();
    for payload in PAYLOADS {
        for (flow, own, paths) in [
            (json!({ "connection": "slack" }), "slack", ["slack", "slack/", "team-chat", uuids, &arn]),
            (by_uuids.clone(), uuids, ["slack", "slack/", uuids, &format!("{uuids}/"), &arn]),
            (json!({ "connection": arn }), &arn, ["slack", uuids, &arn, &format!("{arn}/"), "team-chat"]),
        ] {
            for path in paths {
                let site = Site::enforcing(payload).await;
                let link = site.link(&flow).await;
                let person = Browser::default();
                let pressed = person.consent(&site, &link).await;
                assert_eq!(pressed.callback, own);
                let callback = Request::callback(path, "code", &[&pressed.state]);
                assert_eq!(person.go(&site, callback).await.ending(), told(CONNECTED));
                let calls = site.pipes.emulator().calls_of(Operation::Connect);
                let body: Value = serde_json::from_str(&calls[0].body).expect("JSON");
                let expected = format!("{}/callback/{own}", site.base_url());
                assert_eq!(body["authRequest"]["redirectUri"], json!(expected), "{own} by {path}");
            }
        }
    }
}

/// As long as a press gives the flow to a browser.
const OWNED: Duration = Duration::from_mins(10);
