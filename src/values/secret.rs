//! Secrets of our own, and the hashes that are kept in place of a secret or a code.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::values::{AppAuthorization, AuthorizationCode};

/// 256 random bits as 64 hexadecimal digits: a connect link, a `state`, a cookie.
///
/// It can be neither printed nor copied. [`reveal`](Self::reveal) is for its recipient.
pub(crate) struct Secret(String);

/// A SHA-256. Two are compared in constant time.
#[derive(Clone, Copy, Eq)]
pub(crate) struct Hash([u8; 32]);

/// The number of hexadecimal digits of a secret and of a hash.
const DIGITS: usize = 64;

/// 64 hexadecimal digits from the system's random source.
pub(crate) fn random_digits() -> String {
    let mut bytes = [0; DIGITS / 2];
    getrandom::fill(&mut bytes).expect("Linux has random bytes");
    hex::encode(bytes)
}

impl Secret {
    /// A new one.
    pub(crate) fn random() -> Self {
        Self(random_digits())
    }

    /// Reads the text that a browser sends back; `None` if it cannot be ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_digits(text).then(|| Self(text.to_owned()))
    }

    /// Its hash, which may be stored.
    pub(crate) fn hash(&self) -> Hash {
        Hash(Sha256::digest(&self.0).into())
    }

    /// The secret itself, for its recipient.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Hash {
    /// The hash of a code and its app authorization, which is the same whether a path names that by alias, UUIDs or ARN.
    ///
    /// The length of each part comes before it, so that no two inputs look alike.
    pub(crate) fn of_code(app_authorization: &AppAuthorization, code: &AuthorizationCode) -> Self {
        let (app_bundle, authorization) = app_authorization.uuids();
        let names =
            [app_authorization.region().as_str(), app_bundle.as_str(), authorization.as_str()].map(str::as_bytes);
        let mut hash = Sha256::new();
        for part in names.into_iter().chain([code.as_bytes()]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Splits a text after the hash at its start; `None` if it does not start with one.
    pub(crate) fn split(text: &str) -> Option<(Self, &str)> {
        let (hash, rest) = text.split_at_checked(DIGITS)?;
        Some((Self::parse(hash)?, rest))
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok().filter(|()| is_digits(text)).map(|()| Self(bytes))
    }
}

/// Whether a text is 64 hexadecimal digits, in lower case as we write them.
fn is_digits(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for Hash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::{Region, Uuid};

    const BUNDLE: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const SLACK: &str = "11111111-2222-4333-8444-555555555555";

    fn pair(region: &str, app_bundle: &str, authorization: &str) -> AppAuthorization {
        let uuid = |text| Uuid::parse(text).unwrap();
        AppAuthorization::new(Region::parse(region).unwrap(), uuid(app_bundle), uuid(authorization))
    }

    fn key(app_authorization: &AppAuthorization, code: &str) -> Hash {
        Hash::of_code(app_authorization, &AuthorizationCode::try_from(code.to_owned()).unwrap())
    }

    #[test]
    fn a_secret_is_64_digits_of_the_systems_choice_and_prints_nothing() {
        let (one, other) = (Secret::random(), Secret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(Secret::parse(one.reveal()).unwrap().hash(), one.hash());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?}"), "Secret(redacted)");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let upper = "A".repeat(64);
        let long = "a".repeat(65);
        for text in ["", "a", &upper, &long, &"é".repeat(32), &format!("{}\n", "a".repeat(63))] {
            assert!(Secret::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_hash_is_the_sha_256_of_the_digits_and_is_read_back() {
        let secret = Secret::parse(&"0".repeat(64)).unwrap();
        let expected = "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55";
        assert_eq!(secret.hash().to_string(), expected);
        assert_eq!(Hash::parse(expected), Some(secret.hash()));
        assert_eq!((Hash::parse("60e0"), Hash::parse(&expected.to_uppercase())), (None, None));
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
        let arn = AppAuthorization::parse_arn(&arn).unwrap();
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
