//! No secret leaks: through every route, method, outcome and reason of the release binary, in each
//! `STATE_MODE`, with a table, without and with one out of reach, at the highest log level, in both log formats and both
//! payload formats; and at a start with a faulty configuration, and in a panic.
//!
//! The test searches what is printed (log and metrics, standard output and standard error), answered, and kept in the
//! table for each secret, in every form that something may have given it: see `scanner`.

mod configuration;
mod deployment;
mod panic;
mod paths;
mod scanner;

use std::collections::BTreeSet;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::flows::site::PAYLOADS;
use deployment::{Deployment, LOG_FORMATS, Tally, Wiring};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn no_secret_leaves_the_release_binary_on_any_path() {
    let started = Instant::now();
    let mut lives = JoinSet::new();
    for payload in PAYLOADS {
        for (number, wiring) in Wiring::ALL.into_iter().enumerate() {
            // Each wiring with either format, in one payload format or the other.
            let log_format = LOG_FORMATS[(number + usize::from(payload == PAYLOADS[0])) % 2];
            lives.spawn(async move { Deployment::new(wiring, payload, log_format).await.live().await });
        }
    }
    let mut tally = Tally::default();
    while let Some(life) = lives.join_next().await {
        tally.add(life.expect("nobody panicked"));
    }
    let starts = configuration::faulty_starts();
    println!(
        "figures: no leak: {tally}, {starts} faulty starts, {} forms of each secret, {} s",
        scanner::forms(b"any").len(),
        started.elapsed().as_secs()
    );
    let endings: BTreeSet<&str> = tally.endings.iter().map(String::as_str).collect();
    let reasons = appfabric_connect::values::Outcome::ALL.map(|outcome| outcome.reason().unwrap_or("connected"));
    assert_eq!(endings, BTreeSet::from(reasons), "every outcome and reason");
    assert!(tally.leaks.is_empty(), "{} leaks:\n{}", tally.leaks.len(), tally.leaks.join("\n"));
}
