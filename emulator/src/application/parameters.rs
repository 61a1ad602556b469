//! Parameters of a query or a form, as RFC 6749 §3.1 wants them read.

use url::form_urlencoded;

/// Decoded parameters in the order sent, without those that have no value ("treated as if they were omitted").
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        let sent = form_urlencoded::parse(encoded).into_owned();
        Self(sent.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The one value of a parameter, if it was sent.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated),
        }
    }
}

/// A parameter came more than once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded_once_may_be_empty_and_may_not_repeat() {
        let parameters = Parameters::parse(b"code=a%252Bb+c&state=&scope=x&scope=y");
        assert_eq!(parameters.one("code"), Ok(Some("a%2Bb c")));
        assert_eq!(parameters.one("state"), Ok(None));
        assert_eq!(parameters.one("client_id"), Ok(None));
        assert_eq!(parameters.one("scope"), Err(Repeated));
    }
}
