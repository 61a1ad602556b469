//! The OAuth redirection endpoint for AWS AppFabric.
//!
//! A person consents at an application; the application redirects their browser here with a `code`; one
//! `ConnectAppAuthorization` spends it; the browser is sent on to a page that says how it ended.
//!
//! # Layout, in reading order
//!
//! 1. [`endpoint`]: the routes and the redirection endpoint, step by step.
//! 2. [`outcome`]: every way in which a callback can end, and what each means to whom.
//! 3. [`gateway`]: API Gateway events in, responses out, both payload formats; [`query`]: decoded exactly once.
//! 4. [`authorization_response`] (RFC 6749 §4.1.2) and its secret, the [`authorization_code`].
//! 5. [`app_authorization`]: which app authorization a path names, and whether it may.
//! 6. [`flow`]: one person's way from a connect link to the outcome, and the `state` that proves it; [`auth_url`]: where
//!    the link leads; [`secret`]: what both are made of.
//! 7. [`delivery`]: the code is spent once, and what became of it is found out; a later delivery is told the same.
//! 8. [`ledger`]: which codes have been claimed; [`table`], and `bounded` without one: where flows and claims are kept;
//!    [`budget`]: how long everything may take.
//! 9. [`redirect_uri`] and [`appfabric`]: the two calls, and what their answers mean; [`sdk`]: what carries them.
//! 10. [`location`] and [`pages`]: where the person goes and what they read there.
//! 11. [`config`], [`logs`], [`callback_log`], [`metrics`], [`function`]: the operator's side; `main.rs` wires them.
//!
//! # Words
//!
//! *Application*: Slack, Okta, … (the authorization server). *Client*: AppFabric. *Connection*: our public name of one
//! app authorization. *Connect* is what AppFabric does; *spend* is what happens to the code meanwhile.

pub mod app_authorization;
pub mod appfabric;
pub mod auth_url;
pub mod authorization_code;
pub mod authorization_response;
mod bounded;
pub mod budget;
pub mod callback_log;
pub mod config;
pub mod delivery;
pub mod endpoint;
pub mod flow;
pub mod function;
pub mod gateway;
pub mod ledger;
pub mod location;
pub mod logs;
pub mod metrics;
pub mod outcome;
pub mod pages;
pub mod query;
pub mod redirect_uri;
pub mod sdk;
pub mod secret;
pub mod table;
