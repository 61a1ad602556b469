//! A table that loses writes, or its answers to them: the outcome of a code is still known.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use appfabric_connect::aws::AppFabric;
use appfabric_connect::aws::Table;
use appfabric_connect::http::Endpoint;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::lines::Lines;
use crate::support::{answer, answer_within, config, event, header, sdk};

/// AppFabric that refuses every code, and a table with one item.
#[derive(Clone, Debug, Default)]
struct Services(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    trouble: Trouble,
    claim: Option<Value>,
    outcomes: Vec<Value>,
    sends: usize,
}

/// What the table loses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Trouble {
    #[default]
    Nothing,
    /// Every outcome that is written to it.
    Outcomes,
    /// Its answers to claims; it stores the claims.
    AnswersToClaims,
    /// Everything: it is away.
    Everything,
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut contents = self.0.lock().expect("nobody panicked");
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let body = request.body().bytes().unwrap_or_default();
        let trouble = contents.trouble;
        let (status, answer) = match (operation, request.method()) {
            (Some(_), _) if trouble == Trouble::Everything => (500, json!({"__type": "InternalServerError"})),
            (Some("PutItem"), _) => match &contents.claim {
                None => {
                    let put: Value = serde_json::from_slice(body).expect("JSON");
                    contents.claim = Some(put["Item"].clone());
                    if trouble == Trouble::AnswersToClaims {
                        (500, json!({"__type": "InternalServerError"}))
                    } else {
                        (200, json!({}))
                    }
                }
                Some(_) if trouble == Trouble::AnswersToClaims => (500, json!({"__type": "InternalServerError"})),
                Some(item) => (400, json!({"__type": "ConditionalCheckFailedException", "Item": item})),
            },
            (Some("GetItem"), _) => (200, json!({ "Item": contents.claim })),
            (Some("UpdateItem"), _) if trouble != Trouble::Outcomes => {
                let update: Value = serde_json::from_slice(body).expect("JSON");
                let values = &update["ExpressionAttributeValues"];
                let owned = contents.claim.as_ref().is_some_and(|claim| claim["owner"] == values[":owner"]);
                contents.outcomes.extend(owned.then(|| values[":reason"]["S"].clone()));
                (200, json!({}))
            }
            (Some(_), _) => (500, json!({"__type": "InternalServerError"})),
            (None, "GET") => (
                200,
                json!({"appAuthorization": {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
                    "authType": "oauth2", "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"},
                    "status": "PendingConnect", "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}}),
            ),
            (None, _) => {
                contents.sends += 1;
                (400, json!({"__type": "ValidationException", "message": "used", "reason": "other"}))
            }
        };
        let mut answer = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(answer.to_string()));
        if operation.is_none() && status == 400 {
            answer.headers_mut().insert("x-amzn-errortype", "ValidationException");
        }
        HttpConnectorFuture::ready(Ok(answer))
    }
}

/// The function with these services.
fn function(services: &Services, state_mode: &str) -> Endpoint {
    let connector = SharedHttpConnector::new(services.clone());
    let sdk = sdk(http_client_fn(move |_, _| connector.clone()), "https://services.invalid");
    let config = config(&[("FLOW_TABLE", "flows"), ("STATE_MODE", state_mode)]);
    let table = Table::new(&sdk, config.flow_table.as_ref().expect("a table"));
    Endpoint::new(config, AppFabric::new(sdk), Some(table))
}

/// Delivers the code, which AppFabric refuses.
async fn deliver(endpoint: &Endpoint) {
    let response = answer(endpoint, &event("rest", "connected")).await;
    let location = header(&response, "location");
    assert!(location.contains("?outcome=failed&reason=code_rejected&"), "{location}");
}

impl Services {
    fn suffer(&self, trouble: Trouble) {
        self.0.lock().expect("nobody panicked").trouble = trouble;
    }

    /// Whether the code was claimed.
    fn claimed(&self) -> bool {
        self.0.lock().expect("nobody panicked").claim.is_some()
    }

    /// How often the code was sent, and which outcomes the owner of the claim has recorded.
    fn met(&self) -> (usize, Vec<Value>) {
        let contents = self.0.lock().expect("nobody panicked");
        (contents.sends, contents.outcomes.clone())
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_the_table_has_lost_is_told_by_the_instance_that_knows_it() {
    let services = Services::default();
    services.suffer(Trouble::Outcomes);
    let endpoint = function(&services, "off");
    deliver(&endpoint).await;
    deliver(&endpoint).await;
    assert_eq!(services.met(), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_also_where_the_answer_to_the_claim_was_lost() {
    let services = Services::default();
    services.suffer(Trouble::AnswersToClaims);
    deliver(&function(&services, "off")).await;
    assert_eq!(services.met(), (1, vec![json!("code_rejected")]));
}

#[tokio::test(start_paused = true)]
async fn what_was_settled_without_the_table_it_learns_when_the_code_comes_again() {
    let services = Services::default();
    services.suffer(Trouble::Everything);
    let endpoint = function(&services, "off");
    deliver(&endpoint).await;
    assert_eq!(services.met(), (1, vec![]));
    services.suffer(Trouble::Nothing);
    deliver(&endpoint).await;
    assert_eq!(services.met(), (1, vec![json!("code_rejected")]));
}

#[tokio::test(start_paused = true)]
async fn where_no_time_is_left_the_table_is_not_asked_and_not_blamed() {
    let (lines, _listening) = Lines::listen();
    let services = Services::default();
    services.suffer(Trouble::Everything);
    let mut event = event("http", "connected");
    event["rawQueryString"] = json!(format!("code=a-code&state={}", "0".repeat(128)));
    let response = answer_within(&function(&services, "enforce"), &event, Duration::from_secs(1)).await;
    assert!(header(&response, "location").contains("&reason=temporarily_unavailable&"));
    assert_eq!((services.met(), services.claimed()), ((0, vec![]), false));
    let lines = lines.take();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&line["aws.error_code"], &line["ledger"]), (&json!("NoTimeLeft"), &Value::Null));
}
