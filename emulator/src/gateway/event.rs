//! HTTP requests as Lambda events, without HTTP: what each front decodes, joins and leaves out.
//!
//! | | REST API | HTTP API | function URL |
//! | --- | --- | --- | --- |
//! | path, path parameters | as sent | decoded | as sent |
//! | query parameters | decoded once, `+` is a space | the same, repeats joined with `,` | the same |
//! | raw query | – | as sent | as sent |
//! | cookies | `headers` | `cookies` | both |
//! | a body in Base64 | never | unless its type is text | unless its type is text |

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Bytes;
use axum::http::header::{COOKIE, USER_AGENT};
use axum::http::{HeaderMap, Request};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::parts::{body_2, cookies, forwarded, grouped_headers, grouped_query, joined, last_of_each, text_of};
use super::{Refusal, Resources};

/// The account that every event comes from, except one that a caller signed.
const ACCOUNT_ID: &str = "123456789012";
/// The id of this API.
const API_ID: &str = "emulator00";
/// The stage named in the events of a REST API that is served without one, as behind a custom domain.
const UNNAMED_STAGE: &str = "local";
/// What API Gateway knows about a request beyond the request itself.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The API's own host, `127.0.0.1:3000`.
    pub domain_name: String,
    /// The stage that the path begins with, if it does.
    pub stage: Option<String>,
    /// Who sent it.
    pub source_ip: IpAddr,
    /// API Gateway's request id, which is not Lambda's.
    pub request_id: Uuid,
    /// When it came, in UTC.
    pub time: OffsetDateTime,
    /// The ARN of the IAM principal who signed it.
    pub caller: Option<String>,
}

/// The event of a REST API, payload 1.0.
pub fn rest_event(request: &Request<Bytes>, arrival: &Arrival, resources: &Resources) -> Result<Value, Refusal> {
    let whole_path = request.uri().path();
    let path = below_stage(whole_path, arrival.stage.as_deref())?;
    // A REST API takes `/connected/` for `/connected`; an HTTP API does not.
    let trimmed = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
    let matched = resources.matching(trimmed).ok_or(Refusal::UnknownResource)?;
    let headers = grouped_headers(&forwarded(request.headers(), arrival));
    let query = grouped_query(request.uri().query());
    let parameters: BTreeMap<_, _> = matched.parameters.into_iter().collect();
    // The caller may choose this ID, so it is not a reliable reference.
    let request_id = text_of(request.headers(), "x-amzn-requestid").unwrap_or_else(|| arrival.request_id.to_string());

    Ok(json!({
        "resource": matched.template,
        "path": path,
        "httpMethod": request.method().as_str(),
        "headers": last_of_each(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": (!query.is_empty()).then(|| last_of_each(&query)),
        "multiValueQueryStringParameters": (!query.is_empty()).then_some(&query),
        "pathParameters": (!parameters.is_empty()).then_some(parameters),
        "stageVariables": null,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": arrival.domain_name,
            "domainPrefix": domain_prefix(arrival),
            "extendedRequestId": format!("{:.15}=", arrival.request_id.simple().to_string()),
            "httpMethod": request.method().as_str(),
            "identity": rest_identity(request, arrival),
            "path": whole_path,
            "protocol": protocol(request),
            "requestId": request_id,
            "requestTime": log_time(arrival.time),
            "requestTimeEpoch": milliseconds(arrival.time),
            "resourceId": "a1b2c3",
            "resourcePath": matched.template,
            "stage": arrival.stage.as_deref().unwrap_or(UNNAMED_STAGE),
        },
        "body": (!request.body().is_empty()).then(|| String::from_utf8_lossy(request.body())),
        "isBase64Encoded": false,
    }))
}

/// The event of an HTTP API, payload 2.0.
pub fn http_event(request: &Request<Bytes>, arrival: &Arrival, resources: &Resources) -> Result<Value, Refusal> {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    let matched = resources.matching(below_stage(&path, arrival.stage.as_deref())?).ok_or(Refusal::UnknownResource)?;
    let mut headers = forwarded(request.headers(), arrival);
    headers.remove(COOKIE);
    let route_key = format!("ANY {}", matched.template);
    let stage = arrival.stage.as_deref().unwrap_or("$default");
    let mut event = payload_2(request, arrival, &path, &headers, &route_key, stage);
    if !matched.parameters.is_empty() {
        event["pathParameters"] = json!(matched.parameters.into_iter().collect::<BTreeMap<_, _>>());
    }
    Ok(event)
}

