//! Logs: one JSON object per line on standard output. No line holds any part of a body.

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// This crate's own target, the only one that may log below `WARN`.
const OWN_TARGET: &str = env!("CARGO_CRATE_NAME");

/// A subscriber, set by the standard variables: `AWS_LAMBDA_LOG_FORMAT` (`Text` for text, else JSON),
/// `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, else `INFO`.
///
/// Whatever they say, other crates log at `WARN` and above only: below it the runtime prints events and the
/// SDK prints requests, and both hold the code.
pub fn subscriber<W>(lookup: impl Fn(&str) -> Option<String>, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let text = |variable| lookup(variable).filter(|value| !value.is_empty());
    let levels = text("AWS_LAMBDA_LOG_LEVEL").and_then(|level| level_filter(&level)).map(everywhere);
    let levels = levels.or_else(|| text("RUST_LOG").and_then(|directives| directives.parse().ok()));
    let levels = levels.unwrap_or_else(|| everywhere(LevelFilter::INFO));
    let chosen =
        filter_fn(move |metadata| may_speak(metadata) && levels.would_enable(metadata.target(), metadata.level()));
    let plain = text("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("text"));
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_ansi(false).with_writer(writer);
    let lines = if plain {
        lines.boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(chosen))
}

fn everywhere(level: LevelFilter) -> Targets {
    Targets::new().with_default(level)
}

/// Lambda's levels: it says `FATAL` where Rust has `ERROR`.
fn level_filter(level: &str) -> Option<LevelFilter> {
    if level.eq_ignore_ascii_case("fatal") { Some(LevelFilter::ERROR) } else { level.parse().ok() }
}

fn may_speak(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let own = target == OWN_TARGET || target.strip_prefix(OWN_TARGET).is_some_and(|rest| rest.starts_with("::"));
    own || *metadata.level() <= LevelFilter::WARN
}

/// Logs the place of a panic and not its message, which may quote request data.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = location, action = "report this as a bug, with the location", "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(variables: &[(&str, &str)], speak: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        tracing::subscriber::with_default(subscriber(lookup, move || writer.clone()), speak);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    fn everyone() {
        tracing::trace!("own trace");
        tracing::info!("own info");
        tracing::error!("own error");
        tracing::trace!(target: "lambda_runtime::layers::api_response", body = "canary", "raw JSON event");
        tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", request = "canary", "transmitting");
        tracing::info!(target: "appfabric_connect_impostor", "canary");
        tracing::warn!(target: "aws_config", "foreign warning");
    }

    #[test]
    fn no_variable_lets_other_crates_print_bodies() {
        for variables in [
            [("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")],
            [("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "")],
            [("RUST_LOG", "lambda_runtime=trace,aws_smithy_runtime=trace,trace"), ("AWS_LAMBDA_LOG_FORMAT", "Text")],
        ] {
            let lines = logged(&variables, everyone);
            assert!(lines.contains("own trace") && lines.contains("foreign warning"), "{lines}");
            assert!(!lines.contains("canary"), "{lines}");
        }
    }

    #[test]
    fn the_level_is_lambdas_then_rust_logs_then_info() {
        for (variables, info, error) in [
            (vec![], true, true),
            (vec![("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("RUST_LOG", "trace")], false, true),
            (vec![("AWS_LAMBDA_LOG_LEVEL", "FATAL")], false, true),
            (vec![("RUST_LOG", "off")], false, false),
            (vec![("AWS_LAMBDA_LOG_LEVEL", "nonsense")], true, true),
        ] {
            let lines = logged(&variables, everyone);
            assert_eq!(
                (lines.contains("own info"), lines.contains("own error")),
                (info, error),
                "{variables:?}\n{lines}"
            );
        }
    }

    #[test]
    fn a_panic_leaves_its_place_in_the_log_and_not_its_message() {
        let lines = logged(&[], || {
            let usual = std::panic::take_hook();
            log_panics();
            let caught = std::panic::catch_unwind(|| panic!("canary"));
            std::panic::set_hook(usual);
            assert!(caught.is_err());
        });
        assert!(
            lines.contains("panicked") && lines.contains("src/ops/logs.rs:") && !lines.contains("canary"),
            "{lines}"
        );
    }

    #[test]
    fn a_line_is_one_json_object_whatever_is_in_it() {
        let lines = logged(&[], || tracing::info!(app = "a\r\nb\u{1b}[31m\"c", "callback"));
        let line: serde_json::Value = serde_json::from_str(lines.trim_end()).unwrap();
        assert_eq!(lines.lines().count(), 1);
        assert_eq!(
            (&line["message"], &line["level"], &line["app"]),
            (&"callback".into(), &"INFO".into(), &"a\r\nb\u{1b}[31m\"c".into())
        );
    }
}
