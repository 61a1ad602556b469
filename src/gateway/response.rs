//! A response, and the form in which API Gateway takes it.

use aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::Payload;
use crate::pages;

/// A response to a browser; every one has the headers that the README lists.
#[derive(Debug)]
pub struct Response {
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
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        let headers = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, pages::CONTENT_SECURITY_POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        Self { status, headers, cookies: Vec::new(), body: None }
    }

    /// A page.
    #[must_use]
    pub fn page(status: StatusCode, html: String) -> Self {
        let mut page =
            Self::empty(status).with(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page.body = Some(html);
        page
    }

    /// JSON, or a kind of it.
    #[must_use]
    pub fn json(status: StatusCode, content_type: &'static str, body: String) -> Self {
        let mut json = Self::empty(status).with(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        json.body = Some(body);
        json
    }

    /// `303 See Other` (RFC 9700 §4.12: never 307, which would send a form on).
    #[must_use]
    pub fn see_other(location: HeaderValue) -> Self {
        Self::empty(StatusCode::SEE_OTHER).with(header::LOCATION, location)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with one more cookie (RFC 6265 §4.1).
    #[must_use]
    pub fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The same without its body, as `HEAD` is answered.
    #[must_use]
    pub fn without_body(mut self) -> Self {
        self.body = None;
        self
    }

    /// The form that API Gateway takes.
    #[must_use]
    pub fn into_event(self, payload: Payload) -> EventResponse {
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
