//! Flows in the table.
//!
//! An item: `id` (`flow#` and the hash of the link's secret), `callback`, `app_authorization` (its canonical name),
//! `valid_until` (ms since 1970), `expires_at` (s, the table's TTL attribute, a day later), then `browser` and `browser_until` (the hash of its cookie; ms),
//! `finished`, and for each press of the button `state_` and the hash of its secret: `open`, or the key of the code
//! that used it up. No secret, and nothing of a person.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Bearer, Browser, Flow, FlowId, Refused, State};
use crate::ledger::CodeKey;
use crate::secret::SecretHash;
use crate::table::{Change, Item, KEPT, Table, Unreachable, milliseconds, moment, number, seconds, text};

/// What stands in a `state` that no code has used.
const OPEN: &str = "open";

/// What the attribute of a `state` begins with.
const STATE: &str = "state_";

impl Table {
    pub(super) async fn begin(&self, id: &FlowId, flow: &Flow, within: Duration) -> Result<(), Unreachable> {
        let put = self
            .put_item()
            .item("id", key(id))
            .item("callback", text(&flow.callback))
            .item("app_authorization", text(&flow.app_authorization))
            .item("valid_until", milliseconds(flow.expires_at))
            .item("expires_at", seconds(flow.expires_at + KEPT));
        self.put(put, within).await.map(|_| ())
    }

    pub(super) async fn find(&self, id: &FlowId, within: Duration) -> Result<Option<Flow>, Unreachable> {
        Ok(self.get(key(id), within).await?.as_ref().and_then(Flow::from_item))
    }

    pub(super) async fn bind(
        &self,
        state: &State,
        browser: Browser,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        let update = self
            .update_item()
            .key("id", key(&state.flow))
            .update_expression("SET #browser = :browser, #browser_until = :until, #state = :open")
            .condition_expression(
                "attribute_exists(#id) AND attribute_not_exists(#finished) AND #valid_until > :now \
                 AND (attribute_not_exists(#browser) OR #browser = :browser OR #browser_until <= :now)",
            )
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#finished", "finished")
            .expression_attribute_names("#valid_until", "valid_until")
            .expression_attribute_names("#browser", "browser")
            .expression_attribute_names("#browser_until", "browser_until")
            .expression_attribute_values(":browser", text(browser.cookie.to_string()))
            .expression_attribute_values(":until", milliseconds(browser.until))
            .expression_attribute_values(":now", milliseconds(now));
        Ok(matches!(self.update(with_state(update, state), within).await?, Change::Done))
    }

    /// One request, whose condition is [`Flow::check`] in DynamoDB's words, so that nobody can come in between; where it
    /// does not hold, the item says why.
    pub(super) async fn take(
        &self,
        state: &State,
        code: &CodeKey,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<(), Refused>, Unreachable> {
        let cookies: Vec<String> = (0..by.cookies.len()).map(|number| format!(":cookie{number}")).collect();
        if !cookies.is_empty() {
            let mut update = self
                .update_item()
                .key("id", key(&state.flow))
                .update_expression("SET #state = :code")
                .condition_expression(format!(
                    "(#state = :code OR (#state = :open AND attribute_not_exists(#finished) AND #valid_until > :now)) \
                     AND #browser IN ({}) AND #app_authorization = :app_authorization",
                    cookies.join(", ")
                ))
                .expression_attribute_names("#finished", "finished")
                .expression_attribute_names("#valid_until", "valid_until")
                .expression_attribute_names("#browser", "browser")
                .expression_attribute_names("#app_authorization", "app_authorization")
                .expression_attribute_values(":code", text(code.to_string()))
                .expression_attribute_values(":now", milliseconds(by.now))
                .expression_attribute_values(":app_authorization", text(by.app_authorization));
            for (name, cookie) in cookies.iter().zip(by.cookies) {
                update = update.expression_attribute_values(name, text(cookie.hash().to_string()));
            }
            match self.update(with_state(update, state), within).await? {
                Change::Done => return Ok(Ok(())),
                Change::Refused(Some(item)) => return Ok(why_not(Flow::from_item(&item), state, code, by)),
                // Not every server that speaks DynamoDB sends the item along, nor is there one for an unknown flow.
                Change::Refused(None) => {}
            }
        }
        Ok(why_not(self.find(&state.flow, within).await?, state, code, by))
    }

    pub(super) async fn finish(&self, id: &FlowId, within: Duration) -> Result<(), Unreachable> {
        let update = self
            .update_item()
            .key("id", key(id))
            .update_expression("SET #finished = :yes")
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#finished", "finished")
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        self.update(update, within).await.map(|_| ())
    }
}

impl Flow {
    /// Reads an item; one that cannot be read is no flow.
    fn from_item(item: &Item) -> Option<Self> {
        let attribute = |name: &str| item.get(name)?.as_s().ok();
        let browser = match (attribute("browser"), number(item, "browser_until")) {
            (Some(cookie), Some(until)) => Some(Browser { cookie: SecretHash::parse(cookie)?, until: moment(until)? }),
            _ => None,
        };
        let state = |(name, value): (&String, &AttributeValue)| {
            let press = SecretHash::parse(name.strip_prefix(STATE)?)?;
            match value.as_s().ok()?.as_str() {
                OPEN => Some((press, None)),
                code => Some((press, Some(CodeKey::parse(code)?))),
            }
        };
        Some(Self {
            callback: attribute("callback")?.clone(),
            app_authorization: attribute("app_authorization")?.clone(),
            expires_at: moment(number(item, "valid_until")?)?,
            browser,
            finished: item.contains_key("finished"),
            states: item.iter().filter_map(state).collect(),
        })
    }
}

/// Why a flow does not let itself be taken.
fn why_not(flow: Option<Flow>, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<(), Refused> {
    flow.ok_or(Refused::Unknown)?.check(state, code, by)?;
    // It has changed since it was asked, as only a use of the `state` can change it.
    Err(Refused::Used)
}

/// Names the attribute of a `state`, and what stands there while no code has used it.
fn with_state(update: UpdateItemFluentBuilder, state: &State) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_names("#state", format!("{STATE}{}", state.press.hash()))
        .expression_attribute_values(":open", text(OPEN))
}

fn key(id: &FlowId) -> AttributeValue {
    text(format!("flow#{id}"))
}
