use std::time::UNIX_EPOCH;

use super::*;
use crate::connect::state::FlowId;
use crate::values::{AuthorizationCode, Region, Uuid};

/// When the flow's link dies, in seconds.
const EXPIRES: u64 = 3_600;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn app_authorization() -> AppAuthorization {
    let uuid = || Uuid::parse("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d").unwrap();
    AppAuthorization::new(Region::parse("us-east-1").unwrap(), uuid(), uuid())
}

fn code(text: &str) -> Hash {
    Hash::of_code(&app_authorization(), &AuthorizationCode::try_from(text.to_owned()).unwrap())
}

fn flow() -> Flow {
    Flow::new("slack".to_owned(), &app_authorization(), at(EXPIRES))
}

/// Who brings these cookies at that second, for the flow's own app authorization.
fn bearer<'b>(cookies: &'b [Secret], flow: &'b Flow, seconds: u64) -> Bearer<'b> {
    Bearer { cookies, app_authorization: &flow.app_authorization, now: at(seconds) }
}

fn redirect_uri(path: &str) -> RedirectUri {
    RedirectUri::new("https://connect.example.com", path).unwrap()
}

/// A press of the browser that has this cookie, with its `state`.
fn press(id: FlowId, cookie: &Secret) -> (Press, State) {
    let state = State::new(id);
    let redirect_uri = redirect_uri("/callback/slack");
    (Press { secret: state.press.hash(), cookie: cookie.hash(), redirect_uri, used: None }, state)
}

/// Presses the button of a flow at that second, if that may be.
fn bind(flow: &mut Flow, id: FlowId, cookie: &Secret, seconds: u64) -> Option<State> {
    let (press, state) = press(id, cookie);
    flow.bind(press, at(seconds)).then_some(state)
}

/// The same cookie once more.
fn again(cookie: &Secret) -> Secret {
    Secret::parse(cookie.reveal()).unwrap()
}

/// A flow whose button was pressed at 100 s, with the `state` of that press and the browser's cookie.
fn pressed() -> (Flow, State, Secret) {
    let (id, cookie, mut flow) = (FlowId::of(&Secret::random()), Secret::random(), flow());
    let state = bind(&mut flow, id, &cookie, 100).unwrap();
    (flow, state, cookie)
}

#[test]
fn a_link_is_good_until_its_time_for_one_browser_until_it_is_finished() {
    let (fresh, (flow, _, cookie)) = (flow(), pressed());
    let finished = |outcome| Flow { ended: Some(outcome), ..flow.clone() };
    let (connected, pending) = (finished(Outcome::Connected), finished(Outcome::InProgress));
    let (own, other, both) = (&[cookie][..], &[Secret::random()][..], [Secret::random(), Secret::random()]);
    for (flow, cookies, now, expected) in [
        (&fresh, &[][..], 0, Ok(())),
        (&fresh, other, EXPIRES - 1, Ok(())),
        (&fresh, &[], EXPIRES, Err(Dead::Expired)),
        (&fresh, &[], EXPIRES + 1, Err(Dead::Expired)),
        (&flow, own, 101, Ok(())),
        (&flow, other, 101, Err(Dead::OtherBrowser)),
        (&flow, &both, 101, Err(Dead::OtherBrowser)),
        (&flow, &[], 101, Err(Dead::OtherBrowser)),
        // The ownership has ended, and another browser may begin anew.
        (&flow, &[], 699, Err(Dead::OtherBrowser)),
        (&flow, &[], 700, Ok(())),
        (&connected, own, 101, Err(Dead::Finished(Outcome::Connected))),
        (&pending, other, 101, Err(Dead::Finished(Outcome::InProgress))),
        (&connected, own, EXPIRES, Err(Dead::Finished(Outcome::Connected))),
    ] {
        assert_eq!(flow.admits(cookies, at(now)), expected, "{now}");
    }
}

#[test]
fn a_button_can_be_pressed_only_so_often() {
    let (mut flow, state, cookie) = pressed();
    let cookies = &[again(&cookie)][..];
    for _ in 1..MOST_PRESSES {
        assert_eq!(flow.admits(cookies, at(101)), Ok(()));
        assert!(bind(&mut flow, state.flow, &cookie, 101).is_some());
    }
    assert_eq!(flow.admits(cookies, at(101)), Err(Dead::PressedTooOften));
    // What was pressed before is still good.
    assert!(flow.take(&state, &code("first"), &bearer(cookies, &flow.clone(), 102)).is_ok());
}

