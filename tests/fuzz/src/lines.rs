//! What the function writes to its log.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Everything that has been logged since the last time, at every level, as a text of lines; each is one JSON object.
#[must_use]
pub fn logged() -> String {
    START.call_once(|| {
        let lookup = |name: &str| (name == "AWS_LAMBDA_LOG_LEVEL").then(|| "TRACE".to_owned());
        let subscriber = appfabric_connect::ops::subscriber(lookup, || Lines);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else logs");
    });
    let bytes = std::mem::take(&mut *LINES.lock().unwrap_or_else(PoisonError::into_inner));
    let lines = String::from_utf8(bytes).expect("a log is text");
    for line in lines.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
    lines
}

/// The way to the lines.
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
