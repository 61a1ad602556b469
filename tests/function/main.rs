//! The function from outside: events in, answers out, AppFabric on loopback.

mod differential;
mod events;
mod expected;
mod faults;
mod instances;
mod promise;
mod rie;
mod support;
mod wire;
