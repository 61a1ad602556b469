//! What a code is known by: a hash, from which nobody gets it back.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::app_authorization::AppAuthorization;
use crate::authorization_code::AuthorizationCode;

/// The SHA-256 of an app authorization and a code.
///
/// Whether a path names the app authorization by alias, UUIDs or ARN, the code is the same one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CodeKey([u8; 32]);

impl CodeKey {
    /// Hashes both. Each part is preceded by its length, so that no two inputs look alike.
    #[must_use]
    pub fn new(app_authorization: &AppAuthorization, code: &AuthorizationCode) -> Self {
        let (app_bundle, authorization) = app_authorization.uuids();
        let mut hash = Sha256::new();
        for part in [app_authorization.region().as_str(), app_bundle.as_str(), authorization.as_str()] {
            update(&mut hash, part.as_bytes());
        }
        update(&mut hash, code.as_bytes());
        Self(hash.finalize().into())
    }
}

fn update(hash: &mut Sha256, part: &[u8]) {
    let length = u64::try_from(part.len()).expect("no length is longer than 64 bits");
    hash.update(length.to_be_bytes());
    hash.update(part);
}

/// 64 hexadecimal digits.
impl fmt::Display for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app_authorization::{AppAuthorizationArn, Region, Uuid};

    const BUNDLE: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const SLACK: &str = "11111111-2222-4333-8444-555555555555";

    fn pair(region: &str, app_bundle: &str, authorization: &str) -> AppAuthorization {
        AppAuthorization::Uuids {
            region: Region::parse(region).unwrap(),
            app_bundle: Uuid::parse(app_bundle).unwrap(),
            app_authorization: Uuid::parse(authorization).unwrap(),
        }
    }

    fn key(app_authorization: &AppAuthorization, code: &str) -> CodeKey {
        CodeKey::new(app_authorization, &AuthorizationCode::try_from(code.to_owned()).unwrap())
    }

    #[test]
    fn a_key_is_the_hash_of_each_part_after_its_length() {
        let parts = ["us-east-1", BUNDLE, SLACK, "4/0Aea"];
        let bytes: Vec<u8> =
            parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat()).collect();
        let expected = hex::encode(Sha256::digest(bytes));
        assert_eq!(key(&pair("us-east-1", BUNDLE, SLACK), "4/0Aea").to_string(), expected);
    }

    #[test]
    fn an_app_authorization_has_one_key_however_it_is_named() {
        let arn = format!("arn:aws:appfabric:us-east-1:123456789012:appbundle/{BUNDLE}/appauthorization/{SLACK}");
        let arn = AppAuthorization::Arn(AppAuthorizationArn::parse(&arn).unwrap());
        assert_eq!(key(&arn, "code"), key(&pair("us-east-1", BUNDLE, SLACK), "code"));
    }

    #[test]
    fn another_part_is_another_key() {
        let keys = [
            key(&pair("us-east-1", BUNDLE, SLACK), "code"),
            key(&pair("eu-west-1", BUNDLE, SLACK), "code"),
            key(&pair("us-east-1", SLACK, SLACK), "code"),
            key(&pair("us-east-1", BUNDLE, BUNDLE), "code"),
            key(&pair("us-east-1", SLACK, BUNDLE), "code"),
            key(&pair("us-east-1", BUNDLE, SLACK), "Code"),
            key(&pair("us-east-1", BUNDLE, SLACK), "code "),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    proptest! {
        #[test]
        fn two_codes_have_two_keys(one in "[ -~]{1,64}", other in "[ -~]{1,64}") {
            let slack = pair("us-east-1", BUNDLE, SLACK);
            prop_assert_eq!(key(&slack, &one) == key(&slack, &other), one == other);
        }
    }
}
