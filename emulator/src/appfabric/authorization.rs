//! An app authorization as AppFabric keeps it.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// `AppAuthorizationStatus`: an open enum, so any string is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Status(Cow<'static, str>);

impl Status {
    /// Created, or updated, and not connected since.
    pub const PENDING_CONNECT: Self = Self(Cow::Borrowed("PendingConnect"));
    /// Ready to be used.
    pub const CONNECTED: Self = Self(Cow::Borrowed("Connected"));
    /// AppFabric tried to connect and the application refused.
    pub const CONNECTION_VALIDATION_FAILED: Self = Self(Cow::Borrowed("ConnectionValidationFailed"));
    /// AppFabric could not refresh the token.
    pub const TOKEN_AUTO_ROTATION_FAILED: Self = Self(Cow::Borrowed("TokenAutoRotationFailed"));

    /// The word on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        Self(Cow::Owned(word.to_owned()))
    }
}

/// `Tenant`: whose application it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The application's own word for the tenant.
    pub tenant_identifier: String,
    /// The name that people see.
    pub tenant_display_name: String,
}

/// `Credential`: how AppFabric identifies itself to the application.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `authType: oauth2`
    Oauth2 {
        /// The OAuth client's identifier.
        client_id: String,
        /// The OAuth client's secret.
        client_secret: Secret,
    },
    /// `authType: apiKey`
    ApiKey(Secret),
}

impl Credential {
    /// `AuthType` on the wire.
    #[must_use]
    pub fn auth_type(&self) -> &'static str {
        match self {
            Self::Oauth2 { .. } => "oauth2",
            Self::ApiKey(_) => "apiKey",
        }
    }
}

/// A client secret or an API key: redacted in `Debug`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the token request only.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a test says about an app authorization that shall exist.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The application's name, such as `SLACK`: any string.
    pub app: String,
    /// Whose application it is.
    pub tenant: Tenant,
    /// The OAuth client or the API key.
    pub credential: Credential,
    /// The status to begin with.
    pub status: Status,
}

impl Authorization {
    /// An authorization by OAuth, `PendingConnect`.
    pub fn oauth2(app: impl Into<String>) -> Self {
        let credential =
            Credential::Oauth2 { client_id: "client".to_owned(), client_secret: Secret::new("client-secret") };
        Self::pending(app.into(), credential)
    }

    /// An authorization by API key, `PendingConnect`.
    pub fn api_key(app: impl Into<String>) -> Self {
        Self::pending(app.into(), Credential::ApiKey(Secret::new("api-key")))
    }

    /// The same with another OAuth client.
    #[must_use]
    pub fn client(self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        let credential = Credential::Oauth2 { client_id: client_id.into(), client_secret: Secret::new(client_secret) };
        Self { credential, ..self }
    }

    /// The same with another tenant.
    #[must_use]
    pub fn tenant(self, identifier: impl Into<String>, display_name: impl Into<String>) -> Self {
        let tenant = Tenant { tenant_identifier: identifier.into(), tenant_display_name: display_name.into() };
        Self { tenant, ..self }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    fn pending(app: String, credential: Credential) -> Self {
        let tenant = Tenant { tenant_identifier: "tenant".to_owned(), tenant_display_name: "Example Corp.".to_owned() };
        Self { app, tenant, credential, status: Status::PENDING_CONNECT }
    }
}
