//! What must be true of everybody, whatever went wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use appfabric_emulator::appfabric::{AppFabric, Operation};
use serde_json::Value;

use super::super::stage::Told;
use super::people::Story;
use crate::support::arn;

/// Every Connect that arrived at AppFabric.
pub(super) struct Calls {
    /// By the code, the HTTP status of each answer, where there was one.
    read: HashMap<String, Vec<Option<u16>>>,
    /// The paths of those whose code was never read.
    unread: Vec<String>,
}

/// All stories in one line.
#[derive(Default)]
pub(super) struct Figures {
    people: usize,
    gave_up: usize,
    callbacks: usize,
    unanswered: usize,
    without_table: usize,
    sends: usize,
    resends: usize,
    /// Codes that were spent twice at most, because the table that knows of the first time was out of reach.
    excused: usize,
    endings: BTreeMap<String, usize>,
    /// Callbacks of a spent code that were told to try later, because nobody could be asked about it.
    turned_away: usize,
    took: Vec<Duration>,
    wrong: Vec<String>,
    /// By how much the latest answer was later than the budget's end.
    late: Duration,
}

impl Calls {
    pub(super) fn of(appfabric: &AppFabric) -> Self {
        let mut calls = Self { read: HashMap::new(), unread: Vec::new() };
        for call in appfabric.calls_of(Operation::Connect) {
            let body: Option<Value> = serde_json::from_str(&call.body).ok();
            match body.as_ref().and_then(|body| body["authRequest"]["code"].as_str()) {
                Some(code) => calls.read.entry(code.to_owned()).or_default().push(call.status),
                None => calls.unread.push(call.path),
            }
        }
        calls
    }
}

impl Figures {
    /// Holds a story against AppFabric's book and the log, and adds it up.
    pub(super) fn judge(&mut self, story: &Story, appfabric: &AppFabric, calls: &Calls, log: &HashMap<String, Value>) {
        let told: Vec<&Told> = story.deliveries.iter().filter_map(|delivery| delivery.told.as_ref()).collect();
        let lines: Vec<&Value> = told.iter().map(|told| &log[&told.reference]).collect();
        let without_table = lines.iter().filter(|line| line["ledger"] == "unreachable").count();

        let authorization = arn(story.number);
        let unread = calls.unread.iter().filter(|path| path.contains(authorization.uuid())).count();
        let read = calls.read.get(&story.code).map(Vec::as_slice).unwrap_or_default();
        let throttled = read.iter().filter(|status| **status == Some(429)).count();
        let spendings = read.len() + unread - throttled;
        let mut wrong = |what: &str| self.wrong.push(format!("{what}: {story:?}, {read:?}, {lines:#?}"));
        // Without the table nobody who checks no state can tell a code that came to another instance. Whoever was killed may
        // have been without it.
        let blind = !story.by_link && (without_table > 0 || told.len() < story.deliveries.len());
        if spendings > 1 && !blind {
            wrong("a code was sent twice");
        }
        let settled: BTreeSet<_> =
            told.iter().map(|told| told.ending()).filter(|(outcome, _)| *outcome != "pending").collect();
        if settled.len() > 1 && without_table == 0 && !blind {
            wrong("two different outcomes of one code");
        }
        let mut lines_of_told = lines.iter();
        for delivery in &story.deliveries {
            let budget = delivery.remaining.saturating_sub(Duration::from_secs(1)).min(Duration::from_secs(19));
            self.late = self.late.max(delivery.took.saturating_sub(budget));
            let Some(told) = &delivery.told else { continue };
            let line = lines_of_told.next().expect("each has a line");
            let logged = (line["outcome"].as_str().unwrap_or_default(), line["reason"].as_str());
            if told.ending() != logged {
                wrong("the log tells something else");
            }
            match told.ending() {
                ("connected", None) if !delivery.spent => wrong("it is not connected"),
                // Where the table is away, before the `state` is checked or after it, nobody is told what came of a code before;
                // nor can an instance that checks none know it where the table was away. Neither sends anything.
                ("failed", Some("temporarily_unavailable"))
                    if delivery.spent && line["attempts"] == 0 && (line["ledger"] == "unreachable" || blind) =>
                {
                    self.turned_away += 1;
                    // It was another delivery, before it or at the same time.
                    if story.deliveries.len() == 1 {
                        wrong("it is connected");
                    }
                }
                // What this instance remembers of its own delivery, while the table, which knows of another's, is away.
                ("failed", Some(_))
                    if delivery.spent && blind && line["duplicate"] == true && line["ledger"] == "unreachable" =>
                {
                    self.turned_away += 1;
                }
                // Sent once more behind the back of the table, and refused: what another delivery had connected by then is older
                // than this Connect, and may be somebody else's.
                ("failed", Some("code_rejected"))
                    if delivery.spent && blind && spendings > 1 && line["aws.error_code"] == "ValidationException" =>
                {
                    self.turned_away += 1;
                }
                (
                    "failed",
                    Some("code_rejected" | "not_connected" | "temporarily_unavailable" | "unknown_connection"),
                ) if delivery.spent => wrong("it is connected"),
                ("connected", None)
                | ("pending", Some("in_progress" | "unconfirmed"))
                | (
                    "failed",
                    Some("code_rejected" | "not_connected" | "temporarily_unavailable" | "unknown_connection"),
                ) => {}
                _ => wrong("nobody may be told this"),
            }
        }
        let last = story.deliveries.last().and_then(|delivery| Some((delivery.told.as_ref()?, delivery.spent)));
        // Of deliveries at the same time, another may have been the one that connected it, and was told so.
        let told_so = told.iter().any(|told| told.outcome == "connected");
        if last.is_some_and(|(told, spent)| told.outcome == "failed" && !spent)
            && !(told_so && blind)
            && appfabric.has_spent(&authorization, &story.code)
        {
            wrong("it became connected");
        }

        self.people += 1;
        self.gave_up += usize::from(story.deliveries.is_empty());
        self.callbacks += story.deliveries.len();
        self.unanswered += story.deliveries.len() - told.len();
        self.without_table += without_table;
        self.sends += read.len() + unread;
        self.resends += (read.len() + unread).saturating_sub(1);
        self.excused += usize::from(spendings > 1);
        self.took.extend(story.took());
        for (outcome, reason) in told.iter().map(|told| told.ending()) {
            *self.endings.entry(reason.unwrap_or(outcome).to_owned()).or_default() += 1;
        }
    }

