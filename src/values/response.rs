//! The authorization response: what the application sends back through the person's browser.

use crate::values::{AuthorizationCode, NotACode, Outcome, Parameter, Query};

/// An authorization response (RFC 6749 §4.1.2).
#[derive(Debug)]
pub enum AuthorizationResponse {
    /// The person consented (§4.1.2).
    Granted(AuthorizationCode),
    /// The person or the application refused (§4.1.2.1).
    Denied(ErrorResponse),
}

/// An error response (RFC 6749 §4.1.2.1); its description and URI are never read.
#[derive(Debug, Eq, PartialEq)]
pub struct ErrorResponse(String);

/// Why a query is not an authorization response; never the query itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Malformed {
    /// A known parameter more than once (§3.1), empty ones included.
    Repeated,
    /// Neither `code` nor `error`. A response in the URL's fragment looks like this, too.
    Missing,
    /// Both `code` and `error`.
    CodeAndError,
    /// A `code` that cannot be one.
    Code(NotACode),
}

/// The parameters of the response that must not repeat: §4.1.2, §4.1.2.1 and RFC 9207.
const KNOWN: [&str; 6] = ["code", "state", "error", "error_description", "error_uri", "iss"];

impl AuthorizationResponse {
    /// Reads the response from the query; unknown parameters are ignored (§3.1), an empty one counts as absent.
    pub fn parse(query: &Query) -> Result<Self, Malformed> {
        if KNOWN.iter().any(|name| query.values(name).nth(1).is_some()) {
            return Err(Malformed::Repeated);
        }
        let present = |name| query.values(name).next().filter(|value| **value != Parameter::Text(String::new()));
        match (present("code"), present("error")) {
            (Some(_), Some(_)) => Err(Malformed::CodeAndError),
            (None, None) => Err(Malformed::Missing),
            (None, Some(error)) => Ok(Self::Denied(ErrorResponse::from(error))),
            (Some(Parameter::Malformed), None) => Err(Malformed::Code(NotACode::NotPrintableAscii)),
            (Some(Parameter::Text(code)), None) => {
                AuthorizationCode::try_from(code.clone()).map(Self::Granted).map_err(Malformed::Code)
            }
        }
    }
}

impl ErrorResponse {
    /// The outcome of the refusal.
    pub fn outcome(&self) -> Outcome {
        match self.0.as_str() {
            // Salesforce documents the hyphen.
            "access_denied" | "access-denied" => Outcome::AccessDenied,
            "server_error" | "temporarily_unavailable" => Outcome::TemporarilyUnavailable,
            _ => Outcome::ApplicationError,
        }
    }

    /// The `error` as it may be logged, in lower case: `[a-z0-9_.-]{1,64}`, else `other`.
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl From<&Parameter> for ErrorResponse {
    fn from(error: &Parameter) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        match error {
            // Salesforce writes capitals.
            Parameter::Text(text) if text.len() <= 64 && text.bytes().all(plain) => Self(text.to_ascii_lowercase()),
            Parameter::Text(_) | Parameter::Malformed => Self("other".to_owned()),
        }
    }
}

impl Malformed {
    /// Its name in the log, one of a fixed set.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Repeated => "repeated_parameter",
            Self::Missing => "neither_code_nor_error",
            Self::CodeAndError => "code_and_error",
            Self::Code(NotACode::Empty) => "empty_code",
            Self::Code(NotACode::NotPrintableAscii) => "code_not_printable_ascii",
            Self::Code(NotACode::TooLong) => "code_too_long",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<AuthorizationResponse, Malformed> {
        AuthorizationResponse::parse(&Query::from_encoded(query))
    }

