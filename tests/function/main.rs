//! The function from outside: events in, answers out, AppFabric on loopback.

mod events;
mod expected;
mod promise;
mod rie;
mod support;
