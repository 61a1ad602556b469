//! An application (Slack, Okta, …) on loopback: an OAuth 2.0 authorization server (RFC 6749) with a consent page.
//!
//! Written by hand, because `oxide-auth` 0.6 forgets a redeemed code, so that a second delivery is `invalid_request`
//! instead of `invalid_grant` and cannot revoke the token of the first (§4.1.2).
//! It also fixes a code's lifetime at ten minutes and compares redirect URIs at redemption as parsed URLs, not exactly.
//!
//! Read `authorization` (the person's side), then `token` (the client's side), then `ledger` (what both write to).

mod authorization;
mod ledger;
mod pages;
mod parameters;
mod token;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use ledger::RegistrationError;
use ledger::{Ledger, Redemption};

/// A running application; dropping it stops it.
pub struct Application {
    address: SocketAddr,
    desk: Arc<Desk>,
    _stop: oneshot::Sender<()>,
}

impl Application {
    /// An application without clients, whose codes live ten minutes (RFC 6749 §4.1.2).
    #[must_use]
    pub fn builder() -> Builder {
        Builder { clients: Vec::new(), code_lifetime: Duration::from_mins(10), on_step: Box::new(|_| ()) }
    }

    /// Where it listens, `http://127.0.0.1:4000`, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The authorization endpoint (RFC 6749 §3.1).
    #[must_use]
    pub fn authorization_endpoint(&self) -> String {
        format!("{}/authorize", self.url())
    }

    /// The token endpoint (RFC 6749 §3.2).
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        format!("{}/token", self.url())
    }

    /// Adds a redirect URI to a client, for one whose port is known only after the start.
    pub fn register_redirect_uri(&self, client: &str, redirect_uri: &str) -> Result<(), RegistrationError> {
        self.desk.ledger().register_redirect_uri(client, redirect_uri)
    }

    /// A code as if a person had pressed Allow, for tests without a browser; nothing is checked.
    #[must_use]
    pub fn issue_code(&self, client: &str, redirect_uri: &str) -> String {
        self.desk.ledger().issue_code(client, redirect_uri, Instant::now())
    }

    /// How many access tokens were issued and not revoked.
    #[must_use]
    pub fn tokens_alive(&self) -> usize {
        self.desk.ledger().tokens_alive()
    }
}

/// An application before it starts.
pub struct Builder {
    clients: Vec<Registration>,
    code_lifetime: Duration,
    on_step: Box<dyn Fn(Step) + Send + Sync>,
}

impl Builder {
    /// Registers a confidential client with its redirect URIs (RFC 6749 §2).
    #[must_use]
    pub fn client<U: Into<String>>(
        mut self,
        id: impl Into<String>,
        secret: impl Into<String>,
        redirect_uris: impl IntoIterator<Item = U>,
    ) -> Self {
        let redirect_uris = redirect_uris.into_iter().map(Into::into).collect();
        self.clients.push(Registration { id: id.into(), secret: secret.into(), redirect_uris });
        self
    }

    /// How long a code can be redeemed.
    #[must_use]
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.code_lifetime = lifetime;
        self
    }

    /// Calls `on_step` after each step of a flow.
    #[must_use]
    pub fn on_step(mut self, on_step: impl Fn(Step) + Send + Sync + 'static) -> Self {
        self.on_step = Box::new(on_step);
        self
    }

    /// Listens on `address`, such as `127.0.0.1:0`; a redirect URI that cannot be registered is `InvalidInput`.
    pub async fn start(self, address: &str) -> io::Result<Application> {
        let mut ledger = Ledger::new(self.code_lifetime);
        for client in self.clients {
            ledger.register_client(&client.id, client.secret);
            for redirect_uri in client.redirect_uris {
                ledger
                    .register_redirect_uri(&client.id, &redirect_uri)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            }
        }
        let desk = Arc::new(Desk { ledger: Mutex::new(ledger), on_step: self.on_step });

        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new()
            .route("/authorize", get(authorization::ask).post(authorization::decide))
            .route("/token", post(token::redeem))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(async move {
                    // Nothing is ever sent: the sender is dropped with the application.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Application { address, desk, _stop: stop })
    }
}

/// A client as the builder was told about it.
struct Registration {
    id: String,
    secret: String,
    redirect_uris: Vec<String>,
}

/// Something that happened in a flow; it carries no secret and nothing from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A person was shown the consent page.
    ConsentShown,
    /// The person pressed Allow; a code was issued.
    Allowed,
    /// The person pressed Cancel.
    Cancelled,
    /// A client redeemed a code for an access token.
    CodeRedeemed,
    /// A code came a second time; the token issued for it was revoked.
    CodeReused,
    /// A code came after its lifetime.
    CodeExpired,
    /// A code came that was never issued, or not to this client.
    CodeUnknown,
    /// A redirect URI is not one of the client's, or not the one that the code was issued for.
    RedirectUriMismatch,
    /// A client is not registered, or did not show its secret.
    UnknownClient,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConsentShown => "the application shows its consent page",
            Self::Allowed => "the person allows it; the application issues a code",
            Self::Cancelled => "the person cancels",
            Self::CodeRedeemed => "the application takes the code and issues an access token",
            Self::CodeReused => "the application refuses a code that was used before and revokes its access token",
            Self::CodeExpired => "the application refuses a code that has expired",
            Self::CodeUnknown => "the application refuses a code that it did not issue to this client",
            Self::RedirectUriMismatch => "the application refuses a redirect URI that does not match",
            Self::UnknownClient => "the application refuses a client that it does not know",
        })
    }
}

/// What the two endpoints share: the ledger, and who is told about steps.
struct Desk {
    ledger: Mutex<Ledger>,
    on_step: Box<dyn Fn(Step) + Send + Sync>,
}

impl Desk {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // No change to the ledger stops half way, so a panic elsewhere leaves it usable.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, step: Step) {
        (self.on_step)(step);
    }
}
