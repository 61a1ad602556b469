//! Claimed codes in the table.
//!
//! An item: `id` (`code#` and the key), `owner`, `reference`, `claimed_at` (ms since 1970), `expires_at` (s, the
//! table's TTL attribute), and once it is known `outcome`, `reason`, `concluded_at` (ms). Nothing of the code itself,
//! of `state` or of a person.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{CodeKey, Entry, Owner};
use crate::outcome::Outcome;
use crate::table::{Change, Item, KEPT, Table, Unreachable, milliseconds, moment, number, seconds, text};

impl Table {
    /// Claims a code, unless that has been done: then with what is known of it.
    pub(super) async fn claim(
        &self,
        key: &CodeKey,
        owner: &Owner,
        entry: &Entry,
        within: Duration,
    ) -> Result<Option<Entry>, Unreachable> {
        let put = self
            .put_item()
            .item("id", id(key))
            .item("owner", text(&owner.0))
            .item("reference", text(&entry.reference))
            .item("claimed_at", milliseconds(entry.claimed_at))
            .item("expires_at", seconds(entry.claimed_at + KEPT))
            // The owner's own claim, made by an attempt whose answer was lost, is no other's.
            .condition_expression("attribute_not_exists(#id) OR #owner = :owner")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(&owner.0));
        match self.put(put, within).await? {
            Change::Done(_) => Ok(None),
            Change::Refused(Some(item)) => Ok(Some(Entry::from_item(&item))),
            // Not every server that speaks DynamoDB sends the item along.
            Change::Refused(None) => {
                Ok(Some(self.claimed(key, within).await?.unwrap_or_else(|| Entry::from_item(&Item::new()))))
            }
        }
    }

    /// What is known of a code, as of now.
    pub(super) async fn claimed(&self, key: &CodeKey, within: Duration) -> Result<Option<Entry>, Unreachable> {
        Ok(self.get(id(key), within).await?.as_ref().map(Entry::from_item))
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
        let update = self
            .update_item()
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
            .expression_attribute_values(":concluded_at", milliseconds(now));
        // Where somebody has removed the item, nothing is left to be recorded in.
        self.update(update, within).await.map(|_| ())
    }
}

/// What stands for the reason of a success.
const NO_REASON: &str = "none";

impl Entry {
    /// Reads an item. What cannot be read is as if it were not there, which leaves a claim that nobody works on: the
    /// code is not spent for that.
    fn from_item(item: &Item) -> Self {
        let attribute = |name: &str| item.get(name)?.as_s().ok().map(String::as_str);
        let outcome = attribute("outcome").zip(attribute("reason")).and_then(|(page, reason)| {
            let told = |outcome: &Outcome| (outcome.page().name(), outcome.reason().unwrap_or(NO_REASON));
            Outcome::ALL.into_iter().find(|outcome| told(outcome) == (page, reason))
        });
        Self {
            reference: attribute("reference").unwrap_or_default().to_owned(),
            claimed_at: number(item, "claimed_at").and_then(moment).unwrap_or(UNIX_EPOCH),
            outcome,
        }
    }
}

fn id(key: &CodeKey) -> AttributeValue {
    text(format!("code#{key}"))
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
