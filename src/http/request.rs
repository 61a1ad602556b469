//! A request, read from an event of either payload format, whatever is missing or of the wrong type.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::values::{Query, is_loopback};

/// A mark that some programs write before JSON; RFC 8259 §8.1 lets a parser ignore it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The payload format of an event, and so of its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Payload {
    /// 1.0: REST APIs, and any event that is not API Gateway's.
    V1,
    /// 2.0: HTTP APIs and function URLs.
    V2,
}

/// A request as a browser sent it through API Gateway.
pub(crate) struct Request<'e> {
    /// The payload format that it came in.
    pub(crate) payload: Payload,
    /// The HTTP method.
    pub(crate) method: &'e str,
    /// The path below the stage or base path, as it was sent, such as `/callback/slack`.
    pub(crate) path: &'e str,
    /// The query.
    pub(crate) query: Query,
    prefix: &'e str,
    domain_name: Option<&'e str>,
    headers: [Option<&'e Map<String, Value>>; 2],
    event: &'e Value,
}

/// The event is not API Gateway's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotApiGateway;

impl Payload {
    /// The format of an event: payload 2.0 has `requestContext.http`.
    pub(crate) fn of(event: &Value) -> Self {
        let http = event.get("requestContext").and_then(|context| context.get("http"));
        if http.is_some_and(Value::is_object) { Self::V2 } else { Self::V1 }
    }
}

impl<'e> Request<'e> {
    /// Reads an event: payload 2.0 has `requestContext.http`, payload 1.0 has `httpMethod`.
    pub(crate) fn from_event(event: &'e Value) -> Result<Self, NotApiGateway> {
        // A Lambda authorizer's event looks similar, but it asks for a policy instead of an answer.
        if ["methodArn", "routeArn"].iter().any(|member| event.get(member).is_some()) {
            return Err(NotApiGateway);
        }
        let context = event.get("requestContext").and_then(Value::as_object).ok_or(NotApiGateway)?;
        if let Some(http) = context.get("http").and_then(Value::as_object) {
            let method = http.get("method").and_then(Value::as_str).ok_or(NotApiGateway)?;
            return Ok(Self::version_2(event, context, http, method));
        }
        // An application load balancer's event looks similar, but its query is not decoded.
        let method = event.get("httpMethod").and_then(Value::as_str).ok_or(NotApiGateway)?;
        if context.contains_key("elb") { Err(NotApiGateway) } else { Ok(Self::version_1(event, context, method)) }
    }

    /// Payload 1.0, in which two members hold a path:
    ///
    /// | | `path` | `requestContext.path` |
    /// | --- | --- | --- |
    /// | REST API, own host | route | stage, route |
    /// | REST API, custom domain | base path, route | base path, route |
    /// | HTTP API, own host | stage, route | stage, route |
    /// | HTTP API, custom domain | mapping key, route | stage, route |
    /// | `sam local` | route | template |
    fn version_1(event: &'e Value, context: &'e Map<String, Value>, method: &'e str) -> Self {
        let in_context = text(context.get("path"));
        let path = text(event.get("path")).or(in_context).unwrap_or_default();
        let template = text(event.get("resource")).or_else(|| text(context.get("resourcePath")));
        let (before, route) = split_at_route(path, template, event)
            // The route `$default` of an HTTP API has no template.
            .or_else(|| {
                let (_, route) = split_stage(in_context?, context);
                Some((path.strip_suffix(route)?, route)).filter(|_| route.starts_with('/'))
            })
            .unwrap_or_else(|| split_stage(path, context));
        let is_http_api = text(event.get("version")) == Some("1.0") || template == Some("$default");
        let prefix = if is_own_host(context) || !is_http_api {
            in_context.and_then(|in_context| in_context.strip_suffix(route)).unwrap_or(before)
        } else if before.strip_prefix('/') == text(context.get("stage")) {
            ""
        } else {
            before
        };
        let members = ["multiValueQueryStringParameters", "queryStringParameters"];
        let query = members.iter().find_map(|member| event.get(member)?.as_object().filter(|map| !map.is_empty()));
        Self {
            payload: Payload::V1,
            method,
            path: route,
            query: query.map(Query::from_decoded).unwrap_or_default(),
            prefix: plain(prefix),
            domain_name: domain_name(context),
            headers: ["headers", "multiValueHeaders"].map(|member| event.get(member).and_then(Value::as_object)),
            event,
        }
    }

    /// Payload 2.0, whose path begins with the stage on the API's own host and on custom domains.
    fn version_2(
        event: &'e Value,
        context: &'e Map<String, Value>,
        http: &'e Map<String, Value>,
        method: &'e str,
    ) -> Self {
        let path = text(event.get("rawPath")).or_else(|| text(http.get("path"))).unwrap_or_default();
        let (stage, route) = split_stage(path, context);
        Self {
            payload: Payload::V2,
            method,
            path: route,
            query: text(event.get("rawQueryString")).map(Query::from_encoded).unwrap_or_default(),
            // This payload lacks the mapping key of a custom domain. There, set `PUBLIC_BASE_URL`.
            prefix: if is_own_host(context) { plain(stage) } else { "" },
            domain_name: domain_name(context),
            headers: [event.get("headers").and_then(Value::as_object), None],
            event,
        }
    }

