//! The embedded metrics as CloudWatch reads them: each number by each of its sets of dimensions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use appfabric_connect::connect::Refused;
use appfabric_connect::http::Invocation;
use appfabric_connect::ops::Metrics;
use appfabric_connect::values::{Outcome, ResultPage};
use appfabric_emulator::appfabric::AppFabric;
use serde_json::Value;

use crate::expected::{EXPECTED, set_stage};
use crate::pipe::Pipes;
use crate::support::{REFERENCE, event, piped};

/// What Lambda calls the function here.
const FUNCTION: &str = "connect-function";

/// Numbers by name and dimensions, such as `Callbacks Outcome=connected Reason=none`.
pub(crate) type Numbers = BTreeMap<String, u64>;

/// What has been printed.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<Mutex<Vec<String>>>);

impl Counter {
    /// Metrics that are counted here.
    pub(crate) fn metrics(&self) -> Metrics {
        let printed = Arc::clone(&self.0);
        let print = move |lines: &str| printed.lock().expect("nobody panics here").push(lines.to_owned());
        Metrics::new(Some(FUNCTION.to_owned()), print)
    }

    /// What was printed at once, each time since this was last called.
    pub(crate) fn take(&self) -> Vec<Numbers> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics here")).iter().map(|lines| numbers(lines)).collect()
    }
}

/// The numbers in these lines. Panics if CloudWatch could not read them, or if a value is not in its closed set.
pub(crate) fn numbers(lines: &str) -> Numbers {
    let mut numbers = Numbers::new();
    assert!(lines.ends_with('\n'), "{lines:?}");
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(line["level"], "INFO", "{line}");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{line}");
        assert!(line["_aws"]["Timestamp"].is_u64(), "{line}");
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().expect("directives");
        let mut read = vec!["_aws", "level", "timestamp"];
        for directive in directives {
            assert_eq!(directive["Namespace"], "AppFabricConnect", "{line}");
            for metric in directive["Metrics"].as_array().expect("metrics") {
                let name = metric["Name"].as_str().expect("a name");
                let value = line[name].as_u64().unwrap_or_else(|| panic!("{name}: {line}"));
                let unit =
                    if name.ends_with("Latency") || name.ends_with("Duration") { "Milliseconds" } else { "Count" };
                assert_eq!(metric["Unit"], unit, "{name}: {line}");
                read.push(name);
                for set in directive["Dimensions"].as_array().expect("sets of dimensions") {
                    let mut key = vec![name.to_owned()];
                    for dimension in set.as_array().expect("a set of dimensions") {
                        let dimension = dimension.as_str().expect("a dimension");
                        let value = line[dimension].as_str().unwrap_or_else(|| panic!("{dimension}: {line}"));
                        assert!(is_closed(name, dimension, value), "{dimension}={value}: {line}");
                        read.push(dimension);
                        key.push(format!("{dimension}={value}"));
                    }
                    assert_eq!(numbers.insert(key.join(" "), value), None, "twice: {line}");
                }
            }
        }
        let members = line.as_object().expect("an object").keys();
        assert!(members.clone().all(|member| read.contains(&member.as_str())), "a member that nobody reads: {line}");
    }
    numbers
}

fn is_closed(metric: &str, dimension: &str, value: &str) -> bool {
    match dimension {
        "FunctionName" => !value.is_empty(),
        "Outcome" => ResultPage::ALL.iter().any(|page| page.name() == value),
        "Reason" if metric.starts_with("State") => Refused::NAMES.contains(&value),
        "Reason" => Outcome::ALL.iter().any(|outcome| outcome.reason().unwrap_or("none") == value),
        _ => false,
    }
}

/// The numbers that are not times, without the function's own.
pub(crate) fn counts(numbers: &Numbers) -> Vec<&str> {
    let is_count = |key: &&str| !key.contains("FunctionName") && !key.starts_with("CallbackDuration");
    numbers.keys().map(String::as_str).filter(is_count).filter(|key| !key.starts_with("AppFabricLatency")).collect()
}

#[tokio::test(start_paused = true)]
async fn every_event_file_is_counted_once_by_its_outcome_and_reason() {
    for folder in ["rest", "http"] {
        for expected in EXPECTED {
            let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
            set_stage(&appfabric);
            let counter = Counter::default();
            let endpoint = piped(&[], &Pipes::new(appfabric)).with_metrics(counter.metrics());
            let remaining = Duration::from_secs(25);
            let invocation = Invocation { request_id: REFERENCE.to_owned(), now: SystemTime::now(), remaining };
            endpoint.answer(&event(folder, expected.name), &invocation).await;
            let [numbers] = counter.take().try_into().expect("printed once");
            let (outcome, reason) = (expected.outcome, expected.reason.unwrap_or("none"));
            assert_eq!(counts(&numbers), [format!("Callbacks Outcome={outcome} Reason={reason}")], "{}", expected.name);
            for set in ["", " Outcome", " Outcome Reason"] {
                let set = set.replace("Outcome", &format!("Outcome={outcome}"));
                let set = set.replace("Reason", &format!("Reason={reason}"));
                let known = numbers.get(&format!("Callbacks FunctionName={FUNCTION}{set}"));
                assert_eq!(known, (!set.is_empty()).then_some(&1), "{set}: {numbers:?}");
            }
            assert!(numbers.contains_key("CallbackDuration"), "{numbers:?}");
            // Without a code, AppFabric is not called.
            let asked = numbers.contains_key("AppFabricLatency");
            let asks_nobody = ["access_denied", "application_error", "invalid_request"];
            assert_eq!(asked, !asks_nobody.contains(&reason), "{}: {numbers:?}", expected.name);
        }
    }
}

#[tokio::test]
async fn without_a_function_there_are_the_public_sets_alone() {
    let counter = Counter::default();
    let printed = Arc::clone(&counter.0);
    let metrics = Metrics::new(None, move |lines| printed.lock().expect("nobody panics here").push(lines.to_owned()));
    metrics.count_flow_table_unreachable(SystemTime::now());
    assert_eq!(counter.take(), [Numbers::from([("FlowTableUnreachable".to_owned(), 1)])]);
}
