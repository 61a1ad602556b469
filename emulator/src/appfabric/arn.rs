//! Regions, and the identifiers of app bundles and app authorizations.

use std::{error::Error, fmt, str::FromStr};

use uuid::Uuid;

/// The account of every resource.
pub const ACCOUNT: &str = "123456789012";

/// A Region in which AppFabric exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// `us-east-1`
    UsEast1,
    /// `eu-west-1`
    EuWest1,
    /// `ap-northeast-1`
    ApNortheast1,
}

impl Region {
    /// The Region's name, as in a credential scope.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UsEast1 => "us-east-1",
            Self::EuWest1 => "eu-west-1",
            Self::ApNortheast1 => "ap-northeast-1",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(name: &str) -> Result<Self, UnknownRegion> {
        [Self::UsEast1, Self::EuWest1, Self::ApNortheast1]
            .into_iter()
            .find(|region| region.name() == name)
            .ok_or(UnknownRegion)
    }
}

/// AppFabric does not exist in this Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRegion;

impl fmt::Display for UnknownRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppFabric exists in us-east-1, eu-west-1 and ap-northeast-1 only")
    }
}

impl Error for UnknownRegion {}

/// `arn:aws:appfabric:{region}:{account}:appbundle/{uuid}`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BundleArn {
    region: Region,
    uuid: String,
}

impl BundleArn {
    /// The ARN of the app bundle with this UUID.
    #[must_use]
    pub fn new(region: Region, uuid: impl Into<String>) -> Self {
        Self { region, uuid: uuid.into() }
    }

    /// The ARN of an app bundle that is not there yet.
    pub(super) fn random(region: Region) -> Self {
        Self::new(region, Uuid::new_v4().to_string())
    }

    /// The app bundle's Region.
    #[must_use]
    pub fn region(&self) -> Region {
        self.region
    }

    /// The app bundle's UUID.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }
}

impl fmt::Display for BundleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:appfabric:{}:{ACCOUNT}:appbundle/{}", self.region, self.uuid)
    }
}

impl FromStr for BundleArn {
    type Err = NotAnArn;

    fn from_str(arn: &str) -> Result<Self, NotAnArn> {
        let (region, resource) = appfabric_resource(arn)?;
        let uuid = resource.strip_prefix("appbundle/").filter(|uuid| is_uuid(uuid)).ok_or(NotAnArn)?;
        Ok(Self::new(region, uuid))
    }
}

/// `arn:aws:appfabric:{region}:{account}:appbundle/{uuid}/appauthorization/{uuid}`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuthorizationArn {
    bundle: BundleArn,
    uuid: String,
}

impl AuthorizationArn {
    /// The ARN of the app authorization with this UUID in this app bundle.
    #[must_use]
    pub fn new(bundle: BundleArn, uuid: impl Into<String>) -> Self {
        Self { bundle, uuid: uuid.into() }
    }

    /// The ARN of an app authorization that is not there yet.
    pub(super) fn random(bundle: BundleArn) -> Self {
        Self::new(bundle, Uuid::new_v4().to_string())
    }

    /// The app bundle's ARN.
    #[must_use]
    pub fn bundle(&self) -> &BundleArn {
        &self.bundle
    }

    /// The app authorization's UUID.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }
}

impl fmt::Display for AuthorizationArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/appauthorization/{}", self.bundle, self.uuid)
    }
}

impl FromStr for AuthorizationArn {
    type Err = NotAnArn;

    fn from_str(arn: &str) -> Result<Self, NotAnArn> {
        let (bundle, uuid) = arn.split_once("/appauthorization/").ok_or(NotAnArn)?;
        if !is_uuid(uuid) {
            return Err(NotAnArn);
        }
        Ok(Self::new(bundle.parse()?, uuid))
    }
}

/// Not the ARN of such a resource in this account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnArn;

impl fmt::Display for NotAnArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not the ARN of such an AppFabric resource in account {ACCOUNT}")
    }
}

impl Error for NotAnArn {}

/// Whether this is a whole lower-case UUID, as the service model writes it.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// The Region and the resource part of an ARN of this service and account.
fn appfabric_resource(arn: &str) -> Result<(Region, &str), NotAnArn> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", "aws", "appfabric", region, ACCOUNT, resource] => {
            Ok((region.parse().map_err(|UnknownRegion| NotAnArn)?, resource))
        }
        _ => Err(NotAnArn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0a1b2c3d-0000-4000-8000-00000000000f";

    #[test]
    fn an_arn_is_read_and_written_alike() {
        let bundle = format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{UUID}");
        let authorization = format!("{bundle}/appauthorization/{UUID}");
        assert_eq!(bundle.parse::<BundleArn>().map(|arn| arn.to_string()), Ok(bundle));
        assert_eq!(authorization.parse::<AuthorizationArn>().map(|arn| arn.to_string()), Ok(authorization));
    }

    #[test]
    fn an_arn_of_elsewhere_is_not_ours() {
        for arn in [
            format!("arn:aws:appfabric:eu-west-2:123456789012:appbundle/{UUID}"),
            format!("arn:aws:appfabric:eu-west-1:210987654321:appbundle/{UUID}"),
            format!("arn:aws:s3:eu-west-1:123456789012:appbundle/{UUID}"),
            format!("arn:aws:appfabric:eu-west-1:123456789012:ingestion/{UUID}"),
            format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{UUID}/appauthorization/{UUID}"),
            "arn:aws:appfabric".to_owned(),
        ] {
            assert_eq!(arn.parse::<BundleArn>(), Err(NotAnArn), "{arn}");
        }
    }

    #[test]
    fn a_uuid_is_whole_and_lower_case() {
        assert!(is_uuid(UUID));
        for text in ["", "0A1B2C3D-0000-4000-8000-00000000000F", &format!("{UUID}0"), &UUID.replace('-', "")] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
