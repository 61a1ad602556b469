//! The whole flow on one machine: AppFabric (our emulator), an application, API Gateway and the function, in one process.
//!
//! `cargo run --example local`, then open the connect link that it prints.
//!
//! The function is at `127.0.0.1` and the application at `localhost`: two sites to a browser, as they are in the world.

mod function;
mod operator;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use appfabric_connect::config::StateMode;
use appfabric_emulator::appfabric::{self as emulator, Authorization, Region};
use appfabric_emulator::application::Application;
use appfabric_emulator::gateway::{self, Gateway};
use clap::{Parser, ValueEnum};
use operator::Operator;
use url::Url;

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
    /// What comes of a callback that no connect link began.
    #[arg(long, value_enum, default_value_t = State::Enforce)]
    state: State,
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

/// The OAuth client that AppFabric is at the application.
const CLIENT: (&str, &str) = ("appfabric", "a-secret-of-no-one");

/// Who signs what the operator's program sends.
const OPERATOR: &str = "arn:aws:iam::123456789012:user/operator";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let application = Application::builder()
        .client(CLIENT.0, CLIENT.1, [] as [&str; 0])
        .code_lifetime(Duration::from_secs(arguments.code_lifetime))
        .on_step(|step| say("application", &step.to_string()))
        .start(&format!("127.0.0.1:{}", arguments.application_port))
        .await?;
    let application_url = on_another_site(&application.url())?;
    let appfabric = emulator::AppFabric::builder()
        .loopback_http(true)
        .application(emulator::Application {
            authorization_endpoint: application_url.join("authorize")?,
            token_endpoint: application.token_endpoint().parse()?,
        })
        .start(("127.0.0.1", arguments.appfabric_port))
        .await?;
    let appfabric = Arc::new(appfabric);
    let authorization = Authorization::oauth2("EXAMPLE").client(CLIENT.0, CLIENT.1);
    let arn = appfabric.create_authorization(Region::UsEast1, authorization);

    let say_where = |redirect_uri: &str| {
        say("appfabric", &format!("is at {}; AWS_ENDPOINT_URL_APPFABRIC for the AWS CLI", appfabric.url()));
        say("appfabric", &format!("has {arn}"));
        say("application", &format!("is at {}", application_url.origin().ascii_serialization()));
        say("function", &format!("is behind {redirect_uri}"));
    };
    let redirect_uri = |api: &str| format!("{api}/callback/{}/{}", arn.bundle().uuid(), arn.uuid());
    if let Some(api) = &arguments.function_at {
        let redirect_uri = redirect_uri(api.as_str().trim_end_matches('/'));
        application.register_redirect_uri(CLIENT.0, &redirect_uri)?;
        say_where(&redirect_uri);
        return Ok(tokio::signal::ctrl_c().await?);
    }

    let sdk = operator::sdk(&appfabric.url());
    let endpoint = function::endpoint(&sdk, arguments.state.into())?;
    let gateway = Gateway::builder(function::watched(endpoint, Arc::clone(&appfabric), arn.clone()))
        .payload(arguments.front.into())
        .caller(OPERATOR)
        .start(&format!("127.0.0.1:{}", arguments.gateway_port))
        .await?;
    let redirect_uri = redirect_uri(gateway.url());
    application.register_redirect_uri(CLIENT.0, &redirect_uri)?;
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

/// The same address by the other name of this machine, which is another site to a browser.
fn on_another_site(url: &str) -> Result<Url, Box<dyn Error>> {
    let mut url = Url::parse(url)?;
    url.set_host(Some("localhost"))?;
    Ok(url)
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
