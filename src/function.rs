//! The Lambda side: from an invocation to an answer, even where the code has a bug.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::SystemTime;

use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;

use crate::endpoint::{Endpoint, Invocation};
use crate::gateway::{EventResponse, Payload};

/// Answers one invocation; there is no event that makes it fail.
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
    use crate::gateway::Response;

    #[tokio::test]
    async fn a_panic_becomes_a_page() {
        let apology = || Response::empty(StatusCode::INTERNAL_SERVER_ERROR).into_event(Payload::V2);
        let response = or_apology(async { panic!("a bug") }, apology).await;
        let response = serde_json::to_value(response).unwrap();
        assert_eq!(response["statusCode"], 500);
    }
}
