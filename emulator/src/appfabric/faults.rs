//! What shall go wrong, by script.

use std::{convert::Infallible, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    arn::AuthorizationArn,
    authorization::Status,
    errors::Exception,
    reply::{Payload, Reply},
    route::Operation,
};

/// Which calls get which fault: one entry of the queue, and the JSON of `POST /_emulator/faults`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Whose calls.
    pub target: Target,
    /// Which of them.
    pub operation: Operation,
    /// What happens to them.
    pub fault: Fault,
}

/// App authorizations: `*`, a UUID or an ARN.
///
/// A UUID names the app authorization in any app bundle and Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(String);

impl Target {
    /// Any app authorization; also the calls that name none.
    #[must_use]
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    fn covers(&self, authorization: Option<&AuthorizationArn>) -> bool {
        self.0 == "*" || authorization.is_some_and(|arn| self.0 == arn.uuid() || self.0 == arn.to_string())
    }
}

impl From<&AuthorizationArn> for Target {
    fn from(arn: &AuthorizationArn) -> Self {
        Self(arn.to_string())
    }
}

impl FromStr for Target {
    type Err = Infallible;

    fn from_str(identifier: &str) -> Result<Self, Infallible> {
        Ok(Self(identifier.to_owned()))
    }
}

/// What happens to a call instead of, or before, the normal answer.
///
/// In this order: wait, read the body, [`Self::then_connect`], wait, answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// How many calls it happens to.
    pub times: u32,
    /// Milliseconds to wait before the body is read.
    pub wait_before_reading_ms: u64,
    /// Milliseconds to wait between whatever is done and the answer.
    pub wait_after_reading_ms: u64,
    /// Whether the operation is performed although its answer is replaced or lost. On a Connect: the code is spent
    /// and the app authorization connected, if the application grants it. On a Get: from the next read on, the app
    /// authorization is `Connected`. Without effect when the body is not read.
    pub then_connect: bool,
    /// What is answered.
    pub answer: Answer,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The operation's own answer, for a fault that only waits.
    #[default]
    Normal,
    /// An exception of the service model.
    Exception {
        /// Which.
        name: Exception,
        /// `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// Any status, error type and body.
    Raw {
        /// The HTTP status.
        status: u16,
        /// `x-amzn-errortype`
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_type: Option<String>,
        /// `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
        /// The body, byte for byte.
        #[serde(default)]
        body: String,
    },
    /// 200 and a body that is no JSON.
    Garbage,
    /// The operation's own answer with this status in it.
    Status(Status),
    /// The operation's own answer without a status.
    NoStatus,
    /// The connection is closed without an answer and without reading the body.
    CloseBeforeReading,
    /// The connection is closed without an answer.
    CloseAfterReading,
    /// No answer, ever; the connection stays open.
    Hang,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            times: 1,
            wait_before_reading_ms: 0,
            wait_after_reading_ms: 0,
            then_connect: false,
            answer: Answer::Normal,
        }
    }
}

impl From<Answer> for Fault {
    fn from(answer: Answer) -> Self {
        Self { answer, ..Self::default() }
    }
}

impl Fault {
    /// This exception.
    #[must_use]
    pub fn exception(name: Exception) -> Self {
        Answer::Exception { name, retry_after: None }.into()
    }

    /// `ThrottlingException` with `Retry-After`, `times` times.
    #[must_use]
    pub fn throttled(times: u32, retry_after: u32) -> Self {
        Self::from(Answer::Exception { name: Exception::Throttling, retry_after: Some(retry_after) }).times(times)
    }

    /// This HTTP status with no error type and no body.
    #[must_use]
    pub fn bare(status: u16) -> Self {
        Answer::Raw { status, error_type: None, retry_after: None, body: String::new() }.into()
    }

    /// This HTTP status and error type, as the front door would send them.
    #[must_use]
    pub fn front_door(status: u16, error_type: impl Into<String>) -> Self {
        let body = r#"{"message":"The request was refused."}"#.to_owned();
        Answer::Raw { status, error_type: Some(error_type.into()), retry_after: None, body }.into()
    }

    /// The operation's own answer with this status in it.
    #[must_use]
    pub fn status(status: Status) -> Self {
        Answer::Status(status).into()
    }

    /// `PendingConnect` for `reads` reads, then `Connected`: for a Get.
    #[must_use]
    pub fn pending_then_connected(reads: u32) -> Self {
        Self::status(Status::PENDING_CONNECT).times(reads).then_connect()
    }

    /// The same, so many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same, but the operation is performed: see [`Self::then_connect`].
    #[must_use]
    pub fn then_connect(self) -> Self {
        Self { then_connect: true, ..self }
    }

    /// The same after a wait before the body is read.
    #[must_use]
    pub fn wait_before_reading(self, wait: Duration) -> Self {
        Self { wait_before_reading_ms: milliseconds(wait), ..self }
    }

    /// The same after a wait between reading and answering.
    #[must_use]
    pub fn wait_after_reading(self, wait: Duration) -> Self {
        Self { wait_after_reading_ms: milliseconds(wait), ..self }
    }
}

impl Answer {
    /// The answer, if it contains nothing from the operation's own answer.
    pub(super) fn reply(&self) -> Option<Reply> {
        match self {
            Self::Exception { name, retry_after } => Some(Reply { retry_after: *retry_after, ..name.reply() }),
            Self::Raw { status, error_type, retry_after, body } => Some(Reply {
                status: *status,
                error_type: error_type.clone(),
                retry_after: *retry_after,
                payload: Payload::Text(body.clone()),
            }),
            Self::Garbage => {
                let payload = Payload::Text("<html>not what you expected".to_owned());
                Some(Reply { status: 200, error_type: None, retry_after: None, payload })
            }
            _ => None,
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Script>);

impl Faults {
    /// One more at the end.
    pub(super) fn push(&mut self, script: Script) {
        self.0.push(script);
    }

    /// Empties the queue.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to this call: the first entry that covers it, or nothing.
    pub(super) fn next(&mut self, operation: Operation, authorization: Option<&AuthorizationArn>) -> Fault {
        let covers = |script: &Script| script.operation == operation && script.target.covers(authorization);
        self.0.retain(|script| script.fault.times > 0);
        let Some(script) = self.0.iter_mut().find(|script| covers(script)) else { return Fault::default() };
        script.fault.times -= 1;
        script.fault.clone()
    }
}

fn milliseconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
