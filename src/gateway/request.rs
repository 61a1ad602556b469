//! A request, read from an event of either payload format, whatever is missing or of the wrong type.

use std::borrow::Cow;

use aws_smithy_types::base64;
use serde_json::{Map, Value};

use super::Payload;
use crate::query::Query;
use crate::redirect_uri::is_loopback;

/// A request as a browser sent it through API Gateway.
pub struct Request<'e> {
    /// The payload format that it came in.
    pub payload: Payload,
    /// The HTTP method.
    pub method: &'e str,
    /// The path below the stage or base path, as it was sent, such as `/callback/slack`.
    pub path: &'e str,
    /// The query.
    pub query: Query,
    prefix: &'e str,
    domain_name: Option<&'e str>,
    headers: [Option<&'e Map<String, Value>>; 2],
    event: &'e Value,
}

/// An event that is no API Gateway event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotApiGateway;

impl<'e> Request<'e> {
    /// Reads an event: payload 2.0 has `requestContext.http`, payload 1.0 has `httpMethod`.
    pub fn from_event(event: &'e Value) -> Result<Self, NotApiGateway> {
        let context = event.get("requestContext").and_then(Value::as_object).ok_or(NotApiGateway)?;
        if let Some(http) = context.get("http").and_then(Value::as_object) {
            let method = http.get("method").and_then(Value::as_str).ok_or(NotApiGateway)?;
            return Ok(Self::version_2(event, context, http, method));
        }
        // An application load balancer's event looks alike, but its query is not decoded.
        let method = event.get("httpMethod").and_then(Value::as_str).ok_or(NotApiGateway)?;
        if context.contains_key("elb") { Err(NotApiGateway) } else { Ok(Self::version_1(event, context, method)) }
    }

    fn version_1(event: &'e Value, context: &'e Map<String, Value>, method: &'e str) -> Self {
        let public_path = text(context.get("path"));
        let path = text(event.get("path")).or(public_path).unwrap_or_default();
        let template = text(event.get("resource")).or_else(|| text(context.get("resourcePath")));
        let (prefix, path) = split(path, template, event);
        // Only `requestContext.path` has the stage; under `sam local` it is the resource's template instead.
        let prefix = public_path.and_then(|public| public.strip_suffix(path)).unwrap_or(prefix);
        let members = ["multiValueQueryStringParameters", "queryStringParameters"];
        let query = members.iter().find_map(|member| event.get(member)?.as_object().filter(|map| !map.is_empty()));
        Self {
            payload: Payload::V1,
            method,
            path,
            query: query.map(Query::from_decoded).unwrap_or_default(),
            prefix: plain(prefix),
            domain_name: domain_name(context),
            headers: ["headers", "multiValueHeaders"].map(|member| event.get(member).and_then(Value::as_object)),
            event,
        }
    }

