//! The codes and flows that this process has seen, the latest few thousand.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::Entry;
use crate::connect::{Bearer, Flow, FlowId, Refused, State};
use crate::values::{Hash, Outcome, RedirectUri};

/// The most codes that are remembered, about two megabytes.
pub(super) const MOST_CODES: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not zero");

/// The most flows that are remembered.
pub(super) const MOST_FLOWS: NonZeroUsize = NonZeroUsize::new(1_024).expect("it is not zero");

/// What one process remembers. The oldest entry goes first; reading an entry does not renew it.
pub(super) struct Memory {
    codes: Mutex<LruCache<Hash, Entry>>,
    flows: Mutex<LruCache<FlowId, Flow>>,
}

impl Memory {
    /// Claims a code. Returns the entry of an earlier claim, if there is one.
    pub(super) fn claim(&self, code: &Hash, entry: &Entry) -> Option<Entry> {
        let mut codes = locked(&self.codes);
        let before = codes.peek(code).cloned();
        if before.is_none() {
            codes.put(*code, entry.clone());
        }
        before
    }

    /// What is known of a code.
    pub(super) fn look(&self, code: &Hash) -> Option<Entry> {
        locked(&self.codes).peek(code).cloned()
    }

    /// Records the outcome of a code.
    pub(super) fn record(&self, code: &Hash, outcome: Outcome) {
        if let Some(entry) = locked(&self.codes).peek_mut(code) {
            entry.outcome = Some(outcome);
        }
    }

    /// Begins a flow.
    pub(super) fn begin(&self, id: FlowId, flow: Flow) {
        locked(&self.flows).put(id, flow);
    }

    /// The flow as it is now.
    pub(super) fn find(&self, id: FlowId) -> Option<Flow> {
        locked(&self.flows).peek(&id).cloned()
    }

    /// [`Flow::take`].
    pub(super) fn take(&self, state: &State, code: &Hash, by: &Bearer<'_>) -> Result<RedirectUri, Refused> {
        locked(&self.flows).peek_mut(&state.flow).ok_or(Refused::Unknown)?.take(state, code, by)
    }

    /// Changes a flow. False if there is no such flow, or if `change` returns false.
    pub(super) fn change(&self, id: FlowId, change: impl FnOnce(&mut Flow) -> bool) -> bool {
        locked(&self.flows).peek_mut(&id).is_some_and(change)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self { codes: Mutex::new(LruCache::new(MOST_CODES)), flows: Mutex::new(LruCache::new(MOST_FLOWS)) }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
