//! The whole flow on one machine: AppFabric (our emulator), an application, API Gateway and the function, in one process.
//!
//! `cargo run --example local`, then click the link that it prints.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_connect::appfabric::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::endpoint::Endpoint;
use appfabric_connect::function;
use appfabric_connect::ledger::Ledger;
use appfabric_emulator::appfabric::{self as emulator, Authorization, AuthorizationArn, Region};
use appfabric_emulator::application::Application;
use appfabric_emulator::gateway::{self, Gateway};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use clap::{Parser, ValueEnum};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

/// AppFabric, an application, API Gateway and the function on loopback, and a link to click.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port of the API that the function is behind; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    gateway_port: u16,
    /// Port of the application; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    application_port: u16,
    /// Port of AppFabric; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    appfabric_port: u16,
    /// How long a code can be redeemed, in seconds; 0 is an application whose every code comes too late.
    #[arg(long, default_value_t = 600)]
    code_lifetime: u64,
    /// What is in front of the function.
    #[arg(long, value_enum, default_value_t = Front::Rest)]
    front: Front,
}

/// What stands in front of the function.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Front {
    /// A REST API, payload 1.0.
    Rest,
    /// An HTTP API, payload 2.0.
    Http,
    /// A function URL, payload 2.0.
    FunctionUrl,
}

/// The OAuth client that AppFabric is at the application.
const CLIENT: (&str, &str) = ("appfabric", "a-secret-of-no-one");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let application = Application::builder()
        .client(CLIENT.0, CLIENT.1, [] as [&str; 0])
        .code_lifetime(Duration::from_secs(arguments.code_lifetime))
        .on_step(|step| say("application", &step.to_string()))
        .start(&format!("127.0.0.1:{}", arguments.application_port))
        .await?;
    let appfabric = emulator::AppFabric::builder()
        .loopback_http(true)
        .application(emulator::Application {
            authorization_endpoint: application.authorization_endpoint().parse()?,
            token_endpoint: application.token_endpoint().parse()?,
        })
        .start(("127.0.0.1", arguments.appfabric_port))
        .await?;
    let appfabric = Arc::new(appfabric);
    let authorization = Authorization::oauth2("EXAMPLE").client(CLIENT.0, CLIENT.1);
    let arn = appfabric.create_authorization(Region::UsEast1, authorization);

    let sdk = sdk(&appfabric.url());
    let gateway = Gateway::builder(watched(function(&sdk)?, Arc::clone(&appfabric), arn.clone()))
        .payload(arguments.front.into())
        .start(&format!("127.0.0.1:{}", arguments.gateway_port))
        .await?;
    let redirect_uri = format!("{}/callback/{}/{}", gateway.url(), arn.bundle().uuid(), arn.uuid());
    application.register_redirect_uri(CLIENT.0, &redirect_uri)?;

    say("appfabric", &format!("is at {}; AWS_ENDPOINT_URL_APPFABRIC for the AWS CLI", appfabric.url()));
    say("appfabric", &format!("has {arn}"));
    say("application", &format!("is at {}", application.url()));
    say("function", &format!("is behind {redirect_uri}"));
    say(
        "you",
        &format!(
            "click this link, then Allow or Cancel; Ctrl-C ends it all\n\n    {}\n",
            link(&sdk, &arn, &redirect_uri).await?
        ),
    );
    tokio::signal::ctrl_c().await?;
    say("you", "have ended it");
    Ok(())
}

/// The link as an operator makes it: a fresh `authUrl`, with the registered redirect URI set in it.
async fn link(sdk: &SdkConfig, arn: &AuthorizationArn, redirect_uri: &str) -> Result<Url, Box<dyn Error>> {
    let client = aws_sdk_appfabric::Client::new(sdk);
    let answer = client
        .get_app_authorization()
        .app_bundle_identifier(arn.bundle().uuid())
        .app_authorization_identifier(arn.uuid())
        .send()
        .await?;
    let auth_url = answer.app_authorization().and_then(|authorization| authorization.auth_url());
    let mut link: Url = auth_url.ok_or("AppFabric gave no authUrl")?.parse()?;
    link.query_pairs_mut().append_pair("redirect_uri", redirect_uri);
    Ok(link)
}

/// The function as it is deployed, but for its configuration: nothing but the defaults.
fn function(sdk: &SdkConfig) -> Result<Arc<Endpoint>, Box<dyn Error>> {
    let environment = |name: &str| match name {
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "ORGANISATION_NAME" => Some("Example Corp".to_owned()),
        _ => None,
    };
    Ok(Arc::new(Endpoint::new(Config::from_environment(environment)?, AppFabric::new(sdk.clone()), Ledger::new(None))))
}

/// The function as API Gateway invokes it, each step told as it happens.
fn watched(endpoint: Arc<Endpoint>, appfabric: Arc<emulator::AppFabric>, arn: AuthorizationArn) -> gateway::Handler {
    gateway::handler(move |event: Value| {
        let (endpoint, appfabric, arn) = (Arc::clone(&endpoint), Arc::clone(&appfabric), arn.clone());
        async move {
            let text =
                |members: [&str; 2]| members.iter().find_map(|member| event.pointer(member)?.as_str()).unwrap_or("?");
            let (method, path) = (text(["/httpMethod", "/requestContext/http/method"]), text(["/path", "/rawPath"]));
            say("gateway", &format!("{method} {path}, its query kept to itself"));
            let calls_before = appfabric.calls().len();
            let Ok(answer) = function::handle(endpoint, LambdaEvent::new(event, context())).await;
            for call in appfabric.calls().iter().skip(calls_before) {
                let operation = call.operation.map_or_else(|| "?".to_owned(), |operation| format!("{operation:?}"));
                let status = appfabric.status_of(&arn);
                let status = status.as_ref().map_or("gone", |status| status.as_str());
                let answer = call.error_type.as_deref().unwrap_or("no error");
                say("appfabric", &format!("{operation}: {answer}; the app authorization is {status}"));
            }
            let answer = serde_json::to_value(answer).unwrap_or_default();
            let location = answer.pointer("/headers/location").and_then(Value::as_str);
            let to = location.map(|location| format!(" to {location}")).unwrap_or_default();
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

/// The SDK, with credentials for nobody, calling the emulator.
fn sdk(url: &str) -> SdkConfig {
    let nobody = Credentials::new("AKIDEXAMPLE", "example", None, None, "example");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(nobody))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .region(aws_config::Region::from_static("us-east-1"))
        .endpoint_url(url)
        .build()
}

#[expect(clippy::print_stdout, reason = "telling is what this example is for")]
fn say(who: &str, what: &str) {
    println!("{who:>12}  {what}");
}

impl From<Front> for gateway::Payload {
    fn from(front: Front) -> Self {
        match front {
            Front::Rest => Self::Rest,
            Front::Http => Self::Http,
            Front::FunctionUrl => Self::FunctionUrl,
        }
    }
}
