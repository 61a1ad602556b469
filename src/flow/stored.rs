//! Flows in the table.
//!
//! An item: `id` (`flow#` and the hash of the link's secret), `callback`, `app_authorization` (its canonical name),
//! `valid_until` (ms since 1970), `expires_at` (s, the table's TTL attribute, a day later), then `browser` and
//! `browser_until` (the hash of the owner's cookie; ms), `finished` (`connected`, `in_progress` or `unconfirmed`), and for
//! each press of the button `state_` and the hash of its secret: a map of `cookie` (the hash of the cookie of the browser
//! that pressed), `redirect_uri`, and once a code has come with it `code` (its key) and `used_at` (ms). No secret, and
//! nothing of a person.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::{Bearer, Browser, Flow, FlowId, Press, Refused, State, Used};
use crate::ledger::CodeKey;
use crate::outcome::{Outcome, ResultPage};
use crate::redirect_uri::RedirectUri;
use crate::secret::SecretHash;
use crate::table::{Change, Item, KEPT, Table, Unreachable, milliseconds, moment, number, seconds, text};

/// What the attribute of a press begins with.
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

    /// One request, whose condition is [`Flow::bind`]'s in DynamoDB's words.
    pub(super) async fn bind(
        &self,
        id: &FlowId,
        press: &Press,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        let map = [("cookie", press.cookie.to_string()), ("redirect_uri", press.redirect_uri.as_str().to_owned())];
        let map = map.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        let update = self
            .update_flow(id, press.secret)
            .update_expression("SET #browser = :browser, #browser_until = :until, #state = :press")
            .condition_expression(format!(
                "attribute_exists(#id) AND {LIVE} \
                 AND (attribute_not_exists(#browser) OR #browser = :browser OR #browser_until <= :now)"
            ))
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#browser", "browser")
            .expression_attribute_names("#browser_until", "browser_until")
            .expression_attribute_values(":browser", text(press.cookie.to_string()))
            .expression_attribute_values(":until", milliseconds(press.owner(now).until))
            .expression_attribute_values(":press", AttributeValue::M(map));
        Ok(matches!(self.update(live(update, now), within).await?, Change::Done(_)))
    }

    /// One request, whose condition is [`Flow::check`]'s in DynamoDB's words, so that nothing can come in between; where
    /// it does not hold, the item says why.
    pub(super) async fn take(
        &self,
        state: &State,
        code: &CodeKey,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<RedirectUri, Refused>, Unreachable> {
        let change = if by.cookies.is_empty() {
            match self.update(self.released(state, by.now), within).await? {
                Change::Done(_) => return Ok(Err(Refused::OtherBrowser)),
                refused @ Change::Refused(_) => refused,
            }
        } else {
            self.update(self.taken(state, code, by), within).await?
        };
        let flow = match &change {
            Change::Done(item) | Change::Refused(Some(item)) => Flow::from_item(item),
            // Not every server that speaks DynamoDB sends the item along, nor is there one for an unknown flow.
            Change::Refused(None) => self.find(&state.flow, within).await?,
        };
        let Some(flow) = flow else { return Ok(Err(Refused::Unknown)) };
        Ok(match (flow.check(state, code, by), change) {
            (Err(refused), _) => Err(refused),
            (Ok(redirect_uri), Change::Done(_)) => Ok(redirect_uri.clone()),
            // A concurrent request has changed the flow since the condition was asked; only a use of the `state` can.
            (Ok(_), Change::Refused(_)) => {
                let by = Used { code: code.clone(), at: by.now };
                Err(Refused::Used { by, link_is_good: true })
            }
        })
    }

    pub(super) async fn release(&self, state: &State, now: SystemTime, within: Duration) -> Result<bool, Unreachable> {
        Ok(matches!(self.update(self.released(state, now), within).await?, Change::Done(_)))
    }

    pub(super) async fn finish(&self, id: &FlowId, outcome: Outcome, within: Duration) -> Result<(), Unreachable> {
        let news = if outcome == Outcome::Connected { "" } else { " AND attribute_not_exists(#finished)" };
        let update = self
            .update_item()
            .key("id", key(id))
            .update_expression("SET #finished = :outcome")
            .condition_expression(format!("attribute_exists(#id){news}"))
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#finished", "finished")
            .expression_attribute_values(":outcome", text(word(outcome)));
        self.update(update, within).await.map(|_| ())
    }

    fn taken(&self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> UpdateItemFluentBuilder {
        let names: Vec<String> = (0..by.cookies.len()).map(|number| format!(":cookie{number}")).collect();
        let mut update = self
            .update_flow(&state.flow, state.press.hash())
            .update_expression("SET #state.#code = :code, #state.#used_at = if_not_exists(#state.#used_at, :now)")
            .condition_expression(format!(
                "#state.#cookie IN ({}) AND #app_authorization = :app_authorization \
                 AND (#state.#code = :code OR (attribute_not_exists(#state.#code) AND {LIVE}))",
                names.join(", ")
            ))
            .expression_attribute_names("#cookie", "cookie")
            .expression_attribute_names("#code", "code")
            .expression_attribute_names("#used_at", "used_at")
            .expression_attribute_names("#app_authorization", "app_authorization")
            .expression_attribute_values(":code", text(code.to_string()))
            .expression_attribute_values(":app_authorization", text(by.app_authorization));
        for (name, cookie) in names.iter().zip(by.cookies) {
            update = update.expression_attribute_values(name, text(cookie.hash().to_string()));
        }
        // The redirect URI is in the item.
        live(update, by.now).return_values(ReturnValue::AllNew)
    }

    /// [`Flow::release`] in DynamoDB's words.
    fn released(&self, state: &State, now: SystemTime) -> UpdateItemFluentBuilder {
        let update = self
            .update_flow(&state.flow, state.press.hash())
            .update_expression("REMOVE #browser, #browser_until")
            .condition_expression(format!(
                "#state.#cookie = #browser AND attribute_not_exists(#state.#code) AND {LIVE}"
            ))
            .expression_attribute_names("#browser", "browser")
            .expression_attribute_names("#browser_until", "browser_until")
            .expression_attribute_names("#cookie", "cookie")
            .expression_attribute_names("#code", "code");
        live(update, now)
    }

    /// A change of a flow that concerns one press of its button.
    fn update_flow(&self, id: &FlowId, press: SecretHash) -> UpdateItemFluentBuilder {
        let update = self.update_item().key("id", key(id));
        update.expression_attribute_names("#state", format!("{STATE}{press}"))
    }
}

/// The condition that a flow has neither ended nor expired; [`live`] says what its names and values mean.
const LIVE: &str = "attribute_not_exists(#finished) AND #valid_until > :now";

fn live(update: UpdateItemFluentBuilder, now: SystemTime) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_names("#finished", "finished")
        .expression_attribute_names("#valid_until", "valid_until")
        .expression_attribute_values(":now", milliseconds(now))
}

