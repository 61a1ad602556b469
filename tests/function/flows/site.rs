//! The function behind API Gateway as programs and browsers see it, with a clock of the test's own.

mod browser;
mod request;

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::aws::FlowTable;
use appfabric_connect::aws::Table;
use appfabric_connect::http::{Endpoint, Invocation};
use appfabric_connect::values::Region;
use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Fault, Operation, Status, Target};
use serde_json::{Value, json};

use crate::expected::base_url;
use crate::instances::stage::Table as DynamoDb;
use crate::metrics::Counter;
use crate::pipe::{Pipes, Way};
use crate::support::{REFERENCE, arn, config, over_http, sdk, stage};

pub(crate) use browser::{Browser, Pressed};
pub(crate) use request::{Answer, PAYLOADS, Payload, Request};

/// The UUIDs of both app authorizations, as a path names them.
pub(crate) const UUIDS: [&str; 2] = [
    "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-000000000001",
    "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-000000000002",
];

/// `APP_AUTHORIZATIONS` with both of them, the first one under two aliases.
pub(crate) fn listed() -> String {
    json!({ "slack": arn(1).to_string(), "team-chat": arn(1).to_string(), "okta": arn(2).to_string() }).to_string()
}

/// One deployment.
pub(crate) struct Site {
    pub(crate) pipes: Pipes,
    endpoint: Endpoint,
    /// What is counted of it.
    pub(crate) counter: Counter,
    pub(crate) payload: Payload,
    /// What API Gateway calls its own host, where that is not the usual one.
    domain_name: Option<&'static str>,
    clock: Cell<SystemTime>,
    /// The time that Lambda leaves an invocation.
    remaining: Cell<Duration>,
}

impl Site {
    /// A deployment with these variables, in which both app authorizations wait to be connected.
    pub(crate) async fn new(variables: &[(&str, &str)], mode: StateMode, payload: Payload) -> Self {
        let pipes = Pipes::new(stage().await);
        let mut config = config(variables);
        config.state_mode = mode;
        let appfabric = AppFabric::new(sdk(pipes.clone(), "http://appfabric.invalid"));
        let counter = Counter::default();
        let endpoint = Endpoint::new(config, appfabric, None).with_metrics(counter.metrics());
        let (clock, remaining) = (Cell::new(SystemTime::now()), Cell::new(Duration::from_secs(25)));
        Self { pipes, endpoint, counter, payload, domain_name: None, clock, remaining }
    }

    /// The same with a table that nobody listens at.
    pub(crate) async fn without_its_table(mode: StateMode, payload: Payload) -> Self {
        let site = Self::new(&[("APP_AUTHORIZATIONS", &listed())], mode, payload).await;
        let nowhere = Pipes::new(stage().await);
        nowhere.set(Operation::Connect, Way::Refused, u32::MAX);
        let region = Region::parse("us-east-1").expect("a Region");
        let table = FlowTable { name: "flows".to_owned(), region };
        let table = Table::new(&sdk(nowhere, "http://dynamodb.invalid"), &table);
        let mut config = config(&[("APP_AUTHORIZATIONS", &listed())]);
        config.state_mode = mode;
        let appfabric = AppFabric::new(sdk(site.pipes.clone(), "http://appfabric.invalid"));
        let endpoint = Endpoint::new(config, appfabric, Some(table)).with_metrics(site.counter.metrics());
        Self { endpoint, ..site }
    }

    /// The same with a table of its own at this server.
    pub(crate) async fn with_a_table(self, variables: &[(&str, &str)], mode: StateMode, url: &str) -> Self {
        let region = Region::parse("us-east-1").expect("a Region");
        let table = FlowTable { name: DynamoDb::create(url).await.name, region };
        let table = Table::new(&sdk(over_http(), url), &table);
        let mut config = config(variables);
        config.state_mode = mode;
        let appfabric = AppFabric::new(sdk(self.pipes.clone(), "http://appfabric.invalid"));
        let endpoint = Endpoint::new(config, appfabric, Some(table)).with_metrics(self.counter.metrics());
        Self { endpoint, ..self }
    }

    /// One with both app authorizations listed, where `state` is enforced.
    pub(crate) async fn enforcing(payload: Payload) -> Self {
        Self::new(&[("APP_AUTHORIZATIONS", &listed())], StateMode::Enforce, payload).await
    }

    /// The same flows after a deployment with these variables.
    pub(crate) fn with_variables(mut self, variables: &[(&str, &str)]) -> Self {
        let mut config = config(variables);
        config.state_mode = StateMode::Enforce;
        self.endpoint = self.endpoint.with_config(config);
        self
    }

    /// The same at another host, without a stage.
    pub(crate) fn at(self, domain_name: &'static str) -> Self {
        Self { domain_name: Some(domain_name), ..self }
    }

    /// Where the world reaches it.
    pub(crate) fn base_url(&self) -> String {
        match self.domain_name {
            None => base_url(self.payload.folder()).to_owned(),
            Some(local) if local.starts_with("127.0.0.1") => format!("http://{local}"),
            Some(other) => format!("https://{other}"),
        }
    }

    /// The clock on the wall.
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.get()
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&self, now: SystemTime) {
        self.clock.set(now);
    }

    /// From now on Lambda leaves an invocation so much time.
    pub(crate) fn set_remaining(&self, remaining: Duration) {
        self.remaining.set(remaining);
    }

    /// Lets so much time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.set(self.now() + time);
    }

    /// The answer to a request.
    pub(crate) async fn send(&self, request: &Request) -> Answer {
        self.answer(&request.event(self.payload, self.domain_name)).await
    }

    /// The answer to an event.
    pub(crate) async fn answer(&self, event: &Value) -> Answer {
        let remaining = self.remaining.get();
        let invocation = Invocation { request_id: REFERENCE.to_owned(), now: self.now(), remaining };
        Answer(serde_json::to_value(self.endpoint.answer(event, &invocation).await).expect("a response is JSON"))
    }

    /// What an operator's program is answered that sends this body, signed.
    pub(crate) async fn ask(&self, body: &Value) -> Answer {
        self.send(&Request::new("POST", "/flows").signed().body(body.to_string())).await
    }

    /// A link for an hour.
    pub(crate) async fn link(&self, body: &Value) -> String {
        let answer = self.ask(body).await;
        assert_eq!(answer.status(), 201, "{}", answer.0);
        let url = answer.json()["connectUrl"].as_str().expect("a text").to_owned();
        url.strip_prefix(&self.base_url()).unwrap_or_else(|| panic!("{url}")).to_owned()
    }

    /// How often AppFabric was called since this was last asked: reads, Connects, anything at all.
    pub(crate) fn calls(&self) -> [usize; 3] {
        let emulator = self.pipes.emulator();
        let [reads, sends] = [Operation::Get, Operation::Connect].map(|operation| emulator.calls_of(operation).len());
        let all = emulator.calls().len();
        emulator.clear_calls();
        [reads, sends, all]
    }

    /// Puts both app authorizations back to where they wait to be connected.
    pub(crate) fn disconnect(&self) {
        for number in [1, 2] {
            self.pipes.emulator().set_status(&arn(number), Status::PENDING_CONNECT);
        }
    }

    /// What happens to the next call of an operation.
    pub(crate) fn fault(&self, operation: Operation, fault: impl Into<Fault>) {
        self.pipes.emulator().fault(Target::any(), operation, fault);
    }
}
