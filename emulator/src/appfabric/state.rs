//! The app bundles and app authorizations of every Region.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use time::{Duration, OffsetDateTime};

use super::{
    arn::{AuthorizationArn, BundleArn, Region},
    authorization::{Authorization, Credential, Status, Tenant},
    errors::Failure,
};

const BUNDLE: &str = "APP_BUNDLE";
const AUTHORIZATION: &str = "APP_AUTHORIZATION";
/// App authorizations in an app bundle.
const AUTHORIZATIONS: usize = 50;

/// All there is.
#[derive(Default)]
pub(super) struct State {
    pub(super) bundles: Vec<Bundle>,
    /// Counts app authorizations, so that pages have an order that deletions do not disturb.
    numbers: u64,
}

/// An app bundle.
pub(super) struct Bundle {
    pub(super) arn: BundleArn,
    pub(super) customer_managed_key_arn: Option<String>,
    pub(super) token: Option<ClientToken>,
    pub(super) authorizations: Vec<Record>,
}

/// An app authorization.
pub(super) struct Record {
    pub(super) arn: AuthorizationArn,
    pub(super) number: u64,
    pub(super) app: String,
    pub(super) tenant: Tenant,
    pub(super) credential: Credential,
    pub(super) status: Status,
    pub(super) created_at: OffsetDateTime,
    pub(super) updated_at: OffsetDateTime,
    pub(super) token: Option<ClientToken>,
    /// Codes that connected it, where no application judges them.
    pub(super) spent: HashSet<String>,
}

/// A `clientToken` with a fingerprint of the request it came with.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ClientToken {
    token: String,
    request: u64,
}

impl ClientToken {
    /// Remembers a request body by its token, without keeping the body.
    pub(super) fn new(token: String, body: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self { token, request: hasher.finish() }
    }

    /// Whether `other` repeats this request; the same token on another request is a conflict.
    fn repeated_by(&self, other: &Self, id: &str, kind: &'static str) -> Result<bool, Failure> {
        match (self.token == other.token, self == other) {
            (true, false) => Err(Failure::Conflict {
                id: id.to_owned(),
                kind,
                message: "The client token was used with other parameters.",
            }),
            (_, repeated) => Ok(repeated),
        }
    }
}

impl State {
    /// Makes the Region's app bundle, or finds the one that the same request made.
    pub(super) fn create_bundle(
        &mut self,
        region: Region,
        customer_managed_key_arn: Option<String>,
        token: Option<ClientToken>,
    ) -> Result<&Bundle, Failure> {
        if let Some(at) = self.bundles.iter().position(|bundle| bundle.arn.region() == region) {
            let bundle = &self.bundles[at];
            if let (Some(first), Some(token)) = (&bundle.token, &token)
                && first.repeated_by(token, bundle.arn.uuid(), BUNDLE)?
            {
                return Ok(bundle);
            }
            return Err(Failure::Quota {
                id: bundle.arn.uuid().to_owned(),
                kind: BUNDLE,
                message: "You have exceeded the maximum number of app bundles per account, per AWS Region.",
            });
        }
        let bundle = self.add_bundle(BundleArn::random(region));
        bundle.customer_managed_key_arn = customer_managed_key_arn;
        bundle.token = token;
        Ok(bundle)
    }

    /// One more app bundle.
    pub(super) fn add_bundle(&mut self, arn: BundleArn) -> &mut Bundle {
        let (customer_managed_key_arn, token, authorizations) = (None, None, Vec::new());
        self.bundles.push_mut(Bundle { arn, customer_managed_key_arn, token, authorizations })
    }

    /// The bundle that an identifier names in this Region.
    pub(super) fn bundle(&mut self, region: Region, identifier: &str) -> Result<&mut Bundle, Failure> {
        self.bundles
            .iter_mut()
            .find(|bundle| bundle.arn.region() == region && names(identifier, bundle.arn.uuid(), &bundle.arn))
            .ok_or_else(|| Failure::NotFound { id: identifier.to_owned(), kind: BUNDLE })
    }

