//! The function from outside: events in, answers out, AppFabric on loopback.

mod events;
mod expected;
mod faults;
mod flow_events;
mod flow_items;
mod promise;
mod rie;
mod support;
mod threats;
mod wire;
