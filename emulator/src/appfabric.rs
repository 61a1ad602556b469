//! AWS AppFabric (service model `2023-05-19`) on loopback, over real HTTP.
//!
//! It answers the operations on app bundles and app authorizations as the service model says, to the AWS SDKs and
//! the AWS CLI alike (`--endpoint-url`), and goes wrong by script. The **scope** of a signature (version 4) is checked
//! (service, Region); the signature itself is not, so any credentials will do. Ingestion, tag and user access
//! operations are answered as an operation that AWS does not know. The account is always [`ACCOUNT`].
//!
//! What it keeps in memory includes authorization codes: [`AppFabric::calls`] and `GET /_emulator/calls` show
//! request bodies as they came, because tests compare them byte for byte. Nothing is ever logged or printed.
//!
//! # Reading order
//!
//! 1. `emulator`: [`AppFabric`], what a test starts and asks.
//! 2. `server`: one HTTP call from its first byte to the answer; `control`: the `/_emulator` endpoints.
//! 3. `scope`: who calls which Region; `route`: which [`Operation`] on which resource.
//! 4. `validation`, `requests`: the service model's constraints, and requests that satisfy them.
//! 5. `operations`: what each operation does; `state`: the data that they change; `redeem`: spending a code.
//! 6. `model`, `errors`, `reply`: what goes back over the wire.
//! 7. `faults`, `calls`: the script, and the log; `scene`: a script in a file.
//! 8. `arn`, `authorization`: the words all of them use.

mod arn;
mod authorization;
mod calls;
mod control;
mod emulator;
mod errors;
mod faults;
mod model;
mod operations;
mod redeem;
mod reply;
mod requests;
mod route;
mod scene;
mod scope;
mod server;
mod state;
mod validation;

pub use arn::{ACCOUNT, AuthorizationArn, BundleArn, NotAnArn, Region, UnknownRegion};
pub use authorization::{Authorization, Credential, Secret, Status, Tenant};
pub use calls::Call;
pub use emulator::{AppFabric, Application, Builder};
pub use errors::Exception;
pub use faults::{Answer, Fault, Script, Target};
pub use route::Operation;
pub use scene::Scene;
