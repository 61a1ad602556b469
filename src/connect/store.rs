//! What is kept between callbacks: the claimed codes with their outcomes, and the flows.
//!
//! With `FLOW_TABLE`, all instances share a DynamoDB table; without it, each keeps its own memory. Codes are in
//! memory in both cases, so that one instance spends no code twice while the table cannot be reached.

mod memory;
mod table;

use std::time::{Duration, SystemTime};

use super::{Bearer, Flow, FlowId, Press, Refused, State};
use crate::aws::{Table, Unreachable};
use crate::values::{Budget, Hash, Outcome, RedirectUri, random_digits};

use memory::Memory;

/// After this time, the invocation that claimed a code has ended, because every invocation takes less than 30 seconds.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(30);

/// Codes and flows.
pub(crate) struct Store {
    memory: Memory,
    table: Option<Table>,
}

/// The answer to a claim.
#[derive(Debug)]
pub(super) enum Claimed {
    /// The code was not claimed before; the holder of this may spend it.
    First(Claim),
    /// The code was claimed before; this is what is known of it.
    Before(Entry),
}

/// The right to spend one code, once.
#[derive(Debug)]
pub(super) struct Claim {
    code: Hash,
    /// Identifies this attempt to claim the code.
    owner: String,
}

/// What is known of a claimed code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    /// The reference of the invocation that claimed it: Lambda's request ID.
    pub(super) reference: String,
    /// When that invocation claimed it.
    pub(super) claimed_at: SystemTime,
    /// Its outcome, once it is known.
    pub(super) outcome: Option<Outcome>,
}

impl Store {
    /// A store in the table, or in this process alone.
    pub(crate) fn new(table: Option<Table>) -> Self {
        Self { memory: Memory::default(), table }
    }

    /// Where the store is, for the log.
    pub(super) fn name(&self) -> &'static str {
        if self.table.is_some() { "table" } else { "memory" }
    }

    /// Claims a code for the invocation with this reference; the first claim wins. If the table does not answer, memory
    /// decides, and the error says so.
    pub(super) async fn claim(&self, code: Hash, reference: &str, budget: &Budget) -> (Claimed, Option<Unreachable>) {
        let entry = Entry { reference: reference.to_owned(), claimed_at: budget.now(), outcome: None };
        let claim = Claim { code, owner: random_digits() };
        let mut unreachable = None;
        if let Some(table) = &self.table {
            match table.claim(&claim, &entry, budget.for_claim()).await {
                Ok(None) => {}
                Ok(Some(before)) => return (Claimed::Before(self.better_known(&code, before)), None),
                Err(error) => unreachable = Some(error),
            }
        }
        // Memory has the codes that came while the table did not answer.
        let Some(before) = self.memory.claim(&code, &entry) else { return (Claimed::First(claim), unreachable) };
        // Now they are recorded in the table, for the other instances.
        if let (Some(table), Some(outcome), None) = (&self.table, before.outcome, &unreachable) {
            unreachable = table.record(&claim, outcome, budget.now(), budget.for_record()).await.err();
        }
        (Claimed::Before(before), unreachable)
    }

    /// What is known by now of a code that was claimed before.
    pub(super) async fn look(&self, code: &Hash, budget: &Budget) -> (Option<Entry>, Option<Unreachable>) {
        let Some(table) = &self.table else { return (self.memory.look(code), None) };
        match table.claimed(code, budget.for_ledger()).await {
            Ok(Some(entry)) => (Some(self.better_known(code, entry)), None),
            Ok(None) => (self.memory.look(code), None),
            Err(unreachable) => (self.memory.look(code), Some(unreachable)),
        }
    }

    /// Records the outcome of a claimed code, for later deliveries of it.
    pub(super) async fn record(&self, claim: Claim, outcome: Outcome, budget: &Budget) -> Result<(), Unreachable> {
        self.memory.record(&claim.code, outcome);
        let Some(table) = &self.table else { return Ok(()) };
        // Also if the table did not answer the claim, because the claim may have arrived.
        table.record(&claim, outcome, budget.now(), budget.for_record()).await
    }

    /// The entry, or this process's own where the outcome could not be recorded in the table.
    fn better_known(&self, code: &Hash, entry: Entry) -> Entry {
        let own = || self.memory.look(code).filter(|own| own.outcome.is_some());
        if entry.outcome.is_none() { own().unwrap_or(entry) } else { entry }
    }

    /// Begins a flow.
    pub(crate) async fn begin(&self, id: FlowId, flow: Flow, within: Duration) -> Result<(), Unreachable> {
        let Some(table) = &self.table else {
            self.memory.begin(id, flow);
            return Ok(());
        };
        table.begin(id, &flow, within).await
    }

    /// The flow as it is now.
    pub(crate) async fn find(&self, id: FlowId, within: Duration) -> Result<Option<Flow>, Unreachable> {
        match &self.table {
            Some(table) => table.find(id, within).await,
            None => Ok(self.memory.find(id)),
        }
    }

    /// Gives a flow to a browser: [`Flow::bind`].
    pub(crate) async fn bind(
        &self,
        id: FlowId,
        press: Press,
        now: SystemTime,
        within: Duration,
    ) -> Result<bool, Unreachable> {
        match &self.table {
            Some(table) => table.bind(id, &press, now, within).await,
            None => Ok(self.memory.change(id, |flow| flow.bind(press, now))),
        }
    }

    /// Uses up a `state`: [`Flow::take`].
    pub(super) async fn take(
        &self,
        state: &State,
        code: &Hash,
        by: &Bearer<'_>,
        within: Duration,
    ) -> Result<Result<RedirectUri, Refused>, Unreachable> {
        match &self.table {
            Some(table) => table.take(state, code, by, within).await,
            None => Ok(self.memory.take(state, code, by)),
        }
    }

    /// Ends an ownership: [`Flow::release`].
    pub(super) async fn release(&self, state: &State, now: SystemTime, within: Duration) -> Result<bool, Unreachable> {
        match &self.table {
            Some(table) => table.release(state, now, within).await,
            None => Ok(self.memory.change(state.flow, |flow| flow.release(state, now))),
        }
    }

    /// Ends a flow: [`Flow::finish`].
    pub(super) async fn finish(&self, id: FlowId, outcome: Outcome, within: Duration) -> Result<(), Unreachable> {
        let Some(table) = &self.table else {
            self.memory.change(id, |flow| flow.finish(outcome));
            return Ok(());
        };
        table.finish(id, outcome, within).await
    }
}

impl Entry {
    /// Whether the claim has no outcome and its invocation has ended; only a look can then tell the outcome.
    pub(super) fn is_abandoned(&self, now: SystemTime) -> bool {
        let age = now.duration_since(self.claimed_at).unwrap_or_default();
        self.outcome.is_none() && age > DEAD_AFTER
    }
}

#[cfg(test)]
mod tests;
