//! API Gateway in, API Gateway out: routes, requests, pages and redirects.

mod connect_page;
mod endpoint;
mod flows;
mod lambda;
mod location;
mod pages;
mod refusal;
mod request;
mod response;
mod route;

pub use endpoint::{Endpoint, Invocation};
pub use lambda::{faults, handle};
pub use pages::{Page, Reference};
pub use response::EventResponse;

use endpoint::Visit;
use location::location;
use pages::ConnectPage;
use refusal::{Cause, Refusal};
use request::{Payload, Request};
use response::{Response, policy_with_form};
use route::Route;
