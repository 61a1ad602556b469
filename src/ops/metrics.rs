//! Metrics in CloudWatch's embedded format: lines in the log, from which CloudWatch reads the numbers.
//!
//! [The specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! The value of a dimension is one of a closed set, or the function's own name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::milliseconds;
use crate::aws::rfc_3339;
use crate::connect::{Proof, Report};
use crate::values::{Budget, StateMode};

/// The metrics of one function; by default nothing is written.
#[derive(Default)]
pub struct Metrics {
    function_name: Option<String>,
    print: Option<Print>,
}

/// Writes whole lines.
type Print = Box<dyn Fn(&str) + Send + Sync>;

/// The dimension that tells two stacks of one account apart.
const FUNCTION_NAME: &str = "FunctionName";

/// A set of dimensions. Each combination of their values is counted.
type Dimensions = &'static [&'static str];

/// One metric and its value.
struct Metric {
    name: &'static str,
    unit: &'static str,
    value: u64,
    /// Its dimensions when all functions are counted together.
    by: Dimensions,
    /// Its sets of dimensions when this function is counted alone.
    here_by: &'static [Dimensions],
}

impl Metrics {
    /// Metrics that `print` writes as whole lines, with the function's name if there is one.
    pub fn new(function_name: Option<String>, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { function_name, print: Some(Box::new(print)) }
    }

    /// Writes all the metrics of a callback at once.
    pub(crate) fn count_callback(&self, report: &Report, state_mode: StateMode, budget: &Budget) {
        let outcome = report.outcome;
        let mut metrics = vec![
            Metric::count("Callbacks", &["Outcome", "Reason"], &[&["Outcome", "Reason"], &["Outcome"]]),
            Metric::milliseconds("CallbackDuration", budget.elapsed()),
        ];
        metrics.extend(report.calls.time.map(|time| Metric::milliseconds("AppFabricLatency", time)));
        metrics.extend(report.first_reference.as_ref().map(|_| Metric::count("Duplicates", &[], &[&[]])));
        metrics.extend((!report.unreachable.is_empty()).then(Metric::flow_table_unreachable));
        let dimensions = [("Outcome", outcome.page().name()), ("Reason", outcome.reason().unwrap_or("none"))];
        let mut lines = self.line(&metrics, &dimensions, budget.now());
        if let Proof::Refused(refused) = &report.proof {
            // A line of its own, because a line has one value for each dimension.
            let name = if state_mode == StateMode::Enforce { "StateRefused" } else { "StateWouldRefuse" };
            let metric = Metric::count(name, &["Reason"], &[&["Reason"], &[]]);
            lines += &self.line(&[metric], &[("Reason", refused.name())], budget.now());
        }
        self.print(&lines);
    }

    /// Counts a table that did not answer outside a callback.
    pub fn count_flow_table_unreachable(&self, now: SystemTime) {
        self.print(&self.line(&[Metric::flow_table_unreachable()], &[], now));
    }

    fn print(&self, lines: &str) {
        if let Some(print) = &self.print {
            print(lines);
        }
    }

    /// One JSON object with these metrics and their dimensions.
    fn line(&self, metrics: &[Metric], dimensions: &[(&str, &str)], now: SystemTime) -> String {
        let function_name = self.function_name.as_deref();
        let directives: Vec<Value> = metrics.iter().map(|metric| metric.directive(function_name.is_some())).collect();
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut line = json!({
            "_aws": { "Timestamp": milliseconds(since_1970), "CloudWatchMetrics": directives },
            // For Lambda, which would otherwise assume INFO and its own time.
            "level": "INFO",
            "timestamp": rfc_3339(now),
        });
        for (dimension, value) in function_name.map(|name| (FUNCTION_NAME, name)).iter().chain(dimensions) {
            line[*dimension] = json!(value);
        }
        for metric in metrics {
            line[metric.name] = json!(metric.value);
        }
        format!("{line}\n")
    }
}

impl Metric {
    fn count(name: &'static str, by: Dimensions, here_by: &'static [Dimensions]) -> Self {
        Self { name, unit: "Count", value: 1, by, here_by }
    }

    fn milliseconds(name: &'static str, time: Duration) -> Self {
        Self { name, unit: "Milliseconds", value: milliseconds(time), by: &[], here_by: &[&[]] }
    }

    fn flow_table_unreachable() -> Self {
        Self::count("FlowTableUnreachable", &[], &[&[]])
    }

    /// A `MetricDirective`.
    fn directive(&self, has_function_name: bool) -> Value {
        let here_by = self.here_by.iter().filter(|_| has_function_name);
        let here_by = here_by.map(|by| [&[FUNCTION_NAME], *by].concat());
        let dimensions: Vec<_> = [self.by.to_vec()].into_iter().chain(here_by).collect();
        let metrics = [json!({ "Name": self.name, "Unit": self.unit })];
        json!({ "Namespace": "AppFabricConnect", "Dimensions": dimensions, "Metrics": metrics })
    }
}
