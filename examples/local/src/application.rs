//! The application: the emulator's own, or one that runs elsewhere.

use std::error::Error;
use std::time::Duration;

use appfabric_emulator::appfabric as emulator;
use appfabric_emulator::application as stand_in;
use clap::Args;
use url::{Host, Url};

use crate::say;

/// Which application it is, and who AppFabric is there.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Port of the application; 0 is any free one.
    #[arg(long, default_value_t = 0, conflicts_with = "authorization_endpoint")]
    application_port: u16,
    /// How long a code can be redeemed, in seconds; 0 is an application whose every code comes too late.
    #[arg(long, default_value_t = 600, conflicts_with = "authorization_endpoint")]
    code_lifetime: u64,
    /// Another application's authorization endpoint, where authUrl points; a query is kept.
    #[arg(long, requires = "token_endpoint", value_parser = on_loopback)]
    authorization_endpoint: Option<Url>,
    /// Its token endpoint, where AppFabric spends codes. Register the redirect URI that is printed, byte for byte.
    #[arg(long, requires = "authorization_endpoint", value_parser = on_loopback)]
    token_endpoint: Option<Url>,
    /// AppFabric's client id at the application.
    #[arg(long, default_value = "appfabric")]
    pub(crate) client_id: String,
    /// AppFabric's client secret there, sent in the body (`client_secret_post`).
    #[arg(long, default_value = "a-secret-of-no-one")]
    pub(crate) client_secret: String,
}

/// An application with an OAuth client for AppFabric.
pub(crate) struct Application {
    /// Where AppFabric finds it.
    pub(crate) endpoints: emulator::Application,
    client_id: String,
    stand_in: Option<stand_in::Application>,
}

impl Application {
    /// The one that is named, or the emulator's own, whose steps are told.
    pub(crate) async fn start(choice: &Choice) -> Result<Self, Box<dyn Error>> {
        let client_id = choice.client_id.clone();
        if let (Some(authorization_endpoint), Some(token_endpoint)) =
            (choice.authorization_endpoint.clone(), choice.token_endpoint.clone())
        {
            let endpoints = emulator::Application { authorization_endpoint, token_endpoint };
            return Ok(Self { endpoints, client_id, stand_in: None });
        }
        let stand_in = stand_in::Application::builder()
            .client(&client_id, &choice.client_secret, [] as [&str; 0])
            .code_lifetime(Duration::from_secs(choice.code_lifetime))
            .on_step(|step| say("application", &step.to_string()))
            .start(&format!("127.0.0.1:{}", choice.application_port))
            .await?;
        let endpoints = emulator::Application {
            authorization_endpoint: on_another_site(&stand_in.authorization_endpoint())?,
            token_endpoint: stand_in.token_endpoint().parse()?,
        };
        Ok(Self { endpoints, client_id, stand_in: Some(stand_in) })
    }

    /// Registers AppFabric's redirect URI; at another application somebody else does.
    pub(crate) fn register(&self, redirect_uri: &str) -> Result<(), stand_in::RegistrationError> {
        match &self.stand_in {
            Some(stand_in) => stand_in.register_redirect_uri(&self.client_id, redirect_uri),
            None => Ok(()),
        }
    }
}

/// The same address by the other name of this machine, which is another site to a browser.
fn on_another_site(url: &str) -> Result<Url, Box<dyn Error>> {
    let mut url = Url::parse(url)?;
    url.set_host(Some("localhost"))?;
    Ok(url)
}

/// Only `http` on this machine: the secret goes there in the clear, and the function sends a browser to no other `http`.
fn on_loopback(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "http" && is_loopback {
        Ok(url)
    } else {
        Err("has to be http on localhost, 127.0.0.1 or [::1]".to_owned())
    }
}
