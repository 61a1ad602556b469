//! The service model's rules, seen over HTTP.

use crate::signed::{Sent, connect, get, path_of, send};
use appfabric_emulator::appfabric::{AppFabric, Application, Authorization, AuthorizationArn, Region, Status};
use axum::{Form, Json, Router, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn appfabric() -> (AppFabric, AuthorizationArn) {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    let arn = appfabric.create_authorization(Region::UsEast1, Authorization::oauth2("SLACK"));
    (appfabric, arn)
}

fn request(redirect_uri: &str, code: &str) -> Value {
    json!({ "authRequest": { "redirectUri": redirect_uri, "code": code } })
}

#[tokio::test]
async fn a_bad_connect_names_every_broken_member() {
    let (appfabric, arn) = appfabric().await;
    let uri = "https://example.com/callback";
    for (body, reason, fields) in [
        (json!({}), "fieldValidationFailed", vec!["authRequest"]),
        (json!({ "authRequest": null }), "fieldValidationFailed", vec!["authRequest"]),
        (json!({ "authRequest": {} }), "fieldValidationFailed", vec!["authRequest.redirectUri", "authRequest.code"]),
        (request(uri, ""), "fieldValidationFailed", vec!["authRequest.code"]),
        (request(uri, &"x".repeat(2049)), "fieldValidationFailed", vec!["authRequest.code"]),
        (request("http://127.0.0.1/", "x"), "fieldValidationFailed", vec!["authRequest.redirectUri"]),
        (json!({ "authRequest": "x" }), "cannotParse", vec![]),
        (json!({ "authRequest": { "redirectUri": uri, "code": 1 } }), "cannotParse", vec![]),
        (json!([]), "cannotParse", vec![]),
    ] {
        let sent = connect(&appfabric, &arn, &body).await;
        assert_eq!((sent.status, sent.error_type.as_str()), (400, "ValidationException"), "{body}");
        assert_eq!(sent.body["reason"], reason, "{body}");
        let named: Vec<&str> = sent.body["fieldList"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|field| field["name"].as_str())
            .collect();
        assert_eq!(named, fields, "{body}");
    }
    assert_eq!(appfabric.status_of(&arn), Some(Status::PENDING_CONNECT));
}

#[tokio::test]
async fn what_is_elsewhere_is_not_found() {
    let (appfabric, arn) = appfabric().await;
    for (from, to) in [("us-east-1", "eu-west-1"), ("123456789012", "210987654321"), ("/appauthorization/", "/other/")]
    {
        let path = path_of(&arn.to_string().replace(from, to), &arn.bundle().to_string());
        let sent = send(&appfabric, "GET", &path, "us-east-1", "").await;
        assert_eq!((sent.status, sent.error_type.as_str()), (404, "ResourceNotFoundException"), "{to}");
    }
    let path = path_of(arn.uuid(), arn.bundle().uuid());
    assert_eq!(send(&appfabric, "GET", &path, "us-east-1", "").await.status, 200);
    assert_eq!(send(&appfabric, "GET", &path, "eu-west-1", "").await.status, 404);
    let sent = send(&appfabric, "GET", &path.to_uppercase().replace("APP", "app"), "us-east-1", "").await;
    assert_eq!(sent.error_type, "UnknownOperationException");
}

#[tokio::test]
async fn nobody_unsigned_is_answered() {
    let (appfabric, _) = appfabric().await;
    let answer = reqwest::get(format!("{}/appbundles", appfabric.url())).await.expect("an answer");
    let sent = Sent::of(answer).await;
    assert_eq!((sent.status, sent.error_type.as_str()), (403, "MissingAuthenticationTokenException"));
    assert_eq!(sent.request_id.len(), 36);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let (appfabric, arn) = appfabric().await;
    for app in ["JIRA", "ZOOM", "MIRO", "OKTA"] {
        let _arn = appfabric.create_authorization(Region::UsEast1, Authorization::api_key(app));
    }
    let path = format!("/appbundles/{}/appauthorizations", arn.bundle().uuid());
    let (mut apps, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = send(&appfabric, "GET", &format!("{path}?maxResults=2{token}"), "us-east-1", "").await.body;
        let list = page["appAuthorizationSummaryList"].as_array().expect("a list").clone();
        apps.extend(list.iter().filter_map(|one| one["app"].as_str().map(str::to_owned)));
        pages += 1;
        let Some(next) = page["nextToken"].as_str() else { break };
        token = format!("&nextToken={next}");
    }
    assert_eq!((pages, apps.join(" ").as_str()), (3, "SLACK JIRA ZOOM MIRO OKTA"));

    for (query, reason) in
        [("maxResults=0", "fieldValidationFailed"), ("maxResults=x", "cannotParse"), ("nextToken=x", "other")]
    {
        let sent = send(&appfabric, "GET", &format!("{path}?{query}"), "us-east-1", "").await;
        assert_eq!(sent.body["reason"], reason, "{query}");
    }
}

#[tokio::test]
async fn a_repeated_client_token_makes_nothing_new_and_fifty_are_enough() {
    let (appfabric, arn) = appfabric().await;
    let path = format!("/appbundles/{}/appauthorizations", arn.bundle().uuid());
    let body = |app: String, token: &str| {
        json!({
            "app": app, "authType": "apiKey", "credential": { "apiKeyCredential": { "apiKey": "key" } },
            "tenant": { "tenantIdentifier": "T", "tenantDisplayName": "T" }, "clientToken": token,
        })
        .to_string()
    };
    let token = "0a1b2c3d-0000-4000-8000-00000000000f";
    let first = send(&appfabric, "POST", &path, "us-east-1", &body("ZOOM".to_owned(), token)).await;
    let second = send(&appfabric, "POST", &path, "us-east-1", &body("ZOOM".to_owned(), token)).await;
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert!(first.body["appAuthorization"].get("authUrl").is_none());
    let other = send(&appfabric, "POST", &path, "us-east-1", &body("JIRA".to_owned(), token)).await;
    assert_eq!((other.status, other.error_type.as_str()), (409, "ConflictException"));

    for number in 2..50 {
        let _arn = appfabric.create_authorization(Region::UsEast1, Authorization::oauth2(format!("APP{number}")));
    }
    let token = "0a1b2c3d-0000-4000-8000-0000000000ff";
    let full = send(&appfabric, "POST", &path, "us-east-1", &body("LAST".to_owned(), token)).await;
    assert_eq!((full.status, full.error_type.as_str()), (402, "ServiceQuotaExceededException"));
}

#[tokio::test]
async fn an_api_key_connects_without_a_code() {
    let (appfabric, _) = appfabric().await;
    let arn = appfabric.create_authorization(Region::UsEast1, Authorization::api_key("ZOOM"));
    let sent = connect(&appfabric, &arn, &json!({})).await;
    assert_eq!(sent.body["appAuthorizationSummary"]["status"], "Connected");
}

#[tokio::test]
async fn a_code_is_spent_at_the_application() {
    async fn token(Form(form): Form<Vec<(String, String)>>) -> (StatusCode, Json<Value>) {
        let form: Vec<String> = form.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let wanted = [
            "grant_type=authorization_code",
            "code=a+b/c==",
            "redirect_uri=http://localhost:3000/callback",
            "client_id=id",
            "client_secret=secret",
        ];
        if form == wanted {
            (StatusCode::OK, Json(json!({ "access_token": "token", "token_type": "Bearer" })))
        } else if form[1] == "code=down" {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})))
        } else {
            (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })))
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/token", post(token))).await });

    let application = Application {
        authorization_endpoint: format!("{base}/authorize?tenant=1").parse().expect("a URL"),
        token_endpoint: format!("{base}/token").parse().expect("a URL"),
    };
    let builder = AppFabric::builder().loopback_http(true).application(application);
    let appfabric = builder.start("127.0.0.1:0").await.expect("a free port");
    let authorization = Authorization::oauth2("SLACK").client("id", "secret");
    let arn = appfabric.create_authorization(Region::UsEast1, authorization);
    let auth_url = get(&appfabric, &arn).await.body["appAuthorization"]["authUrl"].to_string();
    assert!(auth_url.contains("/authorize?tenant=1&response_type=code&client_id=id&nonce="), "{auth_url}");

    let uri = "http://localhost:3000/callback";
    for (code, status, error_type) in
        [("bad", 400, "ValidationException"), ("down", 500, "InternalServerException"), ("a+b/c==", 200, "")]
    {
        assert_eq!(appfabric.status_of(&arn), Some(Status::PENDING_CONNECT));
        let sent = connect(&appfabric, &arn, &request(uri, code)).await;
        assert_eq!((sent.status, sent.error_type.as_str()), (status, error_type), "{code}");
        assert!(!sent.body.to_string().contains(code));
    }
    assert_eq!(appfabric.status_of(&arn), Some(Status::CONNECTED));
}

#[tokio::test]
async fn a_code_is_spent_by_the_connect_that_it_connected_and_by_no_other() {
    let (appfabric, arn) = appfabric().await;
    let uri = "https://example.com/callback";
    assert!(!appfabric.has_spent(&arn, "one"));
    assert_eq!(connect(&appfabric, &arn, &request(uri, "one")).await.status, 200);
    assert_eq!(connect(&appfabric, &arn, &request(uri, "one")).await.status, 400);
    assert_eq!((appfabric.has_spent(&arn, "one"), appfabric.has_spent(&arn, "other")), (true, false));
}
