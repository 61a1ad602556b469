//! One delivery by itself: what a later one says of what was pending, whether or not a `state` has proved anything.

use std::time::{Duration, SystemTime};

use appfabric_connect::app_authorization::{AppAuthorization, AppAuthorizationArn};
use appfabric_connect::appfabric::AppFabric;
use appfabric_connect::authorization_code::AuthorizationCode;
use appfabric_connect::budget::Budget;
use appfabric_connect::callback_log::CallbackLog;
use appfabric_connect::delivery::Delivery;
use appfabric_connect::ledger::{Claimed, CodeKey, Ledger};
use appfabric_connect::outcome::Outcome;
use appfabric_connect::redirect_uri::RedirectUri;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use serde_json::json;

use crate::support::{REFERENCE, arn, sdk};

/// An AppFabric that can be looked at, and is sent nothing.
#[derive(Clone, Debug)]
struct Seen {
    status: &'static str,
    updated_at: SystemTime,
}

impl HttpConnector for Seen {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert_eq!(request.method(), "GET", "a code is sent again");
        let updated_at = DateTime::from(self.updated_at).fmt(Format::DateTime).expect("a date");
        let seen = json!({"appAuthorization": {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
            "authType": "oauth2", "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "status": self.status,
            "createdAt": "2026-11-23T09:00:00Z", "updatedAt": updated_at}});
        let status = 200.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(seen.to_string()))))
    }
}

impl Seen {
    /// What a second delivery says of a code whose first one ended like this, a minute ago, or left no word.
    async fn told(self, first: Option<Outcome>, proven: bool) -> Outcome {
        let app_authorization =
            AppAuthorizationArn::parse(&arn(1).to_string()).map(AppAuthorization::Arn).expect("an ARN");
        let code = || AuthorizationCode::try_from("code".to_owned()).expect("a code");
        let key = CodeKey::new(&app_authorization, &code());
        let ledger = Ledger::new(None);
        let budget = |now| Budget::new(now, Duration::from_secs(25));
        let (Claimed::First(claim), _) = ledger.claim(key.clone(), "the-first", &budget(minute_ago())).await else {
            panic!("nobody had claimed it");
        };
        if let Some(first) = first {
            ledger.record(claim, first, &budget(minute_ago())).await;
        }

        let connector = SharedHttpConnector::new(self);
        let delivery = Delivery {
            appfabric: &AppFabric::new(sdk(http_client_fn(move |_, _| connector.clone()), "https://appfabric.example")),
            ledger: &ledger,
            app_authorization: &app_authorization,
            redirect_uri: &RedirectUri::new("https://connect.example.com", "/callback/slack").expect("a redirect URI"),
            budget: &budget(now()),
            reference: REFERENCE,
            proven,
            strict: false,
            log: &mut CallbackLog::new(REFERENCE, false),
        };
        delivery.conclude(code(), key).await.0
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

fn minute_ago() -> SystemTime {
    now() - Duration::from_mins(1)
}

#[tokio::test(start_paused = true)]
async fn what_was_so_before_the_code_was_claimed_settles_nothing_unless_nobody_has_proved_anything() {
    const CONNECTED: &str = "Connected";
    const FAILED: &str = "ConnectionValidationFailed";
    for pending in [Outcome::Unconfirmed, Outcome::InProgress] {
        for (status, since, proven, expected) in [
            // It was connected before, and the code is to connect it anew.
            (CONNECTED, false, true, pending),
            (CONNECTED, true, true, Outcome::Connected),
            // What is connected is left alone.
            (CONNECTED, false, false, Outcome::Connected),
            (CONNECTED, true, false, Outcome::Connected),
            (FAILED, false, true, pending),
            (FAILED, false, false, pending),
            (FAILED, true, true, Outcome::NotConnected),
            (FAILED, true, false, Outcome::NotConnected),
            ("TokenAutoRotationFailed", false, true, pending),
            ("TokenAutoRotationFailed", true, true, Outcome::NotConnected),
            ("PendingConnect", true, true, pending),
            ("Unheard", true, false, pending),
        ] {
            let changed = if since { minute_ago() } else { minute_ago() - Duration::from_mins(1) };
            let told = Seen { status, updated_at: changed }.told(Some(pending), proven).await;
            assert_eq!(told, expected, "{pending:?}, then {status}; since: {since}, proven: {proven}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_has_proved_something_is_told_what_came_since_of_a_code_whose_owner_is_gone() {
    for (status, since, expected) in [
        ("Connected", true, Outcome::Connected),
        ("Connected", false, Outcome::Unconfirmed),
        ("PendingConnect", true, Outcome::Unconfirmed),
        ("ConnectionValidationFailed", true, Outcome::NotConnected),
    ] {
        let updated_at = if since { now() } else { minute_ago() - Duration::from_mins(1) };
        assert_eq!(Seen { status, updated_at }.told(None, true).await, expected, "{status} {since}");
    }
}
