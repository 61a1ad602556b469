//! What a flow writes to the table: one whole flow, and a check of every request to DynamoDB.

use appfabric_connect::aws::{AppFabric, Table};
use appfabric_connect::http::Endpoint;
use appfabric_emulator::dynamodb;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::support::{answer, config, event, header, json as json_file, root, sdk};

/// AppFabric that always connects, and a table in this process.
#[derive(Clone, Debug, Default)]
struct Services(dynamodb::Table);

impl HttpConnector for Services {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let (status, answer) = if let Some(operation) = operation {
            let body = request.body().bytes().expect("a body in memory");
            self.0.perform(operation, &serde_json::from_slice(body).expect("JSON"))
        } else {
            let (member, status) = match request.method() {
                "GET" => ("appAuthorization", "PendingConnect"),
                _ => ("appAuthorizationSummary", "Connected"),
            };
            let answer = json!({member: {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
                "authType": "oauth2", "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "status": status,
                "authUrl": "https://application.invalid/authorize",
                "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}});
            (200, answer)
        };
        let status = status.try_into().expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))))
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

    let items = services.0.items();
    let (_, cookie) = cookie.split_once('=').expect("a value");
    // The first half of a `state` is the flow's name, the hash of its link; the second is the secret.
    for secret in [link.as_str(), &state[64..], cookie, &code] {
        for (operation, request) in services.0.requests() {
            assert!(!request.to_string().contains(secret), "{secret} in {operation} {request}");
        }
    }
    let flow = &items[&format!("flow#{}", &state[..64])];
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
    assert_eq!((names.as_slice(), items.len()), (&expected[..], 2), "{flow}");
    let press = flow.as_object().and_then(|flow| flow.iter().find(|(name, _)| name.starts_with("state_")));
    let mut names: Vec<&String> = press.expect("a press").1["M"].as_object().expect("a map").keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "cookie", "redirect_uri", "used_at"], "{flow}");
}
