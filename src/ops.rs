//! The operator's side: log and metrics. It reads what was decided and decides nothing.

pub(crate) mod lines;
mod logs;
mod metrics;

pub use lines::faulty_configuration;
pub use logs::{log_panics, subscriber};
pub use metrics::Metrics;

use std::time::Duration;

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
