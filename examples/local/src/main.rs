//! The whole flow on one machine: AppFabric (our emulator), an application, API Gateway and the function, in one process.
//!
//! `cargo run --package local`, then open the connect link that it prints.
//!
//! The function is at `127.0.0.1` and the application at `localhost`: two sites to a browser, as they are in the world.

mod application;
mod function;
mod operator;

use std::error::Error;
use std::sync::Arc;

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{self as emulator, Authorization, Region};
use appfabric_emulator::gateway::{self, Gateway};
use application::Application;
use clap::{Parser, ValueEnum};
use operator::Operator;
use url::Url;

/// AppFabric, an application, API Gateway and the function on loopback, and a link to click.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port of the API that the function is behind; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    gateway_port: u16,
    /// Port of AppFabric; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    appfabric_port: u16,
    #[command(flatten)]
    application: application::Choice,
    /// What is in front of the function.
    #[arg(long, value_enum, default_value_t = Front::Rest)]
    front: Front,
    /// What comes of a callback that no connect link began.
    #[arg(long, value_enum, default_value_t = State::Enforce)]
    state: State,
    /// Where people end who are connected: `SUCCESS_URL`.
    #[arg(long)]
    success_url: Option<String>,
    /// Where the world reaches the API, such as behind a proxy that speaks TLS: `PUBLIC_BASE_URL`.
    #[arg(long)]
    public_base_url: Option<String>,
    /// Where the function is instead, such as behind `sam local start-api`: AppFabric and the application alone.
    #[arg(long)]
    function_at: Option<Url>,
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

/// What `state` is for; `STATE_MODE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum State {
    /// Without a valid one nothing is spent.
    Enforce,
    /// It is checked, and every callback is let through.
    Report,
    /// It is ignored, and the link is a bare `authUrl`.
    Off,
}

/// Who signs what the operator's program sends.
const OPERATOR: &str = "arn:aws:iam::123456789012:user/operator";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let application = Application::start(&arguments.application).await?;
    let application_origin = application.endpoints.authorization_endpoint.origin().ascii_serialization();
    let appfabric = emulator::AppFabric::builder()
        .loopback_http(true)
        .application(application.endpoints.clone())
        .start(("127.0.0.1", arguments.appfabric_port))
        .await?;
    let appfabric = Arc::new(appfabric);
    let authorization =
        Authorization::oauth2("EXAMPLE").client(&arguments.application.client_id, &arguments.application.client_secret);
    let arn = appfabric.create_authorization(Region::UsEast1, authorization);

    let say_where = |redirect_uri: &str| {
        say("appfabric", &format!("is at {}; AWS_ENDPOINT_URL_APPFABRIC for the AWS CLI", appfabric.url()));
        say("appfabric", &format!("has {arn}"));
        say("application", &format!("is at {application_origin}"));
        say("function", &format!("is behind {redirect_uri}"));
    };
    let redirect_uri = |api: &str| format!("{api}/callback/{}/{}", arn.bundle().uuid(), arn.uuid());
    if let Some(api) = &arguments.function_at {
        let redirect_uri = redirect_uri(api.as_str().trim_end_matches('/'));
        application.register(&redirect_uri)?;
        say_where(&redirect_uri);
        return Ok(tokio::signal::ctrl_c().await?);
    }

    let sdk = operator::sdk(&appfabric.url());
    let endpoint = function::endpoint(&sdk, arguments.state.into(), |name| match name {
        "SUCCESS_URL" => arguments.success_url.clone(),
        "PUBLIC_BASE_URL" => arguments.public_base_url.clone(),
        _ => None,
    })?;
    let gateway = Gateway::builder(function::watched(endpoint, Arc::clone(&appfabric), arn.clone()))
        .payload(arguments.front.into())
        .caller(OPERATOR)
        .start(&format!("127.0.0.1:{}", arguments.gateway_port))
        .await?;
    let public = arguments.public_base_url.as_deref().unwrap_or(gateway.url());
    let redirect_uri = redirect_uri(public.trim_end_matches('/'));
    application.register(&redirect_uri)?;
    say_where(&redirect_uri);
    let operator = Operator { sdk: &sdk, arn: &arn, api: gateway.url(), service: arguments.front.service() };
    if arguments.state == State::Off {
        let link = operator.auth_url(&redirect_uri).await?;
        say("you", &format!("click this link, then Allow or Cancel; Ctrl-C ends it all\n\n    {link}\n"));
    } else {
        let link = operator.begin_flow().await?;
        say("operator", &format!("makes more links with\n\n    {}\n", operator.curl()));
        say("you", &format!("open this link, then Continue, then Allow or Cancel; Ctrl-C ends it all\n\n    {link}\n"));
    }
    tokio::signal::ctrl_c().await?;
    say("you", "have ended it");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "telling is what this example is for")]
fn say(who: &str, what: &str) {
    println!("{who:>12}  {what}");
}

impl Front {
    /// What a request to it is signed for.
    fn service(self) -> &'static str {
        match self {
            Self::Rest | Self::Http => "execute-api",
            Self::FunctionUrl => "lambda",
        }
    }
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

impl From<State> for StateMode {
    fn from(state: State) -> Self {
        match state {
            State::Enforce => Self::Enforce,
            State::Report => Self::Report,
            State::Off => Self::Off,
        }
    }
}
