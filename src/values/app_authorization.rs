//! App authorizations and what names them: UUIDs, Regions and ARNs, each parsed once.

/// A UUID as AppFabric writes it: lower case, 8-4-4-4-12 digits, nothing before or after.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Uuid(Box<str>);

/// The name of an AWS Region, such as `us-east-1`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Region(Box<str>);

/// An app authorization as `ConnectAppAuthorization` takes it: the Region to call and both identifiers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AppAuthorization {
    region: Region,
    app_bundle: Uuid,
    uuid: Uuid,
    /// The ARN, if it was named by one.
    arn: Option<Box<str>>,
}

impl Uuid {
    /// Reads a UUID; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        well_formed.then(|| Self(text.into()))
    }

    /// The 36 characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// Reads a Region's name by its shape (`[a-z]{2}(-[a-z]+)+-[0-9]{1,2}`), even a new one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let [area, words @ .., number] = parts.as_slice() else { return None };
        let word = |word: &&str| matches!(word.len(), 1..=16) && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_number = matches!(number.len(), 1..=2) && number.bytes().all(|byte| byte.is_ascii_digit());
        let well_formed =
            area.len() == 2 && word(area) && matches!(words.len(), 1..=3) && words.iter().all(word) && is_number;
        well_formed.then(|| Self(text.into()))
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether AWS's endpoints page lists AppFabric there.
    pub(crate) fn has_appfabric(&self) -> bool {
        matches!(self.as_str(), "us-east-1" | "eu-west-1" | "ap-northeast-1")
    }
}

impl AppAuthorization {
    /// The one with these UUIDs in this Region.
    pub(crate) fn new(region: Region, app_bundle: Uuid, uuid: Uuid) -> Self {
        Self { region, app_bundle, uuid, arn: None }
    }

    /// Reads `arn:<partition>:appfabric:<region>:<account>:appbundle/<uuid>/appauthorization/<uuid>`.
    pub(crate) fn parse_arn(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", "aws" | "aws-cn" | "aws-us-gov", "appfabric", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let segments: Vec<&str> = resource.split('/').collect();
        let &["appbundle", app_bundle, "appauthorization", authorization] = segments.as_slice() else { return None };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named = Self::new(Region::parse(region)?, Uuid::parse(app_bundle)?, Uuid::parse(authorization)?);
        is_account.then(|| Self { arn: Some(text.into()), ..named })
    }

    /// The Region that is called.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// The UUIDs of the app bundle and of the app authorization in it.
    pub(crate) fn uuids(&self) -> (&Uuid, &Uuid) {
        (&self.app_bundle, &self.uuid)
    }

    /// `appBundleIdentifier`: a UUID or an ARN.
    pub(crate) fn app_bundle_identifier(&self) -> &str {
        let arn = self.arn.as_deref().and_then(|arn| arn.split_once("/appauthorization/"));
        arn.map_or(self.app_bundle.as_str(), |(app_bundle, _)| app_bundle)
    }

    /// `appAuthorizationIdentifier`: a UUID or an ARN.
    pub(crate) fn app_authorization_identifier(&self) -> &str {
        self.arn.as_deref().unwrap_or(self.uuid.as_str())
    }

    /// Its Region and both UUIDs with slashes between them: the same text however it was named.
    pub(crate) fn canonical_name(&self) -> String {
        [&self.region.0, &self.app_bundle.0, &self.uuid.0].map(|part| &**part).join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const AUTHORIZATION: &str = "11111111-2222-4333-8444-555555555555";

    #[test]
    fn a_uuid_is_lower_case_and_anchored_at_both_ends() {
        assert_eq!(Uuid::parse(BUNDLE).unwrap().as_str(), BUNDLE);
        for wrong in [
            "",
            "0A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D",
            "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d0",
            "x0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
            "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d\n",
            "0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d",
            "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4g",
            "0a1b2c3d-4e5f-4a6b-8c7d_9e0f1a2b3c4d",
            "../b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
            "0a1b2c3d%2d4e5f-4a6b-8c7d-9e0f1a2b3",
        ] {
            assert_eq!(Uuid::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_region_is_known_by_its_shape() {
        for right in ["us-east-1", "ap-northeast-1", "us-gov-west-1", "eu-west-12", "us-iso-east-1"] {
            assert!(Region::parse(right).is_some(), "{right}");
        }
        let long = format!("us-{}-1", "a".repeat(60));
        for wrong in [
            "",
            "us",
            "us-1",
            "us-east",
            "US-EAST-1",
            "us-east-1.evil.example",
            "us-east-",
            "us--1",
            "a-b-1",
            "us-east-1\n",
            &long,
        ] {
            assert_eq!(Region::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn an_arn_gives_its_parts() {
        let text =
            format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{BUNDLE}/appauthorization/{AUTHORIZATION}");
        let named = AppAuthorization::parse_arn(&text).unwrap();
        assert_eq!(named.app_authorization_identifier(), text);
        assert_eq!(named.region().as_str(), "eu-west-1");
        assert_eq!(named.uuids(), (&Uuid::parse(BUNDLE).unwrap(), &Uuid::parse(AUTHORIZATION).unwrap()));
        assert_eq!(
            named.app_bundle_identifier(),
            format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{BUNDLE}")
        );
    }

    #[test]
    fn an_arn_of_anything_else_is_refused() {
        let resource = format!("appbundle/{BUNDLE}/appauthorization/{AUTHORIZATION}");
        for wrong in [
            String::new(),
            "arn:".to_owned(),
            format!("arn:aws:appfabric:us-east-1:123456789012:appbundle/{BUNDLE}"),
            format!("arn:aws:appfabric:us-east-1:123456789012:{resource}/"),
            format!("arn:aws:appfabric:us-east-1:123456789012:{resource}x"),
            format!("arn:aws:appfabric:us-east-1:12345678901:{resource}"),
            format!("arn:aws:appfabric::123456789012:{resource}"),
            format!("arn:aws:s3:us-east-1:123456789012:{resource}"),
            format!("arn:evil:appfabric:us-east-1:123456789012:{resource}"),
            format!("ARN:aws:appfabric:us-east-1:123456789012:{resource}"),
            format!("arn%3Aaws:appfabric:us-east-1:123456789012:{resource}"),
            format!("arn:aws:appfabric:us-east-1@evil.example:123456789012:{resource}"),
        ] {
            assert_eq!(AppAuthorization::parse_arn(&wrong), None, "{wrong}");
        }
    }
}
