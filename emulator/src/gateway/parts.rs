//! Headers, query, cookies and body of a request in the shapes that events hold them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::Arrival;

/// The headers with those that API Gateway adds.
pub(super) fn forwarded(sent: &HeaderMap, arrival: &Arrival) -> HeaderMap {
    const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    let mut headers = sent.clone();
    let chain = text_of(sent, FORWARDED_FOR.as_str()).map_or_else(String::new, |chain| chain + ", ");
    let port = arrival.domain_name.rsplit_once(':').map_or("80", |(_, port)| port);
    let trace = arrival.request_id.simple().to_string();
    let added = [
        (FORWARDED_FOR, format!("{chain}{}", arrival.source_ip)),
        (HeaderName::from_static("x-forwarded-port"), port.to_owned()),
        (HeaderName::from_static("x-forwarded-proto"), "http".to_owned()),
        (
            HeaderName::from_static("x-amzn-trace-id"),
            format!("Root=1-{:08x}-{trace:.24}", arrival.time.unix_timestamp()),
        ),
    ];
    for (name, value) in added {
        // A chain that the sender made unprintable is left as it was sent.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Names and all their values, in the order sent.
pub(super) type Grouped = BTreeMap<String, Vec<String>>;

/// Each header with all its values.
pub(super) fn grouped_headers(headers: &HeaderMap) -> Grouped {
    let mut grouped = Grouped::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        grouped.entry(name.as_str().to_owned()).or_default().push(value);
    }
    grouped
}

/// Each query parameter with all its values, decoded once.
pub(super) fn grouped_query(query: Option<&str>) -> Grouped {
    let mut grouped = Grouped::new();
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
        grouped.entry(name).or_default().push(value);
    }
    grouped
}

/// Payload 1.0 has a second map with the last values only.
pub(super) fn last_of_each(grouped: &Grouped) -> BTreeMap<&str, &str> {
    grouped.iter().filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str()))).collect()
}

/// Payload 2.0 has one map with commas between the values.
pub(super) fn joined(grouped: &Grouped) -> BTreeMap<&str, String> {
    grouped.iter().map(|(name, values)| (name.as_str(), values.join(","))).collect()
}

/// The cookies of one `Cookie` header.
pub(super) fn cookies(header: &HeaderValue) -> Vec<String> {
    let header = String::from_utf8_lossy(header.as_bytes());
    header.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()).map(ToOwned::to_owned).collect()
}

/// The body of payload 2.0 and whether it is in Base64; a form is, to the surprise of many.
pub(super) fn body_2(request: &Request<Bytes>) -> (Option<Cow<'_, str>>, bool) {
    let body = request.body();
    if body.is_empty() {
        return (None, false);
    }
    let content_type = text_of(request.headers(), CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let text = essence.starts_with("text/")
        || matches!(essence, "application/json" | "application/javascript" | "application/xml");
    if text { (Some(String::from_utf8_lossy(body)), false) } else { (Some(STANDARD.encode(body).into()), true) }
}

/// The first value of a header.
pub(super) fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
