//! The standard variables that the AWS SDK and the Lambda runtime read, with values that make no sense: each is honoured, named
//! as a fault, or without effect, and none makes the program panic.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use appfabric_emulator::appfabric::AppFabric;
use appfabric_emulator::lambda::{Function, Unanswered};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::support::{granted, header, stage};

/// The program as `cargo test` builds it.
const PROGRAM: &str = env!("CARGO_BIN_EXE_appfabric-connect");

/// Stops a program that is built to measure coverage from leaving a file.
const NO_PROFILE: (&str, &str) = ("LLVM_PROFILE_FILE", "/dev/null");

/// Variables of which each is set alone: they are honoured, checked, or have been known to make a program panic.
const ALONE: [&str; 22] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_APPFABRIC",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_LEVEL",
    "AWS_MAX_ATTEMPTS",
    "AWS_NEW_RETRIES_2026",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_SDK_UA_APP_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "RUST_LOG",
];

/// Variables that are set together: whatever else `aws-config`, `aws-runtime`, `aws-smithy-*` and `lambda_runtime` read, and
/// what other SDKs and tools read by these names.
const TOGETHER: [&str; 37] = [
    "ALL_PROXY",
    "AWS_ACCOUNT_ID",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULTS_MODE",
    "AWS_DEFAULT_REGION",
    "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    "AWS_DISABLE_REQUEST_COMPRESSION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_SIGV4A_SIGNING_REGION_SET",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LOG_SENSITIVE_BODIES",
    "NO_PROXY",
    "SECRET_ACCESS_KEY",
    "TZ",
    "_X_AMZN_TRACE_ID",
];

/// Values that most of them do not take.
fn values() -> [String; 6] {
    ["", "0", "-1", "bogus", "ü€\u{1}", &"x".repeat(4_096)].map(str::to_owned)
}

/// Starts the program with these variables and sends it a callback; returns what went wrong, if anything.
async fn meet(appfabric: &AppFabric, names: &[&str], value: &str) -> Option<String> {
    let function = Function::new(PROGRAM)
        .variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url())
        .variable("AWS_ENDPOINT_URL_DYNAMODB", appfabric.url())
        .variable(NO_PROFILE.0, NO_PROFILE.1);
    let function = names.iter().fold(function, |function, name| function.variable(*name, value));
    let instance = function.start().await.expect("it can be started");
    let fate = instance.invoke(&granted(1, "canary-code"), Duration::from_secs(10)).await;
    let printed = instance.printed();
    let is_fault = || instance.lines().iter().any(|line| names.iter().any(|name| is_named(line, name)));
    let right = match &fate {
        Ok(answer) => answer["statusCode"] == 303 && header(answer, "location").contains("?outcome="),
        Err(Unanswered::Ended) => is_fault(),
        Err(_) => false,
    };
    let short: String = value.chars().take(8).collect();
    (!right || printed.contains("panicked")).then(|| format!("{names:?}={short}: {fate:?}\n{printed}"))
}

fn is_named(line: &Value, name: &str) -> bool {
    line["message"] == "faulty configuration" && line["variable"] == name
}

#[tokio::test]
async fn no_standard_variable_makes_the_program_panic() {
    let appfabric = Arc::new(stage().await);
    let (permits, mut starts) = (Arc::new(Semaphore::new(4)), JoinSet::new());
    for names in ALONE.chunks(1).chain([&TOGETHER[..]]) {
        for value in values() {
            let (appfabric, permits) = (Arc::clone(&appfabric), Arc::clone(&permits));
            starts.spawn(async move {
                let _permit = permits.acquire().await.expect("nobody closes it");
                meet(&appfabric, names, &value).await
            });
        }
    }
    let count = starts.len();
    let wrong: Vec<String> = starts.join_all().await.into_iter().flatten().collect();
    println!("figures: {count} starts with a standard variable that makes no sense");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn an_empty_endpoint_counts_as_not_set() {
    let appfabric = stage().await;
    let function =
        Function::new(PROGRAM).variable("AWS_ENDPOINT_URL", appfabric.url()).variable("AWS_ENDPOINT_URL_APPFABRIC", "");
    let instance = function.start().await.expect("it can be started");
    let answer = instance.invoke(&granted(1, "canary-code"), Duration::from_secs(10)).await.expect("an answer");
    assert!(header(&answer, "location").contains("?outcome=connected&"), "{answer}");
}

#[tokio::test]
async fn the_program_without_credentials_says_that_it_has_none() {
    let appfabric = stage().await;
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let function =
            Function::new(PROGRAM).variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url()).variable(name, "");
        let instance = function.start().await.expect("it can be started");
        let answer = instance.invoke(&granted(1, "canary-code"), Duration::from_secs(10)).await.expect("an answer");
        assert!(header(&answer, "location").contains("&reason=temporarily_unavailable&"), "{answer}");
        let lines = instance.lines();
        let line = lines.iter().find(|line| line["message"] == "callback").expect("a line");
        assert_eq!((&line["level"], &line["aws.error_code"]), (&"ERROR".into(), &"NoCredentials".into()), "{line}");
    }
    assert_eq!(appfabric.calls().len(), 0);
}

#[test]
fn outside_of_lambda_the_program_names_each_variable_that_lambda_sets() {
    let output = Command::new(PROGRAM)
        .env_clear()
        .envs([("AWS_REGION", "us-east-1"), NO_PROFILE])
        .stdin(Stdio::null())
        .output()
        .expect("it can be started");
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let variables: Vec<&str> = lines.iter().filter_map(|line| line["variable"].as_str()).collect();
    assert!(!output.status.success(), "{printed}");
    assert_eq!(
        variables,
        [
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
        ],
        "{printed}"
    );
}