    fn version_2(
        event: &'e Value,
        context: &'e Map<String, Value>,
        http: &'e Map<String, Value>,
        method: &'e str,
    ) -> Self {
        let path = text(event.get("rawPath")).or_else(|| text(http.get("path"))).unwrap_or_default();
        let route = text(event.get("routeKey")).or_else(|| text(context.get("routeKey")));
        let template = route.and_then(|route| route.split_once(' ')).map(|(_, template)| template);
        let (mut prefix, mut path) = split(path, template, event);
        // The `$default` route has no template to count segments by; the stage at least is known.
        let stage = text(context.get("stage")).filter(|stage| *stage != "$default");
        if let (None, Some(stage)) = (template, stage) {
            let rest = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage));
            if let Some(rest) = rest.filter(|rest| rest.starts_with('/')) {
                (prefix, path) = path.split_at(path.len() - rest.len());
            }
        }
        Self {
            payload: Payload::V2,
            method,
            path,
            query: text(event.get("rawQueryString")).map(Query::from_encoded).unwrap_or_default(),
            prefix: plain(prefix),
            domain_name: domain_name(context),
            headers: [event.get("headers").and_then(Value::as_object), None],
            event,
        }
    }

    /// Where the world reaches this API as API Gateway tells it: scheme, host, stage or base path.
    ///
    /// `http` for a loopback host (`sam local`), else `https`; none where the event names no host.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        let domain_name = self.domain_name?;
        let scheme = if is_loopback(domain_name) { "http" } else { "https" };
        Some(format!("{scheme}://{domain_name}{}", self.prefix))
    }

    /// What stands before `path` on the public host: the stage or the custom domain's base path, such as `/prod`.
    #[must_use]
    pub fn prefix(&self) -> &'e str {
        self.prefix
    }

    /// Whether the browser only warms up a page that nobody has asked for yet (`Sec-Purpose`, `Purpose`, `X-Moz`).
    #[must_use]
    pub fn is_prefetch(&self) -> bool {
        ["sec-purpose", "purpose", "x-moz"].iter().flat_map(|name| self.header(name)).any(|value| {
            value.split(|separator: char| !separator.is_ascii_alphabetic()).any(|word| {
                ["prefetch", "prerender", "preview"].iter().any(|purpose| word.eq_ignore_ascii_case(purpose))
            })
        })
    }

    /// The ARN of the caller whose signature API Gateway, or Lambda for a function URL, has verified.
    #[must_use]
    pub fn iam_identity(&self) -> Option<&'e str> {
        ["/requestContext/identity/userArn", "/requestContext/authorizer/iam/userArn"]
            .iter()
            .find_map(|pointer| text(self.event.pointer(pointer)).filter(|arn| arn.starts_with("arn:")))
    }

    /// The body, decoded where API Gateway has encoded it; none where there is none or it is no text.
    #[must_use]
    pub fn body(&self) -> Option<Cow<'e, str>> {
        let body = text(self.event.get("body"))?;
        if self.event.get("isBase64Encoded") == Some(&Value::Bool(true)) {
            String::from_utf8(base64::decode(body).ok()?).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(body))
        }
    }

    /// Every value of a cookie (RFC 6265 §4.2.1), without the quotes that it may stand in.
    pub fn cookies(&self, name: &str) -> impl Iterator<Item = &'e str> {
        let list = self.event.get("cookies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let pairs = list.chain(self.header("cookie")).flat_map(|header| header.split(';'));
        pairs.filter_map(move |pair| {
            let (candidate, value) = pair.trim_ascii().split_once('=')?;
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            (candidate == name).then_some(quoted.unwrap_or(value))
        })
    }

    /// Every value of a header.
    pub fn header(&self, name: &str) -> impl Iterator<Item = &'e str> {
        let maps = self.headers.into_iter().flatten();
        let members = maps.flatten().filter(move |(candidate, _)| candidate.eq_ignore_ascii_case(name));
        members
            .flat_map(|(_, value)| match value {
                Value::Array(values) => values.as_slice(),
                value => std::slice::from_ref(value),
            })
            .filter_map(Value::as_str)
    }
}

/// Splits a path into what API Gateway put before the route and the route, by counting the segments of the
/// route's template (`/callback/{proxy+}`); without one the whole path is the route.
fn split<'e>(path: &'e str, template: Option<&str>, event: &Value) -> (&'e str, &'e str) {
    let count = template.and_then(|template| {
        segments(template)
            .map(|segment| {
                let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix("+}"));
                match name {
                    None => Some(1),
                    Some(name) => Some(segments(event.get("pathParameters")?.get(name)?.as_str()?).count()),
                }
            })
            .sum::<Option<usize>>()
    });
    let starts: Vec<usize> = segments(path).map(|segment| segment.as_ptr().addr() - path.as_ptr().addr()).collect();
    match count.filter(|count| *count > 0).and_then(|count| starts.len().checked_sub(count)) {
        // The slash before the route's first segment belongs to the route.
        Some(skipped) => path.split_at(starts[skipped].saturating_sub(1)),
        None => ("", path),
    }
}

/// A member's text; null and any other type are as good as absent.
fn text(member: Option<&Value>) -> Option<&str> {
    member.and_then(Value::as_str)
}

/// The segments of a path that are not empty.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// A stage or base path as API Gateway can have it; nothing else may stand in a URL of ours.
fn plain(prefix: &str) -> &str {
    let path = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'$' | b'/');
    let odd = prefix.contains("//") || prefix.ends_with('/') || !prefix.bytes().all(path);
    if odd { "" } else { prefix }
}

/// `requestContext.domainName`, where it is a host name with or without a port.
fn domain_name(context: &Map<String, Value>) -> Option<&str> {
    let name = context.get("domainName")?.as_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':');
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests;
