//! What the application remembers: clients, codes and access tokens.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use url::Url;
use uuid::Uuid;

/// Clients, codes and access tokens, in memory.
pub(super) struct Ledger {
    clients: HashMap<String, Client>,
    codes: HashMap<String, Code>,
    tokens: HashSet<String>,
    code_lifetime: Duration,
}

/// A registered client (RFC 6749 §2).
struct Client {
    secret: String,
    redirect_uris: HashSet<String>,
}

/// What an authorization code is bound to (RFC 6749 §4.1.3).
struct Code {
    client: String,
    redirect_uri: String,
    expires_at: Instant,
    /// The access token that the code was redeemed for.
    token: Option<String>,
}

/// How an attempt to redeem a code ended.
pub(super) enum Redemption {
    /// It was good for this access token.
    Issued(String),
    /// It was redeemed before; that token is revoked now.
    Reused,
    /// It is too old.
    Expired,
    /// It was never issued, or to another client.
    Unknown,
    /// It was issued for another redirect URI.
    RedirectUriMismatch,
}

impl Ledger {
    pub(super) fn new(code_lifetime: Duration) -> Self {
        Self { clients: HashMap::new(), codes: HashMap::new(), tokens: HashSet::new(), code_lifetime }
    }

    pub(super) fn register_client(&mut self, id: &str, secret: String) {
        self.clients.insert(id.to_owned(), Client { secret, redirect_uris: HashSet::new() });
    }

    pub(super) fn register_redirect_uri(&mut self, client: &str, redirect_uri: &str) -> Result<(), RegistrationError> {
        let client = self.clients.get_mut(client).ok_or(RegistrationError::UnknownClient)?;
        let parsed = Url::parse(redirect_uri).map_err(|_| RegistrationError::NotAUri)?;
        if !redirect_uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RegistrationError::NotAUri);
        }
        if parsed.fragment().is_some() {
            return Err(RegistrationError::Fragment);
        }
        client.redirect_uris.insert(redirect_uri.to_owned());
        Ok(())
    }

    pub(super) fn knows_client(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    /// Whether `redirect_uri` is one of the client's, character by character (RFC 6749 §3.1.2.3).
    pub(super) fn knows_redirect_uri(&self, client: &str, redirect_uri: &str) -> bool {
        self.clients.get(client).is_some_and(|client| client.redirect_uris.contains(redirect_uri))
    }

    /// Whether the client shows its secret (RFC 6749 §2.3.1).
    pub(super) fn authenticates(&self, client: &str, secret: &str) -> bool {
        self.clients.get(client).is_some_and(|client| client.secret == secret)
    }

    pub(super) fn issue_code(&mut self, client: &str, redirect_uri: &str, now: Instant) -> String {
        let code = new_code();
        let bound = Code {
            client: client.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            expires_at: now + self.code_lifetime,
            token: None,
        };
        self.codes.insert(code.clone(), bound);
        code
    }

    /// Redeems a code once (RFC 6749 §4.1.3); a mismatch leaves it usable.
    pub(super) fn redeem(&mut self, code: &str, client: &str, redirect_uri: &str, now: Instant) -> Redemption {
        let Some(code) = self.codes.get_mut(code).filter(|code| code.client == client) else {
            return Redemption::Unknown;
        };
        if let Some(token) = &code.token {
            self.tokens.remove(token);
            return Redemption::Reused;
        }
        if now >= code.expires_at {
            return Redemption::Expired;
        }
        if code.redirect_uri != redirect_uri {
            return Redemption::RedirectUriMismatch;
        }
        let token = format!("example-{}", Uuid::new_v4().simple());
        code.token = Some(token.clone());
        self.tokens.insert(token.clone());
        Redemption::Issued(token)
    }

    pub(super) fn tokens_alive(&self) -> usize {
        self.tokens.len()
    }
}

/// Why a redirect URI was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationError {
    /// No client has this id.
    UnknownClient,
    /// It is not an absolute URI in ASCII.
    NotAUri,
    /// It has a fragment (RFC 6749 §3.1.2).
    Fragment,
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownClient => "no client has this id",
            Self::NotAUri => "the redirect URI is not an absolute URI",
            Self::Fragment => "the redirect URI has a fragment",
        })
    }
}

impl Error for RegistrationError {}

/// A code as Slack writes it, `digits.digits.hex64`, from the system's random source.
fn new_code() -> String {
    const DIGITS: u64 = 10_000_000_000_000;
    let (random, number) = (Uuid::new_v4(), Uuid::new_v4());
    let ((_, first), (_, second)) = (random.as_u64_pair(), number.as_u64_pair());
    format!("{}.{}.{}{}", first % DIGITS, second % DIGITS, Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
