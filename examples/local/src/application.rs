//! The application: the emulator's own, or one that runs elsewhere.

use std::time::Duration;

use appfabric_emulator::appfabric as emulator;
use appfabric_emulator::application as stand_in;
use clap::Args;
use url::{Host, Url};

use crate::mistake::Mistake;
use crate::options::up_to;
use crate::terminal::say;

/// Which application it is, and who AppFabric is there.
#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Port of the application; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with = "authorization_endpoint")]
    application_port: u16,
    /// How long a code can be redeemed, in seconds; with 0 every code comes too late
    #[arg(long, value_name = "SECONDS", default_value_t = 600, conflicts_with = "authorization_endpoint")]
    code_lifetime: u32,
    /// Authorization endpoint of another application, where authUrl points; its query is kept
    #[arg(long, value_name = "URL", requires = "token_endpoint", value_parser = on_loopback)]
    authorization_endpoint: Option<Url>,
    /// Its token endpoint, where AppFabric spends codes; it has to know the redirect URI
    #[arg(long, value_name = "URL", requires = "authorization_endpoint", value_parser = on_loopback)]
    token_endpoint: Option<Url>,
    /// AppFabric's client id at the application
    #[arg(long, value_name = "ID", default_value = "appfabric", value_parser = up_to::<2048>)]
    pub(crate) client_id: String,
    /// AppFabric's client secret there, sent in the body (`client_secret_post`)
    #[arg(long, value_name = "SECRET", default_value = "a-secret-of-no-one", value_parser = up_to::<2048>)]
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
    /// The application that the options name, or the emulator's own, which prints its steps.
    pub(crate) async fn start(choice: &Choice) -> Result<Self, Mistake> {
        let client_id = choice.client_id.clone();
        if let (Some(authorization_endpoint), Some(token_endpoint)) =
            (choice.authorization_endpoint.clone(), choice.token_endpoint.clone())
        {
            let endpoints = emulator::Application { authorization_endpoint, token_endpoint };
            return Ok(Self { endpoints, client_id, stand_in: None });
        }
        let stand_in = stand_in::Application::builder()
            .client(&client_id, &choice.client_secret, [] as [&str; 0])
            .code_lifetime(Duration::from_secs(choice.code_lifetime.into()))
            .on_step(|step| say("application", &step.to_string()))
            .start(&format!("127.0.0.1:{}", choice.application_port))
            .await
            .map_err(|error| Mistake::port("--application-port", choice.application_port, error))?;
        let endpoints = emulator::Application {
            authorization_endpoint: on_another_site(&stand_in.authorization_endpoint()),
            token_endpoint: address(&stand_in.token_endpoint()),
        };
        Ok(Self { endpoints, client_id, stand_in: Some(stand_in) })
    }

    /// Its site, to a browser.
    pub(crate) fn origin(&self) -> String {
        self.endpoints.authorization_endpoint.origin().ascii_serialization()
    }

    /// Registers AppFabric's redirect URI. An application that runs elsewhere must already know it.
    pub(crate) fn register(&self, redirect_uri: &str) -> Result<(), stand_in::RegistrationError> {
        match &self.stand_in {
            Some(stand_in) => stand_in.register_redirect_uri(&self.client_id, redirect_uri),
            None => Ok(()),
        }
    }
}

/// The same address with `localhost` as its host, which is another site to a browser.
fn on_another_site(url: &str) -> Url {
    let mut url = address(url);
    url.set_host(Some("localhost")).expect("a URL that has a host takes another");
    url
}

fn address(url: &str) -> Url {
    Url::parse(url).expect("what listens has an address")
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
