//! The DynamoDB table that all instances share (`FLOW_TABLE`): spent codes and flows.
//!
//! Each call may be sent twice without harm: a condition tells a caller's own first attempt from somebody else's.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{self, http::HttpResponse};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use crate::appfabric::{NOT_AUTHENTICATED, is_about_authentication};
use crate::budget::CONNECTING;
use crate::config::FlowTable;
use crate::sdk::{NO_CREDENTIALS, lacks_credentials};

/// How long an item is kept once it is of no more use.
pub const KEPT: Duration = Duration::from_hours(24);

/// How often a call is tried within its time.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take, connection included.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The pause before a second attempt, which doubles; by chance it is shorter.
const BACKOFF: Duration = Duration::from_millis(50);

/// The attributes of an item by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: String,
}

/// A table that did not answer, or not to this purpose.
#[derive(Debug)]
pub struct Unreachable {
    /// The call.
    pub operation: &'static str,
    /// DynamoDB's name for what was wrong, or ours where it sent none.
    pub error_code: String,
}

/// What became of a change with a condition.
pub(crate) enum Change {
    /// It was done: with what the request asked to be told of the item, else nothing.
    Done(Item),
    /// Its condition does not hold: with the item that is there, where the server sent it along.
    Refused(Option<Item>),
}

impl Table {
    /// The table of this name, with the same HTTP client and credentials as AppFabric.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: &FlowTable) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF);
        let builder = config::Builder::from(sdk)
            .region(config::Region::new(table.region.as_str().to_owned()))
            .retry_config(retries)
            // The SDK's own quota, one for the whole process, would end the retries after a bad spell.
            .retry_partition(RetryPartition::custom("table").token_bucket(TokenBucket::unlimited()).build());
        Self { client: Client::from_conf(builder.build()), name: table.name.clone() }
    }

    pub(crate) fn put_item(&self) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name)
    }

    pub(crate) fn update_item(&self) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name)
    }

    /// Puts an item if its condition holds.
    pub(crate) async fn put(&self, put: PutItemFluentBuilder, within: Duration) -> Result<Change, Unreachable> {
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.customize().config_override(in_time(within)).send().await {
            Ok(_) => Ok(Change::Done(Item::new())),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                    Ok(Change::Refused(refusal.item().cloned()))
                }
                _ => Err(unreachable("PutItem", &error)),
            },
        }
    }

    /// Changes an item if its condition holds.
    pub(crate) async fn update(
        &self,
        update: UpdateItemFluentBuilder,
        within: Duration,
    ) -> Result<Change, Unreachable> {
        let update = update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.customize().config_override(in_time(within)).send().await {
            Ok(output) => Ok(Change::Done(output.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                    Ok(Change::Refused(refusal.item().cloned()))
                }
                _ => Err(unreachable("UpdateItem", &error)),
            },
        }
    }

    /// An item, as of now.
    pub(crate) async fn get(&self, id: AttributeValue, within: Duration) -> Result<Option<Item>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).key("id", id).consistent_read(true);
        match get.customize().config_override(in_time(within)).send().await {
            Ok(output) => Ok(output.item),
            Err(error) => Err(unreachable("GetItem", &error)),
        }
    }
}

impl Unreachable {
    /// Whether AWS refuses the function's own credentials, signature or clock, or there are no credentials.
    pub(crate) fn is_about_authentication(&self) -> bool {
        self.error_code == NO_CREDENTIALS || is_about_authentication(&self.error_code)
    }

    /// Says so in the log, at the level that an operator is called by.
    pub(crate) fn tell(&self, reference: &str) {
        let action = if self.is_about_authentication() {
            NOT_AUTHENTICATED
        } else {
            "a code that comes twice may be spent twice meanwhile, and no state can be checked: compare FLOW_TABLE and the \
             role's DynamoDB statements with the table, then see DynamoDB's health"
        };
        tracing::error!(
            reference,
            operation = self.operation,
            aws.error_code = self.error_code,
            action,
            "flow table unreachable"
        );
    }
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn milliseconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N(since_1970(time).as_millis().to_string())
}

pub(crate) fn seconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N(since_1970(time).as_secs().to_string())
}

/// A number attribute.
pub(crate) fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// The time of so many milliseconds since 1970.
pub(crate) fn moment(milliseconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn in_time(within: Duration) -> config::Builder {
    // An attempt ends before that; but the SDK sets TLS up once for each value, and AppFabric's is this one.
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
