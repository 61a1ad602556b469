//! The AWS services, and the only room that knows the SDK.

mod answer;
mod appfabric;
mod sdk;
mod table;

use std::time::SystemTime;

use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};

pub use appfabric::AppFabric;
pub use sdk::{CaBundle, IDLE, from_environment};
pub use table::{FlowTable, Table};

pub(crate) use answer::{ConnectFailure, LookFailure, Seen, Status};
pub(crate) use appfabric::Spending;
pub(crate) use table::{Change, Item, Unreachable, Update};

/// A time as RFC 3339 writes it, in UTC.
pub(crate) fn rfc_3339(time: SystemTime) -> String {
    DateTime::from(time).fmt(DateTimeFormat::DateTime).expect("a year of four digits can be written")
}
