//! Identifiers: UUIDs, Regions and ARNs that cannot be wrong.

/// A UUID as AppFabric writes it: lower-case, 8-4-4-4-12, nothing before or after.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Uuid(Box<str>);

/// The name of an AWS Region, such as `us-east-1`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Region(Box<str>);

/// `arn:<partition>:appfabric:<region>:<account>:appbundle/<uuid>/appauthorization/<uuid>`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct AppAuthorizationArn {
    text: Box<str>,
    region: Region,
    app_bundle: Uuid,
    app_authorization: Uuid,
}

impl Uuid {
    /// Reads a UUID; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 36
            && text.bytes().enumerate().all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        well_formed.then(|| Self(text.into()))
    }

    /// The 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// Reads a Region's name by its shape (`[a-z]{2}(-[a-z]+)+-[0-9]{1,2}`), known today or not; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let (number, words) = parts.split_last()?;
        let word = |word: &&str| !word.is_empty() && word.len() <= 16 && word.bytes().all(|b| b.is_ascii_lowercase());
        let well_formed = words.len() >= 2
            && words.len() <= 4
            && words[0].len() == 2
            && words.iter().all(word)
            && matches!(number.len(), 1..=2)
            && number.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether AppFabric is known to be there (its endpoints page lists three).
    #[must_use]
    pub fn has_appfabric(&self) -> bool {
        matches!(self.as_str(), "us-east-1" | "eu-west-1" | "ap-northeast-1")
    }
}

impl AppAuthorizationArn {
    /// Reads an app authorization's ARN; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, "appfabric", region, account, resource] = parts.as_slice() else { return None };
        let known_partition = matches!(partition, "aws" | "aws-cn" | "aws-us-gov");
        let account_id = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let segments: Vec<&str> = resource.split('/').collect();
        let &["appbundle", app_bundle, "appauthorization", app_authorization] = segments.as_slice() else {
            return None;
        };
        let arn = Self {
            text: text.into(),
            region: Region::parse(region)?,
            app_bundle: Uuid::parse(app_bundle)?,
            app_authorization: Uuid::parse(app_authorization)?,
        };
        (known_partition && account_id).then_some(arn)
    }

    /// The ARN as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The ARN of the app bundle that it is in.
    #[must_use]
    pub fn app_bundle_arn(&self) -> String {
        let end = self.text.len() - "/appauthorization/".len() - self.app_authorization.as_str().len();
        self.text[..end].to_owned()
    }

    /// The Region that it is in.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The app bundle's UUID.
    #[must_use]
    pub fn app_bundle(&self) -> &Uuid {
        &self.app_bundle
    }

    /// The app authorization's UUID.
    #[must_use]
    pub fn app_authorization(&self) -> &Uuid {
        &self.app_authorization
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
        let arn = AppAuthorizationArn::parse(&text).unwrap();
        assert_eq!(arn.as_str(), text);
        assert_eq!(arn.region().as_str(), "eu-west-1");
        assert_eq!(arn.app_bundle().as_str(), BUNDLE);
        assert_eq!(arn.app_authorization().as_str(), AUTHORIZATION);
        assert_eq!(arn.app_bundle_arn(), format!("arn:aws:appfabric:eu-west-1:123456789012:appbundle/{BUNDLE}"));
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
            assert_eq!(AppAuthorizationArn::parse(&wrong), None, "{wrong}");
        }
    }
}
