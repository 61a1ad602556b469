//! Codes and flows in the table. Each change is one request, whose condition repeats a rule of [`Flow`].
//!
//! A code: `id` (`code#` and its hash), `owner`, `reference`, `claimed_at` (ms since 1970), `expires_at` (s, the table's
//! TTL attribute), and once it is known `outcome`, `reason`, `concluded_at` (ms).
//!
//! A flow: `id` (`flow#` and the hash of the link's secret), `callback`, `app_authorization` (its canonical name),
//! `valid_until` (ms), `expires_at` (s, a day later), then `browser` and `browser_until` (the hash of the owner's cookie;
//! ms), `finished` (`connected`, `in_progress` or `unconfirmed`), and for each press of the button `state_` and the hash of
//! its secret: a map of `cookie` (the hash of the cookie of the browser that pressed), `redirect_uri`, and once a code has
//! come with it `code` (its hash) and `used_at` (ms).
//!
//! No item holds a secret, or anything about a person.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Claim, Entry};
use crate::aws::{Change, Item, Table, Unreachable, Update};
use crate::connect::{Bearer, Browser, Flow, FlowId, Press, Refused, State, Used};
use crate::values::{Hash, Outcome, RedirectUri, ResultPage};

/// How long an item is kept after its last use.
const KEPT: Duration = Duration::from_hours(24);

/// The condition that a flow has neither ended nor expired.
const LIVE: &str = "attribute_not_exists(finished) AND valid_until > :now";

/// How the name of a press's attribute begins.
const STATE: &str = "state_";

/// The reason that is stored for a success.
pub(super) const NO_REASON: &str = "none";

impl Table {
    /// Claims a code. Returns the entry of an earlier claim, if there is one.
    pub(super) async fn claim(
        &self,
        claim: &Claim,
        entry: &Entry,
        within: Duration,
    ) -> Result<Option<Entry>, Unreachable> {
        let item = Item::default()
            .with("id", code_id(&claim.code))
            .with("owner", &claim.owner)
            .with("reference", &entry.reference)
            .with_time("claimed_at", entry.claimed_at)
            .with_ttl("expires_at", entry.claimed_at + KEPT);
        Ok(match self.put(item, within).await? {
            Change::Done(_) => None,
            Change::Refused(Some(item)) => Some(Entry::from(&item)),
            // Some servers that speak DynamoDB do not send the item with a refusal.
            Change::Refused(None) => {
                Some(self.claimed(&claim.code, within).await?.unwrap_or_else(|| Entry::from(&Item::default())))
            }
        })
    }

    /// What is known of a code, as of now.
    pub(super) async fn claimed(&self, code: &Hash, within: Duration) -> Result<Option<Entry>, Unreachable> {
        Ok(self.get(code_id(code), within).await?.as_ref().map(Entry::from))
    }

    /// Records the outcome of a code, if the item still belongs to this claim.
    pub(super) async fn record(
        &self,
        claim: &Claim,
        outcome: Outcome,
        now: SystemTime,
        within: Duration,
    ) -> Result<(), Unreachable> {
        let values = Item::default()
            .with(":owner", &claim.owner)
            .with(":outcome", outcome.page().name())
            .with(":reason", outcome.reason().unwrap_or(NO_REASON))
            .with_time(":concluded_at", now);
        let change = "SET outcome = :outcome, reason = :reason, concluded_at = :concluded_at";
        let update = Update { change, condition: "#owner = :owner", values, returns_item: false };
        self.update(code_id(&claim.code), update, within).await.map(drop)
    }

    pub(super) async fn begin(&self, id: FlowId, flow: &Flow, within: Duration) -> Result<(), Unreachable> {
        let item = Item::default()
            .with("id", flow_id(id))
            .with("callback", &flow.callback)
            .with("app_authorization", &flow.app_authorization)
            .with_time("valid_until", flow.expires_at)
            .with_ttl("expires_at", flow.expires_at + KEPT);
        self.put(item, within).await.map(drop)
    }

    pub(super) async fn find(&self, id: FlowId, within: Duration) -> Result<Option<Flow>, Unreachable> {
        Ok(self.get(flow_id(id), within).await?.and_then(Flow::from_item))
    }

    pub(super) async fn bind(
        &self,
        id: FlowId,
        press: &Press,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        let map = Item::default().with("cookie", press.cookie).with("redirect_uri", press.redirect_uri.as_str());
        let values = Item::default()
            .with_time(":now", now)
            .with(":browser", press.cookie)
            .with_time(":until", press.owner(now).until)
            .with_map(":press", map);
        let change = &format!("SET browser = :browser, browser_until = :until, {STATE}{} = :press", press.secret);
        let condition = &format!(
            "attribute_exists(id) AND {LIVE} \
             AND (attribute_not_exists(browser) OR browser = :browser OR browser_until <= :now)"
        );
        let update = Update { change, condition, values, returns_item: false };
        Ok(matches!(self.update(flow_id(id), update, within).await?, Change::Done(_)))
    }

