//! The constraints of the service model, member by member.
//!
//! A member of the wrong type ends the reading at once (`cannotParse`); broken constraints are collected, so that
//! an answer names every one (`fieldValidationFailed`). Patterns are taken as whole-string patterns.

use serde_json::{Map, Value};
use url::Url;

use super::{
    arn::is_uuid,
    errors::{Failure, FieldError},
};

/// A string shape: its length in characters and its pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    min: usize,
    max: usize,
    pattern: Option<Pattern>,
}

/// A pattern as the model writes it, and the function that checks it.
#[derive(Clone, Copy, Debug)]
struct Pattern {
    regex: &'static str,
    matches: fn(&str) -> bool,
}

impl Shape {
    /// `String255`
    pub(super) const STRING_255: Self = Self::length(1, 255);
    /// `String2048` and `SensitiveString2048`
    pub(super) const STRING_2048: Self = Self::length(1, 2048);
    /// `TenantIdentifier`
    pub(super) const TENANT_IDENTIFIER: Self = Self::length(1, 1024);
    /// `TagKey`
    pub(super) const TAG_KEY: Self = Self::length(1, 128);
    /// `TagValue`
    pub(super) const TAG_VALUE: Self = Self::length(0, 256);
    /// `Identifier`
    pub(super) const IDENTIFIER: Self =
        Self::pattern((1, 1011), "arn:.+$|^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}", |text| {
            is_uuid(text) || text.strip_prefix("arn:").is_some_and(|rest| !rest.is_empty() && !rest.contains('\n'))
        });
    /// `UUID`
    pub(super) const UUID: Self =
        Self::pattern((0, usize::MAX), "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}", is_uuid);
    /// `AuthType`
    pub(super) const AUTH_TYPE: Self =
        Self::pattern((0, usize::MAX), "oauth2|apiKey", |text| matches!(text, "oauth2" | "apiKey"));
    /// `RedirectUri`
    pub(super) const REDIRECT_URI: Self =
        Self::pattern((0, 1024), "https://[-a-zA-Z0-9-._~:/?#@!$&'()*+,;=]+", is_https);
    /// `RedirectUri`, or `http` on loopback: the emulator's own, for local trials.
    pub(super) const LOOPBACK_REDIRECT_URI: Self =
        Self::pattern((0, 1024), "https?://[-a-zA-Z0-9-._~:/?#@!$&'()*+,;=]+", |text| {
            is_https(text) || is_loopback_http(text)
        });

    const fn length(min: usize, max: usize) -> Self {
        Self { min, max, pattern: None }
    }

    const fn pattern((min, max): (usize, usize), regex: &'static str, matches: fn(&str) -> bool) -> Self {
        Self { min, max, pattern: Some(Pattern { regex, matches }) }
    }

    /// What the text breaks; never with the text in it.
    fn broken_by(self, text: &str) -> Vec<String> {
        let mut broken = Vec::new();
        if !(self.min..=self.max).contains(&text.chars().count()) {
            broken.push(format!("Member must have length between {} and {}, inclusive", self.min, self.max));
        }
        if let Some(pattern) = self.pattern
            && !(pattern.matches)(text)
        {
            broken.push(format!("Member must satisfy regular expression pattern: {}", pattern.regex));
        }
        broken
    }
}

