//! Requests as API Gateway hands them over, in either payload format, and what it is answered.

use std::sync::LazyLock;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use url::Url;

use crate::support::event;

/// The payload format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Payload {
    /// 1.0, of a REST API.
    Rest,
    /// 2.0, of an HTTP API.
    Http,
}

pub(crate) const PAYLOADS: [Payload; 2] = [Payload::Rest, Payload::Http];

/// A request on its way to API Gateway.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    /// Names and values, decoded.
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// `name=value`, each.
    cookies: Vec<String>,
    body: Value,
    signed: bool,
}

/// The answer as the JSON that Lambda gets.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Payload {
    /// The folder of its events.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Http => "http",
        }
    }

    /// An event to change, read once.
    fn usual_event(self) -> &'static Value {
        static EVENTS: LazyLock<[Value; 2]> =
            LazyLock::new(|| PAYLOADS.map(|payload| event(payload.folder(), "connected")));
        &EVENTS[usize::from(self == Self::Http)]
    }
}

impl Request {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        let (query, headers, cookies) = (Vec::new(), Vec::new(), Vec::new());
        Self { method, path: path.into(), query, headers, cookies, body: Value::Null, signed: false }
    }

    /// The authorization response with this code and, maybe, states.
    pub(crate) fn callback(callback: &str, code: &str, states: &[&str]) -> Self {
        let states = states.iter().map(|state| ("state".to_owned(), (*state).to_owned()));
        let query = [("code".to_owned(), code.to_owned())].into_iter().chain(states);
        Self { query: query.collect(), ..Self::new("GET", format!("/callback/{callback}")) }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn cookies(self, cookies: Vec<String>) -> Self {
        Self { cookies, ..self }
    }

    pub(crate) fn body(self, body: impl Into<Value>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The same with a signature that API Gateway has verified.
    pub(crate) fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    /// The event, at this host where it is not the usual one.
    pub(crate) fn event(&self, payload: Payload, domain_name: Option<&str>) -> Value {
        let mut event = payload.usual_event().clone();
        if let Some(domain_name) = domain_name {
            event["requestContext"]["domainName"] = json!(domain_name);
        }
        event["body"] = self.body.clone();
        let (template, parameters) = self.resource();
        event["pathParameters"] = parameters;
        match payload {
            Payload::Rest => self.fill_rest(&mut event, &template, domain_name.is_some()),
            Payload::Http => self.fill_http(&mut event, &template),
        }
        event
    }

    fn fill_rest(&self, event: &mut Value, template: &str, no_stage: bool) {
        let stage = if no_stage { "" } else { "/prod" };
        let (path, method) = (&self.path, self.method);
        for (pointer, value) in [
            ("/resource", json!(template)),
            ("/path", json!(path)),
            ("/httpMethod", json!(method)),
            ("/requestContext/resourcePath", json!(template)),
            ("/requestContext/path", json!(format!("{stage}{path}"))),
            ("/requestContext/httpMethod", json!(method)),
        ] {
            *event.pointer_mut(pointer).expect("the event has it") = value;
        }
        let mut query = Map::new();
        for (name, value) in &self.query {
            let values = query.entry(name).or_insert(json!([])).as_array_mut().expect("a list");
            values.push(json!(value));
        }
        let last = |values: &Value| values.as_array().and_then(|values| values.last().cloned());
        let single = query.iter().map(|(name, values)| (name.clone(), last(values).expect("a value")));
        event["queryStringParameters"] = single.collect::<Map<_, _>>().into();
        event["multiValueQueryStringParameters"] = query.into();
        let cookie = Some(self.cookies.join("; ")).filter(|cookies| !cookies.is_empty());
        let cookie = cookie.map(|cookies| ("Cookie".to_owned(), cookies));
        let mut headers = vec![("Host".to_owned(), "abc123def4.execute-api.us-east-1.amazonaws.com".to_owned())];
        headers.extend(self.headers.iter().cloned().chain(cookie));
        event["headers"] =
            headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into();
        let several = headers.into_iter().map(|(name, value)| (name, json!([value])));
        event["multiValueHeaders"] = several.collect::<Map<_, _>>().into();
        if self.signed {
            event["requestContext"]["identity"]["userArn"] = json!("arn:aws:iam::123456789012:user/operator");
        }
    }

    fn fill_http(&self, event: &mut Value, template: &str) {
        let route = format!("{} {template}", self.method);
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let query = self.query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        event["rawQueryString"] = query.collect::<Vec<_>>().join("&").into();
        event["routeKey"] = json!(route);
        event["rawPath"] = json!(self.path);
        event["requestContext"]["routeKey"] = json!(route);
        event["requestContext"]["http"]["method"] = json!(self.method);
        event["requestContext"]["http"]["path"] = json!(self.path);
        event["cookies"] = json!(self.cookies);
        let headers = self.headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value)));
        event["headers"] = headers.collect::<Map<_, _>>().into();
        if self.signed {
            let user = json!({ "userArn": "arn:aws:iam::123456789012:user/operator" });
            event["requestContext"]["authorizer"] = json!({ "iam": user });
        }
    }

    /// The template of the route, and what of the path stands for its variable.
    fn resource(&self) -> (String, Value) {
        match self.path.trim_start_matches('/').split_once('/') {
            Some(("callback", proxy)) => ("/callback/{proxy+}".to_owned(), json!({ "proxy": proxy })),
            Some((route, flow)) => (format!("/{route}/{{flow}}"), json!({ "flow": flow })),
            None => (self.path.clone(), Value::Null),
        }
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u64 {
        self.0["statusCode"].as_u64().expect("a status")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0["headers"][name].as_str()
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no location in {}", self.0))
    }

    /// A parameter of `Location`, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let location = Url::parse(self.location()).expect("an absolute URL");
        let mut found = location.query_pairs().filter(|(candidate, _)| candidate == name);
        let value = found.next().map(|(_, value)| value.into_owned());
        assert!(found.next().is_none(), "{name} twice in {location}");
        value
    }

    /// `outcome` and `reason`.
    pub(crate) fn ending(&self) -> (String, Option<String>) {
        assert_eq!(self.status(), 303, "{}", self.0);
        (self.parameter("outcome").expect("an outcome"), self.parameter("reason"))
    }

    pub(crate) fn body(&self) -> &str {
        self.0["body"].as_str().unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("{error}: {}", self.0))
    }

    /// Every `Set-Cookie`, from where the payload format has it.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lists = [&self.0["multiValueHeaders"]["set-cookie"], &self.0["cookies"]];
        lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
    }
}