#[test]
fn a_state_proves_what_it_should_and_nothing_else() {
    let (flow, state, cookie) = pressed();
    let mut used = flow.clone();
    let own = &[cookie][..];
    assert!(used.take(&state, &code("first"), &bearer(own, &flow, 150)).is_ok());
    let by = || Used { code: code("first"), at: at(150) };
    let ended = |flow: &Flow, outcome| Flow { ended: Some(outcome), ..flow.clone() };
    let (connected, pending) = (ended(&flow, Outcome::Connected), ended(&flow, Outcome::Unconfirmed));
    let done = ended(&used, Outcome::Connected);
    let unknown = State { flow: state.flow, press: Secret::random() };
    let other = &[Secret::random()][..];
    let (good, bad) = (true, false);
    for (name, flow, state, delivered, cookies, now, expected) in [
        ("right", &flow, &state, "first", own, 200, Ok(())),
        ("in time", &flow, &state, "first", own, EXPIRES - 1, Ok(())),
        ("late", &flow, &state, "first", own, EXPIRES, Err(Refused::Expired)),
        ("late, other browser", &flow, &state, "first", other, EXPIRES, Err(Refused::Expired)),
        ("never given out", &flow, &unknown, "first", own, 200, Err(Refused::Unknown)),
        ("another's cookie", &flow, &state, "first", other, 200, Err(Refused::OtherBrowser)),
        ("no cookie", &flow, &state, "first", &[], 200, Err(Refused::OtherBrowser)),
        ("the same code again", &used, &state, "first", own, 200, Ok(())),
        ("the same code again, late", &used, &state, "first", own, EXPIRES, Ok(())),
        ("the same code again, other browser", &used, &state, "first", other, 200, Err(Refused::OtherBrowser)),
        ("another code", &used, &state, "second", own, 200, Err(Refused::Used { by: by(), link_is_good: good })),
        (
            "another code, late",
            &used,
            &state,
            "second",
            own,
            EXPIRES,
            Err(Refused::Used { by: by(), link_is_good: bad }),
        ),
        ("another code, other browser", &used, &state, "second", other, 200, Err(Refused::OtherBrowser)),
        ("ended from another tab", &connected, &state, "first", own, 200, Err(Refused::Finished(Outcome::Connected))),
        ("ended, late", &connected, &state, "first", own, EXPIRES, Err(Refused::Finished(Outcome::Connected))),
        ("ended pending", &pending, &state, "first", own, 200, Err(Refused::Finished(Outcome::Unconfirmed))),
        ("ended, other browser", &connected, &state, "first", other, 200, Err(Refused::OtherBrowser)),
        ("ended, the same code again", &done, &state, "first", own, 200, Ok(())),
        ("ended, another code", &done, &state, "second", own, 200, Err(Refused::Finished(Outcome::Connected))),
    ] {
        let checked = flow.check(state, &code(delivered), &bearer(cookies, flow, now)).cloned();
        assert_eq!(checked, expected.clone().map(|()| redirect_uri("/callback/slack")), "{name}");
        // Whose browser it is comes before what it is for, and both before what came of it.
        let elsewhere = Bearer { app_authorization: "us-east-1/another", ..bearer(cookies, flow, now) };
        let first = matches!(expected, Err(Refused::Unknown | Refused::Expired | Refused::OtherBrowser));
        let expected = if first { expected.unwrap_err() } else { Refused::OtherAuthorization };
        assert_eq!(flow.check(state, &code(delivered), &elsewhere), Err(expected), "{name}");
    }
}

#[test]
fn a_refusal_has_a_word_and_an_outcome_unless_that_depends_on_an_earlier_code() {
    let by = Used { code: code("first"), at: at(150) };
    let refusals = [
        (Refused::Missing, Some(Outcome::InvalidState)),
        (Refused::Unknown, Some(Outcome::InvalidState)),
        (Refused::Expired, Some(Outcome::LinkExpired)),
        (Refused::Used { by, link_is_good: true }, None),
        (Refused::Finished(Outcome::Connected), Some(Outcome::LinkUsed)),
        (Refused::OtherBrowser, Some(Outcome::InvalidState)),
        (Refused::OtherAuthorization, Some(Outcome::InvalidState)),
    ];
    for ((refused, outcome), name) in refusals.into_iter().zip(Refused::NAMES) {
        assert_eq!((refused.name(), refused.outcome()), (name, outcome));
    }
    assert_eq!(Refused::Finished(Outcome::Unconfirmed).outcome(), Some(Outcome::Unconfirmed));
}

#[test]
fn a_state_is_used_up_by_one_code() {
    let (mut flow, state, cookie) = pressed();
    let (known, own) = (flow.clone(), [cookie]);
    let by = bearer(&own, &known, 200);
    let stranger = [Secret::random()];
    assert_eq!(flow.take(&state, &code("first"), &bearer(&stranger, &known, 200)), Err(Refused::OtherBrowser));
    for _ in 0..2 {
        assert_eq!(flow.take(&state, &code("first"), &by), Ok(redirect_uri("/callback/slack")));
    }
    let first = Used { code: code("first"), at: at(200) };
    let refused = flow.take(&state, &code("second"), &bearer(&own, &known, 210));
    assert_eq!(refused, Err(Refused::Used { by: first, link_is_good: true }));
    assert_eq!(flow.take(&State::new(state.flow), &code("third"), &by), Err(Refused::Unknown));
}

