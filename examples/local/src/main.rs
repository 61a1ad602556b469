//! The whole flow on one machine: AppFabric (our emulator), an application, API Gateway and the function, in one process.
//!
//! `cargo run --package local`, then open the connect link that it prints.
//!
//! The function is at `127.0.0.1` and the application at `localhost`. To a browser these are two sites, as in production.
//!
//! # Reading order
//!
//! 1. `options`: what you can choose. This file: what is started, in which order.
//! 2. `application`: who asks the person for consent. `function`: what connects, and the only file that uses its library.
//! 3. `operator`: who makes links. `terminal`: how everything is printed. `mistake`: why nothing was started.

mod application;
mod function;
mod mistake;
mod operator;
mod options;
mod terminal;

use std::process::ExitCode;

use appfabric_emulator::appfabric::{self as emulator, Authorization, AuthorizationArn, Region};
use appfabric_emulator::gateway::Gateway;
use application::Application;
use clap::Parser as _;
use mistake::Mistake;
use operator::Operator;
use options::{Options, State};
use terminal::{say, set_apart};

/// Who signs what the operator's program sends.
const OPERATOR: &str = "arn:aws:iam::123456789012:user/operator";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(mistake) if mistake.use_stderr() => {
            terminal::complain(&mistake);
            return ExitCode::FAILURE;
        }
        Err(help) => {
            // Ignore errors: the terminal may be closed.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(mistake) => {
            terminal::complain(&mistake);
            ExitCode::FAILURE
        }
    }
}

/// Starts everything, prints a link, and goes on until Ctrl-C.
async fn run(options: &Options) -> Result<(), Mistake> {
    let application = Application::start(&options.application).await?;
    let appfabric = emulator::AppFabric::builder()
        .loopback_http(true)
        .application(application.endpoints.clone())
        .on_call(say_call)
        .start(("127.0.0.1", options.appfabric_port))
        .await
        .map_err(|error| Mistake::port("--appfabric-port", options.appfabric_port, error))?;
    let authorization = Authorization::oauth2(&options.app)
        .tenant("tenant", &options.tenant)
        .client(&options.application.client_id, &options.application.client_secret);
    let arn = appfabric.create_authorization(Region::UsEast1, authorization);

    // The gateway ends when this value is dropped.
    let _gateway = if let Some(api) = &options.function_at {
        // That function does not know our alias.
        let redirect_uri =
            format!("{}/callback/{}/{}", api.as_str().trim_end_matches('/'), arn.bundle().uuid(), arn.uuid());
        application.register(&redirect_uri).map_err(|problem| Mistake::option("--function-at", &problem))?;
        say_where(&appfabric, &arn, &application, &redirect_uri);
        None
    } else {
        Some(begin(options, &application, &appfabric, &arn).await?)
    };
    tokio::signal::ctrl_c().await.map_err(Mistake::Signal)?;
    say("you", "have ended it");
    Ok(())
}

/// Puts the function behind its API, and prints a link that begins a flow.
async fn begin(
    options: &Options,
    application: &Application,
    appfabric: &emulator::AppFabric,
    arn: &AuthorizationArn,
) -> Result<Gateway, Mistake> {
    let sdk = operator::sdk(&appfabric.url());
    let gateway = Gateway::builder(function::start(options, &sdk, arn)?)
        .payload(options.front.into())
        .caller(OPERATOR)
        .start(&format!("127.0.0.1:{}", options.gateway_port))
        .await
        .map_err(|error| Mistake::port("--gateway-port", options.gateway_port, error))?;
    let public = options.public_base_url.as_deref().unwrap_or(gateway.url());
    let redirect_uri = format!("{}/callback/{}", public.trim_end_matches('/'), function::ALIAS);
    application.register(&redirect_uri).map_err(|problem| Mistake::option("--public-base-url", &problem))?;
    say_where(appfabric, arn, application, &redirect_uri);

    let operator = Operator { sdk: &sdk, arn, api: gateway.url(), service: options.front.service() };
    if options.state == State::Off {
        let link = operator.auth_url(&redirect_uri).await.map_err(Mistake::Link)?;
        say("you", "open this link, then press Allow or Cancel; Ctrl-C ends everything:");
        set_apart(&[link.as_str()]);
    } else {
        say("operator", "begins a flow, with a signed request");
        let link = operator.begin_flow().await.map_err(Mistake::Link)?;
        say("operator", "makes another link with this command:");
        set_apart(&operator.curl());
        say("you", "open this link, press Continue, then Allow or Cancel; Ctrl-C ends everything:");
        set_apart(&[&link]);
    }
    Ok(gateway)
}

/// Says where everything listens.
fn say_where(appfabric: &emulator::AppFabric, arn: &AuthorizationArn, application: &Application, redirect_uri: &str) {
    say("appfabric", &format!("is at {}; for the AWS CLI, set AWS_ENDPOINT_URL_APPFABRIC to it", appfabric.url()));
    say("appfabric", &format!("has app bundle {}", arn.bundle().uuid()));
    say("appfabric", &format!("has app authorization {}", arn.uuid()));
    say("application", &format!("is at {}", application.origin()));
    say("function", &format!("is behind {redirect_uri}"));
}

/// Says what AppFabric was asked, and what it answered.
fn say_call(call: &emulator::Call, status: Option<&emulator::Status>) {
    let operation = call.operation.map_or_else(|| "unknown operation".to_owned(), |operation| format!("{operation:?}"));
    let answer = match (&call.error_type, call.status) {
        (Some(error), _) => error,
        (None, Some(_)) => "no error",
        (None, None) => "no answer",
    };
    let status = status.map_or_else(String::new, |status| format!("; the app authorization is {}", status.as_str()));
    say("appfabric", &format!("{operation}: {answer}{status}"));
}
