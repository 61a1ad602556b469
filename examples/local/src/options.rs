//! What can be chosen on the command line.

use appfabric_emulator::gateway::Payload;
use clap::{ArgAction, Parser, ValueEnum};
use url::Url;

use crate::application;

/// AppFabric, an application, API Gateway and the function on this machine, and a link to open.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Who asks, on the connect page: `ORGANISATION_NAME`
    #[arg(long, value_name = "NAME", default_value = "Example Corp", conflicts_with = "function_at")]
    pub(crate) organisation: String,
    /// The application's name in AppFabric, as on the connect page
    #[arg(long, value_name = "NAME", default_value = "EXAMPLE", value_parser = up_to::<255>)]
    pub(crate) app: String,
    /// The tenant's name in AppFabric, as on the connect page
    #[arg(long, value_name = "NAME", default_value = "Example Corp.", value_parser = up_to::<2048>)]
    pub(crate) tenant: String,
    /// Also print the function's own log: JSON lines, as they are in CloudWatch
    #[arg(long, conflicts_with = "function_at")]
    pub(crate) log: bool,
    /// What is in front of the function
    #[arg(long, value_enum, default_value_t = Front::Rest, conflicts_with = "function_at")]
    pub(crate) front: Front,
    /// What happens to a callback that no connect link began: `STATE_MODE`
    #[arg(long, value_enum, default_value_t = State::Enforce, conflicts_with = "function_at")]
    pub(crate) state: State,
    /// The page for people who are connected: `SUCCESS_URL`
    #[arg(long, value_name = "URL", conflicts_with = "function_at")]
    pub(crate) success_url: Option<String>,
    /// Where browsers reach the API, such as a TLS proxy in front of it: `PUBLIC_BASE_URL`
    #[arg(long, value_name = "URL", conflicts_with = "function_at")]
    pub(crate) public_base_url: Option<String>,
    /// Start no function: it runs here, such as behind `sam local start-api`
    #[arg(long, value_name = "URL", value_parser = web_address)]
    pub(crate) function_at: Option<Url>,
    /// Port of the API in front of the function; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with = "function_at")]
    pub(crate) gateway_port: u16,
    /// Port of AppFabric; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) appfabric_port: u16,
    #[command(flatten)]
    pub(crate) application: application::Choice,
    // The short one has lines of more than 100 columns.
    /// Print this help
    #[arg(short, long, action = ArgAction::HelpLong)]
    help: Option<bool>,
}

/// What stands in front of the function.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Front {
    /// A REST API, payload 1.0
    Rest,
    /// An HTTP API, payload 2.0
    Http,
    /// A function URL, payload 2.0
    FunctionUrl,
}

/// What `state` is for; `STATE_MODE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum State {
    /// Without a valid `state` no code is spent
    Enforce,
    /// `state` is checked, and every callback is let through
    Report,
    /// `state` is ignored, and the link is a bare `authUrl`
    Off,
}

impl Front {
    /// What a request to it is signed for.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Rest | Self::Http => "execute-api",
            Self::FunctionUrl => "lambda",
        }
    }
}

impl From<Front> for Payload {
    fn from(front: Front) -> Self {
        match front {
            Front::Rest => Self::Rest,
            Front::Http => Self::Http,
            Front::FunctionUrl => Self::FunctionUrl,
        }
    }
}

/// A text as AppFabric takes it: neither empty nor longer than `MAX` characters.
pub(crate) fn up_to<const MAX: usize>(text: &str) -> Result<String, String> {
    if (1..=MAX).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(format!("has to have 1 to {MAX} characters"))
    }
}

/// A URL of a web server, to which a path can be added.
fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && is_plain {
        Ok(url)
    } else {
        Err("has to begin with http:// or https://, without `?` and `#`".to_owned())
    }
}
