//! What the tests of several instances share: AppFabric, a table, processes, and what a person is told.

use std::collections::HashMap;
use std::env;
use std::time::Duration;

use appfabric_emulator::appfabric::{AppFabric, Authorization, AuthorizationArn, Call, Operation, Status};
use appfabric_emulator::lambda::{Function, Instance};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{self, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::expected::parameters;
use crate::support::{arn, header, over_http, sdk};

/// Time enough for everything.
pub(crate) const ENOUGH: Duration = Duration::from_secs(25);

/// Time for a callback that will not be settled: it has 3 s of it.
pub(crate) const LITTLE: Duration = Duration::from_secs(4);

/// Where people are sent.
pub(crate) const PAGES: [(&str, &str); 3] = [
    ("SUCCESS_URL", "https://example.com/connected"),
    ("PENDING_URL", "https://example.com/pending"),
    ("FAILURE_URL", "https://example.com/failed"),
];

/// Everything that the instances of one test meet.
pub(crate) struct Stage {
    pub(crate) appfabric: AppFabric,
    pub(crate) table: Table,
}

/// A table of spent codes, seen from outside.
pub(crate) struct Table {
    client: Client,
    pub(crate) name: String,
}

/// What a person is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) reference: String,
}

impl Stage {
    /// An AppFabric without app authorizations, and an empty table.
    pub(crate) async fn new() -> Self {
        let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
        Self { appfabric, table: Table::create(&variable("DYNAMODB")).await }
    }

    /// One more process of the release binary.
    pub(crate) async fn instance(&self) -> Instance {
        self.function().start().await.expect("it can be started")
    }

    /// The release binary with this AppFabric and this table.
    pub(crate) fn function(&self) -> Function {
        function(&self.appfabric, &variable("DYNAMODB"), &self.table.name)
    }

    /// The app authorization of this number, in this state.
    pub(crate) fn seed(&self, number: u32, status: Status) -> AuthorizationArn {
        seed(&self.appfabric, number, status)
    }

    /// The status of the app authorization of this number.
    pub(crate) fn status(&self, number: u32) -> Option<Status> {
        self.appfabric.status_of(&arn(number))
    }

    /// How often this app authorization was called so.
    pub(crate) fn calls(&self, number: u32, operation: Operation) -> usize {
        calls(&self.appfabric, number, operation)
    }
}

/// The release binary with these far sides.
pub(crate) fn function(appfabric: &AppFabric, dynamodb: &str, table: &str) -> Function {
    let function = Function::new(variable("BOOTSTRAP"))
        .variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url())
        .variable("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
        .variable("FLOW_TABLE", table)
        .variable("STATE_MODE", "off");
    PAGES.into_iter().fold(function, |function, (name, url)| function.variable(name, url))
}

/// The app authorization of this number, in this state.
pub(crate) fn seed(appfabric: &AppFabric, number: u32, status: Status) -> AuthorizationArn {
    let arn = arn(number);
    appfabric.seed(&arn, Authorization::oauth2("SLACK").status(status));
    arn
}

/// How often the app authorization of this number was called so.
pub(crate) fn calls(appfabric: &AppFabric, number: u32, operation: Operation) -> usize {
    let authorization = arn(number);
    let called = |call: &Call| call.path.contains(authorization.uuid());
    appfabric.calls_of(operation).into_iter().filter(called).count()
}

/// A code like no other, which nobody but AppFabric may have in hand.
pub(crate) fn code() -> String {
    format!("canary-{}", Uuid::new_v4())
}

/// What the person is told who brings this event for the app authorization of this number.
pub(crate) async fn told(instance: &Instance, event: &Value, remaining: Duration, number: u32) -> Told {
    let response = instance.invoke(event, remaining).await;
    let response = response.unwrap_or_else(|unanswered| panic!("{unanswered}:\n{}", instance.printed()));
    Told::read(&response, number)
}

