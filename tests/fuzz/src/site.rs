//! One deployment without a network, in virtual time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use appfabric_connect::aws::AppFabric;
use appfabric_connect::config::Config;
use appfabric_connect::http::{Endpoint, Invocation};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A request ID as Lambda makes them.
pub const REFERENCE: &str = "8f5ab3d2-7f10-4c58-9f6e-0d7c5b1a2e34";

/// Where AppFabric is said to be.
const APPFABRIC: &str = "https://appfabric.example";

/// The function, its AppFabric, and a clock that stands still while nobody waits.
pub struct Site {
    endpoint: Endpoint,
    calls: Arc<Mutex<Vec<Call>>>,
    runtime: Runtime,
}

/// What becomes of a `ConnectAppAuthorization`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// 200, `Connected`.
    Connected,
    /// 200, `PendingConnect`, for good.
    Pending,
    /// 200, and a status that nobody knows.
    Unheard,
    /// 200, and no JSON.
    Garbled,
    /// 400, a code that is wrong.
    Rejected,
    /// 403.
    Denied,
    /// 429 once, then 200, `Connected`.
    Throttled,
    /// 500.
    Failed,
    /// The connection breaks after the request.
    Reset,
    /// It had been connected before.
    Before,
}

/// What AppFabric got.
#[derive(Clone, Debug)]
pub struct Call {
    /// The HTTP method: `POST` is a `ConnectAppAuthorization`, `GET` a look.
    pub method: String,
    /// The path, as it stood in the URL.
    pub path: String,
    /// The body.
    pub body: String,
    /// Whether it was told to come again later.
    pub throttled: bool,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 10] = [
        Self::Connected,
        Self::Pending,
        Self::Unheard,
        Self::Garbled,
        Self::Rejected,
        Self::Denied,
        Self::Throttled,
        Self::Failed,
        Self::Reset,
        Self::Before,
    ];
}

impl Site {
    /// A deployment of this configuration, in which every code meets this fate.
    #[must_use]
    pub fn new(config: Config, fate: Fate) -> Self {
        let calls = Arc::default();
        let connector = SharedHttpConnector::new(Stage { fate, calls: Arc::clone(&calls) });
        let nobody = Credentials::new("AKIDEXAMPLE", "example", None, None, "fuzz");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(nobody))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .endpoint_url(APPFABRIC)
            .build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let endpoint = Endpoint::new(config, AppFabric::new(sdk), None);
        Self { endpoint, calls, runtime: runtime.expect("a runtime") }
    }

    /// The answer to an event, as the JSON that Lambda gets.
    #[must_use]
    pub fn answer(&self, event: &Value) -> Value {
        let remaining = Duration::from_secs(25);
        let invocation = Invocation { request_id: REFERENCE.to_owned(), now: SystemTime::now(), remaining };
        let answer = self.runtime.block_on(self.endpoint.answer(event, &invocation));
        serde_json::to_value(answer).expect("a response is JSON")
    }

    /// Everything that AppFabric got.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// Every code that AppFabric did not send back untouched.
    #[must_use]
    pub fn spent(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.method == "POST" && !call.throttled).collect()
    }
}

/// The configuration of these variables, in us-east-1.
#[must_use]
pub fn config(variables: &[(&str, &str)]) -> Config {
    let lookup = |name: &str| {
        let set = variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned());
        set.or_else(|| (name == "AWS_REGION").then(|| "us-east-1".to_owned()))
    };
    Config::from_environment(lookup).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// AppFabric, as far as the function can see.
#[derive(Debug)]
struct Stage {
    fate: Fate,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl HttpConnector for Stage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut calls = lock(&self.calls);
        let path = request.uri().strip_prefix(APPFABRIC).expect("nobody else is called").to_owned();
        // Two identifiers and nothing else ever stand in the URL.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-%/".contains(&byte);
        assert!(path.bytes().all(plain) && !path.contains("//"), "{path}");
        let method = request.method().to_owned();
        let first = !calls.iter().any(|call| call.method == method);
        let throttled = method == "POST" && self.fate == Fate::Throttled && first;
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        calls.push(Call { method: method.clone(), path, body, throttled });
        let answer = if method == "GET" { Ok(self.look()) } else { self.connect(throttled) };
        HttpConnectorFuture::ready(answer)
    }
}

impl Stage {
    fn look(&self) -> HttpResponse {
        let status = if self.fate == Fate::Before { "Connected" } else { "PendingConnect" };
        response(200, &summary("appAuthorization", status))
    }

    fn connect(&self, throttled: bool) -> Result<HttpResponse, ConnectorError> {
        let summary = |status| response(200, &summary("appAuthorizationSummary", status));
        let refusal = |status, name: &str| {
            let mut response = response(status, "{\"message\": \"canary\"}");
            response.headers_mut().insert("x-amzn-errortype", name.to_owned());
            response
        };
        Ok(match self.fate {
            Fate::Throttled if throttled => {
                let mut response = refusal(429, "ThrottlingException");
                response.headers_mut().insert("retry-after", "1");
                response
            }
            Fate::Connected | Fate::Throttled | Fate::Before => summary("Connected"),
            Fate::Pending => summary("PendingConnect"),
            Fate::Unheard => summary("Unheard"),
            Fate::Garbled => response(200, "<html>canary"),
            Fate::Rejected => refusal(400, "ValidationException"),
            Fate::Denied => refusal(403, "AccessDeniedException"),
            Fate::Failed => refusal(500, "InternalServerException"),
            Fate::Reset => return Err(ConnectorError::io("reset".into())),
        })
    }
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

fn summary(member: &str, status: &str) -> String {
    json!({ member: {
        "app": "SLACK", "appAuthorizationArn": "a", "appBundleArn": "b", "authType": "oauth2", "status": status,
        "authUrl": "https://slack.com/oauth/v2/authorize?client_id=1",
        "tenant": { "tenantIdentifier": "t", "tenantDisplayName": "Example" },
        "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z",
    }})
    .to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
