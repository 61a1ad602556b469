//! What must be true of every code, whatever went wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde_json::Value;

use super::super::stage::Told;

/// What became of one code.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) number: u32,
    /// What those who brought it were told, wave by wave.
    pub(super) waves: Vec<Vec<Told>>,
    /// Whether the app authorization is connected, as AppFabric has it in its own book.
    pub(super) connected: bool,
    /// Each time that AppFabric received the code, with the HTTP status that it answered, if it did.
    pub(super) connects: Vec<Option<u16>>,
    /// How often AppFabric was asked for the status.
    pub(super) looks: usize,
}

/// All stories in one line.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) callbacks: usize,
    /// Callbacks that had to do without the table.
    pub(super) without_table: usize,
    codes: usize,
    duplicates: usize,
    sends: usize,
    resends: usize,
    looks: usize,
    endings: BTreeMap<String, usize>,
}

impl Story {
    /// How often the code was brought.
    pub(super) fn callbacks(&self) -> usize {
        self.waves.iter().map(Vec::len).sum()
    }

    /// Holds the story against AppFabric's book and the log, and adds it to the figures.
    pub(super) fn judge(&self, log: &HashMap<String, Value>, figures: &mut Figures) {
        let told = || self.waves.iter().flatten();
        let lines: Vec<&Value> = told().map(|told| &log[&told.reference]).collect();
        let without_table = lines.iter().filter(|line| line["ledger"] == "unreachable").count();
        let duplicates = lines.iter().filter(|line| line["duplicate"] == true).count();

        // Nobody can tell a duplicate without the table.
        if without_table == 0 {
            let (_, unread) = self.connects.split_last().unwrap_or((&None, &[]));
            assert!(unread.iter().all(|status| *status == Some(429)), "a code was sent twice: {self:?}");
            assert_eq!(duplicates + 1, self.callbacks(), "{self:?}");
            let settled: BTreeSet<_> = told().map(Told::ending).filter(|(outcome, _)| *outcome != "pending").collect();
            assert!(settled.len() <= 1, "two different outcomes of one code: {self:?}");
        }
        for (told, line) in told().zip(&lines) {
            assert_eq!(
                told.ending(),
                (line["outcome"].as_str().unwrap_or_default(), line["reason"].as_str()),
                "{line}"
            );
            match told.ending() {
                ("connected", None) => assert!(self.connected, "it is not connected: {self:?}"),
                ("failed", Some("code_rejected" | "not_connected" | "temporarily_unavailable")) => {
                    assert!(!self.connected, "it is connected: {self:?}");
                }
                ("pending", Some("in_progress" | "unconfirmed")) | ("failed", Some("unknown_connection")) => {}
                _ => panic!("nobody may be told this: {told:?}"),
            }
        }
        let attempts: u64 = lines.iter().filter_map(|line| line["attempts"].as_u64()).sum();
        assert!(attempts >= self.connects.len() as u64, "the log has forgotten one: {self:?}");

        figures.callbacks += self.callbacks();
        figures.without_table += without_table;
        figures.codes += 1;
        figures.duplicates += duplicates;
        figures.sends += self.connects.len();
        figures.resends += self.connects.len().saturating_sub(1);
        figures.looks += self.looks;
        for (outcome, reason) in told().map(Told::ending) {
            *figures.endings.entry(reason.unwrap_or(outcome).to_owned()).or_default() += 1;
        }
    }
}

impl Figures {
    /// How many callbacks ended so, by reason, else by outcome.
    pub(super) fn endings(&self) -> &BTreeMap<String, usize> {
        &self.endings
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { callbacks, without_table, codes, duplicates, sends, resends, looks, endings } = self;
        write!(
            f,
            "{callbacks} callbacks, {codes} codes, {duplicates} duplicates, {without_table} without the table; "
        )?;
        write!(f, "{sends} sends, {resends} of them again after 429, {looks} look-ups;")?;
        endings.iter().try_for_each(|(ending, count)| write!(f, " {ending} {count}"))
    }
}
