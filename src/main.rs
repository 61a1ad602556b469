//! The function's binary: wiring and nothing else.

use std::process::ExitCode;
use std::sync::Arc;

use appfabric_connect::appfabric::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::endpoint::Endpoint;
use appfabric_connect::ledger::{Ledger, Table};
use appfabric_connect::{function, logs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let environment = |name: &str| std::env::var(name).ok();
    tracing::subscriber::set_global_default(logs::subscriber(environment, std::io::stdout))
        .expect("nothing has set a subscriber before");
    logs::log_panics();
    let config = match Config::from_environment(environment) {
        Ok(config) => config,
        Err(error) => {
            for fault in error.faults() {
                tracing::error!(variable = fault.variable, problem = fault.problem, "faulty configuration");
            }
            return ExitCode::FAILURE;
        }
    };
    let sdk = AppFabric::sdk_from_environment().await;
    let ledger = Ledger::new(config.flow_table.as_ref().map(|table| Table::new(&sdk, table)));
    let endpoint = Arc::new(Endpoint::new(config, AppFabric::new(sdk), ledger));
    let answer = lambda_runtime::service_fn(|event| function::handle(Arc::clone(&endpoint), event));
    match lambda_runtime::run(answer).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the Lambda runtime stopped");
            ExitCode::FAILURE
        }
    }
}
