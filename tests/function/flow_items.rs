//! What of a flow goes to the table: a whole journey, with every request to DynamoDB read.

use std::sync::{Arc, Mutex};

use appfabric_connect::appfabric::AppFabric;
use appfabric_connect::endpoint::Endpoint;
use appfabric_connect::table::Table;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};

use crate::support::{answer, config, event, header, json as json_file, root, sdk};

/// AppFabric that always connects, and a table that does what it is told, whatever the conditions.
#[derive(Clone, Debug, Default)]
struct Services(Arc<Mutex<Contents>>);

/// The table's items by their ids, and every request as it came.
#[derive(Debug, Default)]
struct Contents {
    items: Map<String, Value>,
    requests: Vec<String>,
}

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let answer = if let Some(operation) = operation {
            let body = std::str::from_utf8(request.body().bytes().expect("a body in memory")).expect("a text");
            let mut contents = self.0.lock().expect("nobody panicked");
            contents.requests.push(body.to_owned());
            contents.perform(operation, &serde_json::from_str(body).expect("JSON"))
        } else {
            let (member, status) = match request.method() {
                "GET" => ("appAuthorization", "PendingConnect"),
                _ => ("appAuthorizationSummary", "Connected"),
            };
            json!({member: {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK", "authType": "oauth2",
                "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "status": status,
                "authUrl": "https://application.invalid/authorize",
                "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}})
        };
        let status = 200.try_into().expect("200 is a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))))
    }
}

impl Contents {
    fn perform(&mut self, operation: &str, request: &Value) -> Value {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        match operation {
            "PutItem" => {
                self.items.insert(text(&request["Item"]["id"]["S"]), request["Item"].clone());
                json!({})
            }
            "GetItem" => {
                self.items.get(&text(&request["Key"]["id"]["S"])).map_or(json!({}), |item| json!({ "Item": item }))
            }
            "UpdateItem" => {
                let item = &mut self.items[&text(&request["Key"]["id"]["S"])];
                let expression = text(&request["UpdateExpression"]);
                for assignment in expression.trim_start_matches("SET #").split(", #") {
                    let (path, value) = assignment.split_once(" = ").expect("an assignment");
                    let value = &value[value.find(':').expect("a value")..];
                    let name = |name: &str| {
                        let alias = format!("#{}", name.trim_start_matches('#'));
                        text(&request["ExpressionAttributeNames"][alias])
                    };
                    let mut place = &mut *item;
                    for (depth, alias) in path.split('.').enumerate() {
                        place = if depth == 0 { &mut place[name(alias)] } else { &mut place["M"][name(alias)] };
                    }
                    *place = request["ExpressionAttributeValues"][value.trim_end_matches(')')].clone();
                }
                if request["ReturnValues"] == "ALL_NEW" { json!({ "Attributes": item }) } else { json!({}) }
            }
            other => panic!("{other} is none of the three"),
        }
    }
}

#[tokio::test]
async fn what_goes_to_the_table_opens_no_flow() {
    let services = Services::default();
    let connector = SharedHttpConnector::new(services.clone());
    let sdk = sdk(http_client_fn(move |_, _| connector.clone()), "https://services.invalid");
    let config = config(&[("FLOW_TABLE", "flows")]);
    let table = Table::new(&sdk, config.flow_table.as_ref().expect("a table"));
    let endpoint = Endpoint::new(config, AppFabric::new(sdk.clone()), Some(table));
    let file = |name: &str| json_file(&root().join("events/flows").join(format!("rest-{name}.json")));

    let begun = answer(&endpoint, &file("flow_begun")).await;
    let body: Value = serde_json::from_str(begun["body"].as_str().expect("a body")).expect("JSON");
    let link = body["connectUrl"].as_str().and_then(|url| url.rsplit('/').next()).expect("a link").to_owned();

    let at_link = |mut event: Value| {
        event["path"] = json!(format!("/connect/{link}"));
        event["pathParameters"]["proxy"] = json!(link);
        event
    };
    let opened = answer(&endpoint, &at_link(file("link_opened"))).await;
    let cookie = opened["multiValueHeaders"]["set-cookie"][0].as_str().and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.expect("a cookie").to_owned();
    let mut press = at_link(file("button_pressed"));
    press["headers"]["Cookie"] = json!(cookie);
    let pressed = answer(&endpoint, &press).await;
    let state = header(&pressed, "location").split("state=").nth(1).expect("a state").to_owned();

    let mut callback = event("rest", "connected");
    callback["multiValueQueryStringParameters"]["state"] = json!([state]);
    callback["headers"]["Cookie"] = json!(cookie);
    let code = callback["queryStringParameters"]["code"].as_str().expect("a code").to_owned();
    let connected = answer(&endpoint, &callback).await;
    assert!(header(&connected, "location").contains("outcome=connected"), "{connected}");

    let table = services.0.lock().expect("nobody panicked");
    let (_, cookie) = cookie.split_once('=').expect("a value");
    // The first half of a `state` is the flow's name, the hash of its link; the second is the secret.
    for secret in [link.as_str(), &state[64..], cookie, &code] {
        for request in &table.requests {
            assert!(!request.contains(secret), "{secret} in {request}");
        }
    }
    let flow = &table.items[&format!("flow#{}", &state[..64])];
    let names =
        flow.as_object().expect("an item").keys().map(|name| if name.starts_with("state_") { "state_…" } else { name });
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let expected = [
        "app_authorization",
        "browser",
        "browser_until",
        "callback",
        "expires_at",
        "finished",
        "id",
        "state_…",
        "valid_until",
    ];
    assert_eq!((names.as_slice(), table.items.len()), (&expected[..], 2), "{flow}");
    let press = flow.as_object().and_then(|flow| flow.iter().find(|(name, _)| name.starts_with("state_")));
    let mut names: Vec<&String> = press.expect("a press").1["M"].as_object().expect("a map").keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "cookie", "redirect_uri", "used_at"], "{flow}");
}
