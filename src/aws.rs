//! The AWS services, and the only room that knows the SDK.

mod answer;
mod appfabric;
mod sdk;
mod table;

use std::time::SystemTime;

use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};

pub use appfabric::AppFabric;
pub use sdk::{CaBundle, from_environment};
pub use table::{FlowTable, Table};

pub(crate) use answer::{ConnectFailure, LookFailure, Seen, Status};
pub(crate) use appfabric::Spending;
pub(crate) use table::{Change, Item, Unreachable, Update};

/// A time as RFC 3339 writes it, in UTC; `None` after the year 9999.
pub(crate) fn rfc_3339(time: SystemTime) -> Option<String> {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_clock_that_is_wrong_by_millennia_writes_no_time_and_panics_nowhere() {
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        assert_eq!(rfc_3339(last).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(rfc_3339(last + Duration::from_secs(1)), None);
    }
}
