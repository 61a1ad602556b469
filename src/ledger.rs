//! Which codes have been claimed, and what came of each: so that none is spent twice, by whichever instance.
//!
//! The table (`FLOW_TABLE`) knows the codes of every instance; the memory of this process knows its own, also while
//! the table cannot be reached, which stops nobody.

mod key;
mod memory;
mod stored;

use std::time::{Duration, SystemTime};

use crate::budget::Budget;
use crate::outcome::Outcome;
use crate::table::{Table, Unreachable};

pub use key::CodeKey;
use memory::Memory;

/// After this long the invocation that claimed a code has ended: none runs for 30 seconds.
pub const DEAD_AFTER: Duration = Duration::from_secs(30);

/// The claimed codes.
pub struct Ledger {
    memory: Memory,
    table: Option<Table>,
}

/// What became of an attempt to claim a code.
#[derive(Debug)]
pub enum Claimed {
    /// Nobody had: whoever holds this may spend the code.
    First(Claim),
    /// Somebody had.
    Before(Entry),
}

/// The right to spend one code, once.
#[derive(Debug)]
pub struct Claim {
    key: CodeKey,
    owner: Owner,
    entry: Entry,
}

/// What the ledger says of a code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The reference of the invocation that claimed it: Lambda's request ID.
    pub reference: String,
    /// When it did.
    pub claimed_at: SystemTime,
    /// What came of it, once that is known.
    pub outcome: Option<Outcome>,
}

/// Where the ledger was kept during a callback.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kept {
    /// Not asked.
    Nowhere,
    /// In this process, because there is no `FLOW_TABLE`.
    InMemory,
    /// In the table.
    InTable,
    /// In this process, because the table could not be reached at some point.
    Unreachable,
}

/// One attempt to claim, told from every other.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Owner(String);

impl Ledger {
    /// A ledger in the table, or in this process alone.
    #[must_use]
    pub fn new(table: Option<Table>) -> Self {
        Self { memory: Memory::default(), table }
    }

    /// Claims a code for the invocation of this reference; the first claim wins.
    pub async fn claim(&self, key: CodeKey, reference: &str, budget: &Budget) -> (Claimed, Kept) {
        let entry = Entry { reference: reference.to_owned(), claimed_at: budget.now(), outcome: None };
        let owner = Owner::random();
        let kept = match &self.table {
            None => Kept::InMemory,
            Some(table) => match table.claim(&key, &owner, &entry, budget.for_claim()).await {
                Ok(None) => Kept::InTable,
                Ok(Some(before)) => return (Claimed::Before(self.better_known(&key, before)), Kept::InTable),
                Err(unreachable) => told(&unreachable, reference),
            },
        };
        // Also with the table, which may have been out of reach when the code came here before.
        let claimed = match self.memory.claim(&key, &entry) {
            None => Claimed::First(Claim { key, owner, entry }),
            Some(before) => {
                // The table was out of reach when that was settled; now it learns of it, for the other instances.
                if let (Some(table), Some(outcome), Kept::InTable) = (&self.table, before.outcome, kept)
                    && let Err(unreachable) =
                        table.record(&key, &owner, outcome, budget.now(), budget.for_record()).await
                {
                    return (Claimed::Before(before), told(&unreachable, reference));
                }
                Claimed::Before(before)
            }
        };
        (claimed, kept)
    }

    /// What the ledger says by now of a code that somebody claimed before.
    pub async fn look(&self, key: &CodeKey, reference: &str, budget: &Budget) -> (Option<Entry>, Kept) {
        match &self.table {
            None => (self.memory.look(key), Kept::InMemory),
            Some(table) => match table.claimed(key, budget.for_ledger()).await {
                Ok(Some(entry)) => (Some(self.better_known(key, entry)), Kept::InTable),
                Ok(None) => (self.memory.look(key), Kept::InTable),
                Err(unreachable) => (self.memory.look(key), told(&unreachable, reference)),
            },
        }
    }

    /// Records what came of a claimed code, for whoever delivers it again.
    pub async fn record(&self, claim: Claim, outcome: Outcome, budget: &Budget) -> Kept {
        let Claim { key, owner, entry } = claim;
        self.memory.record(&key, outcome);
        match &self.table {
            // Also where the table did not answer to the claim, which may have arrived all the same.
            Some(table) => match table.record(&key, &owner, outcome, budget.now(), budget.for_record()).await {
                Ok(()) => Kept::InTable,
                Err(unreachable) => told(&unreachable, &entry.reference),
            },
            None => Kept::InMemory,
        }
    }

    /// The entry, or this process's own where the outcome could not be recorded in the table.
    fn better_known(&self, key: &CodeKey, entry: Entry) -> Entry {
        let own = || self.memory.look(key).filter(|own| own.outcome.is_some());
        if entry.outcome.is_none() { own().unwrap_or(entry) } else { entry }
    }
}

impl Entry {
    /// Whether the claim has no outcome and its owner is gone, which leaves only a look.
    #[must_use]
    pub fn is_abandoned(&self, now: SystemTime) -> bool {
        let age = now.duration_since(self.claimed_at).unwrap_or_default();
        self.outcome.is_none() && age > DEAD_AFTER
    }
}

impl Kept {
    /// A closed-set word for the log; none where the ledger was not asked.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Nowhere => None,
            Self::InMemory => Some("memory"),
            Self::InTable => Some("table"),
            Self::Unreachable => Some("unreachable"),
        }
    }
}

fn told(unreachable: &Unreachable, reference: &str) -> Kept {
    unreachable.tell(reference);
    Kept::Unreachable
}

impl Owner {
    fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("Linux has random bytes");
        Self(hex::encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_without_an_outcome_is_abandoned_once_no_invocation_can_still_run() {
        let claimed_at = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        let entry = |outcome| Entry { reference: "the-first".to_owned(), claimed_at, outcome };
        for (outcome, now, expected) in [
            (None, claimed_at - Duration::from_secs(1), false),
            (None, claimed_at, false),
            (None, claimed_at + Duration::from_secs(30), false),
            (None, claimed_at + Duration::from_millis(30_001), true),
            (Some(Outcome::Connected), claimed_at + Duration::from_hours(1), false),
        ] {
            assert_eq!(entry(outcome).is_abandoned(now), expected, "{outcome:?}, {now:?}");
        }
    }
}
