//! The DynamoDB table that all instances share (`FLOW_TABLE`).
//!
//! Each call may be sent twice without harm: a condition tells a caller's own first attempt from somebody else's.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Display;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{self, http::HttpResponse};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::answer::is_about_authentication;
use super::sdk::{NO_CREDENTIALS, lacks_credentials};
use crate::values::{CONNECTING, Region};

/// How often a call is tried within its time.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take, connection included.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The pause before a second attempt. It doubles each time, and a random part is cut off.
const BACKOFF: Duration = Duration::from_millis(50);

/// Which table `FLOW_TABLE` names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowTable {
    /// `FLOW_TABLE`.
    pub name: String,
    /// `AWS_REGION`: the function's own.
    pub region: Region,
}

/// The table. Its key is the text `id`.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: String,
}

/// The attributes of an item by name, or the values of an expression.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item(HashMap<String, AttributeValue>);

/// The table gave no answer, or none that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Unreachable {
    /// The call.
    pub(crate) operation: &'static str,
    /// DynamoDB's name for the error, or our own if it sent none.
    pub(crate) error_code: String,
}

/// A change of an item, and the condition on which it is made.
///
/// Both expressions name attributes as they are; `owner` alone is a reserved word and is written `#owner`.
pub(crate) struct Update<'u> {
    /// `UpdateExpression`.
    pub(crate) change: &'u str,
    /// `ConditionExpression`.
    pub(crate) condition: &'u str,
    /// The values of both.
    pub(crate) values: Item,
    /// Whether the answer must have the item as it is afterwards.
    pub(crate) returns_item: bool,
}

/// The result of a conditional write.
pub(crate) enum Change {
    /// It was done. Has the item as it is now, if `returns_item` asked for that.
    Done(Item),
    /// Its condition does not hold. Has the item that is there, if the server sent it.
    Refused(Option<Item>),
}

impl Table {
    /// The table of this name, with the same HTTP client and credentials as AppFabric.
    pub fn new(sdk: &SdkConfig, table: &FlowTable) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF);
        let builder = config::Builder::from(sdk)
            .region(config::Region::new(table.region.as_str().to_owned()))
            .retry_config(retries)
            // The SDK's quota of retries is one for the whole process, and empty after many errors.
            .retry_partition(RetryPartition::custom("table").token_bucket(TokenBucket::unlimited()).build());
        Self { client: Client::from_conf(builder.build()), name: table.name.clone() }
    }

    /// Puts an item. If it has an `owner`, it replaces only an item of the same owner.
    pub(crate) async fn put(&self, item: Item, within: Duration) -> Result<Change, Unreachable> {
        let put = self.client.put_item().table_name(&self.name);
        let put = match item.0.get("owner") {
            // If the answer to a claim was lost, its own owner claims again. `owner` is a reserved word.
            Some(owner) => put
                .condition_expression("attribute_not_exists(id) OR #owner = :owner")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", owner.clone())
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld),
            None => put,
        };
        match put.set_item(Some(item.0)).customize().config_override(in_time(within)).send().await {
            Ok(_) => Ok(Change::Done(Item::default())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                    Ok(Change::Refused(refusal.item().cloned().map(Item)))
                }
                _ => Err(unreachable("PutItem", &error)),
            },
        }
    }

    /// Changes an item if the condition holds.
    pub(crate) async fn update(&self, id: String, update: Update<'_>, within: Duration) -> Result<Change, Unreachable> {
        let Update { change, condition, values, returns_item } = update;
        let names = condition.contains("#owner").then(|| [("#owner".to_owned(), "owner".to_owned())].into());
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", AttributeValue::S(id))
            .update_expression(change)
            .condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(Some(values.0))
            .set_return_values(returns_item.then_some(ReturnValue::AllNew))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.customize().config_override(in_time(within)).send().await {
            Ok(output) => Ok(Change::Done(Item(output.attributes.unwrap_or_default()))),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                    Ok(Change::Refused(refusal.item().cloned().map(Item)))
                }
                _ => Err(unreachable("UpdateItem", &error)),
            },
        }
    }

    /// An item, as of now.
    pub(crate) async fn get(&self, id: String, within: Duration) -> Result<Option<Item>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).key("id", AttributeValue::S(id)).consistent_read(true);
        match get.customize().config_override(in_time(within)).send().await {
            Ok(output) => Ok(output.item.map(Item)),
            Err(error) => Err(unreachable("GetItem", &error)),
        }
    }
}

impl Item {
    /// The same with a text.
    pub(crate) fn with(mut self, name: impl Into<String>, text: impl Display) -> Self {
        self.0.insert(name.into(), AttributeValue::S(text.to_string()));
        self
    }

    /// The same with a time, in milliseconds since 1970.
    pub(crate) fn with_time(self, name: &str, time: SystemTime) -> Self {
        self.with_number(name, since_1970(time).as_millis())
    }

    /// The same with a time, in seconds since 1970, as DynamoDB's TTL takes it.
    pub(crate) fn with_ttl(self, name: &str, time: SystemTime) -> Self {
        self.with_number(name, since_1970(time).as_secs().into())
    }

    /// The same with a map.
    pub(crate) fn with_map(mut self, name: &str, map: Self) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::M(map.0));
        self
    }

    /// The text with this name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    /// The time with this name, from milliseconds since 1970.
    pub(crate) fn time(&self, name: &str) -> Option<SystemTime> {
        let milliseconds = self.0.get(name)?.as_n().ok()?.parse().ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
    }

    /// Whether it has such an attribute.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Its maps by name.
    pub(crate) fn into_maps(self) -> impl Iterator<Item = (String, Self)> {
        self.0.into_iter().filter_map(|(name, value)| match value {
            AttributeValue::M(map) => Some((name, Self(map))),
            _ => None,
        })
    }

    fn with_number(mut self, name: &str, number: u128) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(number.to_string()));
        self
    }
}

impl Unreachable {
    /// Whether AWS refuses the function's own credentials, signature or clock, or there are no credentials.
    pub(crate) fn is_about_authentication(&self) -> bool {
        self.error_code == NO_CREDENTIALS || is_about_authentication(&self.error_code)
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn in_time(within: Duration) -> config::Builder {
    // An attempt ends sooner. But the SDK sets up TLS once for each value of this timeout, and AppFabric has this one.
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECTING);
    let timeouts = timeouts.operation_attempt_timeout(ATTEMPT).operation_timeout(within);
    config::Builder::new().timeout_config(timeouts.build())
}

fn unreachable<E: ProvideErrorMetadata + Error + 'static>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Unreachable {
    let error_code = match (error.as_service_error().and_then(ProvideErrorMetadata::code), error) {
        (Some(code), _) => code,
        (None, SdkError::TimeoutError(_)) => "Timeout",
        (None, _) if lacks_credentials(error) => NO_CREDENTIALS,
        (None, SdkError::DispatchFailure(_)) => "NotConnected",
        (None, _) => "UnreadableAnswer",
    };
    Unreachable { operation, error_code: error_code.to_owned() }
}