impl Flow {
    /// Reads an item; one that cannot be read is no flow.
    fn from_item(item: &Item) -> Option<Self> {
        let browser = match (attribute(item, "browser"), number(item, "browser_until")) {
            (Some(cookie), Some(until)) => Some(Browser { cookie: SecretHash::parse(cookie)?, until: moment(until)? }),
            _ => None,
        };
        // What an unknown word says is not known either.
        let ended = item.get("finished").map(|_| attribute(item, "finished").and_then(outcome));
        Some(Self {
            callback: attribute(item, "callback")?.to_owned(),
            app_authorization: attribute(item, "app_authorization")?.to_owned(),
            expires_at: moment(number(item, "valid_until")?)?,
            browser,
            ended: ended.map(|outcome| outcome.unwrap_or(Outcome::Unconfirmed)),
            presses: item.iter().filter_map(|(name, value)| Press::from_attribute(name, value)).collect(),
        })
    }
}

impl Press {
    /// Reads an attribute; one that cannot be read is no press.
    fn from_attribute(name: &str, value: &AttributeValue) -> Option<Self> {
        let secret = SecretHash::parse(name.strip_prefix(STATE)?)?;
        let map = value.as_m().ok()?;
        let used = match attribute(map, "code") {
            Some(code) => Some(Used { code: CodeKey::parse(code)?, at: moment(number(map, "used_at")?)? }),
            None => None,
        };
        let cookie = SecretHash::parse(attribute(map, "cookie")?)?;
        let redirect_uri = RedirectUri::new(attribute(map, "redirect_uri")?, "").ok()?;
        Some(Self { secret, cookie, redirect_uri, used })
    }
}

fn attribute<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// How a flow has ended, as the item says it.
fn word(outcome: Outcome) -> &'static str {
    outcome.reason().unwrap_or(outcome.page().name())
}

fn outcome(text: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.page() != ResultPage::Failed && word(*outcome) == text)
}

fn key(id: &FlowId) -> AttributeValue {
    text(format!("flow#{id}"))
}
