//! AWS Lambda on loopback: instances of a function, each a real process with a Runtime API of its own.
//!
//! As in Lambda: what a process can see. The Runtime API (version `2018-06-01`), an environment with only Lambda's own
//! variables and the function's, one event at a time, a deadline, and the end by SIGKILL when the deadline
//! has passed or when the instance is taken away. Differences: a process is frozen between two events only on request
//! ([`Instance::freeze`], and then the process but not its sockets), nothing limits memory or processor time, there
//! are no extensions, and a process that has ended is not replaced.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use appfabric_emulator::lambda::Function;
//!
//! let function = Function::new("target/release/appfabric-connect").variable("SUCCESS_URL", "https://example.com/");
//! let (one, other) = (function.start().await?, function.start().await?);
//! let event = serde_json::json!({ "version": "2.0" });
//! let remaining = Duration::from_secs(25);
//! let (answer, _) = tokio::join!(one.invoke(&event, remaining), other.invoke(&event, remaining));
//! println!("{:?}\n{}", answer, one.printed());
//! other.kill().await;
//! # Ok(())
//! # }
//! ```
//!
//! Read this file (functions and their processes), then `runtime_api` (what a process asks and is told).

mod runtime_api;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::{env, fmt};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, Notify};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use runtime_api::{Fate, RuntimeApi};

/// How long Lambda waits for a new process to ask for its first event.
const INIT: Duration = Duration::from_secs(10);

/// A function: its program and its environment.
#[derive(Clone, Debug)]
pub struct Function {
    program: PathBuf,
    variables: BTreeMap<String, String>,
}

/// One running process of a function. It is killed when this is dropped.
pub struct Instance {
    api: RuntimeApi,
    /// Locked while it has an event: Lambda sends the next one when that is answered.
    process: Mutex<Child>,
    process_id: u32,
    taken_away: Notify,
    printed: File,
}

/// Why an event has no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unanswered {
    /// The process posted this error instead, for the event or at its own start.
    Error(Value),
    /// The process has ended: by itself, or because it was killed.
    Ended,
    /// The deadline passed, or a new process did not ask for its first event in 10 s. It has been killed.
    TimedOut,
}

impl Function {
    /// The function that this program is (Lambda's `bootstrap`), in us-east-1 with dummy credentials.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let function = Self { program: program.into(), variables: BTreeMap::new() };
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
        ];
        variables.into_iter().fold(function, |function, (name, value)| function.variable(name, value))
    }

    /// The same with this environment variable, in place of one of that name.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Starts one more process and returns at once; the first event waits until the process is ready.
    pub async fn start(&self) -> io::Result<Instance> {
        let api = RuntimeApi::start().await?;
        let (printing, printed) = nameless_file()?;
        let process = Command::new(&self.program)
            .env_clear()
            .envs(&self.variables)
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .stdin(Stdio::null())
            .stdout(printing.try_clone()?)
            .stderr(printing)
            .kill_on_drop(true)
            .spawn()?;
        let process_id = process.id().unwrap_or_default();
        Ok(Instance { api, process: Mutex::new(process), process_id, taken_away: Notify::new(), printed })
    }
}

impl Instance {
    /// Sends an event, after the earlier ones are done with; the process is told that it has `remaining` for it.
    ///
    /// A frozen process is thawed for it.
    pub async fn invoke(&self, event: &Value, remaining: Duration) -> Result<Value, Unanswered> {
        let mut process = self.process.lock().await;
        signal(&process, Signal::CONT);
        let Fate { begun, answer } = self.api.invoke(event, remaining);
        let too_late = async {
            if timeout(INIT, begun).await.is_ok() {
                sleep(remaining).await;
            }
        };
        let unanswered = tokio::select! {
            // An answer counts, even if the process ended right after it.
            biased;
            Ok(posted) = answer => return posted.map_err(Unanswered::Error),
            _ = process.wait() => Unanswered::Ended,
            () = self.taken_away.notified() => Unanswered::Ended,
            () = too_late => Unanswered::TimedOut,
        };
        let _already_ended = process.kill().await;
        Err(unanswered)
    }

    /// Freezes the process by SIGSTOP, once it is done with its events, and waits until it stands still.
    ///
    /// Its next event thaws it, as with Lambda.
    pub async fn freeze(&self) {
        let process = self.process.lock().await;
        signal(&process, Signal::STOP);
        while self.status("State:").is_some_and(|state| !state.starts_with(['T', 'Z'])) {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Takes the instance away by SIGKILL, whatever it is doing, and waits until it is gone.
    pub async fn kill(&self) {
        // A running `invoke` holds the lock. This makes it kill the process.
        self.taken_away.notify_one();
        let _already_ended = self.process.lock().await.kill().await;
    }

    /// Everything that the process has printed, on standard output and standard error.
    ///
    /// Once an answer has arrived, everything that was printed before the answer is included.
    #[must_use]
    pub fn printed(&self) -> String {
        let mut printed = Vec::new();
        let mut piece = [0; 8 * 1024];
        while let Ok(length @ 1..) = self.printed.read_at(&mut piece, printed.len() as u64) {
            printed.extend_from_slice(&piece[..length]);
        }
        String::from_utf8_lossy(&printed).into_owned()
    }

    /// The lines that are JSON: those of a function that logs as Lambda does.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.printed().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The process's ID: for signals, and for what `/proc` says of it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process_id
    }

    /// The memory that the process has in use (`VmRSS`), in KiB; `None` when it has ended.
    #[must_use]
    pub fn resident_kib(&self) -> Option<u64> {
        self.status("VmRSS:")?.strip_suffix(" kB")?.parse().ok()
    }

    /// What the system says of the process under this name; `None` when it has ended.
    fn status(&self, name: &str) -> Option<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id)).ok()?;
        status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").field("process_id", &self.process_id).finish_non_exhaustive()
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "the process posted an error: {error}"),
            Self::Ended => f.write_str("the process ended without an answer"),
            Self::TimedOut => f.write_str("the deadline passed without an answer"),
        }
    }
}

impl std::error::Error for Unanswered {}

/// Signals a process, unless it is known to have ended: then its ID may be another's.
fn signal(process: &Child, signal: Signal) {
    let process_id = process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let _ended_just_now = process_id.map(|process_id| kill_process(process_id, signal));
}

/// A file to write to and to read from; it disappears when both ends are closed.
///
/// A pipe would have to be emptied all the time, and would lag behind the answers.
fn nameless_file() -> io::Result<(File, File)> {
    let path = env::temp_dir().join(format!("lambda-{}.log", Uuid::new_v4()));
    let writing = File::options().append(true).create_new(true).open(&path)?;
    let reading = File::open(&path);
    fs::remove_file(&path)?;
    Ok((writing, reading?))
}