/// The event of a function URL, payload 2.0.
#[must_use]
pub fn function_url_event(request: &Request<Bytes>, arrival: &Arrival) -> Value {
    let headers = forwarded(request.headers(), arrival);
    let mut event = payload_2(request, arrival, request.uri().path(), &headers, "$default", "$default");
    if arrival.caller.is_none() {
        event["requestContext"]["accountId"] = json!("anonymous");
    }
    event
}

/// What the two fronts of payload 2.0 share; what is empty is left out.
fn payload_2(
    request: &Request<Bytes>,
    arrival: &Arrival,
    path: &str,
    headers: &HeaderMap,
    route_key: &str,
    stage: &str,
) -> Value {
    let (body, is_base64) = body_2(request);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": request.uri().query().unwrap_or_default(),
        "headers": joined(&grouped_headers(headers)),
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": arrival.domain_name,
            "domainPrefix": domain_prefix(arrival),
            "http": {
                "method": request.method().as_str(),
                "path": path,
                "protocol": protocol(request),
                "sourceIp": arrival.source_ip.to_string(),
                "userAgent": text_of(request.headers(), USER_AGENT.as_str()).unwrap_or_default(),
            },
            "requestId": arrival.request_id.to_string(),
            "routeKey": route_key,
            "stage": stage,
            "time": log_time(arrival.time),
            "timeEpoch": milliseconds(arrival.time),
        },
        "isBase64Encoded": is_base64,
    });
    let query = grouped_query(request.uri().query());
    if !query.is_empty() {
        event["queryStringParameters"] = json!(joined(&query));
    }
    let cookies: Vec<String> = request.headers().get_all(COOKIE).iter().flat_map(cookies).collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if let Some(body) = body {
        event["body"] = json!(body);
    }
    if let Some(arn) = &arrival.caller {
        event["requestContext"]["authorizer"] = json!({ "iam": {
            "accessKey": "AKIAIOSFODNN7EXAMPLE",
            "accountId": account_of(arn),
            "callerId": "AIDACKCEVSQ6C2EXAMPLE",
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": arn,
            "userId": "AIDACKCEVSQ6C2EXAMPLE",
        }});
    }
    event
}

/// `requestContext.identity` of payload 1.0.
fn rest_identity(request: &Request<Bytes>, arrival: &Arrival) -> Value {
    let caller = arrival.caller.as_deref();
    let signed = |value: &'static str| caller.map(|_| value);
    json!({
        "accessKey": signed("AKIAIOSFODNN7EXAMPLE"),
        "accountId": caller.map(account_of),
        "caller": signed("AIDACKCEVSQ6C2EXAMPLE"),
        "cognitoAuthenticationProvider": null,
        "cognitoAuthenticationType": null,
        "cognitoIdentityId": null,
        "cognitoIdentityPoolId": null,
        "principalOrgId": null,
        "sourceIp": arrival.source_ip.to_string(),
        "user": signed("AIDACKCEVSQ6C2EXAMPLE"),
        "userAgent": text_of(request.headers(), USER_AGENT.as_str()),
        "userArn": caller,
    })
}

fn below_stage<'a>(path: &'a str, stage: Option<&str>) -> Result<&'a str, Refusal> {
    let Some(stage) = stage else { return Ok(path) };
    match path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)) {
        Some("") => Ok("/"),
        Some(below) if below.starts_with('/') => Ok(below),
        _ => Err(Refusal::UnknownStage),
    }
}

fn domain_prefix(arrival: &Arrival) -> &str {
    arrival.domain_name.split('.').next().unwrap_or_default()
}

/// The account in an ARN.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or(ACCOUNT_ID)
}

fn protocol(request: &Request<Bytes>) -> String {
    format!("{:?}", request.version())
}

/// API Gateway writes times as Apache's common log does: `09/Feb/2026:03:48:43 +0000`.
fn log_time(time: OffsetDateTime) -> String {
    let (month, year) = (time.month().to_string(), time.year());
    let (day, (hour, minute, second)) = (time.day(), time.to_hms());
    format!("{day:02}/{month:.3}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1000 + i64::from(time.millisecond())
}
