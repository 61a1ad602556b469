//! A query → the authorization response, beside what the URL standard's own decoder and RFC 6749's grammar make of it.
#![no_main]

use std::sync::LazyLock;

use appfabric_connect::values::{AuthorizationResponse, Malformed};
use appfabric_connect::values::{Parameter, Query};
use libfuzzer_sys::fuzz_target;
use regex_lite::Regex;
use serde_json::{Map, Value};

/// What must not repeat.
const KNOWN: [&str; 6] = ["code", "state", "error", "error_description", "error_uri", "iss"];

/// The standard's decoder takes a stray `%` for itself and replaces what is not UTF-8; ours refuses both.
static LEGIBLE: LazyLock<Regex> = LazyLock::new(|| Regex::new("^([^%]|%[0-9A-Fa-f]{2})*$").expect("a pattern"));
static VSCHAR: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[ -~]{1,8192}$").expect("a pattern"));
static LOGGABLE: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[A-Za-z0-9_.-]{1,64}$").expect("a pattern"));

fuzz_target!(|text: &str| {
    let pairs: Vec<(String, Option<String>)> = text
        .split('&')
        .filter_map(|pair| {
            let (name, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
            let encoded = pair.split_once('=').map_or("", |(_, value)| value);
            let legible = LEGIBLE.is_match(encoded) && (!value.contains('\u{fffd}') || is_utf8(encoded));
            Some((name.into_owned(), legible.then(|| value.into_owned())))
        })
        .collect();
    check(&Query::from_encoded(text), &pairs);

    // The same as API Gateway hands it over in payload 1.0: decoded, by name. What is no text stands for what is illegible.
    let mut members = Map::new();
    for (name, value) in &pairs {
        let values = members.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        values.as_array_mut().expect("an array").push(value.clone().into());
    }
    check(&Query::from_decoded(&members), &pairs);
});

fn check(query: &Query, pairs: &[(String, Option<String>)]) {
    let values =
        |name: &str| pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect::<Vec<_>>();
    for name in KNOWN {
        let ours: Vec<Option<&str>> = query.values(name).map(text).collect();
        let theirs: Vec<Option<&str>> = values(name).into_iter().map(Option::as_deref).collect();
        assert_eq!(ours, theirs, "{name}");
    }
    let repeated = KNOWN.iter().any(|name| values(name).len() > 1);
    let present = |name| values(name).into_iter().find(|value| value.as_deref() != Some(""));
    let response = AuthorizationResponse::parse(query);
    let printed = format!("{response:?}");
    match (response, present("code"), present("error")) {
        (Err(Malformed::Repeated), _, _) => assert!(repeated),
        _ if repeated => panic!("a parameter stands twice, and nobody says so"),
        (Err(Malformed::CodeAndError), Some(_), Some(_)) | (Err(Malformed::Missing), None, None) => {}
        (Err(Malformed::Code(_)), Some(code), None) => {
            assert!(!code.as_deref().is_some_and(|code| VSCHAR.is_match(code)), "{code:?}");
        }
        (Ok(AuthorizationResponse::Granted(code)), Some(Some(expected)), None) => {
            assert!(VSCHAR.is_match(expected), "{expected:?}");
            assert_eq!(printed, "Ok(Granted(AuthorizationCode(redacted)))");
            assert_eq!(code.spend(), *expected);
        }
        (Ok(AuthorizationResponse::Denied(error)), None, Some(expected)) => {
            let told = expected.as_deref().filter(|text| LOGGABLE.is_match(text)).unwrap_or("other");
            assert_eq!(error.code(), told.to_ascii_lowercase());
            assert!(error.outcome().reason().is_some());
        }
        (other, code, error) => panic!("{other:?} for {code:?} and {error:?}"),
    }
}

fn text(parameter: &Parameter) -> Option<&str> {
    match parameter {
        Parameter::Text(text) => Some(text),
        Parameter::Malformed => None,
    }
}

/// Whether what is percent-encoded is UTF-8, which the replacement character itself may be.
fn is_utf8(encoded: &str) -> bool {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()].map(|digit| char::from(digit.expect("it is legible")));
                let digits =
                    digits.map(|digit| u8::try_from(digit.to_digit(16).expect("a digit")).expect("it is small"));
                digits[0] * 16 + digits[1]
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).is_ok()
}
