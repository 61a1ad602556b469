//! One deployment of the release binary: everything that goes in is full of secrets, everything that comes out is looked
//! through.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use appfabric_emulator::appfabric::{AppFabric, Authorization, AuthorizationArn, Operation};
use appfabric_emulator::lambda::{Function, Instance};
use serde_json::{Value, json};
use uuid::Uuid;

use super::scanner::Secrets;
use crate::flows::site::{Answer, Payload, Request};
use crate::instances::stage::{ENOUGH, PAGES, Table, variable};
use crate::support::arn;

/// `AWS_LAMBDA_LOG_FORMAT`, with what else asks for as much as there is.
pub(super) const LOG_FORMATS: [[(&str, &str); 3]; 2] = [
    [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")],
    [("AWS_LAMBDA_LOG_FORMAT", "Text"), ("RUST_LOG", "trace,hyper=trace,aws=trace"), ("AWS_LAMBDA_LOG_LEVEL", "")],
];

/// Which `STATE_MODE`, which table, which pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wiring {
    /// No table: flows and codes are in the memory of the process; the pages are the built-in ones.
    OffInMemory,
    Off,
    Report,
    Enforce,
    /// Nobody listens where the table should be.
    OffWithoutItsTable,
    ReportWithoutItsTable,
    EnforceWithoutItsTable,
    /// Nobody listens where AppFabric should be.
    EnforceWithoutAppFabric,
}

/// What an answer holds by contract, and nothing else does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Holds {
    /// No secret.
    Nothing,
    /// `POST /flows`: the link's secret, in `connectUrl`.
    Link,
    /// `/connect/…`: the cookie in `Set-Cookie`, and after a press the `state` in the `Location` at the application.
    CookieAndState,
}

/// A deployment, and what has been seen of it.
pub(super) struct Deployment {
    pub(super) wiring: Wiring,
    pub(super) payload: Payload,
    pub(super) appfabric: AppFabric,
    pub(super) table: Option<Table>,
    instance: Instance,
    secrets: Secrets,
    /// What all codes begin with, and so on.
    pub(super) code: String,
    pub(super) state: String,
    pub(super) cookie: String,
    pub(super) description: String,
    pub(super) client_secret: String,
    /// How many app authorizations and codes there have been.
    numbers: u32,
    codes: u32,
    tally: Tally,
}

/// How much has been looked through.
#[derive(Debug, Default)]
pub(super) struct Tally {
    deployments: usize,
    answers: usize,
    lines: usize,
    bytes: usize,
    items: usize,
    /// Every reason that a person was told, and `connected`.
    pub(super) endings: BTreeSet<String>,
    pub(super) leaks: Vec<String>,
}

impl Wiring {
    pub(super) const ALL: [Self; 8] = [
        Self::OffInMemory,
        Self::Off,
        Self::Report,
        Self::Enforce,
        Self::OffWithoutItsTable,
        Self::ReportWithoutItsTable,
        Self::EnforceWithoutItsTable,
        Self::EnforceWithoutAppFabric,
    ];

    fn state_mode(self) -> &'static str {
        match self {
            Self::OffInMemory | Self::Off | Self::OffWithoutItsTable => "off",
            Self::Report | Self::ReportWithoutItsTable => "report",
            Self::Enforce | Self::EnforceWithoutItsTable | Self::EnforceWithoutAppFabric => "enforce",
        }
    }

    fn has_table(self) -> bool {
        matches!(self, Self::Off | Self::Report | Self::Enforce | Self::EnforceWithoutAppFabric)
    }

    /// Of how many people one comes by a link, where a flow can be begun; the others come by themselves.
    pub(super) fn one_by_link_of(self) -> Option<u32> {
        match self {
            Self::Enforce | Self::OffInMemory => Some(1),
            Self::Report => Some(2),
            Self::Off => Some(5),
            _ => None,
        }
    }
}

/// A text like no other, with characters in it that encodings change.
fn canary(kind: &str) -> String {
    format!("4/{kind}+Canary~{}&=", Uuid::new_v4().simple())
}

