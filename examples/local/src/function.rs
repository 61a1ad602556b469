//! The function, and an API Gateway's view of it: each step is told as it happens.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::{self, Endpoint};
use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{self as emulator, AuthorizationArn};
use appfabric_emulator::gateway;
use aws_config::SdkConfig;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use uuid::Uuid;

use crate::say;

/// The function as it is deployed but for the table: one process is all there is, and its memory is enough.
pub(crate) fn endpoint(
    sdk: &SdkConfig,
    state_mode: StateMode,
    chosen: impl Fn(&str) -> Option<String>,
) -> Result<Arc<Endpoint>, Box<dyn Error>> {
    let environment = |name: &str| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "ORGANISATION_NAME" => Some("Example Corp".to_owned()),
        other => chosen(other),
    };
    let mut config = Config::from_environment(environment)?;
    // The environment refuses it without a table, because Lambda runs more than one process.
    config.state_mode = state_mode;
    Ok(Arc::new(Endpoint::new(config, AppFabric::new(sdk.clone()), None)))
}

/// The function as API Gateway invokes it. What is told holds no link, no `state`, no code and no cookie.
pub(crate) fn watched(
    endpoint: Arc<Endpoint>,
    appfabric: Arc<emulator::AppFabric>,
    arn: AuthorizationArn,
) -> gateway::Handler {
    gateway::handler(move |event: Value| {
        let (endpoint, appfabric, arn) = (Arc::clone(&endpoint), Arc::clone(&appfabric), arn.clone());
        async move {
            let text =
                |members: [&str; 2]| members.iter().find_map(|member| event.pointer(member)?.as_str()).unwrap_or("?");
            let (method, path) = (text(["/httpMethod", "/requestContext/http/method"]), text(["/path", "/rawPath"]));
            let is_connect = path.starts_with("/connect/");
            let path = if is_connect { "/connect/…, its link kept to itself" } else { path };
            let is_callback = path.starts_with("/callback/");
            let query = if is_callback { ", its query kept to itself" } else { "" };
            say("gateway", &format!("{method} {path}{query}"));
            let calls_before = appfabric.calls().len();
            let Ok(answer) = http::handle(endpoint, LambdaEvent::new(event, context())).await;
            for call in appfabric.calls().iter().skip(calls_before) {
                let operation = call.operation.map_or_else(|| "?".to_owned(), |operation| format!("{operation:?}"));
                let status = appfabric.status_of(&arn);
                let status = status.as_ref().map_or("gone", |status| status.as_str());
                let answer = call.error_type.as_deref().unwrap_or("no error");
                say("appfabric", &format!("{operation}: {answer}; the app authorization is {status}"));
            }
            let answer = serde_json::to_value(answer).unwrap_or_default();
            let location = answer.pointer("/headers/location").and_then(Value::as_str);
            let to = match location.map(|location| location.split_once('?').unwrap_or((location, ""))) {
                // The button sends the person to the application, with a fresh `state`.
                Some((application, _)) if is_connect => format!(" to {application}, its query kept to itself"),
                Some((page, query)) => format!(" to {page}?{query}"),
                None => String::new(),
            };
            say("function", &format!("answers {}{to}", answer["statusCode"]));
            answer
        }
    })
}

/// An invocation as Lambda makes them, with 25 seconds to go.
fn context() -> Context {
    let mut context = Context::default();
    context.request_id = Uuid::new_v4().to_string();
    let deadline = SystemTime::now() + Duration::from_secs(25);
    let since_epoch = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    context.deadline = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
    context
}
