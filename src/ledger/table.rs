//! The ledger of every instance: a DynamoDB table (`FLOW_TABLE`).
//!
//! An item: `id` (`code#` and the key), `owner`, `reference`, `claimed_at` (ms since 1970), `expires_at` (s, the
//! table's TTL attribute), and once it is known `outcome`, `reason`, `concluded_at` (ms). Nothing of the code itself,
//! of `state` or of a person.

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
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::{CodeKey, Entry, Owner};
use crate::config::FlowTable;
use crate::outcome::Outcome;

/// How long DynamoDB keeps an item: longer than any application honours a code.
const KEPT: Duration = Duration::from_hours(24);

/// How often a call is tried within its time; each of the three may be sent twice without harm.
const ATTEMPTS: u32 = 3;

/// How long one attempt may take, connection included.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The pause before a second attempt, which doubles; by chance it is shorter.
const BACKOFF: Duration = Duration::from_millis(50);

/// The table of claimed codes.
pub struct Table {
    client: Client,
    name: String,
}

/// A table that did not answer, or not to this purpose.
#[derive(Debug)]
pub(super) struct Unreachable {
    /// The call.
    pub(super) operation: &'static str,
    /// DynamoDB's name for what was wrong, or ours where it sent none.
    pub(super) error_code: String,
}

type Item = HashMap<String, AttributeValue>;

impl Table {
    /// The table of this name, with the same HTTP client and credentials as AppFabric.
    #[must_use]
    pub fn new(sdk: &SdkConfig, table: &FlowTable) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF);
        let timeouts = TimeoutConfig::builder().connect_timeout(ATTEMPT).operation_attempt_timeout(ATTEMPT);
        let builder = config::Builder::from(sdk)
            .region(config::Region::new(table.region.as_str().to_owned()))
            .retry_config(retries)
            // The SDK's own quota, one for the whole process, would end the retries after a bad spell.
            .retry_partition(RetryPartition::custom("codes").token_bucket(TokenBucket::unlimited()).build())
            .timeout_config(timeouts.build());
        Self { client: Client::from_conf(builder.build()), name: table.name.clone() }
    }

    /// Claims a code, unless that has been done: then with what is known of it.
    pub(super) async fn claim(
        &self,
        key: &CodeKey,
        owner: &Owner,
        entry: &Entry,
        within: Duration,
    ) -> Result<Option<Entry>, Unreachable> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item("id", id(key))
            .item("owner", AttributeValue::S(owner.0.clone()))
            .item("reference", AttributeValue::S(entry.reference.clone()))
            .item("claimed_at", milliseconds(entry.claimed_at))
            .item("expires_at", seconds(entry.claimed_at + KEPT))
            // The owner's own claim, made by an attempt whose answer was lost, is no other's.
            .condition_expression("attribute_not_exists(#id) OR #owner = :owner")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", AttributeValue::S(owner.0.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(in_time(within))
            .send();
        match put.await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(before)) => match before.item() {
                    Some(item) => Ok(Some(Entry::from_item(item))),
                    // Not every server that speaks DynamoDB sends the item along.
                    None => Ok(Some(self.look(key, within).await?.unwrap_or_else(|| Entry::from_item(&Item::new())))),
                },
                _ => Err(unreachable("PutItem", &error)),
            },
        }
    }

    /// What is known of a code, as of now.
    pub(super) async fn look(&self, key: &CodeKey, within: Duration) -> Result<Option<Entry>, Unreachable> {
        let get = self.client.get_item().table_name(&self.name).key("id", id(key)).consistent_read(true);
        match get.customize().config_override(in_time(within)).send().await {
            Ok(output) => Ok(output.item().map(Entry::from_item)),
            Err(error) => Err(unreachable("GetItem", &error)),
        }
    }

    /// Records what came of a code that this owner has claimed.
    pub(super) async fn record(
        &self,
        key: &CodeKey,
        owner: &Owner,
        outcome: Outcome,
        now: SystemTime,
        within: Duration,
    ) -> Result<(), Unreachable> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", id(key))
            .update_expression("SET #outcome = :outcome, #reason = :reason, #concluded_at = :concluded_at")
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#outcome", "outcome")
            .expression_attribute_names("#reason", "reason")
            .expression_attribute_names("#concluded_at", "concluded_at")
            .expression_attribute_values(":owner", text(&owner.0))
            .expression_attribute_values(":outcome", text(outcome.page().name()))
            .expression_attribute_values(":reason", text(outcome.reason().unwrap_or(NO_REASON)))
            .expression_attribute_values(":concluded_at", milliseconds(now))
            .customize()
            .config_override(in_time(within))
            .send();
        match update.await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // Somebody has removed the item: nothing is left to be told apart by.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unreachable("UpdateItem", &error)),
            },
        }
    }
}

