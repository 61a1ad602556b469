//! The operator's side: log and metrics. It reads what was decided and decides nothing.

pub(crate) mod lines;
mod logs;
mod metrics;

pub use lines::faulty_configuration;
pub use logs::{log_panics, subscriber};
pub use metrics::Metrics;