    #[test]
    fn a_granted_response_gives_the_code_byte_for_byte() {
        let entra = "0.A".repeat(700);
        for (query, code) in [
            ("code=SplxlOBeZQQYbYS6WxSbIA&state=xyz", "SplxlOBeZQQYbYS6WxSbIA"),
            ("code=4%2F0AeaYSHDq&scope=email+profile&authuser=0&hd=example.com&prompt=consent", "4/0AeaYSHDq"),
            ("code=aPrxsmIEeqM9PiQroGEWx1UiMQd95%3D%3D", "aPrxsmIEeqM9PiQroGEWx1UiMQd95=="),
            ("code=123456.789012.0f1e2d3c&state=&team_id=T1", "123456.789012.0f1e2d3c"),
            ("code=a&error=&error_description=", "a"),
            ("code=a&iss=https%3A%2F%2Fexample.com&session_state=b.c&expires_in=300", "a"),
            ("code=a&foo=1&foo=2&code[]=b", "a"),
            (&format!("code={entra}&session_state=x"), &entra),
        ] {
            match parse(query) {
                Ok(AuthorizationResponse::Granted(granted)) => assert_eq!(granted.spend(), code, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_error_response_ends_as_its_error_says() {
        let long = format!("error={}", "x".repeat(65));
        for (query, outcome, code) in [
            // RFC 6749 §4.1.2.1, every code.
            ("error=invalid_request", Outcome::ApplicationError, "invalid_request"),
            ("error=unauthorized_client", Outcome::ApplicationError, "unauthorized_client"),
            ("error=access_denied&state=xyz", Outcome::AccessDenied, "access_denied"),
            ("error=unsupported_response_type", Outcome::ApplicationError, "unsupported_response_type"),
            ("error=invalid_scope", Outcome::ApplicationError, "invalid_scope"),
            ("error=server_error", Outcome::TemporarilyUnavailable, "server_error"),
            ("error=temporarily_unavailable", Outcome::TemporarilyUnavailable, "temporarily_unavailable"),
            // What applications really send.
            ("error=access-denied&error_description=user+said+no", Outcome::AccessDenied, "access-denied"),
            ("code=&error=access_denied", Outcome::AccessDenied, "access_denied"),
            ("error=access_denied&error_subcode=cancel", Outcome::AccessDenied, "access_denied"),
            ("error=access_denied&error_description=AADSTS65004%0D%0ATrace+ID", Outcome::AccessDenied, "access_denied"),
            ("error=access_denied&error_description=%zz", Outcome::AccessDenied, "access_denied"),
            ("error=interaction_required", Outcome::ApplicationError, "interaction_required"),
            ("error=login_required", Outcome::ApplicationError, "login_required"),
            ("error=consent_required", Outcome::ApplicationError, "consent_required"),
            ("error=redirect_uri_mismatch&error_uri=%2Fdocs", Outcome::ApplicationError, "redirect_uri_mismatch"),
            ("error=application_suspended", Outcome::ApplicationError, "application_suspended"),
            ("error=OAUTH_APP_BLOCKED", Outcome::ApplicationError, "oauth_app_blocked"),
            ("error=ACCESS_DENIED", Outcome::AccessDenied, "access_denied"),
            // Not loggable.
            ("error=%3Cscript%3E", Outcome::ApplicationError, "other"),
            ("error=a%0D%0Ab", Outcome::ApplicationError, "other"),
            ("error=%zz", Outcome::ApplicationError, "other"),
            (&long, Outcome::ApplicationError, "other"),
        ] {
            match parse(query) {
                Ok(AuthorizationResponse::Denied(error)) => {
                    assert_eq!((error.outcome(), error.code()), (outcome, code), "{query}");
                }
                other => panic!("{query}: {other:?}"),
            }
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        let long = format!("code={}", "x".repeat(8_193));
        for (query, expected) in [
            ("", Malformed::Missing),
            ("state=xyz", Malformed::Missing),
            ("code=&error=", Malformed::Missing),
            ("code[]=a", Malformed::Missing),
            ("CODE=a", Malformed::Missing),
            ("code=a&error=access_denied", Malformed::CodeAndError),
            ("code=%zz&error=access_denied", Malformed::CodeAndError),
            ("code=a&code=b", Malformed::Repeated),
            ("code=a&code=a", Malformed::Repeated),
            ("code=&code=x", Malformed::Repeated),
            ("code=a&c%6Fde=b", Malformed::Repeated),
            ("code=a&state=&state=", Malformed::Repeated),
            ("error=a&error=b", Malformed::Repeated),
            ("error=a&error_description=b&error_description=c", Malformed::Repeated),
            ("error=a&error_uri=b&error_uri=c", Malformed::Repeated),
            ("code=a&iss=b&iss=b", Malformed::Repeated),
            ("code=a%0Ab", Malformed::Code(NotACode::NotPrintableAscii)),
            ("code=a%00", Malformed::Code(NotACode::NotPrintableAscii)),
            ("code=%C3%A9", Malformed::Code(NotACode::NotPrintableAscii)),
            ("code=%zz", Malformed::Code(NotACode::NotPrintableAscii)),
            ("code=%", Malformed::Code(NotACode::NotPrintableAscii)),
            (&long, Malformed::Code(NotACode::TooLong)),
        ] {
            assert_eq!(parse(query).err(), Some(expected), "{query}");
        }
    }
}
