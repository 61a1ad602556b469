//! Secrets of our own making: 256 random bits each, of which only a hash is ever kept.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// 256 bits from the system's random source, as 64 hexadecimal digits: a connect link, a `state`, a cookie.
///
/// It can be neither printed nor copied; `reveal` is for the link, the redirect and the cookie themselves.
pub struct Secret(String);

/// The SHA-256 of a secret; equality takes the same time wherever two differ.
#[derive(Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

impl Secret {
    /// As many hexadecimal digits as a secret has.
    pub const DIGITS: usize = 64;

    /// A new one.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "Linux always has random bytes")]
    pub fn random() -> Self {
        let mut bytes = [0; Self::DIGITS / 2];
        getrandom::fill(&mut bytes).expect("Linux has random bytes");
        Self(hex::encode(bytes))
    }

    /// Reads what a browser brings back; none for what cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_digits(text).then(|| Self(text.to_owned()))
    }

    /// What may be kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(&self.0).into())
    }

    /// The digits, for whom the secret is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl SecretHash {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok().filter(|()| is_digits(text)).map(|()| Self(bytes))
    }
}

/// Whether a text is 64 hexadecimal digits in the only way that we write them.
fn is_digits(text: &str) -> bool {
    text.len() == Secret::DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::hash::Hash for SecretHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(SecretHash::parse(expected), Some(secret.hash()));
        assert_eq!((SecretHash::parse("60e0"), SecretHash::parse(&expected.to_uppercase())), (None, None));
    }
}
