//! AWS AppFabric on loopback, for the AWS CLI and the AWS SDKs.

use std::{fs, io, net::IpAddr, path::PathBuf};

use appfabric_emulator::appfabric::{AppFabric, Application, Scene};
use clap::Parser;
use tokio::signal;
use url::Url;

/// AWS AppFabric on loopback, for the AWS CLI and the AWS SDKs.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen: 172.17.0.1 for containers on Linux.
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// Port there; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Also admit redirect URIs that are http on 127.0.0.1 or localhost.
    #[arg(long)]
    allow_loopback_http: bool,
    /// The application's authorization endpoint, where authUrl points.
    #[arg(long, requires = "token_endpoint")]
    authorization_endpoint: Option<Url>,
    /// The application's token endpoint (http), where codes are spent. Without one, any code connects once.
    #[arg(long, requires = "authorization_endpoint")]
    token_endpoint: Option<Url>,
    /// A JSON file of app authorizations that shall exist, and of what shall go wrong with them.
    #[arg(long)]
    scene: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut builder = AppFabric::builder().loopback_http(arguments.allow_loopback_http);
    if let (Some(authorization_endpoint), Some(token_endpoint)) =
        (arguments.authorization_endpoint, arguments.token_endpoint)
    {
        builder = builder.application(Application { authorization_endpoint, token_endpoint });
    }
    let appfabric = builder.start((arguments.address, arguments.port)).await?;
    if let Some(path) = arguments.scene {
        let scene: Scene = serde_json::from_str(&fs::read_to_string(path)?)?;
        appfabric.play(&scene).map_err(io::Error::other)?;
    }
    announce(&appfabric.url());
    signal::ctrl_c().await
}

#[expect(clippy::print_stdout, reason = "the address is what a person at a terminal needs")]
fn announce(url: &str) {
    println!("AppFabric is at {url}");
    println!("Try: aws appfabric create-app-bundle --region us-east-1 --endpoint-url {url}");
}
