//! The bytes of our `ConnectAppAuthorization`: as written down here, and as the AWS CLI sends them for the same input.

use std::env;

use appfabric_emulator::appfabric::{AppFabric, Authorization, Call, Operation};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{answer, endpoint, event, header};

/// Every printable ASCII character that JSON, a shell, a URL or a form might treat in its own way.
const CODE: &str = r#"4/0A+b=c&d%2Fe "f\g'h<i>j{k}[l];m:n,o?p#q~r^s`t|u@v$w*x!y(z)"#;

/// [`CODE`] as an application escapes it in a redirect.
const CODE_IN_QUERY: &str = "4%2F0A%2Bb%3Dc%26d%252Fe%20%22f%5Cg%27h%3Ci%3Ej%7Bk%7D%5Bl%5D%3Bm%3An%2Co%3Fp%23q~r%5Es%60t%7Cu%40v%24w%2Ax%21y%28z%29";

/// [`CODE`] between the quotes of a JSON string.
const CODE_IN_JSON: &str = r#"4/0A+b=c&d%2Fe \"f\\g'h<i>j{k}[l];m:n,o?p#q~r^s`t|u@v$w*x!y(z)"#;

const BUNDLE: &str = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d";
const AUTHORIZATION: &str = "10000000-0000-4000-8000-0000000000ab";

const ARN: &str = "arn:aws:appfabric:ap-northeast-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorization/10000000-0000-4000-8000-0000000000ab";
const BUNDLE_ARN: &str = "arn:aws:appfabric:ap-northeast-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d";

/// The service model's path with UUIDs in it.
const PATH_OF_UUIDS: &str =
    "/appbundles/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorizations/10000000-0000-4000-8000-0000000000ab/connect";

/// The service model's path with ARNs in it: one segment each, `:` and `/` escaped, in upper case.
const PATH_OF_ARNS: &str = "/appbundles/arn%3Aaws%3Aappfabric%3Aap-northeast-1%3A123456789012%3Aappbundle%2Fa1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorizations/arn%3Aaws%3Aappfabric%3Aap-northeast-1%3A123456789012%3Aappbundle%2Fa1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d%2Fappauthorization%2F10000000-0000-4000-8000-0000000000ab/connect";

/// A callback, and the call that it comes to.
struct Row {
    name: &'static str,
    /// What follows `/callback/`.
    callback: String,
    /// Whether the ARN is listed, as `slack`.
    listed: bool,
    region: &'static str,
    bundle: &'static str,
    authorization: &'static str,
    /// The path on the wire.
    path: &'static str,
}

fn rows() -> [Row; 4] {
    let uuids = format!("{BUNDLE}/{AUTHORIZATION}");
    let by_uuids = Row {
        name: "UUIDs",
        callback: uuids.clone(),
        listed: false,
        region: "us-east-1",
        bundle: BUNDLE,
        authorization: AUTHORIZATION,
        path: PATH_OF_UUIDS,
    };
    let by_arn = |name, callback: &str, listed| Row {
        name,
        callback: callback.to_owned(),
        listed,
        region: "ap-northeast-1",
        bundle: BUNDLE_ARN,
        authorization: ARN,
        path: PATH_OF_ARNS,
    };
    [
        by_uuids,
        by_arn("ARN", ARN, false),
        by_arn("alias of an ARN", "slack", true),
        by_arn("UUIDs of a listed ARN", &uuids, true),
    ]
}

impl Row {
    fn redirect_uri(&self) -> String {
        format!("https://connect.example.com/x/callback/{}", self.callback)
    }

    /// A fresh AppFabric, in which nothing is spent yet.
    async fn appfabric(&self) -> AppFabric {
        let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
        let arn = ARN.replace("ap-northeast-1", self.region).parse().expect("an ARN");
        appfabric.seed(&arn, Authorization::oauth2("SLACK"));
        appfabric
    }

    /// The one Connect that the function makes.
    async fn ours(&self) -> Call {
        let appfabric = self.appfabric().await;
        let list = json!({ "slack": ARN }).to_string();
        let listed = if self.listed { list.as_str() } else { "" };
        let variables = [("PUBLIC_BASE_URL", "https://connect.example.com/x"), ("APP_AUTHORIZATIONS", listed)];
        let mut event = event("http", "connected");
        event["rawPath"] = json!(format!("/callback/{}", self.callback));
        event["pathParameters"]["proxy"] = json!(self.callback);
        event["rawQueryString"] = json!(format!("code={CODE_IN_QUERY}"));
        let response = answer(&endpoint(&variables, &appfabric.url()), &event).await;
        assert!(header(&response, "location").contains("?outcome=connected&"), "{}: {response}", self.name);
        only(&appfabric, self.name)
    }

    /// The one Connect that the AWS CLI makes.
    async fn of_the_cli(&self) -> Call {
        let appfabric = self.appfabric().await;
        let auth_request = json!({ "redirectUri": self.redirect_uri(), "code": CODE }).to_string();
        let output = Command::new("aws")
            .args(["appfabric", "connect-app-authorization", "--output", "json"])
            .args(["--region", self.region, "--endpoint-url", &appfabric.url()])
            .args(["--app-bundle-identifier", self.bundle])
            .args(["--app-authorization-identifier", self.authorization])
            .args(["--auth-request", &auth_request])
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "example")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .output()
            .await
            .expect("aws runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}", self.name);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("aws prints JSON");
        assert_eq!(answer["appAuthorizationSummary"]["status"], "Connected", "{}", self.name);
        only(&appfabric, self.name)
    }
}

#[track_caller]
fn only(appfabric: &AppFabric, name: &str) -> Call {
    let mut calls = appfabric.calls_of(Operation::Connect);
    assert_eq!(calls.len(), 1, "{name}: {calls:?}");
    calls.remove(0)
}

/// What must be the same for every sender.
fn essence(call: &Call) -> Value {
    json!({
        "operation": call.operation,
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "content-type": call.headers.get("content-type"),
        "region": call.region,
        "body": serde_json::from_str::<Value>(&call.body).expect("a JSON body"),
    })
}

/// Whether the `aws` command is missing; it prints so, because a skipped test must not look passed.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn has_no_aws() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|directory| directory.join("aws").is_file());
    if !found {
        eprintln!("SKIPPED: no aws command, so our bytes were not compared with the AWS CLI's");
    }
    !found
}

#[tokio::test]
async fn a_connect_is_these_bytes() {
    for row in rows() {
        let call = row.ours().await;
        let uri = row.redirect_uri();
        let body = format!(r#"{{"authRequest":{{"redirectUri":"{uri}","code":"{CODE_IN_JSON}"}}}}"#);
        let sent = (call.method.as_str(), call.path.as_str(), call.query.as_deref(), call.body.as_str());
        assert_eq!(sent, ("POST", row.path, None, body.as_str()), "{}", row.name);
        // The emulator gives a Region only where the scope's service is `appfabric`.
        let scope = (call.region.as_deref(), call.headers["content-type"].as_str());
        assert_eq!(scope, (Some(row.region), "application/json"), "{}", row.name);
        // One attempt, and it says so: a retry of the SDK's would be a second spending.
        assert_eq!(call.headers.get("amz-sdk-request").map(String::as_str), Some("attempt=1; max=1"), "{}", row.name);
    }
}

#[tokio::test]
async fn the_aws_cli_sends_the_same() {
    if has_no_aws() {
        return;
    }
    for row in rows() {
        let (ours, theirs) = (row.ours().await, row.of_the_cli().await);
        assert_eq!(essence(&ours), essence(&theirs), "{}", row.name);
    }
}
