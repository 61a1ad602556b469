//! AWS AppFabric, an application and API Gateway on loopback.
