//! Every `state` with every cookie on every path in every mode: the answer, the log, and what AppFabric is asked.

mod given;
mod promised;

use appfabric_connect::connect::Refused;
use appfabric_connect::values::StateMode;
use serde_json::{Value, json};

use super::site::{Browser, PAYLOADS, Payload, Request, Site, UUIDS, listed};
use crate::lines::Lines;
use crate::metrics::{Numbers, counts};
use crate::support::REFERENCE;

use given::{COOKIES, Cookie, Given, STATES, State};
use promised::{Promised, promised};

/// A path that a callback may take, for a flow of the first app authorization.
#[derive(Clone, Debug)]
struct Path {
    /// What follows `/callback/`.
    callback: String,
    /// Whether `APP_AUTHORIZATIONS` is set.
    listed: bool,
    /// Whether it names the first app authorization.
    same: bool,
    /// What the person is told that it names.
    connection: &'static str,
}

/// One cell of the table.
#[derive(Clone, Debug)]
struct Row<'p> {
    mode: StateMode,
    path: &'p Path,
    state: State,
    cookie: Cookie,
}

fn paths() -> Vec<Path> {
    let [first, second] = UUIDS.map(|uuids| uuids.split_once('/').expect("two").1);
    let arns = [1, 2].map(|number| crate::support::arn(number).to_string());
    let path =
        |callback: &str, listed, same, connection| Path { callback: callback.to_owned(), listed, same, connection };
    vec![
        path("slack", true, true, "slack"),
        path("team-chat", true, true, "team-chat"),
        path(UUIDS[0], true, true, "slack"),
        path(&arns[0], true, true, "slack"),
        path("okta", true, false, "okta"),
        path(UUIDS[1], true, false, "okta"),
        path(&arns[1], true, false, "okta"),
        path(UUIDS[0], false, true, first),
        path(&arns[0], false, true, first),
        path(UUIDS[1], false, false, second),
    ]
}

impl Row<'_> {
    /// Delivers its callback with this code, and compares everything that can be seen with what is promised.
    async fn holds(&self, site: &Site, lines: &Lines, given: &Given, code: &str, promised: &Promised) {
        site.disconnect();
        site.calls();
        site.counter.take();
        lines.take();
        let states: Vec<&str> = given.states.iter().map(String::as_str).collect();
        let callback = Request::callback(&self.path.callback, code, &states);
        let answer = site.send(&callback.cookies(self.cookie.header(&given.owner))).await;
        let name = format!("{:?} {self:?}", site.payload);
        assert_eq!(answer.status(), 303, "{name}");
        assert_eq!(answer.location(), self.location(site, promised), "{name}");
        let (reads, sends) = (promised.reads, promised.sends);
        assert_eq!(site.calls(), [reads, sends, reads + sends], "{name}");
        let lines = lines.take();
        self.is_logged(promised, &lines);
        let is_duplicate = lines.iter().any(|line| line["duplicate"] == true);
        self.is_counted(promised, is_duplicate, &site.counter.take());
    }

    fn location(&self, site: &Site, promised: &Promised) -> String {
        let (outcome, reason) = promised.ending;
        let reason = reason.map(|reason| format!("&reason={reason}")).unwrap_or_default();
        let connection = self.path.connection;
        let base_url = site.base_url();
        format!("{base_url}/{outcome}?outcome={outcome}{reason}&connection={connection}&reference={REFERENCE}#_")
    }

    fn is_logged(&self, promised: &Promised, lines: &[Value]) {
        let state = promised.state;
        let callback: Vec<&Value> = lines.iter().filter(|line| line["message"] == "callback").collect();
        let [line] = callback.as_slice() else { panic!("{self:?}: {lines:?}") };
        let told = json!([line["state"], line["attempts"], line["look_ups"], line["outcome"], line["reason"]]);
        let (outcome, reason) = promised.ending;
        assert_eq!(told, json!([state, promised.sends, promised.reads, outcome, reason]), "{self:?}");
        let warned: Vec<&Value> = lines.iter().filter(|line| line["message"] == "state would be refused").collect();
        let expected = usize::from(self.mode == StateMode::Report && !["valid", "unchecked"].contains(&state));
        assert_eq!(warned.len(), expected, "{self:?}: {lines:?}");
        for warning in &warned {
            assert_eq!((&warning["state"], &warning["level"]), (&json!(state), &json!("WARN")), "{self:?}");
        }
        assert_eq!(lines.len(), callback.len() + warned.len(), "{self:?}: {lines:?}");
    }

    fn is_counted(&self, promised: &Promised, is_duplicate: bool, printed: &[Numbers]) {
        let (outcome, reason) = promised.ending;
        let mut expected = vec![format!("Callbacks Outcome={outcome} Reason={}", reason.unwrap_or("none"))];
        expected.extend(is_duplicate.then(|| "Duplicates".to_owned()));
        let refused = Refused::NAMES.iter().find(|name| **name == promised.state);
        expected.extend(refused.map(|name| match self.mode {
            StateMode::Off => panic!("nothing is refused"),
            StateMode::Report => format!("StateWouldRefuse Reason={name}"),
            StateMode::Enforce => format!("StateRefused Reason={name}"),
        }));
        let [numbers] = printed else { panic!("{self:?}: {printed:?}") };
        assert_eq!(counts(numbers), expected, "{self:?}");
    }
}