/// A JSON object and where in the request it stands.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    /// The request body itself.
    pub(super) fn body(value: &'a Value) -> Result<Self, Failure> {
        Self::at(value, String::new())
    }

    /// A member; `null` counts as absent.
    fn member(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// Whether the member is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// A structure that may be absent.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Failure> {
        self.member(name).map(|value| Self::at(value, self.path_of(name))).transpose()
    }

    /// A list of structures; absent is empty.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, Failure> {
        let Some(value) = self.member(name) else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| wrong_type(&self.path_of(name), "a list"))?;
        items
            .iter()
            .enumerate()
            .map(|(index, item)| Self::at(item, format!("{}.{}.member", self.path_of(name), index + 1)))
            .collect()
    }

    fn at(value: &'a Value, path: String) -> Result<Self, Failure> {
        let members = value.as_object().ok_or_else(|| wrong_type(&path, "a structure"))?;
        Ok(Self { members, path })
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Reads members and gathers what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    /// A string that may be absent.
    pub(super) fn optional(
        &mut self,
        object: &Object<'_>,
        name: &str,
        shape: Shape,
    ) -> Result<Option<String>, Failure> {
        let Some(value) = object.member(name) else { return Ok(None) };
        let path = object.path_of(name);
        let text = value.as_str().ok_or_else(|| wrong_type(&path, "a string"))?;
        self.text(&path, text, shape);
        Ok(Some(text.to_owned()))
    }

    /// A required string. If it is missing, [`Self::finish`] reports it and the returned string is never used.
    pub(super) fn required(&mut self, object: &Object<'_>, name: &str, shape: Shape) -> Result<String, Failure> {
        let found = self.optional(object, name, shape)?;
        if found.is_none() {
            self.missing(&object.path_of(name));
        }
        Ok(found.unwrap_or_default())
    }

    /// Text from the path or the query.
    pub(super) fn text(&mut self, path: &str, text: &str, shape: Shape) {
        for message in shape.broken_by(text) {
            self.error(path, message);
        }
    }

    /// A required member is not there.
    pub(super) fn missing(&mut self, path: &str) {
        self.error(path, "Member must not be null".to_owned());
    }

    /// Any other constraint.
    pub(super) fn error(&mut self, path: &str, message: String) {
        self.errors.push(FieldError { name: path.to_owned(), message });
    }

    /// The request, unless something was wrong with it.
    pub(super) fn finish<T>(self, request: T) -> Result<T, Failure> {
        if self.errors.is_empty() { Ok(request) } else { Err(Failure::Fields(self.errors)) }
    }
}

fn wrong_type(path: &str, wanted: &str) -> Failure {
    let path = if path.is_empty() { "The request body" } else { path };
    Failure::CannotParse(format!("{path} must be {wanted}."))
}

fn is_https(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(is_uri_text)
}

fn is_loopback_http(text: &str) -> bool {
    text.strip_prefix("http://").is_some_and(is_uri_text)
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.host_str(), Some("127.0.0.1" | "localhost"))
                && url.username().is_empty()
                && url.password().is_none()
        })
}

fn is_uri_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn table(shape: Shape, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(shape.broken_by(text), Vec::<String>::new(), "{text:?}");
        }
        for text in bad {
            assert_ne!(shape.broken_by(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn an_identifier_is_an_arn_or_a_whole_uuid() {
        table(
            Shape::IDENTIFIER,
            &["arn:x", "0a1b2c3d-0000-4000-8000-00000000000f", &format!("arn:{}", "x".repeat(1007))],
            &[
                "",
                "arn:",
                "x",
                "0A1B2C3D-0000-4000-8000-00000000000F",
                "0a1b2c3d-0000-4000-8000-00000000000f0",
                &format!("arn:{}", "x".repeat(1008)),
            ],
        );
    }

    #[test]
    fn a_redirect_uri_is_https_without_percent_or_brackets() {
        table(
            Shape::REDIRECT_URI,
            &["https://example.com/callback", "https://example.com:8443/a?b=c#d", "https://x"],
            &[
                "",
                "https://",
                "http://example.com/",
                "http://127.0.0.1/",
                "https://example.com/%20",
                "https://[::1]/",
                "https://exämple.com/",
                "HTTPS://example.com/",
                " https://example.com/",
                &format!("https://{}", "x".repeat(1017)),
            ],
        );
    }

    #[test]
    fn http_on_loopback_is_admitted_on_request_only() {
        table(
            Shape::LOOPBACK_REDIRECT_URI,
            &["https://example.com/", "http://127.0.0.1:3000/callback", "http://localhost/callback"],
            &[
                "http://example.com/",
                "http://127.0.0.1.example.com/",
                "http://127.0.0.1@example.com/",
                "http://person@localhost/",
                "http://[::1]/",
                "http://localhost/%20",
            ],
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        table(Shape::STRING_2048, &["x", &"é".repeat(2048)], &["", &"x".repeat(2049)]);
        table(Shape::TAG_VALUE, &["", &"x".repeat(256)], &[&"x".repeat(257)]);
    }

    #[test]
    fn a_message_names_the_constraint_and_not_the_value() {
        assert_eq!(
            Shape::STRING_2048.broken_by(&"secret".repeat(1000)),
            ["Member must have length between 1 and 2048, inclusive"]
        );
        assert_eq!(
            Shape::REDIRECT_URI.broken_by("http://secret"),
            ["Member must satisfy regular expression pattern: https://[-a-zA-Z0-9-._~:/?#@!$&'()*+,;=]+"]
        );
    }
}
