//! Metrics in CloudWatch's embedded format: lines among those of the log, of which CloudWatch takes the numbers.
//!
//! [The specification](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
//! The value of a dimension is one of a closed set, or the function's own name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_appfabric::primitives::{DateTime, DateTimeFormat};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::budget::Budget;
use crate::callback_log::{CallbackLog, Checked};
use crate::config::StateMode;
use crate::ledger::Kept;
use crate::outcome::Outcome;

/// The metrics of one function; by default they go nowhere.
#[derive(Default)]
pub struct Metrics {
    function_name: Option<String>,
    print: Option<Print>,
}

/// Writes whole lines.
type Print = Box<dyn Fn(&str) + Send + Sync>;

/// The dimension that tells two stacks of one account apart.
const FUNCTION_NAME: &str = "FunctionName";

/// A set of dimensions, of whose values each combination is counted.
type Dimensions = &'static [&'static str];

/// A number.
struct Metric {
    name: &'static str,
    unit: &'static str,
    value: u64,
    /// What it is counted by, whichever function it is of.
    by: Dimensions,
    /// What it is counted by for this function alone.
    here_by: &'static [Dimensions],
}

impl Metrics {
    /// Metrics that `print` writes, which is given whole lines, for the function that Lambda has a name for, if any.
    pub fn new(function_name: Option<String>, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { function_name, print: Some(Box::new(print)) }
    }

    /// Counts a callback and all that there is to count of it, in one go.
    pub fn count_callback(&self, log: &CallbackLog<'_>, outcome: Outcome, mode: StateMode, budget: &Budget) {
        let reason = outcome.reason().unwrap_or("none");
        let mut metrics = vec![
            Metric::count("Callbacks", &["Outcome", "Reason"], &[&["Outcome", "Reason"], &["Outcome"]]),
            Metric::milliseconds("CallbackDuration", budget.elapsed()),
        ];
        metrics.extend(log.appfabric.map(|time| Metric::milliseconds("AppFabricLatency", time)));
        metrics.extend(log.first_reference.as_ref().map(|_| Metric::count("Duplicates", &[], &[&[]])));
        metrics.extend((log.ledger() == Kept::Unreachable).then(Metric::flow_table_unreachable));
        let mut lines = self.line(&metrics, &[("Outcome", outcome.page().name()), ("Reason", reason)], budget.now());
        if let Checked::Refused(reason) = log.state {
            // A line of its own, because a line has one value for each dimension.
            let name = if mode == StateMode::Enforce { "StateRefused" } else { "StateWouldRefuse" };
            let metric = Metric::count(name, &["Reason"], &[&["Reason"], &[]]);
            lines += &self.line(&[metric], &[("Reason", reason)], budget.now());
        }
        self.print(&lines);
    }

    /// Counts a table that did not answer elsewhere than in a callback.
    pub fn count_flow_table_unreachable(&self, now: SystemTime) {
        self.print(&self.line(&[Metric::flow_table_unreachable()], &[], now));
    }

    fn print(&self, lines: &str) {
        if let Some(print) = &self.print {
            print(lines);
        }
    }

    /// One JSON object with these metrics and what they are counted by.
    fn line(&self, metrics: &[Metric], dimensions: &[(&'static str, &'static str)], now: SystemTime) -> String {
        let line = Line { function_name: self.function_name.as_deref(), metrics, dimensions, now };
        let line = serde_json::to_string(&line).expect("its keys are texts");
        line + "\n"
    }
}

/// One line: the root object of the embedded format.
struct Line<'l> {
    function_name: Option<&'l str>,
    metrics: &'l [Metric],
    dimensions: &'l [(&'static str, &'static str)],
    now: SystemTime,
}

impl Serialize for Line<'_> {
    // By hand, because a map in between would cost each callback more than the rest of its log.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        let here = self.function_name.is_some();
        let since_1970 = self.now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let directives = self.metrics.iter().map(|metric| metric.directive(here)).collect();
        line.serialize_entry("_aws", &Metadata { timestamp: milliseconds(since_1970), directives })?;
        // Lambda, which would take a line without these for one of INFO and of its own time.
        line.serialize_entry("level", "INFO")?;
        line.serialize_entry("timestamp", &DateTime::from(self.now).fmt(DateTimeFormat::DateTime).ok())?;
        if let Some(name) = self.function_name {
            line.serialize_entry(FUNCTION_NAME, name)?;
        }
        for (dimension, value) in self.dimensions {
            line.serialize_entry(dimension, value)?;
        }
        for metric in self.metrics {
            line.serialize_entry(metric.name, &metric.value)?;
        }
        line.end()
    }
}

/// `_aws`: where CloudWatch finds what.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since 1970.
    timestamp: u64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive>,
}

/// A `MetricDirective`, of one metric.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: Vec<Vec<&'static str>>,
    metrics: [Definition; 1],
}

/// A `MetricDefinition`.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
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

    fn directive(&self, has_function_name: bool) -> Directive {
        let here_by = self.here_by.iter().filter(|_| has_function_name);
        let here_by = here_by.map(|by| [&[FUNCTION_NAME], *by].concat());
        Directive {
            namespace: "AppFabricConnect",
            dimensions: [self.by.to_vec()].into_iter().chain(here_by).collect(),
            metrics: [Definition { name: self.name, unit: self.unit }],
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