impl Path {
    /// The body that begins a flow for what it names.
    fn flow(&self) -> Value {
        match (self.listed, self.same) {
            (true, true) => json!({ "connection": "slack" }),
            (true, false) => json!({ "connection": "okta" }),
            (false, same) => {
                let (bundle, authorization) = UUIDS[usize::from(!same)].split_once('/').expect("two");
                json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": authorization })
            }
        }
    }
}

/// Every cookie with this state on this path: how many callbacks, and how many of them are refused.
async fn group(mode: StateMode, path: &Path, state: State, site: &Site, lines: &Lines) -> [usize; 2] {
    let mut given = Given::set(site, path, state).await;
    let mut counts = [0, 0];
    for cookie in COOKIES {
        let row = Row { mode, path, state, cookie };
        let promised = promised(&row);
        // What is refused is one code all along, which is spent in the end.
        let one_code = promised.is_refused || matches!(state, State::Right | State::OfNoOwnerAnyMore | State::Replayed);
        let code = if one_code { given.code.clone() } else { Given::another_code() };
        row.holds(site, lines, &given, &code, &promised).await;
        if one_code && promised.sends > 0 {
            given = Given::set(site, path, state).await;
        }
        counts[0] += 1;
        counts[1] += usize::from(promised.is_refused);
    }
    if counts[1] == COOKIES.len() && (state != State::Replayed || !path.same) {
        let owner = Browser::default();
        let pressed = owner.consent(site, &site.link(&path.flow()).await).await;
        site.calls();
        let answer = owner.return_with(site, &pressed, &given.code).await;
        assert_eq!((answer.ending().0.as_str(), site.calls()), ("connected", [0, 1, 1]), "{path:?} {state:?}");
    }
    counts
}

/// Every row of the mode for these payloads, in the memory of one process or in a table of this server's.
async fn table(mode: StateMode, payloads: &[Payload], dynamodb: Option<&str>) -> [usize; 2] {
    let (lines, _listening) = Lines::listen();
    let list = listed();
    let mut counts = [0, 0];
    for payload in payloads {
        let mut with_list = Site::new(&[("APP_AUTHORIZATIONS", &list)], mode, *payload).await;
        let mut without = Site::new(&[], mode, *payload).await;
        if let Some(url) = dynamodb {
            with_list = with_list.with_a_table(&[("APP_AUTHORIZATIONS", &list)], mode, url).await;
            without = without.with_a_table(&[], mode, url).await;
        }
        for path in paths() {
            let site = if path.listed { &with_list } else { &without };
            for state in STATES {
                let [callbacks, refused] = group(mode, &path, state, site, &lines).await;
                counts = [counts[0] + callbacks, counts[1] + refused];
            }
        }
    }
    assert_eq!(counts[0], STATES.len() * COOKIES.len() * paths().len() * payloads.len());
    counts
}

#[tokio::test(start_paused = true)]
async fn off_ignores_every_state() {
    let [callbacks, refused] = table(StateMode::Off, &PAYLOADS, None).await;
    println!("figures: off: {callbacks} callbacks, {refused} of them refused");
    assert_eq!(refused, 0);
}

#[tokio::test(start_paused = true)]
async fn report_says_what_it_would_refuse_and_lets_it_through() {
    let [callbacks, refused] = table(StateMode::Report, &PAYLOADS, None).await;
    println!("figures: report: {callbacks} callbacks, {refused} of them refused");
    assert_eq!(refused, 0);
}

#[tokio::test(start_paused = true)]
async fn enforce_refuses_whatever_is_not_this_browsers_own_and_spends_nothing() {
    let [callbacks, refused] = table(StateMode::Enforce, &PAYLOADS, None).await;
    println!("figures: enforce: {callbacks} callbacks, {refused} of them refused");
    // A table of refusals only would show nothing.
    assert!(refused > callbacks / 2 && refused < callbacks, "{refused}");
}

#[tokio::test]
#[ignore = "needs a DynamoDB server: DYNAMODB=… cargo test -- --ignored"]
async fn a_table_enforces_the_same_as_memory() {
    let url = std::env::var("DYNAMODB").expect("DYNAMODB is set");
    let [callbacks, refused] = table(StateMode::Enforce, &PAYLOADS[..1], Some(&url)).await;
    println!("figures: enforce, in a table: {callbacks} callbacks, {refused} of them refused");
    assert!(refused > callbacks / 2 && refused < callbacks, "{refused}");
}
