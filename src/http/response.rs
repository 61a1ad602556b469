//! A response, and the form in which API Gateway takes it.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::Payload;

/// The `Content-Security-Policy` of every page: nothing but its own style sheet, named by hash.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-2QlbSF587QCjLuP1VyvEBkKj4tEWJs50WwmQ50MaW0s='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A response to a browser; each has the same security headers.
#[derive(Debug)]
pub(super) struct Response {
    status: StatusCode,
    headers: HeaderMap,
    cookies: Vec<String>,
    body: Option<String>,
}

/// A response as API Gateway takes it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum EventResponse {
    /// Payload 1.0.
    V1(Box<ApiGatewayProxyResponse>),
    /// Payload 2.0.
    V2(Box<ApiGatewayV2httpResponse>),
}

impl Response {
    /// A response without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        Self { status, headers, cookies: Vec::new(), body: None }
    }

    /// A page.
    pub(super) fn page(status: StatusCode, html: String) -> Self {
        Self::json(status, "text/html; charset=utf-8", html)
    }

    /// JSON, or another text of this type.
    pub(super) fn json(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let response = Self::empty(status).with(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { body: Some(body), ..response }
    }

    /// `303 See Other` (RFC 9700 §4.12: never 307, which would send a form on).
    pub(crate) fn see_other(location: HeaderValue) -> Self {
        Self::empty(StatusCode::SEE_OTHER).with(header::LOCATION, location)
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with one more cookie (RFC 6265 §4.1).
    pub(crate) fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The same without its body, as `HEAD` is answered.
    pub(crate) fn without_body(mut self) -> Self {
        self.body = None;
        self
    }

    /// The form that API Gateway takes.
    pub(crate) fn into_event(self, payload: Payload) -> EventResponse {
        let status_code = i64::from(self.status.as_u16());
        let body = self.body.map(Body::Text);
        match payload {
            Payload::V1 => {
                let mut response = ApiGatewayProxyResponse::default();
                // One header name for several cookies: only this member can hold that.
                let cookies = self.cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok());
                response.multi_value_headers.extend(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
                (response.status_code, response.headers, response.body) = (status_code, self.headers, body);
                EventResponse::V1(Box::new(response))
            }
            Payload::V2 => {
                let mut response = ApiGatewayV2httpResponse::default();
                response.cookies = self.cookies;
                (response.status_code, response.headers, response.body) = (status_code, self.headers, body);
                EventResponse::V2(Box::new(response))
            }
        }
    }
}

/// The same policy for a page with a form, which may be sent to this API and redirected on to these origins.
///
/// Chromium checks the policy at each redirect until a page comes. An application may first send the browser to another host
/// to sign in; one that has consent already leads straight on to the callback and the result page. These hosts cannot be
/// known in advance, so every `https` host is allowed.
pub(super) fn policy_with_form<'o>(origins: impl IntoIterator<Item = &'o str>) -> HeaderValue {
    let to: Vec<&str> = ["form-action 'self'"].into_iter().chain(origins).chain(["https:"]).collect();
    let policy = CONTENT_SECURITY_POLICY.replace("form-action 'none'", &to.join(" "));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::AuthUrl;

    proptest! {
        // Texts that are nearly URLs, with whatever could mean something to a policy or a header.
        #[test]
        fn no_url_adds_anything_to_the_policy(
            url in "(https://|https://|https:|http://|https:/)?([a-z0-9-]{1,8}[.;,'%:@*_\\[ \\\\]?){1,3}(%3B|;)?(frame-ancestors|script-src)?[/?#]?[ -~]{0,20}"
        ) {
            let parsed = AuthUrl::parse(&url);
            let policy = policy_with_form(parsed.as_ref().map(AuthUrl::origin));
            let names = |policy: &str| {
                policy.split(';').map(|directive| directive.trim().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
            };
            prop_assert_eq!(names(policy.to_str().unwrap()), names(CONTENT_SECURITY_POLICY));
            let form = policy.to_str().unwrap().split(';').find_map(|one| one.trim().strip_prefix("form-action ")).unwrap();
            let sources: Vec<&str> = form.split(' ').collect();
            let expected = [Some("'self'"), parsed.as_ref().map(AuthUrl::origin), Some("https:")];
            prop_assert_eq!(sources, expected.into_iter().flatten().collect::<Vec<_>>());
            if let Some(origin) = parsed.as_ref().map(AuthUrl::origin) {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte);
                prop_assert!(origin.bytes().all(plain), "{}", origin);
            }
        }
    }
}
