//! A bug in the middle of a callback: the person gets a page, and the process's next callback works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::http;
use appfabric_connect::http::Endpoint;
use aws_smithy_runtime_api::client::http::{
    HttpClient as _, HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use crate::expected::{CONNECTED, location};
use crate::pipe::Pipes;
use crate::support::{REFERENCE, config, granted, header, sdk, stage};

/// A connector with a bug, which shows at the first call.
#[derive(Debug)]
struct Buggy(Arc<AtomicBool>, SharedHttpConnector);

impl HttpConnector for Buggy {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert!(self.0.swap(true, Ordering::SeqCst), "a bug");
        self.1.call(request)
    }
}

/// What Lambda gets for an event, from the runtime's own entrance.
async fn answer(endpoint: &Arc<Endpoint>, event: Value) -> Value {
    let mut context = Context::default();
    REFERENCE.clone_into(&mut context.request_id);
    let deadline = SystemTime::now() + Duration::from_secs(25);
    let deadline = deadline.duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis();
    context.deadline = deadline.try_into().expect("64 bits are enough");
    let answer = http::handle(Arc::clone(endpoint), LambdaEvent::new(event, context)).await;
    serde_json::to_value(answer.expect("nothing fails")).expect("a response is JSON")
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_page_and_the_next_callback_connects() {
    let pipes = Pipes::new(stage().await);
    let shown = Arc::new(AtomicBool::new(false));
    let buggy = http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Buggy(Arc::clone(&shown), pipes.http_connector(settings, components)))
    });
    let sdk = sdk(buggy, "http://appfabric.invalid");
    let endpoint = Arc::new(Endpoint::new(config(&[]), AppFabric::new(sdk), None));
    let apology = answer(&endpoint, granted(1, "first")).await;
    assert_eq!(apology["statusCode"], 500, "{apology}");
    assert!(apology["body"].as_str().expect("a page").trim_end().ends_with("</html>"), "{apology}");
    let next = answer(&endpoint, granted(1, "second")).await;
    assert_eq!(header(&next, "location"), location(CONNECTED, 1));
}
