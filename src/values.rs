//! Plain values: parsed once, never wrong afterwards. No SDK, no log, no network.

mod app_authorization;
mod auth_url;
mod budget;
mod code;
mod connections;
mod outcome;
mod query;
mod redirect_uri;
mod response;
mod secret;
mod state_mode;

pub use app_authorization::Region;
pub use budget::Budget;
pub use outcome::{Outcome, ResultPage};
pub use query::{Parameter, Query};
pub use response::{AuthorizationResponse, Malformed};
pub use state_mode::StateMode;

pub(crate) use app_authorization::{AppAuthorization, Uuid};
pub(crate) use auth_url::AuthUrl;
pub(crate) use budget::{CONNECTING, Slice, pauses};
pub(crate) use code::{AuthorizationCode, NotACode};
pub(crate) use connections::{AllowList, Connection, Connections, is_alias};
pub(crate) use outcome::Severity;
pub(crate) use redirect_uri::{ESCAPED, NotARedirectUri, RedirectUri, is_accepted, is_loopback};
pub(crate) use secret::{Hash, Secret, random_digits};
