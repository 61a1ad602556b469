//! The Lambda side: from an invocation to an answer, even if the code has a bug.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use http::Uri;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use super::{Endpoint, EventResponse, Invocation, Payload};
use crate::config::Fault;

/// The faults of the variables that Lambda itself sets. Its runtime would panic at them.
pub fn faults(lookup: impl Fn(&str) -> Option<String>) -> Vec<Fault> {
    let is_address = |value: &str| value.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
    let is_number = |value: &str| value.parse::<i32>().is_ok();
    let is_set = |_: &str| true;
    [
        ("AWS_LAMBDA_RUNTIME_API", is_address as fn(&str) -> bool),
        ("AWS_LAMBDA_FUNCTION_NAME", is_set),
        ("AWS_LAMBDA_FUNCTION_VERSION", is_set),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", is_number),
    ]
    .into_iter()
    .filter(|(variable, is_right)| !lookup(variable).is_some_and(|value| is_right(&value)))
    .map(|(variable, _)| Fault {
        variable,
        problem: "is not as Lambda sets it; start this program in Lambda".to_owned(),
    })
    .collect()
}

/// Answers one invocation. No event makes it fail.
pub async fn handle(endpoint: Arc<Endpoint>, event: LambdaEvent<Value>) -> Result<EventResponse, Infallible> {
    let LambdaEvent { payload: event, context } = event;
    let payload = Payload::of(&event);
    let invocation = Invocation::from(context);
    let apologist = Arc::clone(&endpoint);
    let answer = async move { endpoint.answer(&event, &invocation).await };
    Ok(or_apology(answer, || apologist.apology().into_event(payload)).await)
}

/// Runs the work in a task of its own, so that a panic in it becomes a page (status 500) and not a dead process.
async fn or_apology(
    work: impl Future<Output = EventResponse> + Send + 'static,
    apology: impl FnOnce() -> EventResponse,
) -> EventResponse {
    tokio::spawn(work).await.unwrap_or_else(|_| apology())
}

impl From<Context> for Invocation {
    fn from(context: Context) -> Self {
        let now = SystemTime::now();
        let remaining = context.deadline().duration_since(now).unwrap_or_default();
        Self { request_id: context.request_id, now, remaining }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::http::response::Response;

    #[test]
    fn a_variable_that_lambda_does_not_set_so_is_named() {
        let faults = |name: &'static str, value: Option<&str>| {
            let faults = faults(|variable| match variable {
                _ if variable == name => value.map(str::to_owned),
                "AWS_LAMBDA_RUNTIME_API" => Some("127.0.0.1:9001".to_owned()),
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" => Some("256".to_owned()),
                _ => Some("function".to_owned()),
            });
            faults.into_iter().map(|fault| fault.variable).collect::<Vec<_>>()
        };
        for (name, value, is_faulty) in [
            ("AWS_LAMBDA_RUNTIME_API", None, true),
            ("AWS_LAMBDA_RUNTIME_API", Some(""), true),
            ("AWS_LAMBDA_RUNTIME_API", Some("/path"), true),
            ("AWS_LAMBDA_RUNTIME_API", Some("http://127.0.0.1:9001"), false),
            ("AWS_LAMBDA_FUNCTION_NAME", None, true),
            ("AWS_LAMBDA_FUNCTION_NAME", Some("f"), false),
            ("AWS_LAMBDA_FUNCTION_VERSION", None, true),
            ("AWS_LAMBDA_FUNCTION_VERSION", Some("$LATEST"), false),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", None, true),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Some("bogus"), true),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Some("128"), false),
        ] {
            assert_eq!(faults(name, value) == [name], is_faulty, "{name} {value:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_becomes_a_page() {
        let apology = || Response::empty(StatusCode::INTERNAL_SERVER_ERROR).into_event(Payload::V2);
        let response = or_apology(async { panic!("a bug") }, apology).await;
        let response = serde_json::to_value(response).unwrap();
        assert_eq!(response["statusCode"], 500);
    }
}
