//! The AWS CLI, a real client that knows the service model, against the emulator.

use std::{
    env,
    process::{Command, Output},
};

use appfabric_emulator::appfabric::{AppFabric, Operation};
use serde_json::{Value, json};

/// What the AWS CLI did.
struct Answered(Output);

impl Answered {
    #[track_caller]
    fn json(&self) -> Value {
        assert!(self.0.status.success(), "{}", self.error());
        serde_json::from_slice(&self.0.stdout).unwrap_or(Value::Null)
    }

    #[track_caller]
    fn fails(&self, message: &str) {
        // 254 in version 2, 255 in version 1.
        assert!(matches!(self.0.status.code(), Some(254 | 255)), "{}", self.error());
        assert!(self.error().contains(message), "{}", self.error());
    }

    fn error(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// `aws appfabric …` in a Region, or `None` where there is no `aws`.
async fn aws(appfabric: &AppFabric, region: &str, arguments: &[&str]) -> Option<Answered> {
    let mut command = Command::new("aws");
    command
        .arg("appfabric")
        .args(arguments)
        .args(["--region", region, "--output", "json", "--endpoint-url", &appfabric.url()])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_PAGER", "")
        .env("NO_PROXY", "127.0.0.1")
        .env_remove("AWS_PROFILE");
    tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").ok().map(Answered)
}

fn has_no_aws() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|directory| directory.join("aws").is_file());
    if !found {
        skipped();
    }
    !found
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn skipped() {
    eprintln!("SKIPPED: no aws command");
}

#[tokio::test]
async fn an_authorization_lives_from_create_to_delete() {
    if has_no_aws() {
        return;
    }
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    let run = async |arguments: &[&str]| aws(&appfabric, "eu-west-1", arguments).await.expect("aws runs");

    let bundle = run(&["create-app-bundle"]).await.json()["appBundle"]["arn"].as_str().expect("an ARN").to_owned();
    run(&["create-app-bundle"]).await.fails("(ServiceQuotaExceededException)");
    assert_eq!(run(&["list-app-bundles"]).await.json(), json!({ "appBundleSummaryList": [{ "arn": bundle }] }));
    let read = run(&["get-app-bundle", "--app-bundle-identifier", &bundle]).await.json();
    assert_eq!(read, json!({ "appBundle": { "arn": bundle } }));

    let created = run(&[
        "create-app-authorization",
        "--app-bundle-identifier",
        &bundle,
        "--app",
        "SLACK",
        "--auth-type",
        "oauth2",
        "--tenant",
        "tenantIdentifier=T0,tenantDisplayName=Example",
        "--credential",
        "oauth2Credential={clientId=id,clientSecret=secret}",
    ])
    .await
    .json();
    let created = &created["appAuthorization"];
    assert_eq!(created["status"], "PendingConnect");
    assert_eq!(created["tenant"], json!({ "tenantIdentifier": "T0", "tenantDisplayName": "Example" }));
    let arn = created["appAuthorizationArn"].as_str().expect("an ARN").to_owned();
    let uuid = arn.rsplit('/').next().expect("a UUID").to_owned();

    let named = |operation: &'static str, identifier: &str| -> Vec<String> {
        [operation, "--app-bundle-identifier", &bundle, "--app-authorization-identifier", identifier]
            .map(str::to_owned)
            .to_vec()
    };
    let run_named = async |operation, identifier: &str, more: &[&str]| {
        let named = named(operation, identifier);
        let arguments: Vec<&str> = named.iter().map(String::as_str).chain(more.iter().copied()).collect();
        run(&arguments).await
    };

    let read = run_named("get-app-authorization", &uuid, &[]).await.json();
    let read_again = run_named("get-app-authorization", &arn, &[]).await.json();
    assert_eq!(read["appAuthorization"]["appAuthorizationArn"], arn);
    assert_ne!(read["appAuthorization"]["authUrl"], read_again["appAuthorization"]["authUrl"]);

    let good = ["--auth-request", "redirectUri=https://example.com/callback,code=a-code"];
    let connected = run_named("connect-app-authorization", &arn, &good).await.json();
    assert_eq!(connected["appAuthorizationSummary"]["status"], "Connected");
    run_named("connect-app-authorization", &arn, &good).await.fails("(ValidationException)");
    let bad = ["--auth-request", "redirectUri=http://example.com/callback,code=a-code"];
    run_named("connect-app-authorization", &arn, &bad).await.fails("Member must satisfy regular expression pattern");
    let sent = &appfabric.calls_of(Operation::Connect)[0];
    assert!(sent.path.contains("/appbundles/arn%3Aaws%3Aappfabric%3Aeu-west-1%3A123456789012%3Aappbundle%2F"));

    let tenant = ["--tenant", "tenantIdentifier=T1,tenantDisplayName=Other"];
    let updated = run_named("update-app-authorization", &arn, &tenant).await.json();
    assert_eq!(updated["appAuthorization"]["status"], "PendingConnect");
    assert_eq!(updated["appAuthorization"]["tenant"]["tenantIdentifier"], "T1");

    let list = ["list-app-authorizations", "--app-bundle-identifier", &bundle];
    let listed = run(&list).await.json();
    assert_eq!(listed["appAuthorizationSummaryList"][0]["appAuthorizationArn"], arn);

    run(&["delete-app-bundle", "--app-bundle-identifier", &bundle]).await.fails("(ConflictException)");
    run_named("delete-app-authorization", &arn, &[]).await.json();
    run_named("get-app-authorization", &arn, &[]).await.fails("(ResourceNotFoundException)");
    run(&["delete-app-bundle", "--app-bundle-identifier", &bundle]).await.json();
    assert_eq!(run(&["list-app-bundles"]).await.json(), json!({ "appBundleSummaryList": [] }));
}

#[tokio::test]
async fn what_appfabric_does_not_know_is_refused() {
    if has_no_aws() {
        return;
    }
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    let elsewhere = aws(&appfabric, "us-west-2", &["list-app-bundles"]).await.expect("aws runs");
    elsewhere.fails("(InvalidSignatureException)");
    let ingestions = ["list-ingestions", "--app-bundle-identifier", "arn:aws:x"];
    let unknown = aws(&appfabric, "us-east-1", &ingestions).await.expect("aws runs");
    unknown.fails("(UnknownOperationException)");
}
