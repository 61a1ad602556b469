//! AWS AppFabric, an application and API Gateway on loopback.

pub mod application;
pub mod gateway;
