//! What init does ahead of the first callback, and that nothing depends on it.

use std::time::Duration;

use appfabric_connect::config::StateMode;
use appfabric_emulator::appfabric::Operation;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::flows::site::{Browser, Payload, Site, listed};
use crate::pipe::Way;
use crate::support::arn;

/// A person's way from a link to the outcome.
async fn connect(site: &Site, connection: &Value) {
    let link = site.link(connection).await;
    let person = Browser::default();
    let pressed = person.consent(site, &link).await;
    assert_eq!(person.return_with(site, &pressed, "code").await.ending(), ("connected".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn where_the_table_is_asked_first_the_code_goes_by_a_connection_that_init_has_opened() {
    let listed = listed();
    let first = arn(1);
    let named = json!({ "appBundleIdentifier": first.bundle().uuid(), "appAuthorizationIdentifier": first.uuid() });
    for (variables, connection) in
        [(vec![("APP_AUTHORIZATIONS", listed.as_str())], json!({ "connection": "slack" })), (vec![], named)]
    {
        let site = Site::new(&variables, StateMode::Enforce, Payload::Http).await;
        site.prepare().await;
        let calls = site.pipes.emulator().calls();
        let [call] = calls.as_slice() else { panic!("{calls:?}") };
        assert_eq!((call.operation, call.status), (Some(Operation::Get), Some(403)));
        assert_eq!(call.error_type.as_deref(), Some("MissingAuthenticationTokenException"));
        assert_eq!((call.region.as_deref(), call.headers.contains_key("x-amz-date")), (None, false));
        assert_eq!(call.path, "/appbundles/none/appauthorizations/none");
        connect(&site, &connection).await;
        assert_eq!(site.pipes.connections(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn where_appfabric_is_asked_first_init_calls_nobody() {
    for mode in [StateMode::Off, StateMode::Report] {
        let site = Site::new(&[("APP_AUTHORIZATIONS", &listed())], mode, Payload::Http).await;
        site.prepare().await;
        assert_eq!((site.calls(), site.pipes.connections()), ([0, 0, 0], 0), "{mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_between_takes_three_seconds_at_most_and_spoils_nothing() {
    for (way, most) in [(Way::Refused, 0), (Way::Silent, 3_000)] {
        let site = Site::enforcing(Payload::Http).await;
        site.pipes.set(Operation::Get, way, 1);
        let started = Instant::now();
        site.prepare().await;
        let (taken, most) = (started.elapsed(), Duration::from_millis(most));
        assert!(taken >= most && taken <= most + Duration::from_millis(5), "{way:?}: {taken:?}");
        connect(&site, &json!({ "connection": "slack" })).await;
    }
}