    /// Deletes a bundle. A missing bundle counts as deleted, because the model has no other answer.
    pub(super) fn delete_bundle(&mut self, region: Region, identifier: &str) -> Result<(), Failure> {
        let Ok(bundle) = self.bundle(region, identifier) else { return Ok(()) };
        if !bundle.authorizations.is_empty() {
            return Err(Failure::Conflict {
                id: bundle.arn.uuid().to_owned(),
                kind: BUNDLE,
                message: "The app bundle has app authorizations. Delete them first.",
            });
        }
        let arn = bundle.arn.clone();
        self.bundles.retain(|bundle| bundle.arn != arn);
        Ok(())
    }

    /// The app authorization that two identifiers name in this Region.
    pub(super) fn authorization(
        &mut self,
        region: Region,
        bundle: &str,
        identifier: &str,
    ) -> Result<&mut Record, Failure> {
        self.bundle(region, bundle)?
            .authorizations
            .iter_mut()
            .find(|record| names(identifier, record.arn.uuid(), &record.arn))
            .ok_or_else(|| Failure::NotFound { id: identifier.to_owned(), kind: AUTHORIZATION })
    }

    /// Makes an app authorization, or finds the one that the same request made.
    pub(super) fn create_authorization(
        &mut self,
        region: Region,
        bundle: &str,
        authorization: Authorization,
        token: Option<ClientToken>,
    ) -> Result<&Record, Failure> {
        self.numbers += 1;
        let number = self.numbers;
        let bundle = self.bundle(region, bundle)?;
        if let Some(token) = &token {
            for (at, record) in bundle.authorizations.iter().enumerate() {
                if let Some(first) = &record.token
                    && first.repeated_by(token, record.arn.uuid(), AUTHORIZATION)?
                {
                    return Ok(&bundle.authorizations[at]);
                }
            }
        }
        if bundle.authorizations.len() >= AUTHORIZATIONS {
            return Err(Failure::Quota {
                id: bundle.arn.uuid().to_owned(),
                kind: AUTHORIZATION,
                message: "You have exceeded the maximum number of app authorizations per app bundle.",
            });
        }
        let arn = AuthorizationArn::random(bundle.arn.clone());
        Ok(bundle.authorizations.push_mut(Record::new(arn, number, authorization, token)))
    }

    /// Puts an app authorization with exactly this ARN, in place of what had it.
    pub(super) fn seed(&mut self, arn: &AuthorizationArn, authorization: Authorization) {
        self.numbers += 1;
        let record = Record::new(arn.clone(), self.numbers, authorization, None);
        let bundle = match self.bundles.iter().position(|bundle| bundle.arn == *arn.bundle()) {
            Some(at) => &mut self.bundles[at],
            None => self.add_bundle(arn.bundle().clone()),
        };
        let authorizations = &mut bundle.authorizations;
        authorizations.retain(|record| record.arn != *arn);
        authorizations.push(record);
    }

    /// Deletes an app authorization.
    pub(super) fn delete_authorization(
        &mut self,
        region: Region,
        bundle: &str,
        identifier: &str,
    ) -> Result<(), Failure> {
        let arn = self.authorization(region, bundle, identifier)?.arn.clone();
        self.bundle(region, bundle)?.authorizations.retain(|record| record.arn != arn);
        Ok(())
    }
}

impl Record {
    fn new(arn: AuthorizationArn, number: u64, from: Authorization, token: Option<ClientToken>) -> Self {
        let now = OffsetDateTime::now_utc();
        let Authorization { app, tenant, credential, status } = from;
        let spent = HashSet::new();
        Self { arn, number, app, tenant, credential, status, created_at: now, updated_at: now, token, spent }
    }

    /// Changes the status, and the time of the last change.
    pub(super) fn set_status(&mut self, status: Status) {
        self.status = status;
        self.touch();
    }

    /// Sets the time of the last change, at least one millisecond later than before.
    pub(super) fn touch(&mut self) {
        self.updated_at = OffsetDateTime::now_utc().max(self.updated_at + Duration::MILLISECOND);
    }
}

/// Whether an identifier (a UUID or an ARN) names a resource.
fn names(identifier: &str, uuid: &str, arn: &impl ToString) -> bool {
    identifier == uuid || identifier == arn.to_string()
}
