//! The release binary under the official Runtime Interface Emulator: real HTTP in, real HTTP to AppFabric out.
//!
//! `RIE` names the emulator (it is in the AWS SAM CLI's wheel, `samcli/local/rapid/aws-lambda-rie-x86_64`), `BOOTSTRAP`
//! the binary. Judged by what was answered and what AppFabric received, never by the emulator's status alone.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use appfabric_emulator::appfabric::{AppFabric, Operation};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::expected::{EXPECTED, set_stage};
use crate::metrics::{Numbers, numbers};
use crate::support::{event, header};

/// Texts that must never be printed: what stands for the code, `state`, a description and a cookie.
const CANARIES: [&str; 4] = ["canaryCODE", "canarySTATE", "canaryDESCRIPTION", "canaryCOOKIE"];

/// The function's process under the emulator, and what it prints.
struct Lambda {
    process: Child,
    log: PathBuf,
    url: String,
    client: Client<HttpConnector, String>,
}

impl Lambda {
    async fn start(appfabric: &str, variables: &[(&str, &str)]) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let [port, runtime_port] = [free_port(), free_port()];
        let log = std::env::temp_dir().join(format!("appfabric-connect-{}-{port}.log", std::process::id()));
        let file = std::fs::File::create(&log).expect("a log file");
        let process = Command::new(variable("RIE"))
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime_port}"), &variable("BOOTSTRAP")])
            .env_clear()
            .envs([
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "example"),
            ])
            .envs([("AWS_ENDPOINT_URL_APPFABRIC", appfabric), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "5")])
            .envs(variables.iter().copied())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .expect("RIE can be started");
        let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
        let client = Client::builder(TokioExecutor::new()).build_http();
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { process, log, url, client }
    }

    async fn invoke(&self, event: &Value) -> Value {
        let request = http::Request::post(&self.url).body(event.to_string()).expect("a request");
        let response = self.client.request(request).await.expect("RIE answers");
        let body = response.into_body().collect().await.expect("an answer has a body").to_bytes();
        serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no JSON: {body:?}\n{}", self.printed()))
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).expect("there is a log")
    }

    /// The function's own lines: JSON objects, each on a line of its own.
    fn lines(&self) -> Vec<Value> {
        self.printed().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        // On SIGTERM, RIE also ends the function; SIGKILL would leave the function running.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

fn as_numbers(line: &str) -> Numbers {
    numbers(&format!("{line}\n"))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

#[tokio::test]
#[ignore = "needs the Runtime Interface Emulator and the release binary: RIE=… BOOTSTRAP=… cargo test -- --ignored"]
async fn the_release_binary_answers_every_event_file() {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    let lambda = Lambda::start(&appfabric.url(), &[]).await;
    let mut transcript = String::new();
    for folder in ["rest", "http"] {
        for expected in EXPECTED {
            set_stage(&appfabric);
            // A code of its own: the process remembers the others.
            let text = event(folder, expected.name).to_string();
            let text = text.replace("example.code", &format!("{folder}.{}", expected.name));
            let response = lambda.invoke(&serde_json::from_str(&text).expect("still JSON")).await;
            let location = header(&response, "location");
            let reference = location.split("reference=").nth(1).expect("a reference").trim_end_matches("#_");
            assert_eq!((reference.len(), &response["statusCode"]), (36, &json!(303)), "{response}");
            assert_eq!(location, expected.location(folder, reference));
            assert_eq!(appfabric.calls_of(Operation::Connect).len(), expected.sends, "{folder}/{}", expected.name);
            let line =
                lambda.lines().into_iter().find(|line| line["reference"] == reference).expect("a line in the log");
            assert_eq!((&line["message"], &line["outcome"]), (&json!("callback"), &json!(expected.outcome)), "{line}");
            assert_eq!(
                (&line["reason"], &line["attempts"]),
                (&json!(expected.reason), &json!(expected.sends)),
                "{line}"
            );
            writeln!(transcript, "{folder}/{}.json\n    {location}", expected.name).expect("a string takes it");
        }
    }
    let callbacks = lambda.lines().into_iter().filter(|line| line["message"] == "callback").count();
    assert_eq!(callbacks, 2 * EXPECTED.len(), "one line each");
    let counted: Vec<Numbers> =
        lambda.printed().lines().filter(|line| line.contains("\"_aws\"")).map(as_numbers).collect();
    assert!(counted.iter().all(|numbers| numbers.keys().any(|key| key.contains("FunctionName="))), "{counted:?}");
    assert_eq!(counted.len(), callbacks, "metrics, too");
    println!("{transcript}figures: {callbacks} events");
}

#[tokio::test]
#[ignore = "needs the Runtime Interface Emulator and the release binary: RIE=… BOOTSTRAP=… cargo test -- --ignored"]
async fn the_release_binary_prints_no_secret_at_any_level() {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    for variables in [
        vec![("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")],
        // With an unreachable table; the log says so, too.
        vec![
            ("FLOW_TABLE", "codes"),
            ("STATE_MODE", "off"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
            ("RUST_LOG", "trace,lambda_runtime=trace,aws_smithy_runtime=trace,hyper=trace"),
            ("AWS_LAMBDA_LOG_LEVEL", ""),
            ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ],
    ] {
        let lambda = Lambda::start(&appfabric.url(), &variables).await;
        for folder in ["rest", "http"] {
            for expected in EXPECTED {
                set_stage(&appfabric);
                // Every value that the caller chooses becomes a canary.
                let text = event(folder, expected.name).to_string();
                let code = format!("{}{folder}{}", CANARIES[0], expected.name);
                let text = text.replace("4/0AeaYSHDq-Rr9Yx_example.code==", &code);
                let text = text.replace("4%2F0AeaYSHDq-Rr9Yx_example.code%3D%3D", &code);
                let text = text.replace("Yh3n1R0kSw", CANARIES[1]).replace("user said no", CANARIES[2]);
                let text = text.replace("user+said+no", CANARIES[2]).replace("theme=dark", CANARIES[3]);
                let response = lambda.invoke(&serde_json::from_str(&text).expect("still JSON")).await;
                assert!(CANARIES.iter().all(|canary| !response.to_string().contains(canary)), "{response}");
                let sent = appfabric.calls().iter().filter(|call| call.body.contains(CANARIES[0])).count();
                assert_eq!(sent, expected.sends, "the canary is the code that is sent: {folder}/{}", expected.name);
            }
        }
        let printed = lambda.printed();
        assert!(printed.matches("callback").count() >= 2 * EXPECTED.len(), "{printed}");
        for canary in CANARIES {
            assert!(!printed.contains(canary), "{canary} in {printed}");
        }
    }
}

#[tokio::test]
#[ignore = "needs the Runtime Interface Emulator and the release binary: RIE=… BOOTSTRAP=… cargo test -- --ignored"]
async fn the_release_binary_answers_what_is_no_event_and_goes_on() {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    let lambda = Lambda::start(&appfabric.url(), &[]).await;
    for event in [json!(null), json!("x"), json!({"Records": []}), json!(["a".repeat(1_000_000)])] {
        let response = lambda.invoke(&event).await;
        assert_eq!(response["statusCode"], 400, "{response}");
        assert!(response["body"].as_str().is_some_and(|body| body.trim_end().ends_with("</html>")));
    }
    set_stage(&appfabric);
    let response = lambda.invoke(&event("rest", "connected")).await;
    assert!(header(&response, "location").contains("outcome=connected"), "{response}");
}

#[test]
#[ignore = "needs the release binary: BOOTSTRAP=… cargo test -- --ignored"]
fn the_release_binary_refuses_a_bad_environment_with_every_fault() {
    let output = Command::new(std::env::var("BOOTSTRAP").expect("BOOTSTRAP is set"))
        .env_clear()
        .envs([("SUCCESS_URL", "http://example.com/canary"), ("PUBLIC_BASE_URL", "canary"), ("STATE_MODE", "enforce")])
        .output()
        .expect("the binary can be started");
    let printed = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8(output.stderr).expect("UTF-8");
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let variables: Vec<&str> = lines.iter().filter_map(|line| line["variable"].as_str()).collect();
    assert_eq!(variables, ["SUCCESS_URL", "PUBLIC_BASE_URL", "AWS_REGION", "STATE_MODE"], "{printed}");
    assert!(!output.status.success() && !printed.contains("canary"), "{printed}");
}