/// The line of this callback in the instance's log.
pub(crate) fn line(instance: &Instance, reference: &str) -> Value {
    let found = |line: &Value| line["message"] == "callback" && line["reference"] == reference;
    let lines: Vec<Value> = instance.lines().into_iter().filter(found).collect();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    line.clone()
}

/// An environment variable that the ignored tests need.
pub(crate) fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

impl Told {
    /// Reads a redirect, and insists that it is one to the outcome's page, byte for byte.
    pub(crate) fn read(response: &Value, number: u32) -> Self {
        let location = header(response, "location");
        let query = location.split(['?', '#']).nth(1).expect("a query");
        let member = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.map(str::to_owned)
        };
        let told = Self {
            outcome: member("outcome").expect("an outcome"),
            reason: member("reason"),
            reference: member("reference").expect("a reference"),
        };
        let connection = Some(number).filter(|_| told.reason.as_deref() != Some("unknown_connection"));
        let parameters = parameters(&told.outcome, told.reason.as_deref(), connection, &told.reference);
        let expected = format!("https://example.com/{}{parameters}", told.outcome);
        assert_eq!((&response["statusCode"], location), (&json!(303), expected.as_str()));
        assert!(Uuid::parse_str(&told.reference).is_ok(), "{location}");
        told
    }

    /// The outcome and the reason.
    pub(crate) fn ending(&self) -> (&str, Option<&str>) {
        (&self.outcome, self.reason.as_deref())
    }
}

impl Table {
    /// An empty table at this server.
    pub(crate) async fn create(dynamodb: &str) -> Self {
        let region = Region::from_static("us-east-1");
        let client = Client::from_conf(config::Builder::from(&sdk(over_http(), dynamodb)).region(region).build());
        let table = Self { client, name: format!("codes-{}", Uuid::new_v4()) };
        let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
        table
            .client
            .create_table()
            .table_name(&table.name)
            .attribute_definitions(id.build().expect("both members are set"))
            .key_schema(key.build().expect("both members are set"))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .expect("a table can be made");
        // A server may take its time over that.
        while table.try_items().await.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        table
    }

    /// Everything in it.
    pub(crate) async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.try_items().await.expect("the table can be read")
    }

    async fn try_items(&self) -> Option<Vec<HashMap<String, AttributeValue>>> {
        let pages = self.client.scan().table_name(&self.name).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.ok()
    }

    /// Ends the time of every flow.
    ///
    /// It stands for waiting as long.
    pub(crate) async fn end_the_flows(&self) {
        for item in self.items().await.into_iter().filter(|item| item.contains_key("valid_until")) {
            let past = AttributeValue::N("1".to_owned());
            let update = self.client.update_item().table_name(&self.name).key("id", item["id"].clone());
            let update = update.update_expression("SET valid_until = :past").expression_attribute_values(":past", past);
            update.send().await.expect("an item can be changed");
        }
    }

    /// Makes the only claim 31 s older, so that its owner counts as gone.
    ///
    /// This and the other are all that tests change in a table, and stand for waiting as long.
    pub(crate) async fn age_the_claim(&self) {
        let item = self.items().await.pop().expect("a claim");
        let claimed_at: u64 = number(&item, "claimed_at");
        let older = AttributeValue::N((claimed_at - 31_000).to_string());
        let update = self.client.update_item().table_name(&self.name).key("id", item["id"].clone());
        let update = update.update_expression("SET claimed_at = :older").expression_attribute_values(":older", older);
        update.send().await.expect("an item can be changed");
    }
}

/// A text of an item.
pub(crate) fn text<'i>(item: &'i HashMap<String, AttributeValue>, name: &str) -> &'i str {
    item[name].as_s().unwrap_or_else(|value| panic!("{name}: {value:?}"))
}

/// A number of an item.
pub(crate) fn number(item: &HashMap<String, AttributeValue>, name: &str) -> u64 {
    let digits = item[name].as_n().unwrap_or_else(|value| panic!("{name}: {value:?}"));
    digits.parse().unwrap_or_else(|_| panic!("{name}: {digits}"))
}
