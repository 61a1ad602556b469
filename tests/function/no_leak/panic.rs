//! A bug that panics with the request in its message, in a process of its own, as the binary is wired.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::http::Endpoint;
use appfabric_connect::{http, ops};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

use super::scanner::Secrets;
use crate::support::{REFERENCE, config, granted, sdk};

const CODE: &str = "4~panicking-Canary~5f0c2b7e";

/// Says that it is the process to panic in, and whether with the function's own hook or with Rust's.
const CHILD: &str = "NO_LEAK_PANICS";

/// An AppFabric client with a bug: it panics over the code.
#[derive(Debug)]
struct Shouting;

impl HttpConnector for Shouting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        assert!(body.is_empty(), "what is to be done with {body}?");
        let answer = json!({"appAuthorization": {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
            "authType": "oauth2", "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"},
            "status": "PendingConnect", "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}});
        let answer = HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(answer.to_string()));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

#[test]
fn a_panic_over_a_code_leaves_its_place_in_the_log_and_not_the_code() {
    let secrets = Secrets::default().with("code", CODE);
    for (hook, leaks) in [("ours", false), ("Rust's", true)] {
        let mut child = Command::new(env::current_exe().expect("this program"));
        child.args(["--exact", "no_leak::panic::a_process_that_panics", "--ignored", "--nocapture"]);
        let child = child.env(CHILD, hook).env("AWS_LAMBDA_LOG_LEVEL", "TRACE").env("RUST_BACKTRACE", "full");
        let output = child.output().expect("it can be started");
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        assert!(output.status.success() && printed.contains("panicked") && printed.contains("panic.rs:"), "{printed}");
        assert!(printed.contains("\"statusCode\":500"), "{printed}");
        // Rust's own shows that there is something to hide.
        assert_eq!(!secrets.found_in(&printed).is_empty(), leaks, "{hook}: {printed}");
    }
}

#[tokio::test]
#[ignore = "a process of its own, which the test above starts"]
async fn a_process_that_panics() {
    let Ok(hook) = env::var(CHILD) else { return };
    let lines = ops::subscriber(|name| env::var(name).ok(), std::io::stdout);
    tracing::subscriber::set_global_default(lines).expect("there is no other");
    if hook == "ours" {
        ops::log_panics();
    }
    let client = http_client_fn(|_, _| SharedHttpConnector::new(Shouting));
    let endpoint = Endpoint::new(config(&[]), AppFabric::new(sdk(client, "http://appfabric.invalid")), None);
    let mut context = Context::default();
    REFERENCE.clone_into(&mut context.request_id);
    let deadline = (SystemTime::now() + Duration::from_secs(25)).duration_since(UNIX_EPOCH).expect("it is after 1970");
    context.deadline = deadline.as_millis().try_into().expect("64 bits are enough");
    let answer = http::handle(Arc::new(endpoint), LambdaEvent::new(granted(1, CODE), context)).await;
    let answer: Value = serde_json::to_value(answer.expect("nothing fails")).expect("a response is JSON");
    println!("{answer}");
}
