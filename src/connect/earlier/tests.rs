//! What a later delivery says of a code that was pending, or whose first delivery left no word.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use serde_json::json;

use super::*;
use crate::aws::AppFabric;
use crate::connect::report::Calls;
use crate::connect::store::Claimed;
use crate::values::{AppAuthorization, AuthorizationCode, Budget};

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
        let (store, app_authorization) = (Store::new(None), app_authorization());
        claimed(&store, first, minute_ago()).await;
        let (appfabric, budget, calls) = (self.appfabric(), budget(now()), Calls::default());
        let mut dealings =
            Dealings { appfabric: &appfabric, app_authorization: &app_authorization, budget: &budget, proven, calls };
        let (Claimed::Before(entry), _) = store.claim(key(), "the-second", &budget).await else {
            panic!("it was claimed before");
        };
        later(&store, &mut dealings, &key(), entry).await.0
    }

    /// What another code with the same `state` is told, this long after the first one came.
    async fn told_another(self, store: &Store, since: Duration, link_is_good: bool) -> Outcome {
        let (appfabric, app_authorization, budget) = (self.appfabric(), app_authorization(), budget(now()));
        let (proven, calls) = (true, Calls::default());
        let mut dealings =
            Dealings { appfabric: &appfabric, app_authorization: &app_authorization, budget: &budget, proven, calls };
        another(store, &mut dealings, &Used { code: key(), at: now() - since }, link_is_good).await.0
    }

    fn appfabric(self) -> AppFabric {
        let connector = SharedHttpConnector::new(self);
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(SdkRegion::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        AppFabric::new(sdk)
    }
}

fn app_authorization() -> AppAuthorization {
    let uuid = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let arn = format!("arn:aws:appfabric:us-east-1:123456789012:appbundle/{uuid}/appauthorization/{uuid}");
    AppAuthorization::parse_arn(&arn).expect("an ARN")
}

fn key() -> Hash {
    Hash::of_code(&app_authorization(), &AuthorizationCode::try_from("code".to_owned()).expect("a code"))
}

fn budget(now: SystemTime) -> Budget {
    Budget::new(now, Duration::from_secs(25))
}

/// Lets the first delivery claim the code then, and end like this, or leave no word.
async fn claimed(store: &Store, first: Option<Outcome>, then: SystemTime) {
    let (Claimed::First(claim), _) = store.claim(key(), "the-first", &budget(then)).await else {
        panic!("it was not claimed before");
    };
    if let Some(first) = first {
        store.record(claim, first, &budget(then)).await.expect("memory answers");
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

#[tokio::test(start_paused = true)]
async fn another_code_with_a_used_state_is_told_what_came_of_the_first_one() {
    const JUST_NOW: Duration = Duration::from_secs(1);
    const LONG_AGO: Duration = Duration::from_mins(1);
    let waits = || Seen { status: "PendingConnect", updated_at: minute_ago() };
    // It was not claimed yet, or will not be any more.
    for (since, link_is_good, expected) in [
        (JUST_NOW, true, Outcome::InProgress),
        (Duration::from_millis(29_999), true, Outcome::InProgress),
        (Duration::from_secs(30), true, Outcome::InvalidState),
        (LONG_AGO, false, Outcome::LinkExpired),
    ] {
        assert_eq!(waits().told_another(&Store::new(None), since, link_is_good).await, expected, "{since:?}");
    }
    // Its first delivery is still running.
    let store = Store::new(None);
    claimed(&store, None, now() - JUST_NOW).await;
    assert_eq!(waits().told_another(&store, JUST_NOW, true).await, Outcome::InProgress);
    // Its first delivery is gone, and AppFabric knows.
    for (status, expected) in [
        ("Connected", Outcome::LinkUsed),
        ("PendingConnect", Outcome::Unconfirmed),
        ("ConnectionValidationFailed", Outcome::InvalidState),
    ] {
        let store = Store::new(None);
        claimed(&store, None, minute_ago()).await;
        assert_eq!(Seen { status, updated_at: now() }.told_another(&store, LONG_AGO, true).await, expected, "{status}");
    }
    for outcome in Outcome::ALL {
        let store = Store::new(None);
        claimed(&store, Some(outcome), now() - JUST_NOW).await;
        let expected = match outcome.page() {
            ResultPage::Connected => [Outcome::LinkUsed; 2],
            ResultPage::Pending => [outcome; 2],
            ResultPage::Failed => [Outcome::InvalidState, Outcome::LinkExpired],
        };
        for (link_is_good, expected) in [true, false].into_iter().zip(expected) {
            assert_eq!(waits().told_another(&store, JUST_NOW, link_is_good).await, expected, "{outcome:?}");
        }
    }
}
