//! The promise, whatever else varies: what AppFabric answers, a second delivery, a `state` that no link gave out, and the
//! pages that are configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::Endpoint;
use appfabric_connect::values::StateMode;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::{PAGES, any_json, any_text, well_formed};
use crate::support::{answer, config, granted, header, sdk};

/// An AppFabric that has one answer to everything.
#[derive(Clone, Debug)]
struct Saying {
    status: u16,
    body: String,
    retry_after: Option<String>,
    /// How often a code was sent.
    sent: Arc<AtomicUsize>,
}

impl Saying {
    fn endpoint(&self, config: Config) -> Endpoint {
        let connector = SharedHttpConnector::new(self.clone());
        let sdk = sdk(http_client_fn(move |_, _| connector.clone()), "https://appfabric.example");
        Endpoint::new(config, AppFabric::new(sdk), None)
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

impl HttpConnector for Saying {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.method() == "POST" {
            self.sent.fetch_add(1, Ordering::SeqCst);
        }
        let status = self.status.try_into().expect("it is a status");
        let mut response = HttpResponse::new(status, SdkBody::from(self.body.clone()));
        if let Some(seconds) = &self.retry_after {
            response.headers_mut().insert("retry-after", seconds.clone());
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A runtime in which no pause takes time.
fn in_virtual_time() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

fn anything_said() -> impl Strategy<Value = Saying> {
    let status = prop_oneof![
        prop::sample::select(vec![200_u16, 204, 302, 400, 401, 402, 403, 404, 409, 429, 500, 503]),
        100_u16..1_000,
    ];
    let summary = |status: String, updated_at: String| {
        let authorization = json!({"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK", "authType": "oauth2",
            "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "status": status,
            "createdAt": "2026-11-23T09:00:00Z", "updatedAt": updated_at});
        json!({"appAuthorization": authorization, "appAuthorizationSummary": authorization}).to_string()
    };
    let known = prop::sample::select(vec!["Connected", "PendingConnect", "ConnectionValidationFailed"]);
    let when =
        prop::sample::select(vec!["2026-11-23T09:30:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "now"]);
    let body = prop_oneof![
        4 => (known.prop_map(str::to_owned), when.prop_map(str::to_owned)).prop_map(move |(is, at)| summary(is, at)),
        1 => (any_text(), any_text()).prop_map(move |(is, at)| summary(is, at)),
        1 => any_json().prop_map(|json| json.to_string()),
        1 => any_text(),
    ];
    let retry_after = prop::option::of(prop::sample::select(vec!["0", "1", "-1", "99999999999999999999", "soon", ""]));
    (status, body, retry_after).prop_map(|(status, body, retry_after)| Saying {
        status,
        body,
        retry_after: retry_after.map(str::to_owned),
        sent: Arc::default(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_appfabric_answers_the_code_is_sent_once_and_a_success_is_one(saying in anything_said()) {
        let (endpoint, runtime, event) = (saying.endpoint(config(&PAGES)), in_virtual_time(), granted(1, "once"));
        let first = runtime.block_on(answer(&endpoint, &event));
        well_formed(&first, &event);
        // Only what was throttled is sent again.
        prop_assert!(saying.sent() <= 1 || saying.status == 429, "sent {} times: {:?}", saying.sent(), saying);
        let success = |response: &Value| header(response, "location").contains("outcome=connected");
        let connected = (200..300).contains(&saying.status) && saying.body.contains("Connected");
        prop_assert!(connected || !success(&first), "{:?}: {}", saying, first);

        let sent = saying.sent();
        let again = runtime.block_on(answer(&endpoint, &event));
        well_formed(&again, &event);
        prop_assert_eq!(saying.sent(), sent, "sent again");
        prop_assert!(success(&again) || !success(&first), "{} after {}", again, first);
    }

    #[test]
    fn no_event_sends_a_code_twice_however_often_it_comes(event in any_json(), query in any_text(), path in any_text()) {
        let saying = Saying { status: 500, body: String::new(), retry_after: None, sent: Arc::default() };
        let (endpoint, runtime) = (saying.endpoint(config(&PAGES)), in_virtual_time());
        let mut callback = granted(1, "once");
        callback["rawQueryString"] = json!(format!("code=once&x={query}"));
        // The same app authorization, or one that nobody knows.
        let mut elsewhere = callback.clone();
        elsewhere["rawPath"] = json!([text(&callback["rawPath"]), &path].concat());
        for event in [&event, &callback, &elsewhere, &callback, &elsewhere, &event] {
            well_formed(&runtime.block_on(answer(&endpoint, event)), event);
        }
        prop_assert!(saying.sent() <= 1, "sent {} times", saying.sent());
    }

    #[test]
    fn where_state_is_enforced_nothing_that_no_link_began_sends_a_code(
        state in any_text(), cookie in any_text(), digits in "[0-9a-f]{128}", secret in "[0-9a-f]{64}",
    ) {
        let saying = Saying { status: 200, body: String::new(), retry_after: None, sent: Arc::default() };
        let mut enforcing = config(&PAGES);
        enforcing.state_mode = StateMode::Enforce;
        let (endpoint, runtime) = (saying.endpoint(enforcing), in_virtual_time());
        let named = format!("__Host-appfabric-connect-{}-{}={secret}", &digits[..16], &digits[..8]);
        for (state, cookie) in [(&state, &cookie), (&digits, &cookie), (&digits, &named), (&state, &named)] {
            let mut v2 = granted(1, "once");
            v2["rawQueryString"] = json!(format!("code=once&state={state}"));
            v2["cookies"] = json!([cookie]);
            let mut v1 = json!({"httpMethod": "GET", "path": v2["rawPath"],
                "multiValueQueryStringParameters": {"code": ["once"], "state": [state]}, "headers": {"Cookie": cookie}});
            v1["requestContext"] = json!({"path": v2["rawPath"], "domainName": "api.example.com"});
            for event in [v1, v2] {
                let response = runtime.block_on(answer(&endpoint, &event));
                well_formed(&response, &event);
                let location = header(&response, "location");
                prop_assert!(location.contains("outcome=failed&reason=invalid_"), "{}", location);
            }
        }
        prop_assert_eq!(saying.sent(), 0);
    }

    #[test]
    fn a_page_that_is_taken_is_the_page_that_people_are_sent_to(
        scheme in prop::sample::select(vec!["https://", "http://", "HTTPS://", "https:/", "//", ""]),
        host in prop_oneof![Just("example.com".to_owned()), Just("127.0.0.1:8080".to_owned()), Just("[::1]".to_owned()), any_text()],
        rest in any_text(),
    ) {
        let page = format!("{scheme}{host}/{rest}");
        let config = Config::from_environment(|name| match name {
            "AWS_REGION" => Some("us-east-1".to_owned()),
            "FAILURE_URL" => Some(page.clone()),
            _ => None,
        });
        if let Ok(config) = config {
            let saying = Saying { status: 200, body: String::new(), retry_after: None, sent: Arc::default() };
            let event = json!({"version": "2.0", "rawPath": "/callback/unlisted", "routeKey": "$default",
                "requestContext": {"http": {"method": "GET"}, "domainName": "api.example.com"}});
            let response = in_virtual_time().block_on(answer(&saying.endpoint(config), &event));
            let location = header(&response, "location");
            prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{:?}", location);
            let (to, meant) = (Url::parse(location).expect("a URL"), Url::parse(&page).expect("a URL"));
            prop_assert_eq!((to.origin(), to.path()), (meant.origin(), meant.path()));
            let (said, wanted) = (to.query().unwrap_or_default(), meant.query().unwrap_or_default());
            let ours = said.strip_prefix(wanted).map(|ours| ours.trim_start_matches('&'));
            prop_assert!(ours.is_some_and(|ours| ours.starts_with("outcome=failed&reason=unknown_connection&reference=")), "{}", location);
        }
    }
}