    /// The public address of this API, as the event has it: scheme, host, stage or base path.
    ///
    /// `http` for a loopback host (`sam local`), else `https`; none where the event names no host.
    pub(crate) fn base_url(&self) -> Option<String> {
        let domain_name = self.domain_name?;
        let scheme = if is_loopback(domain_name) { "http" } else { "https" };
        Some(format!("{scheme}://{domain_name}{}", self.prefix))
    }

    /// The part of the public path before `path`: the stage, or the base path of a custom domain, such as `/prod`.
    pub(crate) fn prefix(&self) -> &'e str {
        self.prefix
    }

    /// Whether the browser only fetches a page ahead, before a click (`Sec-Purpose`, `Purpose`, `X-Moz`).
    pub(crate) fn is_prefetch(&self) -> bool {
        ["sec-purpose", "purpose", "x-moz"].iter().flat_map(|name| self.header(name)).any(|value| {
            value.split(|separator: char| !separator.is_ascii_alphabetic()).any(|word| {
                ["prefetch", "prerender", "preview"].iter().any(|purpose| word.eq_ignore_ascii_case(purpose))
            })
        })
    }

    /// The ARN of the caller whose signature API Gateway, or Lambda for a function URL, has verified.
    pub(crate) fn iam_identity(&self) -> Option<&'e str> {
        ["/requestContext/identity/userArn", "/requestContext/authorizer/iam/userArn"]
            .iter()
            .find_map(|pointer| text(self.event.pointer(pointer)).filter(|arn| arn.starts_with("arn:")))
    }

    /// The body without a byte order mark, decoded if API Gateway has encoded it; `None` if there is none or it is not
    /// text.
    pub(crate) fn body(&self) -> Option<Cow<'e, str>> {
        let body = text(self.event.get("body"))?;
        let without_mark = |body: &'e str| body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if self.event.get("isBase64Encoded") != Some(&Value::Bool(true)) {
            return Some(Cow::Borrowed(without_mark(body)));
        }
        let decoded = BASE64_STANDARD.decode(body).ok()?;
        let decoded = decoded.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(&decoded);
        str::from_utf8(decoded).ok().map(|body| Cow::Owned(body.to_owned()))
    }

    /// The value of every cookie with such a name (RFC 6265 §4.2.1), without quotes around it.
    pub(crate) fn cookies(&self, is_named: impl Fn(&str) -> bool) -> impl Iterator<Item = &'e str> {
        let list = self.event.get("cookies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let pairs = list.chain(self.header("cookie")).flat_map(|header| header.split(';'));
        pairs.filter_map(move |pair| {
            let (name, value) = pair.trim_ascii().split_once('=')?;
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            is_named(name).then_some(quoted.unwrap_or(value))
        })
    }

    /// Every value of a header.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &'e str> {
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

/// Splits a path before its route, which a template such as `/callback/{proxy+}` and the path parameters give. A slash
/// at the end is ignored. None for `$default`, and if the path does not end with that route.
fn split_at_route<'e>(path: &'e str, template: Option<&str>, event: &Value) -> Option<(&'e str, &'e str)> {
    let template = without_slash(template?.strip_prefix('/')?);
    let before_route = |path| {
        template.rsplit('/').try_fold(without_slash(path), |rest: &str, segment| {
            let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
            let segment = match name {
                Some(name) => without_slash(text(event.get("pathParameters")?.get(name.trim_end_matches('+')))?),
                None => segment,
            };
            rest.strip_suffix(segment)?.strip_suffix('/')
        })
    };
    // The parameters may be decoded when the path is not. The part before the route has no escapes.
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let before = before_route(path).or_else(|| before_route(&decoded))?;
    path.starts_with(before).then(|| path.split_at(before.len()))
}

/// A path without one slash at its end.
fn without_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Splits an HTTP API's path after the stage, if it begins with the stage. `$default` is never in a path.
fn split_stage<'e>(path: &'e str, context: &Map<String, Value>) -> (&'e str, &'e str) {
    let stage = text(context.get("stage")).filter(|stage| *stage != "$default");
    let below = stage.and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    match below.filter(|below| below.starts_with('/')) {
        Some(below) => path.split_at(path.len() - below.len()),
        None => ("", path),
    }
}

/// Whether the host is the API's own, where every URL begins with the stage, and not a custom domain.
fn is_own_host(context: &Map<String, Value>) -> bool {
    let Some(name) = domain_name(context) else { return false };
    let after_id = text(context.get("apiId")).and_then(|id| name.strip_prefix(id));
    // A local gateway has no custom domains.
    is_loopback(name) || after_id.is_some_and(|rest| rest.starts_with(".execute-api."))
}

/// A member's text; null and any other type count as absent.
fn text(member: Option<&Value>) -> Option<&str> {
    member.and_then(Value::as_str)
}

/// A stage or base path, if it has only characters that API Gateway allows there; else an empty text.
fn plain(prefix: &str) -> &str {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"$-_.+!*'(),~/".contains(&byte);
    let odd =
        !prefix.starts_with('/') || prefix.contains("//") || prefix.ends_with('/') || !prefix.bytes().all(allowed);
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
