//! The OAuth redirection endpoint for AWS AppFabric.

pub mod app_authorization;
pub mod authorization_code;
pub mod authorization_response;
pub mod config;
pub mod outcome;
pub mod query;
pub mod redirect_uri;