/// What stands for the reason of a success.
const NO_REASON: &str = "none";

impl Entry {
    /// Reads an item. What cannot be read is as if it were not there, which leaves a claim that nobody works on: the
    /// code is not spent for that.
    fn from_item(item: &Item) -> Self {
        let text = |name: &str| item.get(name)?.as_s().ok().map(String::as_str);
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
        let outcome = text("outcome").zip(text("reason")).and_then(|(page, reason)| {
            let told = |outcome: &Outcome| (outcome.page().name(), outcome.reason().unwrap_or(NO_REASON));
            Outcome::ALL.into_iter().find(|outcome| told(outcome) == (page, reason))
        });
        let claimed_at = number("claimed_at").and_then(|since| UNIX_EPOCH.checked_add(Duration::from_millis(since)));
        Self {
            reference: text("reference").unwrap_or_default().to_owned(),
            claimed_at: claimed_at.unwrap_or(UNIX_EPOCH),
            outcome,
        }
    }
}

fn id(key: &CodeKey) -> AttributeValue {
    AttributeValue::S(format!("code#{key}"))
}

fn milliseconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N(since_1970(time).as_millis().to_string())
}

fn seconds(time: SystemTime) -> AttributeValue {
    AttributeValue::N(since_1970(time).as_secs().to_string())
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn in_time(within: Duration) -> config::Builder {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(ATTEMPT).operation_attempt_timeout(ATTEMPT).operation_timeout(within);
    config::Builder::new().timeout_config(timeouts.build())
}

fn unreachable<E: ProvideErrorMetadata + Error>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Unreachable {
    let error_code = match (error.as_service_error().and_then(ProvideErrorMetadata::code), error) {
        (Some(code), _) => code,
        (None, SdkError::TimeoutError(_)) => "Timeout",
        (None, SdkError::DispatchFailure(_)) => "NotConnected",
        (None, _) => "UnreadableAnswer",
    };
    Unreachable { operation, error_code: error_code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let value = |text: &str| match text.parse::<u64>() {
            Ok(_) => AttributeValue::N(text.to_owned()),
            Err(_) => AttributeValue::S(text.to_owned()),
        };
        attributes.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect()
    }

    #[test]
    fn every_outcome_is_read_as_it_was_recorded() {
        for outcome in Outcome::ALL {
            let (page, reason) = (outcome.page().name(), outcome.reason().unwrap_or(NO_REASON));
            let item = item(&[("reference", "first"), ("claimed_at", "1500"), ("outcome", page), ("reason", reason)]);
            let claimed_at = UNIX_EPOCH + Duration::from_millis(1_500);
            let expected = Entry { reference: "first".to_owned(), claimed_at, outcome: Some(outcome) };
            assert_eq!(Entry::from_item(&item), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_claim_that_nobody_works_on() {
        for attributes in [
            vec![],
            vec![("outcome", "connected")],
            vec![("outcome", "connected"), ("reason", "in_progress")],
            vec![("outcome", "failed"), ("reason", "something_new"), ("claimed_at", "yesterday")],
            vec![("reference", "1"), ("claimed_at", "18446744073709551616"), ("outcome", "1"), ("reason", "none")],
        ] {
            let entry = Entry::from_item(&item(&attributes));
            assert!(entry.outcome.is_none() && entry.is_abandoned(SystemTime::now()), "{attributes:?}: {entry:?}");
        }
    }
}
