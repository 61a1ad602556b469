//! A table that takes the claim and loses the record: the instance that has spent the code still knows what came of it.

use std::sync::{Arc, Mutex};

use appfabric_connect::appfabric::AppFabric;
use appfabric_connect::endpoint::Endpoint;
use appfabric_connect::table::Table;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::support::{answer, config, event, header, sdk};

/// AppFabric that refuses every code, and a table that takes one claim and no outcome.
#[derive(Clone, Debug, Default)]
struct Services(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    claim: Option<Value>,
    sends: usize,
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut contents = self.0.lock().expect("nobody panicked");
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let body = request.body().bytes().unwrap_or_default();
        let (status, answer) = match (operation, request.method()) {
            (Some("PutItem"), _) => match &contents.claim {
                None => {
                    let put: Value = serde_json::from_slice(body).expect("JSON");
                    contents.claim = Some(put["Item"].clone());
                    (200, json!({}))
                }
                Some(item) => (400, json!({"__type": "ConditionalCheckFailedException", "Item": item})),
            },
            (Some("GetItem"), _) => (200, json!({ "Item": contents.claim })),
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

#[tokio::test(start_paused = true)]
async fn an_outcome_that_the_table_has_lost_is_told_by_the_instance_that_knows_it() {
    let services = Services::default();
    let connector = SharedHttpConnector::new(services.clone());
    let sdk = sdk(http_client_fn(move |_, _| connector.clone()), "https://services.invalid");
    let config = config(&[("FLOW_TABLE", "flows"), ("STATE_MODE", "off")]);
    let table = Table::new(&sdk, config.flow_table.as_ref().expect("a table"));
    let endpoint = Endpoint::new(config, AppFabric::new(sdk.clone()), Some(table));
    for delivery in ["first", "second"] {
        let response = answer(&endpoint, &event("rest", "connected")).await;
        let location = header(&response, "location");
        assert!(location.contains("?outcome=failed&reason=code_rejected&"), "{delivery}: {location}");
    }
    assert_eq!(services.0.lock().expect("nobody panicked").sends, 1);
}
