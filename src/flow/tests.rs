use std::time::UNIX_EPOCH;

use super::*;
use crate::app_authorization::{AppAuthorization, Region, Uuid};
use crate::authorization_code::AuthorizationCode;

/// When the flow's link dies, in seconds.
const EXPIRES: u64 = 3_600;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn app_authorization() -> AppAuthorization {
    let uuid = || Uuid::parse("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d").unwrap();
    AppAuthorization::Uuids {
        region: Region::parse("us-east-1").unwrap(),
        app_bundle: uuid(),
        app_authorization: uuid(),
    }
}

fn code(text: &str) -> CodeKey {
    CodeKey::new(&app_authorization(), &AuthorizationCode::try_from(text.to_owned()).unwrap())
}

fn flow() -> Flow {
    Flow::new("slack".to_owned(), &app_authorization(), at(EXPIRES))
}

/// Who brings these cookies at that second, for the flow's own app authorization.
fn bearer<'b>(cookies: &'b [Secret], flow: &'b Flow, seconds: u64) -> Bearer<'b> {
    Bearer { cookies, app_authorization: &flow.app_authorization, now: at(seconds) }
}

/// A flow whose button was pressed at 100 s, with the `state` of that press and the browser's cookie.
fn pressed() -> (Flow, State, Secret) {
    let (state, cookie) = (State::new(FlowId::of(&Secret::random())), Secret::random());
    let mut flow = flow();
    assert!(flow.bind(&state, Browser { cookie: cookie.hash(), until: at(700) }, at(100)));
    (flow, state, cookie)
}

#[test]
fn a_link_is_good_until_its_time_for_one_browser_until_it_is_finished() {
    let (fresh, (flow, _, cookie)) = (flow(), pressed());
    let finished = Flow { finished: true, ..flow.clone() };
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
        // The cookie has ended, and whoever comes may begin anew.
        (&flow, &[], 699, Err(Dead::OtherBrowser)),
        (&flow, &[], 700, Ok(())),
        (&finished, own, 101, Err(Dead::Finished)),
        (&finished, other, 101, Err(Dead::Finished)),
        (&finished, own, EXPIRES, Err(Dead::Finished)),
    ] {
        assert_eq!(flow.admits(cookies, at(now)), expected, "{now}");
    }
}

#[test]
fn a_button_can_be_pressed_only_so_often() {
    let (mut flow, state, cookie) = pressed();
    let browser = Browser { cookie: cookie.hash(), until: at(700) };
    let cookies = &[cookie][..];
    for _ in 1..MOST_PRESSES {
        assert_eq!(flow.admits(cookies, at(101)), Ok(()));
        assert!(flow.bind(&State::new(state.flow), browser, at(101)));
    }
    assert_eq!(flow.admits(cookies, at(101)), Err(Dead::Expired));
    // What was pressed before is still good.
    assert_eq!(flow.take(&state, &code("first"), &bearer(cookies, &flow.clone(), 102)), Ok(()));
}

