//! The flows that this process has begun, the latest thousand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Bearer, Flow, FlowId, Refused, State};
use crate::bounded::Bounded;
use crate::ledger::CodeKey;
use crate::redirect_uri::RedirectUri;

/// The most flows that are remembered.
const MOST: usize = 1_024;

/// The flows of one process.
pub(super) struct Memory(Mutex<Bounded<FlowId, Flow>>);

impl Memory {
    pub(super) fn begin(&self, id: FlowId, flow: Flow) {
        self.flows().insert(id, flow);
    }

    pub(super) fn find(&self, id: &FlowId) -> Option<Flow> {
        self.flows().get(id).cloned()
    }

    pub(super) fn take(&self, state: &State, code: &CodeKey, by: &Bearer<'_>) -> Result<RedirectUri, Refused> {
        self.flows().get_mut(&state.flow).ok_or(Refused::Unknown)?.take(state, code, by)
    }

    /// Changes a flow while nobody else does; false if there is none, or if the change is not to be.
    pub(super) fn change(&self, id: &FlowId, change: impl FnOnce(&mut Flow) -> bool) -> bool {
        self.flows().get_mut(id).is_some_and(change)
    }

    fn flows(&self) -> MutexGuard<'_, Bounded<FlowId, Flow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(MOST)))
    }
}
