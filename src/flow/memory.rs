//! The flows that this process has begun, the latest thousand.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Flow, FlowId};

/// The most flows that are remembered; the oldest is forgotten first.
const MOST: usize = 1_024;

/// The flows of one process.
#[derive(Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Default)]
struct Known {
    flows: HashMap<FlowId, Flow>,
    /// The ids in the order of their beginnings.
    order: VecDeque<FlowId>,
}

impl Memory {
    pub(super) fn begin(&self, id: FlowId, flow: Flow) {
        let mut known = self.known();
        if known.order.len() == MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.flows.remove(&oldest);
        }
        known.order.push_back(id);
        known.flows.insert(id, flow);
    }

    pub(super) fn find(&self, id: &FlowId) -> Option<Flow> {
        self.known().flows.get(id).cloned()
    }

    /// Changes a flow while nobody else does; false if there is none, or if the change is not to be.
    pub(super) fn change(&self, id: &FlowId, change: impl FnOnce(&mut Flow) -> bool) -> bool {
        self.known().flows.get_mut(id).is_some_and(change)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
