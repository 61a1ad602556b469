//! Which app authorization a path names, and whether it may be named.

mod arn;
mod connections;

pub use arn::{AppAuthorizationArn, Region, Uuid};
pub use connections::{Alias, AllowList, Connection, Connections};

/// An app authorization as `ConnectAppAuthorization` takes it: the Region to call and both identifiers.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum AppAuthorization {
    /// Named by its ARN, here or in `APP_AUTHORIZATIONS`; the ARN's Region is called.
    Arn(AppAuthorizationArn),
    /// Named by two UUIDs that no listed ARN contains.
    Uuids {
        /// `APPFABRIC_REGION`.
        region: Region,
        /// The app bundle.
        app_bundle: Uuid,
        /// The app authorization in it.
        app_authorization: Uuid,
    },
}

impl AppAuthorization {
    /// The Region that is called.
    #[must_use]
    pub fn region(&self) -> &Region {
        match self {
            Self::Arn(arn) => arn.region(),
            Self::Uuids { region, .. } => region,
        }
    }

    /// `appBundleIdentifier`: a UUID or an ARN.
    #[must_use]
    pub fn app_bundle_identifier(&self) -> String {
        match self {
            Self::Arn(arn) => arn.app_bundle_arn(),
            Self::Uuids { app_bundle, .. } => app_bundle.as_str().to_owned(),
        }
    }

    /// `appAuthorizationIdentifier`: a UUID or an ARN.
    #[must_use]
    pub fn app_authorization_identifier(&self) -> String {
        match self {
            Self::Arn(arn) => arn.as_str().to_owned(),
            Self::Uuids { app_authorization, .. } => app_authorization.as_str().to_owned(),
        }
    }

    /// The UUIDs of the app bundle and of the app authorization in it.
    #[must_use]
    pub fn uuids(&self) -> (&Uuid, &Uuid) {
        match self {
            Self::Arn(arn) => (arn.app_bundle(), arn.app_authorization()),
            Self::Uuids { app_bundle, app_authorization, .. } => (app_bundle, app_authorization),
        }
    }

    /// Its Region and both UUIDs, with slashes between: the same text however it was named.
    #[must_use]
    pub fn canonical_name(&self) -> String {
        let (app_bundle, app_authorization) = self.uuids();
        [self.region().as_str(), app_bundle.as_str(), app_authorization.as_str()].join("/")
    }
}