#[test]
fn tabs_of_one_browser_share_a_flow_and_another_browser_has_to_wait() {
    let (mut flow, first, cookie) = pressed();
    let second = bind(&mut flow, first.flow, &cookie, 200).unwrap();
    assert_eq!(flow.browser.unwrap().until, at(800));
    let (own, other) = ([again(&cookie)], [Secret::random()]);
    for state in [&first, &second] {
        assert!(flow.check(state, &code("a"), &bearer(&own, &flow, 250)).is_ok());
    }
    assert!(bind(&mut flow.clone(), first.flow, &other[0], 799).is_none());
    let third = bind(&mut flow, first.flow, &other[0], 800).unwrap();
    // Each state stays with the browser that it was given to, whichever owns the flow.
    for (state, cookies, expected) in [
        (&first, &own, None),
        (&first, &other, Some(Refused::OtherBrowser)),
        (&second, &other, Some(Refused::OtherBrowser)),
        (&third, &own, Some(Refused::OtherBrowser)),
        (&third, &other, None),
    ] {
        assert_eq!(flow.check(state, &code("a"), &bearer(cookies, &flow, 801)).err(), expected);
    }
    let mut dead = Flow { ended: Some(Outcome::Connected), ..flow.clone() };
    assert!(bind(&mut dead, first.flow, &other[0], 802).is_none());
    assert!(bind(&mut flow, first.flow, &other[0], EXPIRES).is_none());
}

#[test]
fn only_a_live_state_of_the_owner_without_any_cookie_ends_the_ownership() {
    let (flow, state, cookie) = pressed();
    let (own, other) = ([again(&cookie)], [Secret::random()]);
    let ended = Flow { ended: Some(Outcome::InProgress), ..flow.clone() };
    let mut used = flow.clone();
    used.take(&state, &code("a"), &bearer(&own, &flow, 150)).unwrap();
    let mut passed_on = flow.clone();
    bind(&mut passed_on, state.flow, &other[0], 700).unwrap();
    let unknown = State::new(state.flow);
    for (name, flow, state, cookies, now, expected) in [
        ("no cookie", &flow, &state, &[][..], 200, true),
        ("another cookie", &flow, &state, &other, 200, false),
        ("an unknown state", &flow, &unknown, &[], 200, false),
        ("too late", &flow, &state, &[], EXPIRES, false),
        ("ended", &ended, &state, &[], 200, false),
        ("a state that was used", &used, &state, &[], 200, false),
        ("a state of the owner before", &passed_on, &state, &[], 701, false),
    ] {
        let mut changed = flow.clone();
        assert!(changed.take(state, &code("b"), &bearer(cookies, flow, now)).is_err(), "{name}");
        assert_eq!(changed.browser.is_none(), expected, "{name}");
        assert_eq!(Flow { browser: flow.browser, ..changed }, *flow, "{name}: nothing else changes");
        if cookies.is_empty() {
            assert_eq!(flow.clone().release(state, at(now)), expected, "{name}");
        }
    }
}

#[test]
fn what_is_pending_may_become_connected_and_not_the_other_way_round() {
    let mut flow = flow();
    for (outcome, expected) in [
        (Outcome::InProgress, Outcome::InProgress),
        (Outcome::Unconfirmed, Outcome::InProgress),
        (Outcome::Connected, Outcome::Connected),
        (Outcome::Unconfirmed, Outcome::Connected),
    ] {
        flow.finish(outcome);
        assert_eq!(flow.ended, Some(expected));
    }
}

#[test]
fn a_state_has_at_most_200_plain_characters_and_is_read_back() {
    let state = State::new(FlowId::of(&Secret::random()));
    let text = state.reveal();
    assert!(text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    let read = State::parse(&text).unwrap();
    assert_eq!((read.flow, read.press.hash()), (state.flow, state.press.hash()));
    assert!(!format!("{state:?}").contains(state.press.reveal()));
    let half = &text[..64];
    for wrong in ["", "x", half, &text[1..], &format!("{text}0"), &text.to_uppercase(), &"é".repeat(64)] {
        assert!(State::parse(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_cookie_is_of_its_flow_and_of_this_host_only() {
    let id = FlowId::of(&Secret::parse(&"0".repeat(64)).unwrap());
    let secret = Secret::parse(&"1".repeat(64)).unwrap();
    let name = "__Host-appfabric-connect-60e05bd1b195af2f-3138bb9b";
    assert_eq!(id.cookie_name(&secret, true), name);
    assert_eq!(id.cookie_name(&secret, false), name["__Host-".len()..]);
    for (candidate, secure, expected) in [
        (name, true, true),
        (name, false, false),
        (&name["__Host-".len()..], false, true),
        (&name[..name.len() - 9], true, false),
        (&name[..name.len() - 1], true, false),
        (&format!("{name}0"), true, false),
        (&name.replace("60e0", "60e1"), true, false),
        (&name.replace("bb9b", "bb9."), true, false),
    ] {
        assert_eq!(id.is_cookie_name(candidate, secure), expected, "{candidate}");
    }
}
