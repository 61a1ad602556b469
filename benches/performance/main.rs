//! What a callback costs, compared with the least that it could cost and with other implementations.
//!
//! ```console
//! $ cargo bench                    # everything: tables in target/bench/report.md, figures in target/bench/report.json
//! $ cargo bench -- check           # what CI holds the function to: instructions and sizes, a few minutes
//! $ cargo bench -- --help          # its parts
//! ```
//!
//! This program is the far side: AppFabric and a DynamoDB stand-in on loopback, over TLS, near and 20 ms away. The
//! driver, in Python, measures, and this program starts it: `driver/__main__.py` is its map. `../rivals` holds
//! what the function is measured against.

mod aliases;
mod authority;
mod far_side;
mod fronts;
mod stand_in;

use std::path::Path;
use std::process::ExitCode;
use std::{env, io};

use tokio::process::Command;

use far_side::FarSide;

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    // Cargo says that this is a benchmark; there is nothing else here.
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [first, aliases, callbacks] = arguments.as_slice()
        && first == "aliases"
    {
        aliases::answer(number(aliases)?, number(callbacks)?).await;
        return Ok(ExitCode::SUCCESS);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = root.join("target/bench");
    std::fs::create_dir_all(&target)?;
    let far_side = FarSide::start(&target).await?;
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let status = Command::new(python)
        .arg(root.join("benches/performance/driver"))
        .args(arguments)
        .env("FAR_SIDE", far_side.described().to_string())
        .env("ALIASES", env::current_exe()?)
        .status()
        .await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn number(text: &str) -> io::Result<usize> {
    text.parse().map_err(io::Error::other)
}