    pub(super) async fn take(
        &self,
        state: &State,
        code: &Hash,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<RedirectUri, Refused>, Unreachable> {
        let (item, was_taken) = if by.cookies.is_empty() {
            match self.give_up(state, by.now, within).await? {
                Change::Done(_) => return Ok(Err(Refused::OtherBrowser)),
                Change::Refused(item) => (item, false),
            }
        } else {
            match self.use_up(state, code, by, within).await? {
                Change::Done(item) => (Some(item), true),
                Change::Refused(item) => (item, false),
            }
        };
        // Some servers that speak DynamoDB do not send the item with a refusal, and an unknown flow has none.
        let flow = match item {
            Some(item) => Flow::from_item(item),
            None => self.find(state.flow, within).await?,
        };
        let Some(flow) = flow else { return Ok(Err(Refused::Unknown)) };
        Ok(match flow.check(state, code, by) {
            // A concurrent request used the `state` after the condition was checked.
            Ok(_) if !was_taken => Err(Refused::Used { by: Used { code: *code, at: by.now }, link_is_good: true }),
            checked => checked.cloned(),
        })
    }

    /// [`Flow::check`] as a condition, so that no other request can come in between.
    async fn use_up(
        &self,
        state: &State,
        code: &Hash,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Change, Unreachable> {
        let press = format!("{STATE}{}", state.press.hash());
        let names: Vec<String> = (0..by.cookies.len()).map(|number| format!(":cookie{number}")).collect();
        let values = Item::default()
            .with_time(":now", by.now)
            .with(":code", code)
            .with(":app_authorization", by.app_authorization);
        let cookies = names.iter().zip(by.cookies);
        let values = cookies.fold(values, |values, (name, cookie)| values.with(name, cookie.hash()));
        let change = &format!("SET {press}.code = :code, {press}.used_at = if_not_exists({press}.used_at, :now)");
        let condition = &format!(
            "{press}.cookie IN ({}) AND app_authorization = :app_authorization \
             AND ({press}.code = :code OR (attribute_not_exists({press}.code) AND {LIVE}))",
            names.join(", ")
        );
        // Ask for the item, because it has the redirect URI.
        let update = Update { change, condition, values, returns_item: true };
        self.update(flow_id(state.flow), update, within).await
    }

    pub(super) async fn release(&self, state: &State, now: SystemTime, within: Duration) -> Result<bool, Unreachable> {
        Ok(matches!(self.give_up(state, now, within).await?, Change::Done(_)))
    }

    /// [`Flow::release`] as a condition.
    async fn give_up(&self, state: &State, now: SystemTime, within: Duration) -> Result<Change, Unreachable> {
        let press = format!("{STATE}{}", state.press.hash());
        let condition = &format!("{press}.cookie = browser AND attribute_not_exists({press}.code) AND {LIVE}");
        let values = Item::default().with_time(":now", now);
        let update = Update { change: "REMOVE browser, browser_until", condition, values, returns_item: false };
        self.update(flow_id(state.flow), update, within).await
    }

    pub(super) async fn finish(&self, id: FlowId, outcome: Outcome, within: Duration) -> Result<(), Unreachable> {
        let condition = match outcome {
            Outcome::Connected => "attribute_exists(id)",
            _ => "attribute_exists(id) AND attribute_not_exists(finished)",
        };
        let values = Item::default().with(":outcome", word(outcome));
        let update = Update { change: "SET finished = :outcome", condition, values, returns_item: false };
        self.update(flow_id(id), update, within).await.map(drop)
    }
}

/// Reads an item. An unreadable member counts as absent: the claim then looks abandoned, and the code is not spent.
impl From<&Item> for Entry {
    fn from(item: &Item) -> Self {
        let outcome = item.text("outcome").zip(item.text("reason")).and_then(|told| {
            let words = |outcome: &Outcome| (outcome.page().name(), outcome.reason().unwrap_or(NO_REASON));
            Outcome::ALL.into_iter().find(|outcome| words(outcome) == told)
        });
        Self {
            reference: item.text("reference").unwrap_or_default().to_owned(),
            claimed_at: item.time("claimed_at").unwrap_or(UNIX_EPOCH),
            outcome,
        }
    }
}

impl Flow {
    /// Reads an item; `None` if it cannot be read.
    fn from_item(item: Item) -> Option<Self> {
        let browser = match (item.text("browser"), item.time("browser_until")) {
            (Some(cookie), Some(until)) => Some(Browser { cookie: Hash::parse(cookie)?, until }),
            _ => None,
        };
        // An unknown word: the flow has ended, but we do not know how.
        let ended = item.has("finished").then(|| item.text("finished").and_then(ended).unwrap_or(Outcome::Unconfirmed));
        Some(Self {
            callback: item.text("callback")?.to_owned(),
            app_authorization: item.text("app_authorization")?.to_owned(),
            expires_at: item.time("valid_until")?,
            browser,
            ended,
            presses: item.into_maps().filter_map(|(name, map)| Press::from_map(&name, &map)).collect(),
        })
    }
}

impl Press {
    /// Reads an attribute; `None` if it cannot be read.
    fn from_map(name: &str, map: &Item) -> Option<Self> {
        let used = match map.text("code") {
            Some(code) => Some(Used { code: Hash::parse(code)?, at: map.time("used_at")? }),
            None => None,
        };
        Some(Self {
            secret: Hash::parse(name.strip_prefix(STATE)?)?,
            cookie: Hash::parse(map.text("cookie")?)?,
            redirect_uri: RedirectUri::new(map.text("redirect_uri")?, "").ok()?,
            used,
        })
    }
}

/// How a flow has ended, as the item says it.
fn word(outcome: Outcome) -> &'static str {
    outcome.reason().unwrap_or(outcome.page().name())
}

fn ended(text: &str) -> Option<Outcome> {
    Outcome::ALL.into_iter().find(|outcome| outcome.page() != ResultPage::Failed && word(*outcome) == text)
}

fn code_id(code: &Hash) -> String {
    format!("code#{code}")
}

fn flow_id(id: FlowId) -> String {
    format!("flow#{id}")
}
