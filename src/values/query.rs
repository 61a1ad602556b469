//! The query of a request: names and values, decoded exactly once, repeats kept.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// A request's query parameters in their order, with repeats.
///
/// It has no `Debug` and no `Display`, because the code is one of its values.
#[derive(Default)]
pub struct Query(Vec<(String, Parameter)>);

/// One value of a query parameter.
#[derive(Clone, Eq, PartialEq)]
pub enum Parameter {
    /// Decoded text, possibly empty.
    Text(String),
    /// A malformed percent sequence, bytes that are not UTF-8, or a member of the event that is not a text.
    Malformed,
}

impl Query {
    /// Reads `application/x-www-form-urlencoded` text as it stood in the URL (payload 2.0, `rawQueryString`).
    ///
    /// A parameter whose name cannot be decoded is left out.
    pub fn from_encoded(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value).map_or(Parameter::Malformed, Parameter::Text)))
        });
        Self(pairs.collect())
    }

    /// Reads members that API Gateway has decoded already (payload 1.0): a text or a list of texts by name.
    pub fn from_decoded(members: &Map<String, Value>) -> Self {
        let mut pairs = Vec::with_capacity(members.len());
        for (name, value) in members {
            match value {
                Value::Array(values) => pairs.extend(values.iter().map(|value| (name.clone(), parameter(value)))),
                Value::Null => {}
                value => pairs.push((name.clone(), parameter(value))),
            }
        }
        Self(pairs)
    }

    /// Every value of `name`, in order.
    pub fn values<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q Parameter> {
        self.0.iter().filter(move |(candidate, _)| candidate == name).map(|(_, value)| value)
    }

    /// The text of `name`, if it is there exactly once and could be decoded.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (Some(Parameter::Text(text)), None) => Some(text),
            _ => None,
        }
    }
}

fn parameter(value: &Value) -> Parameter {
    value.as_str().map_or(Parameter::Malformed, |text| Parameter::Text(text.to_owned()))
}

/// Decodes once; `None` for a `%` without two hexadecimal digits after it, and for bytes that are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let well_formed = spaced.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    well_formed.then(|| percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Parameter {
        Parameter::Text(text.to_owned())
    }

    #[test]
    fn encoded_text_is_decoded_once() {
        for (query, expected) in [
            ("code=4%2F0AeaYSH", vec![text("4/0AeaYSH")]),
            ("code=aPrx%3D%3D", vec![text("aPrx==")]),
            ("code=aPrx==", vec![text("aPrx==")]),
            ("code=a%252Fb", vec![text("a%2Fb")]),
            ("code=a+b%2Bc", vec![text("a b+c")]),
            ("c%6Fde=x", vec![text("x")]),
            ("code=a&c%6fde=b", vec![text("a"), text("b")]),
            ("code=&code=x", vec![text(""), text("x")]),
            ("code", vec![text("")]),
            ("code=%", vec![Parameter::Malformed]),
            ("code=%4", vec![Parameter::Malformed]),
            ("code=%zz", vec![Parameter::Malformed]),
            ("code=%%41", vec![Parameter::Malformed]),
            ("code=%C3%28", vec![Parameter::Malformed]),
            ("code=%C3%A9", vec![text("é")]),
            ("code[]=a&Code=b&%zz=c", vec![]),
            ("&&&", vec![]),
            ("", vec![]),
        ] {
            assert!(Query::from_encoded(query).values("code").eq(expected.iter()), "{query}");
        }
    }

    #[test]
    fn decoded_members_are_taken_as_they_are() {
        for (value, expected) in [
            (json!(["4/0A%2F"]), vec![text("4/0A%2F")]),
            (json!(["a+b"]), vec![text("a+b")]),
            (json!(["a", "b"]), vec![text("a"), text("b")]),
            (json!("a"), vec![text("a")]),
            (json!([]), vec![]),
            (json!(null), vec![]),
            (json!(7), vec![Parameter::Malformed]),
            (json!([null]), vec![Parameter::Malformed]),
            (json!({"code": "a"}), vec![Parameter::Malformed]),
        ] {
            let members = json!({ "code": value });
            let query = Query::from_decoded(members.as_object().unwrap());
            assert!(query.values("code").eq(expected.iter()), "{members}");
        }
    }
}
