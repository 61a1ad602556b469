//! The authorization code: the one secret that passes through.

use std::fmt;

/// An authorization code (RFC 6749 §1.3.1): a credential that may be spent once.
///
/// Printable ASCII (`VSCHAR`, RFC 6749 appendix A.11), at most 8,192 bytes. It can be neither printed nor copied.
pub struct AuthorizationCode(String);

/// Why a text is not an authorization code; never the text itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotACode {
    /// Nothing at all.
    Empty,
    /// A byte outside `VSCHAR` (RFC 6749 appendix A.11).
    NotPrintableAscii,
    /// More bytes than any application is known to send.
    TooLong,
}

impl AuthorizationCode {
    /// The longest code that is passed on, in bytes: above the service model's 2,048, because Entra's are longer.
    pub(crate) const MAX_BYTES: usize = 8_192;

    /// The bytes, to be hashed. Read them for nothing else.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the text, to be sent to AppFabric, and consumes the code.
    pub fn spend(self) -> String {
        self.0
    }
}

impl TryFrom<String> for AuthorizationCode {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, NotACode> {
        if text.is_empty() {
            Err(NotACode::Empty)
        } else if text.len() > Self::MAX_BYTES {
            Err(NotACode::TooLong)
        } else if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            Ok(Self(text))
        } else {
            Err(NotACode::NotPrintableAscii)
        }
    }
}

impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_printable_ascii_of_at_most_8192_bytes() {
        for (text, expected) in [
            ("4/0AeaYSHDcanary".to_owned(), None),
            ("aPrx==".to_owned(), None),
            ("1234567890.123.aBc~!\"' ".to_owned(), None),
            ("x".repeat(8_192), None),
            ("x".repeat(8_193), Some(NotACode::TooLong)),
            (String::new(), Some(NotACode::Empty)),
            ("a\nb".to_owned(), Some(NotACode::NotPrintableAscii)),
            ("a\0b".to_owned(), Some(NotACode::NotPrintableAscii)),
            ("a\u{7f}".to_owned(), Some(NotACode::NotPrintableAscii)),
            ("código".to_owned(), Some(NotACode::NotPrintableAscii)),
        ] {
            assert_eq!(AuthorizationCode::try_from(text.clone()).err(), expected, "{text:?}");
        }
    }

    #[test]
    fn its_debug_output_says_nothing() {
        let code = AuthorizationCode::try_from("canary".to_owned()).unwrap();
        assert_eq!(format!("{code:?}"), "AuthorizationCode(redacted)");
    }
}
