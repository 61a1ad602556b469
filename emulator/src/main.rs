//! AWS AppFabric on loopback.
fn main() {}
