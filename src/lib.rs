//! The OAuth redirection endpoint for AWS AppFabric.

pub mod outcome;
pub mod pages;
