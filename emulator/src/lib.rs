//! AWS AppFabric, an application and API Gateway on loopback.
//!
//! Each module is one of the far sides that `appfabric-connect` meets:
//!
//! - [`appfabric`]: AWS AppFabric over real HTTP, with faults by script and a log of every call.

pub mod appfabric;
