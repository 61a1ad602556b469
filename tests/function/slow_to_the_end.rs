//! A table and an AppFabric that are slow until the end of the time: the answer still leaves in time.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use appfabric_connect::aws::AppFabric;
use appfabric_connect::aws::Table;
use appfabric_connect::http::Endpoint;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{answer_within, config, granted, header, sdk};

/// How long an answer takes, in milliseconds, or that it never comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Answers {
    After(u64),
    Never,
}

/// What comes of the Connect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Connect {
    Pending,
    Fails,
    Hangs,
}

/// When the table and the looks become slow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Slow {
    FromTheStart,
    FromTheConnect,
}

/// A table that takes everything, and AppFabric.
#[derive(Clone, Debug)]
struct Services {
    table: Answers,
    look: Answers,
    connect: Connect,
    slow: Slow,
    connecting: Arc<AtomicBool>,
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_table = request.headers().get("x-amz-target").is_some();
        let is_connect = !is_table && request.method() == "POST";
        self.connecting.fetch_or(is_connect, Ordering::Relaxed);
        let is_slow = self.slow == Slow::FromTheStart || self.connecting.load(Ordering::Relaxed);
        let answers = match (is_table, is_connect) {
            (_, true) if self.connect == Connect::Hangs => Answers::Never,
            (_, true) => Answers::After(0),
            _ if !is_slow => Answers::After(0),
            (true, _) => self.table,
            (false, _) => self.look,
        };
        let body = if is_table { taken(&request) } else { waiting() };
        let status = if is_connect && self.connect == Connect::Fails { 500 } else { 200 };
        HttpConnectorFuture::new(async move {
            match answers {
                Answers::After(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
                Answers::Never => pending().await,
            }
            let body = SdkBody::from(body.to_string());
            Ok(HttpResponse::new(status.try_into().expect("a status"), body))
        })
    }
}

/// The table's answer to a change: the flow's item if the change uses the `state`, otherwise nothing.
fn taken(request: &HttpRequest) -> Value {
    let request: Value = serde_json::from_slice(request.body().bytes().expect("a body in memory")).expect("JSON");
    if request["ReturnValues"] != "ALL_NEW" {
        return json!({});
    }
    let values = &request["ExpressionAttributeValues"];
    let redirect_uri = json!({ "S": "https://connect.example.com/callback/slack" });
    let press = json!({ "cookie": values[":cookie0"], "redirect_uri": redirect_uri, "code": values[":code"], "used_at": values[":now"] });
    let mut item = json!({
        "callback": { "S": "slack" }, "app_authorization": values[":app_authorization"], "valid_until": values[":now"],
    });
    let change = request["UpdateExpression"].as_str().and_then(|change| change.strip_prefix("SET "));
    let state = change.and_then(|change| change.split('.').next()).expect("the attribute of a press");
    item[state] = json!({ "M": press });
    json!({ "Attributes": item })
}

/// The same member for both calls; each reads its own.
fn waiting() -> Value {
    let authorization = json!({"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
        "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "authType": "oauth2",
        "status": "PendingConnect", "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"});
    json!({"appAuthorization": authorization, "appAuthorizationSummary": authorization})
}

/// How long the answer takes to a callback that has this much time.
async fn elapsed(services: Services, mode: &'static str, remaining: Duration) -> Duration {
    let connector = SharedHttpConnector::new(services.clone());
    let sdk = sdk(http_client_fn(move |_, _| connector.clone()), "https://services.invalid");
    let config = config(&[("FLOW_TABLE", "flows"), ("STATE_MODE", mode)]);
    let table = Table::new(&sdk, config.flow_table.as_ref().expect("a table"));
    let endpoint = Endpoint::new(config, AppFabric::new(sdk), Some(table));
    // A state in the right shape, and its flow's cookie: the table takes both, so that there is a flow to be finished.
    let mut event = granted(1, "code");
    event["rawQueryString"] = json!(format!("code=code&state={}", "0".repeat(128)));
    let cookie = format!("__Host-appfabric-connect-{}-{}={}", "0".repeat(16), "0".repeat(8), "1".repeat(64));
    event["cookies"] = json!([cookie]);
    let started = Instant::now();
    let response = answer_within(&endpoint, &event, remaining).await;
    let elapsed = started.elapsed();
    assert_eq!(response["statusCode"], 303, "{services:?}, {mode}: {response}");
    let location = header(&response, "location");
    if services.slow == Slow::FromTheConnect && remaining > Duration::from_secs(4) {
        assert!(location.contains("?outcome=pending&"), "{services:?}, {mode}: {location}");
    }
    elapsed
}

fn ways(slow: &[Slow], looks: &[Answers], tables: &[Answers]) -> Vec<Services> {
    let mut ways = Vec::new();
    for &slow in slow {
        for &look in looks {
            for &table in tables {
                for connect in [Connect::Pending, Connect::Fails, Connect::Hangs] {
                    ways.push(Services { table, look, connect, slow, connecting: Arc::default() });
                }
            }
        }
    }
    ways
}

#[tokio::test(start_paused = true)]
async fn however_table_and_appfabric_are_slow_the_answer_leaves_in_time() {
    let looks = [Answers::After(0), Answers::After(1_900), Answers::Never];
    let tables = [Answers::After(0), Answers::After(900), Answers::Never];
    let mut count = 0;
    let mut wrong = Vec::new();
    for remaining in [29_000, 21_000, 10_000, 3_000].map(Duration::from_millis) {
        let most = remaining.saturating_sub(Duration::from_secs(1)).min(Duration::from_millis(19_100));
        for mode in ["off", "enforce"] {
            for services in ways(&[Slow::FromTheStart, Slow::FromTheConnect], &looks, &tables) {
                count += 1;
                let name = format!("{services:?}");
                let elapsed = elapsed(services, mode, remaining).await;
                if elapsed > most {
                    wrong.push(format!("{mode}, {remaining:?} left: {elapsed:?}, {name}"));
                }
            }
        }
    }
    println!("figures: {count} ways in which table and AppFabric are slow");
    assert!(wrong.is_empty(), "{} of {count} come too late:\n{}", wrong.len(), wrong.join("\n"));
}