    /// Nothing was wrong.
    pub(super) fn are_true(&self) {
        let first = self.wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
        assert!(self.wrong.is_empty(), "{} stories are wrong:\n{first}", self.wrong.len());
    }

    /// A run in which too little happened shows nothing.
    pub(super) fn are_worth_something(&self) {
        let many = |ending: &str| self.endings.get(ending).copied().unwrap_or_default();
        assert!(self.late < Duration::from_secs(1), "Lambda's deadline is near: {:?}", self.late);
        assert!(many("connected") * 2 > self.callbacks, "{self}");
        assert!(many("temporarily_unavailable") > 0 && many("in_progress") + many("unconfirmed") > 0, "{self}");
        assert!(self.unanswered > 0 && self.without_table > 0 && self.resends > 0, "{self}");
    }

    fn percentile(&self, of_hundred: usize) -> u128 {
        let mut took = self.took.clone();
        took.sort_unstable();
        took.get((took.len() * of_hundred / 100).min(took.len().saturating_sub(1))).map_or(0, Duration::as_millis)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { people, gave_up, callbacks, unanswered, without_table, turned_away, .. } = self;
        let Self { sends, resends, excused, endings, .. } = self;
        write!(
            f,
            "{people} people, {gave_up} of whom gave up on their link; {callbacks} callbacks, {unanswered} unanswered, "
        )?;
        write!(
            f,
            "{without_table} without the table, {turned_away} of a spent code turned away for that; {sends} sends, {resends} of them again, {excused} codes spent twice "
        )?;
        write!(f, "behind the back of the table;")?;
        endings.iter().try_for_each(|(ending, count)| write!(f, " {ending} {count}"))?;
        let [half, most, slowest] = [50, 99, 100].map(|of_hundred| self.percentile(of_hundred));
        write!(
            f,
            "; answers in {half} ms (p50), {most} ms (p99), {slowest} ms (all), {} ms over budget",
            self.late.as_millis()
        )
    }
}
