//! The function's binary: wiring and nothing else.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use appfabric_connect::aws::{self, AppFabric, Table};
use appfabric_connect::config::{Config, Fault};
use appfabric_connect::http::{self, Endpoint};
use appfabric_connect::ops::{self, Metrics};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    tracing::subscriber::set_global_default(ops::subscriber(environment, std::io::stdout))
        .expect("nothing has set a subscriber before");
    ops::log_panics();
    let config = match Config::from_environment(environment) {
        Ok(config) => config,
        Err(faults) => return refuse(&faults),
    };
    let faults = http::faults(environment);
    if !faults.is_empty() {
        return refuse(&faults);
    }
    let sdk = aws::from_environment(config.ca_bundle.as_ref()).await;
    let table = config.flow_table.as_ref().map(|table| Table::new(&sdk, table));
    let metrics = Metrics::new(environment("AWS_LAMBDA_FUNCTION_NAME"), print);
    let endpoint = Arc::new(Endpoint::new(config, AppFabric::new(sdk), table).with_metrics(metrics));
    let answer = lambda_runtime::service_fn(|event| http::handle(Arc::clone(&endpoint), event));
    match lambda_runtime::run(answer).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the Lambda runtime stopped");
            ExitCode::FAILURE
        }
    }
}

/// Tells everything that is wrong with the environment.
fn refuse(faults: &[Fault]) -> ExitCode {
    for Fault { variable, problem } in faults {
        ops::faulty_configuration(variable, problem);
    }
    ExitCode::FAILURE
}

/// Prints whole lines among those of the log. A callback must not fail because they cannot be written.
fn print(lines: &str) {
    let _ = std::io::stdout().write_all(lines.as_bytes());
}
