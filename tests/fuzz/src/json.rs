//! How an event is changed: as JSON, so that most of what is tried can be read.

use fastrand::Rng;
use serde_json::{Value, json};

/// What members of events are called, and what stands in them.
const NAMES: [&str; 28] = [
    "Cookie",
    "Origin",
    "Purpose",
    "Sec-Fetch-Site",
    "Sec-Purpose",
    "body",
    "code",
    "cookies",
    "domainName",
    "elb",
    "error",
    "headers",
    "http",
    "httpMethod",
    "isBase64Encoded",
    "method",
    "multiValueHeaders",
    "multiValueQueryStringParameters",
    "path",
    "pathParameters",
    "queryStringParameters",
    "rawPath",
    "rawQueryString",
    "requestContext",
    "resource",
    "routeKey",
    "stage",
    "state",
];

/// Changes one place of a value; `mutate` changes bytes.
pub fn change(value: &mut Value, rng: &mut Rng, mutate: impl Fn(&[u8]) -> Vec<u8>) {
    let mut pointers = Vec::new();
    list(value, "", &mut pointers);
    let chosen = |rng: &mut Rng| pointers[rng.usize(..pointers.len())].clone();
    let pointer = chosen(rng);
    let elsewhere = value.pointer(&chosen(rng)).cloned().unwrap_or_default();
    let Some(place) = value.pointer_mut(&pointer) else { return };
    match (rng.u8(..8), &mut *place) {
        // Mostly a text, which is where parsers are.
        (0..=4, Value::String(text)) => *text = String::from_utf8_lossy(&mutate(text.as_bytes())).into_owned(),
        (0..=2, Value::Object(members)) => {
            let name = NAMES[rng.usize(..NAMES.len())].to_owned();
            members.insert(name, elsewhere);
        }
        (3..=4, Value::Object(members)) => {
            let names: Vec<String> = members.keys().cloned().collect();
            if !names.is_empty() {
                members.remove(&names[rng.usize(..names.len())]);
            }
        }
        (0..=2, Value::Array(elements)) => elements.push(elsewhere),
        (3..=4, Value::Array(elements)) => drop(elements.pop()),
        (5, _) => *place = elsewhere,
        (6, _) => *place = json!([place.take()]),
        _ => {
            let odd =
                [json!(null), json!(7), json!(true), json!(""), json!([]), json!({}), json!("GET"), json!("POST")];
            *place = odd[rng.usize(..odd.len())].clone();
        }
    }
}

fn list(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                list(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (position, element) in elements.iter().enumerate() {
                list(element, &format!("{at}/{position}"), found);
            }
        }
        _ => {}
    }
}
