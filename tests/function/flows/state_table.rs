//! Every `state` with every cookie on every path in every mode: the answer, the log, and what AppFabric is asked.

mod given;
mod promised;

use std::time::Instant;

use appfabric_connect::config::StateMode;
use serde_json::{Value, json};

use super::site::{Browser, PAYLOADS, Payload, Request, Site, UUIDS, listed};
use crate::lines::Lines;
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
struct Row {
    mode: StateMode,
    #[expect(dead_code, reason = "it is told by a row that fails")]
    payload: Payload,
    path: Path,
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

/// The table in the mode, of one payload format.
fn rows(mode: StateMode, payload: Payload) -> Vec<Row> {
    let mut rows = Vec::new();
    for path in paths() {
        for state in STATES {
            for cookie in COOKIES {
                rows.push(Row { mode, payload, path: path.clone(), state, cookie });
            }
        }
    }
    rows
}

impl Row {
    /// Delivers its callback, and compares everything that can be seen with what is promised.
    async fn holds(&self, site: &Site, lines: &Lines, number: usize) {
        let code = format!("canary-{number}");
        let given = Given::set(site, self, &code).await;
        let promised = promised(self);
        site.disconnect();
        (site.calls(), lines.take());

        let states: Vec<&str> = given.states.iter().map(String::as_str).collect();
        let callback = Request::callback(&self.path.callback, &code, &states);
        let answer = site.send(&callback.cookies(given.cookies)).await;
        let calls = site.calls();
        assert_eq!(answer.status(), 303, "{self:?}");
        assert_eq!(answer.location(), self.location(site, &promised), "{self:?}");
        assert_eq!(calls, [promised.reads, promised.sends, promised.reads + promised.sends], "{self:?}");
        self.is_logged(&promised, &lines.take());

        if promised.is_refused && self.state != State::Replayed {
            // Whoever owns a flow spends the same code afterwards: nothing of it was used up.
            let (pressed, owner) = match (self.state, self.path.same) {
                (State::Right, true) => (given.pressed, given.owner),
                _ => {
                    let owner = Browser::default();
                    let link = site.link(&self.path.flow()).await;
                    (owner.consent(site, &link).await, owner)
                }
            };
            site.calls();
            let answer = owner.return_with(site, &pressed, &code).await;
            assert_eq!(answer.ending(), ("connected".to_owned(), None), "{self:?}");
            assert_eq!(site.calls(), [0, 1, 1], "{self:?}");
        }
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

/// Every row of the mode.
async fn table(mode: StateMode) {
    let (lines, _listening) = Lines::listen();
    let began = Instant::now();
    let (mut count, mut refused) = (0, 0);
    for payload in PAYLOADS {
        let list = listed();
        let with_list = Site::new(&[("APP_AUTHORIZATIONS", &list)], mode, payload).await;
        let without = Site::new(&[], mode, payload).await;
        for row in rows(mode, payload) {
            let site = if row.path.listed { &with_list } else { &without };
            row.holds(site, &lines, count).await;
            count += 1;
            refused += usize::from(promised(&row).is_refused);
        }
    }
    println!("{mode:?}: {count} callbacks, {refused} of them refused, in {:?}", began.elapsed());
    assert_eq!(count, STATES.len() * COOKIES.len() * paths().len() * PAYLOADS.len());
    // A table of refusals only, or of none, would show nothing.
    assert_eq!(refused > 0 && refused < count, mode == StateMode::Enforce, "{mode:?}: {refused} of {count}");
}

#[tokio::test(start_paused = true)]
async fn off_ignores_every_state() {
    table(StateMode::Off).await;
}

#[tokio::test(start_paused = true)]
async fn report_says_what_it_would_refuse_and_lets_it_through() {
    table(StateMode::Report).await;
}

#[tokio::test(start_paused = true)]
async fn enforce_refuses_whatever_is_not_this_browsers_own_and_spends_nothing() {
    table(StateMode::Enforce).await;
}