impl Deployment {
    pub(super) async fn new(wiring: Wiring, payload: Payload, log_format: [(&str, &str); 3]) -> Self {
        let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
        let table = if wiring.has_table() { Some(Table::create(&variable("DYNAMODB")).await) } else { None };
        let [code, state, cookie, description, client_secret] =
            ["code", "state", "cookie", "description", "client-secret"].map(canary);
        let [access_key, session_token] = ["access-key", "session-token"].map(canary);
        let mut function = Function::new(variable("BOOTSTRAP"))
            .variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url())
            .variable("AWS_SECRET_ACCESS_KEY", &access_key)
            .variable("AWS_SESSION_TOKEN", &session_token)
            .variable("STATE_MODE", wiring.state_mode());
        for (name, value) in log_format {
            function = function.variable(name, value);
        }
        if wiring != Wiring::OffInMemory {
            let aliases: serde_json::Map<_, _> =
                (1..=200).map(|number| (format!("app-{number}"), json!(arn(number).to_string()))).collect();
            function = function.variable("APP_AUTHORIZATIONS", Value::from(aliases).to_string());
            for (name, url) in PAGES {
                function = function.variable(name, url);
            }
            let name = table.as_ref().map_or("codes", |table| &table.name);
            let url = if table.is_some() { variable("DYNAMODB") } else { "http://127.0.0.1:9".to_owned() };
            function = function.variable("FLOW_TABLE", name).variable("AWS_ENDPOINT_URL_DYNAMODB", url);
        }
        if wiring == Wiring::EnforceWithoutAppFabric {
            function = function.variable("AWS_ENDPOINT_URL_APPFABRIC", "http://127.0.0.1:9");
        }
        let secrets = Secrets::default()
            .with("code", &code)
            .with("state", &state)
            .with("cookie", &cookie)
            .with("description", &description)
            .with("client secret", &client_secret)
            .with("AWS's secret key", &access_key)
            .with("AWS's session token", &session_token);
        let instance = function.start().await.expect("it can be started");
        let tally = Tally { deployments: 1, ..Tally::default() };
        Self {
            wiring,
            payload,
            appfabric,
            table,
            instance,
            secrets,
            code,
            state,
            cookie,
            description,
            client_secret,
            tally,
            numbers: 0,
            codes: 0,
        }
    }

    /// Everything that can happen to it.
    pub(super) async fn live(mut self) -> Tally {
        self.every_route_and_method().await;
        self.every_outcome().await;
        self.every_refused_state().await;
        self.what_is_no_event().await;

        let printed = self.instance.printed();
        self.look_through("the log", &printed);
        self.tally.lines += printed.lines().count();
        self.tally.bytes += printed.len();
        assert!(printed.matches("callback").count() > 20, "{printed}");
        if let Some(table) = &self.table {
            let items = table.items().await;
            for item in &items {
                self.look_through("the table", &format!("{item:?}"));
            }
            self.tally.items += items.len();
        }
        // The other end of it: what was hidden here is what AppFabric was sent.
        let sent = |call: &appfabric_emulator::appfabric::Call| call.body.contains(&self.code);
        let sends = self.appfabric.calls_of(Operation::Connect).iter().filter(|call| sent(call)).count();
        let sends_any = !matches!(self.wiring, Wiring::EnforceWithoutItsTable | Wiring::EnforceWithoutAppFabric);
        assert_eq!(sends > 0, sends_any, "{:?}", self.wiring);
        self.tally
    }

    /// A code that nobody has brought yet.
    pub(super) fn next_code(&mut self) -> String {
        self.codes += 1;
        format!("{}.{}", self.code, self.codes)
    }

    /// One more app authorization.
    pub(super) fn authorization(&mut self) -> (u32, AuthorizationArn) {
        self.numbers += 1;
        let arn = arn(self.numbers);
        let authorization = Authorization::oauth2("SLACK").client("client", self.client_secret.as_str());
        self.appfabric.seed(&arn, authorization);
        (self.numbers, arn)
    }

    /// The answer to a request, which holds what it may hold.
    pub(super) async fn send(&mut self, name: &str, request: &Request, holds: Holds) -> Answer {
        self.send_within(name, request, holds, ENOUGH).await
    }

    pub(super) async fn send_within(
        &mut self,
        name: &str,
        request: &Request,
        holds: Holds,
        remaining: Duration,
    ) -> Answer {
        let event = request.event(self.payload, None);
        let answer = self.invoke(&event, remaining).await;
        let mut rest = answer.0.clone();
        match holds {
            Holds::Nothing => {}
            Holds::Link => self.take_link(&mut rest),
            Holds::CookieAndState => self.take_cookie_and_state(&answer, &mut rest),
        }
        // What is taken out is found where it is: the search is in working order.
        let found = self.secrets.found_in(&answer.0.to_string());
        assert_eq!(!found.is_empty(), rest != answer.0, "{name}: {found:?} in {}", answer.0);
        self.look_through(&format!("the answer to {name}"), &rest.to_string());
        answer
    }

    /// The answer to an event that is none of API Gateway's.
    pub(super) async fn send_event(&mut self, event: &Value) {
        let answer = self.invoke(event, ENOUGH).await;
        self.look_through("the answer to no event", &answer.0.to_string());
    }

    async fn invoke(&mut self, event: &Value, remaining: Duration) -> Answer {
        let answer = self.instance.invoke(event, remaining).await;
        let answer = Answer(answer.unwrap_or_else(|unanswered| panic!("{unanswered}:\n{}", self.instance.printed())));
        self.tally.answers += 1;
        let told = answer.header("location").is_some_and(|location| location.contains("reference="));
        if told {
            let (outcome, reason) = answer.ending();
            self.tally.endings.insert(reason.unwrap_or(outcome));
        }
        answer
    }

    /// Takes the link out of an answer, and remembers its secret.
    fn take_link(&mut self, answer: &mut Value) {
        let mut body: Value = serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON");
        let Some(Value::String(url)) = body.as_object_mut().and_then(|body| body.remove("connectUrl")) else { return };
        let link = url.rsplit('/').next().expect("a link");
        self.secrets.add("link", link);
        answer["body"] = body.to_string().into();
    }

    /// Takes the cookie and, at the application's address, the `state` out of an answer, and remembers them.
    fn take_cookie_and_state(&mut self, answer: &Answer, rest: &mut Value) {
        let at_application =
            answer.header("location").is_some_and(|location| location.starts_with("https://application.invalid/"));
        if at_application {
            let state = answer.parameter("state").expect("a state");
            self.secrets.add("state of a press", &state[64..]);
            rest["headers"]["location"] = answer.location().replace(&state, "").into();
        }
        for cookie in answer.set_cookies() {
            let value = cookie.split(['=', ';']).nth(1).expect("a value");
            self.secrets.add("cookie of a browser", value);
        }
        for place in ["/multiValueHeaders/set-cookie", "/cookies"] {
            for cookie in rest.pointer_mut(place).and_then(Value::as_array_mut).into_iter().flatten() {
                let attributes = cookie.as_str().and_then(|cookie| cookie.split_once(';')).expect("attributes").1;
                *cookie = attributes.to_owned().into();
            }
        }
    }

    fn look_through(&mut self, place: &str, text: &str) {
        let found = self.secrets.found_in(text);
        let (wiring, payload) = (self.wiring, self.payload);
        let leaks = found.into_iter();
        self.tally.leaks.extend(
            leaks.map(|(secret, form)| format!("{wiring:?} {payload:?}, {place}: {secret} ({form}) in {text:.1500}")),
        );
    }
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.deployments += other.deployments;
        self.answers += other.answers;
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.items += other.items;
        self.endings.extend(other.endings);
        self.leaks.extend(other.leaks);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deployments, answers, lines, bytes, items, endings, leaks } = self;
        write!(f, "{deployments} deployments, {answers} answers with {} outcomes and reasons, ", endings.len())?;
        write!(f, "{lines} lines of {} KiB, {items} table items, {} leaks", bytes / 1024, leaks.len())
    }
}