#[test]
fn a_state_proves_what_it_should_and_nothing_else() {
    let (flow, state, cookie) = pressed();
    let mut used = flow.clone();
    let own = &[cookie][..];
    assert_eq!(used.take(&state, &code("first"), &bearer(own, &flow, 150)), Ok(()));
    let finished = Flow { finished: true, ..flow.clone() };
    let done = Flow { finished: true, ..used.clone() };
    let unknown = State { flow: state.flow, press: Secret::random() };
    let other = &[Secret::random()][..];
    for (name, flow, state, delivered, cookies, now, expected) in [
        ("right", &flow, &state, "first", own, 200, Ok(())),
        ("in time", &flow, &state, "first", own, EXPIRES - 1, Ok(())),
        ("late", &flow, &state, "first", own, EXPIRES, Err(Refused::Expired)),
        ("never given out", &flow, &unknown, "first", own, 200, Err(Refused::Unknown)),
        ("another's cookie", &flow, &state, "first", other, 200, Err(Refused::OtherBrowser)),
        ("no cookie", &flow, &state, "first", &[], 200, Err(Refused::OtherBrowser)),
        ("the same code again", &used, &state, "first", own, 200, Ok(())),
        ("the same code again, late", &used, &state, "first", own, EXPIRES, Ok(())),
        ("the same code again, other browser", &used, &state, "first", other, 200, Err(Refused::OtherBrowser)),
        ("another code", &used, &state, "second", own, 200, Err(Refused::Used)),
        ("finished from another tab", &finished, &state, "first", own, 200, Err(Refused::Used)),
        ("finished, the same code again", &done, &state, "first", own, 200, Ok(())),
        ("finished, another code", &done, &state, "second", own, 200, Err(Refused::Used)),
    ] {
        assert_eq!(flow.check(state, &code(delivered), &bearer(cookies, flow, now)), expected, "{name}");
        // Whose browser it is comes before what it is for.
        let elsewhere = Bearer { app_authorization: "us-east-1/another", ..bearer(cookies, flow, now) };
        let expected = expected.and(Err(Refused::OtherAuthorization));
        assert_eq!(flow.check(state, &code(delivered), &elsewhere), expected, "{name}");
    }
}

#[test]
fn a_state_is_used_up_by_one_code() {
    let (mut flow, state, cookie) = pressed();
    let (known, own) = (flow.clone(), [cookie]);
    let by = bearer(&own, &known, 200);
    assert_eq!(flow.take(&state, &code("first"), &bearer(&[], &known, 200)), Err(Refused::OtherBrowser));
    for _ in 0..2 {
        assert_eq!(flow.take(&state, &code("first"), &by), Ok(()));
    }
    assert_eq!(flow.take(&state, &code("second"), &by), Err(Refused::Used));
    assert_eq!(flow.take(&State::new(state.flow), &code("third"), &by), Err(Refused::Unknown));
}

#[test]
fn tabs_of_one_browser_share_a_flow_and_another_browser_has_to_wait_for_its_cookie_to_end() {
    let (mut flow, first, cookie) = pressed();
    let second = State::new(first.flow);
    assert!(flow.bind(&second, Browser { cookie: cookie.hash(), until: at(800) }, at(200)));
    assert_eq!(flow.browser.unwrap().until, at(800));
    for state in [&first, &second] {
        let own = [Secret::parse(cookie.reveal()).unwrap()];
        assert_eq!(flow.check(state, &code("a"), &bearer(&own, &flow, 250)), Ok(()));
    }
    let other = Secret::random();
    let browser = Browser { cookie: other.hash(), until: at(1_400) };
    assert!(!flow.clone().bind(&State::new(first.flow), browser, at(799)));
    assert!(flow.bind(&State::new(first.flow), browser, at(800)));
    // What the first browser brings back now is nobody's.
    assert_eq!(flow.check(&first, &code("a"), &bearer(&[cookie], &flow, 801)), Err(Refused::OtherBrowser));
    let dead = Flow { finished: true, ..flow.clone() };
    assert!(!dead.clone().bind(&State::new(first.flow), browser, at(802)));
    assert!(!flow.bind(&State::new(first.flow), browser, at(EXPIRES)));
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
    assert_eq!(id.cookie_name(true), "__Host-appfabric-connect-60e05bd1b195af2f");
    assert_eq!(id.cookie_name(false), "appfabric-connect-60e05bd1b195af2f");
}

#[test]
fn memory_forgets_the_oldest_flow() {
    let memory = Memory::default();
    let ids: Vec<FlowId> = (0..1_025).map(|_| FlowId::of(&Secret::random())).collect();
    for id in &ids {
        memory.begin(*id, flow());
    }
    assert_eq!((memory.find(&ids[0]), memory.find(&ids[1]).is_some()), (None, true));
    assert!(!memory.change(&ids[0], |_| true) && memory.change(&ids[1_024], |_| true));
}
