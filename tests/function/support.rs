//! What the tests share: events, configurations, and a function that calls wherever a test says.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::{Endpoint, Invocation};
use appfabric_emulator::appfabric::{AppFabric as Emulator, Authorization, AuthorizationArn};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};
use serde_json::Value;

use crate::pipe::Pipes;

/// A request ID as Lambda makes them.
pub(crate) const REFERENCE: &str = "8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34";

/// Every event file, REST first: its payload's folder, its name without `.json`, the event.
pub(crate) fn events() -> Vec<(&'static str, String, Value)> {
    ["rest", "http"]
        .into_iter()
        .flat_map(|folder| {
            event_files(folder).into_iter().map(move |path| {
                let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
                (folder, name, json(&path))
            })
        })
        .collect()
}

/// One event file.
pub(crate) fn event(folder: &str, name: &str) -> Value {
    json(&root().join("events").join(folder).join(format!("{name}.json")))
}

/// The package's own folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn event_files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("events").join(folder))
        .expect("there are events")
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    files.sort();
    files
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A configuration from these variables, in us-east-1.
pub(crate) fn config(variables: &[(&str, &str)]) -> Config {
    Config::from_environment(|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
        set.or_else(|| (name == "AWS_REGION").then(|| "us-east-1".to_owned()))
    })
    .unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The SDK's configuration with credentials for nobody.
pub(crate) fn sdk(http: impl HttpClient + 'static, url: &str) -> SdkConfig {
    let nobody = Credentials::new("AKIDEXAMPLE", "example", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(nobody))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .endpoint_url(url)
        .build()
}

/// Real HTTP, without TLS.
pub(crate) fn over_http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// The function, calling AppFabric at `url` over real HTTP.
pub(crate) fn endpoint(variables: &[(&str, &str)], url: &str) -> Endpoint {
    Endpoint::new(config(variables), AppFabric::new(sdk(over_http(), url)), None)
}

/// The function, calling AppFabric through pipes: for tests in virtual time.
pub(crate) fn piped(variables: &[(&str, &str)], pipes: &Pipes) -> Endpoint {
    Endpoint::new(config(variables), AppFabric::new(sdk(pipes.clone(), "http://appfabric.invalid")), None)
}

/// An emulator with two app authorizations, by their numbers.
pub(crate) async fn stage() -> Emulator {
    let appfabric = Emulator::builder().start("127.0.0.1:0").await.expect("a free port");
    for number in [1, 2] {
        appfabric.seed(&arn(number), Authorization::oauth2("SLACK"));
    }
    appfabric
}

/// The ARN of the app authorization of this number.
pub(crate) fn arn(number: u32) -> AuthorizationArn {
    let bundle = "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d";
    format!("{bundle}/appauthorization/10000000-0000-4000-8000-{number:012}").parse().expect("an ARN")
}

/// The authorization response for the app authorization of this number, with this code.
pub(crate) fn granted(number: u32, code_in_query: &str) -> Value {
    let mut event = event("http", "connected");
    let path = format!("a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-{number:012}");
    event["rawPath"] = Value::from(format!("/callback/{path}"));
    event["pathParameters"]["proxy"] = Value::from(path);
    event["rawQueryString"] = Value::from(format!("code={code_in_query}"));
    event
}

/// The answer to an event with time enough, as the JSON that Lambda gets.
pub(crate) async fn answer(endpoint: &Endpoint, event: &Value) -> Value {
    answer_within(endpoint, event, Duration::from_secs(25)).await
}

/// The answer to an event with this much time left.
pub(crate) async fn answer_within(endpoint: &Endpoint, event: &Value, remaining: Duration) -> Value {
    let invocation = Invocation { request_id: REFERENCE.to_owned(), now: SystemTime::now(), remaining };
    serde_json::to_value(endpoint.answer(event, &invocation).await).expect("a response is JSON")
}

/// A header of a response of either payload format.
pub(crate) fn header<'r>(response: &'r Value, name: &str) -> &'r str {
    response["headers"][name].as_str().unwrap_or_else(|| panic!("no {name} in {response}"))
}
