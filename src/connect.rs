//! The domain: what a callback means, and what is decided about it.

mod callback;
mod earlier;
mod flow;
mod report;
mod since;
mod spending;
mod state;
mod store;

pub use flow::Dead;
pub use state::Refused;

pub(crate) use callback::{Arrived, Services, callback};
pub(crate) use flow::{Flow, Press};
pub(crate) use report::Report;
pub(crate) use state::{FlowId, Proof, State};
pub(crate) use store::Store;

use earlier::{another, later};
use flow::{Browser, Used};
use report::Calls;
use since::Since;
use spending::Dealings;
use state::Bearer;
use store::{Claimed, DEAD_AFTER, Entry};
