//! Lambda answers as HTTP responses.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Number, Value};

use super::{Payload, Refusal};

/// The response that an answer stands for.
pub(super) fn response(payload: Payload, answer: Value) -> Result<Response, Refusal> {
    if payload != Payload::Rest && answer.get("statusCode").is_none() {
        return Ok(inferred(&answer));
    }
    let answer: Answer = serde_json::from_value(answer).map_err(|_| Refusal::MalformedAnswer)?;
    let status = answer.status_code.text().parse().map_err(|_| Refusal::MalformedAnswer)?;
    let status = StatusCode::from_u16(status).map_err(|_| Refusal::MalformedAnswer)?;
    if status.is_informational() {
        return Err(Refusal::MalformedAnswer);
    }

    let mut headers = HeaderMap::new();
    if payload == Payload::Rest {
        for (name, values) in answer.multi_value_headers.unwrap_or_default() {
            for value in values {
                add(&mut headers, &name, &value.text())?;
            }
        }
    }
    for (name, value) in answer.headers.unwrap_or_default() {
        add(&mut headers, &name, &value.text())?;
    }
    if payload != Payload::Rest {
        for cookie in answer.cookies.unwrap_or_default() {
            add(&mut headers, SET_COOKIE.as_str(), &cookie)?;
        }
    }
    for ours in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(ours);
    }
    headers.entry(CONTENT_TYPE).or_insert(default_content_type(payload));

    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded.unwrap_or_default() {
        Body::from(STANDARD.decode(body).map_err(|_| Refusal::MalformedAnswer)?)
    } else {
        Body::from(body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// An answer without `statusCode` is the body of a 200; only payload 2.0 allows it.
fn inferred(answer: &Value) -> Response {
    let body = answer.as_str().map_or_else(|| answer.to_string(), ToOwned::to_owned);
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Adds a header, unless it is there with this value: `headers` and `multiValueHeaders` may both name it.
fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Refusal> {
    let name = HeaderName::try_from(name).map_err(|_| Refusal::MalformedAnswer)?;
    let value = HeaderValue::try_from(value).map_err(|_| Refusal::MalformedAnswer)?;
    if !headers.get_all(&name).iter().any(|present| present == value) {
        headers.append(name, value);
    }
    Ok(())
}

fn default_content_type(payload: Payload) -> HeaderValue {
    HeaderValue::from_static(match payload {
        Payload::Rest | Payload::FunctionUrl => "application/json",
        Payload::Http => "text/plain; charset=utf-8",
    })
}

/// A Lambda proxy response, of both payloads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: Scalar,
    headers: Option<BTreeMap<String, Scalar>>,
    multi_value_headers: Option<BTreeMap<String, Vec<Scalar>>>,
    cookies: Option<Vec<String>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// A value that API Gateway is content to read as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(Number),
    Bool(bool),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(truth) => truth.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_is_no_response_is_malformed() {
        let table = [
            json!({ "statusCode": "two hundred" }),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 101 }),
            json!({ "statusCode": null }),
            json!({ "statusCode": 200, "body": { "not": "text" } }),
            json!({ "statusCode": 200, "headers": ["no", "map"] }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": "b\r\nc: d" } }),
            json!({ "statusCode": 200, "headers": { "a": ["b"] } }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
        ];
        for answer in table {
            for payload in [Payload::Rest, Payload::Http, Payload::FunctionUrl] {
                let result = response(payload, answer.clone());
                assert_eq!(result.err(), Some(Refusal::MalformedAnswer), "{payload:?} {answer}");
            }
        }
        for answer in [json!(null), json!("text"), json!([]), json!({ "body": "x" })] {
            assert_eq!(response(Payload::Rest, answer.clone()).err(), Some(Refusal::MalformedAnswer), "{answer}");
        }
    }

    #[test]
    fn headers_and_multi_value_headers_are_merged_without_doubles() {
        let answer = json!({
            "statusCode": "201",
            "headers": { "X-One": 1, "x-many": "a", "content-length": "999" },
            "multiValueHeaders": { "X-Many": ["a", "b"], "Set-Cookie": ["c=1", "d=2"] },
            "cookies": ["ignored=1"],
        });
        let response = response(Payload::Rest, answer).expect("it is a response");
        assert_eq!(response.status(), StatusCode::CREATED);
        let all = |name| response.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        assert_eq!(all("x-one"), [b"1"]);
        assert_eq!(all("x-many"), [b"a", b"b"]);
        assert_eq!(all("set-cookie"), [b"c=1", b"d=2"]);
        assert_eq!(all("content-type"), [b"application/json"]);
        assert!(all("content-length").is_empty());
    }
}
