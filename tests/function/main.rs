//! The function from outside: events in, answers out, AppFabric on loopback.

mod budget;
mod delivery;
mod differential;
mod duplicates;
mod events;
mod expected;
mod fault_table;
mod faults;
mod flow_events;
mod flow_items;
mod flows;
mod instances;
mod lines;
mod look_first;
mod lost_record;
mod metrics;
mod named_tests;
mod no_leak;
mod panics;
mod pipe;
mod promise;
mod rie;
mod sockets;
mod support;
mod tls;
mod wire;
