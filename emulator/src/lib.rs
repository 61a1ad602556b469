//! AWS AppFabric, an application and API Gateway on loopback.
//!
//! Each module is one of the far sides that `appfabric-connect` meets:
//!
//! - [`appfabric`]: AWS AppFabric over real HTTP, with faults by script and a log of every call.
//! - [`application`]: an OAuth authorization server that asks a person for consent.
//! - [`gateway`]: API Gateway's two payload formats and function URLs.

pub mod appfabric;
pub mod application;
pub mod gateway;
