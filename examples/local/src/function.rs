//! The function, and an API Gateway's view of it: each step is told as it happens.
//!
//! The only file here that uses the function's library.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::{self, Endpoint};
use appfabric_connect::ops;
use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::AuthorizationArn;
use appfabric_emulator::gateway;
use aws_config::SdkConfig;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mistake::Mistake;
use crate::options::{Options, State};
use crate::terminal::say;

/// The app authorization's name in paths, so that the redirect URI is short.
pub(crate) const ALIAS: &str = "example";

/// The variables that an option sets.
const VARIABLES: [(&str, &str); 3] = [
    ("ORGANISATION_NAME", "--organisation"),
    ("SUCCESS_URL", "--success-url"),
    ("PUBLIC_BASE_URL", "--public-base-url"),
];

/// The function as API Gateway invokes it. It is as it is deployed, but without a table: there is one process only, and
/// its memory is enough.
pub(crate) fn start(options: &Options, sdk: &SdkConfig, arn: &AuthorizationArn) -> Result<gateway::Handler, Mistake> {
    let mut config = Config::from_environment(|name| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "APP_AUTHORIZATIONS" => Some(json!({ ALIAS: arn.to_string() }).to_string()),
        "ORGANISATION_NAME" => Some(options.organisation.clone()),
        "SUCCESS_URL" => options.success_url.clone(),
        "PUBLIC_BASE_URL" => options.public_base_url.clone(),
        _ => None,
    })
    .map_err(|faults| {
        let faults = faults.into_iter();
        Mistake::Options(faults.map(|fault| (by_options(fault.variable), fault.problem)).collect())
    })?;
    // The environment refuses it without a table, because Lambda runs more than one process.
    config.state_mode = options.state.into();
    if options.log {
        let lines = ops::subscriber(|_| None, std::io::stdout);
        tracing::subscriber::set_global_default(lines).expect("nothing has set a subscriber before");
        ops::log_panics();
    }
    Ok(watched(Arc::new(Endpoint::new(config, AppFabric::new(sdk.clone()), None))))
}

/// The handler, which prints each request and answer without any link, `state`, code or cookie.
fn watched(endpoint: Arc<Endpoint>) -> gateway::Handler {
    gateway::handler(move |event: Value| {
        let endpoint = Arc::clone(&endpoint);
        async move {
            say("gateway", &request(&event));
            let Ok(answer) = http::handle(endpoint, LambdaEvent::new(event, context())).await;
            let answer = serde_json::to_value(answer).unwrap_or_default();
            say("function", &format!("answers {}", summary(&answer)));
            answer
        }
    })
}

/// A request, less its secrets.
fn request(event: &Value) -> String {
    let text = |members: [&str; 2]| members.iter().find_map(|member| event.pointer(member)?.as_str()).unwrap_or("?");
    let (method, path) = (text(["/httpMethod", "/requestContext/http/method"]), text(["/path", "/rawPath"]));
    if path.starts_with("/connect/") {
        format!("{method} /connect/… (the link is secret)")
    } else if path.starts_with("/callback/") {
        format!("{method} {path} (the query is secret)")
    } else {
        format!("{method} {path}")
    }
}

/// An answer: its status, and where it sends the person.
fn summary(answer: &Value) -> String {
    let status = &answer["statusCode"];
    let Some(location) = answer.pointer("/headers/location").and_then(Value::as_str) else {
        return status.to_string();
    };
    let (page, query) = location.split_once('?').unwrap_or((location, ""));
    let query = query.split('#').next().unwrap_or_default();
    let member = |name| query.split('&').find_map(|member| member.split_once('=').filter(|(key, _)| *key == name));
    match (member("outcome"), member("reason"), member("reference")) {
        (Some((_, outcome)), reason, Some((_, reference))) => {
            let reason = reason.map_or_else(String::new, |(_, reason)| format!(": {reason}"));
            let built_in = format!("/{outcome}");
            let page = if page.ends_with(&built_in) { &built_in } else { page };
            format!("{status} to {page}{reason}, reference {reference}")
        }
        // The button sends the person to the application, with a fresh `state`.
        _ => format!("{status} to {page} (the query is secret)"),
    }
}

/// The text with the options in place of the variables that they set.
pub(crate) fn by_options(text: &str) -> String {
    VARIABLES.iter().fold(text.to_owned(), |text, (variable, option)| text.replace(variable, option))
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

impl From<State> for StateMode {
    fn from(state: State) -> Self {
        match state {
            State::Enforce => Self::Enforce,
            State::Report => Self::Report,
            State::Off => Self::Off,
        }
    }
}
