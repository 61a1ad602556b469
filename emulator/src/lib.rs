//! AWS AppFabric, an application, API Gateway and AWS Lambda on loopback.
//!
//! Each module is one of the far sides that `appfabric-connect` meets:
//!
//! - [`appfabric`]: AWS AppFabric over real HTTP, with faults by script and a log of every call.
//! - [`application`]: an OAuth authorization server that asks a person for consent.
//! - [`dynamodb`]: a DynamoDB table in this process, which keeps the conditions of writes.
//! - [`gateway`]: API Gateway's two payload formats and function URLs.
//! - [`lambda`]: instances of a function as real processes, each with a Runtime API of its own.

pub mod appfabric;
pub mod application;
pub mod dynamodb;
pub mod gateway;
#[cfg(feature = "lambda")]
pub mod lambda;
