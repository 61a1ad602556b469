//! The function from outside: events in, answers out, AppFabric on loopback.

mod events;
mod expected;
mod faults;
mod pipe;
mod promise;
mod rie;
mod sockets;
mod support;
mod wire;
