//! Answers that are too long to be read: one send, an answer in time, and no more memory than the limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use appfabric_connect::aws;
use appfabric_connect::aws::AppFabric;
use appfabric_connect::aws::FlowTable;
use appfabric_connect::aws::Table;
use appfabric_connect::http::Endpoint;
use appfabric_connect::values::Region;
use appfabric_emulator::appfabric::Authorization;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::expected::{CONNECTED, UNCONFIRMED, location};
use crate::lines::Lines;
use crate::support::{answer, answer_within, arn, config, endpoint, granted, header, stage};

/// What the limit lets through, and what sockets and clients hold meanwhile.
const MOST: usize = 16 * 1024 * 1024;

/// When a server gives up, so that a function without a limit does not fill the machine.
const ENOUGH: usize = 256 * 1024 * 1024;

/// Which answers are too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TooLong {
    Connect,
    FromTheConnectOn,
    Table,
}

/// How an answer is too long.
#[derive(Clone, Copy, Debug)]
enum Body {
    /// Chunks without an end.
    Endless,
    /// Two megabytes, and the header says so.
    TwoMegabytes,
}

/// What a server has been asked, and how many bytes of long answers it could send.
#[derive(Clone, Default)]
struct Met {
    sends: Arc<AtomicUsize>,
    pushed: Arc<AtomicUsize>,
}

/// AppFabric and DynamoDB at one address; the table knows no code.
async fn server(too_long: TooLong, body: Body) -> (String, Met) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let met = Met::default();
    let told = met.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, too_long, body, told.clone()));
        }
    });
    (url, met)
}

async fn serve(stream: TcpStream, too_long: TooLong, body: Body, met: Met) {
    let mut stream = BufReader::new(stream);
    while let Some(head) = request(&mut stream).await {
        let is_table = head.contains("x-amz-target");
        let is_connect = !is_table && head.starts_with("POST");
        met.sends.fetch_add(usize::from(is_connect), Ordering::Relaxed);
        let is_sent = met.sends.load(Ordering::Relaxed) > 0;
        let is_too_long = match too_long {
            TooLong::Connect => is_connect,
            TooLong::FromTheConnectOn => is_sent,
            TooLong::Table => is_table,
        };
        if is_too_long {
            return push(&mut stream, body, &met).await;
        }
        let status = if is_sent { "Connected" } else { "PendingConnect" };
        let answer = if is_table { json!({}) } else { authorization(status) }.to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The head of the next request, in lower case but for its first line; its body is read.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

/// The same member for both calls; each reads its own.
fn authorization(status: &str) -> Value {
    let authorization = json!({"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK", "status": status,
        "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "authType": "oauth2",
        "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"});
    json!({"appAuthorization": authorization, "appAuthorizationSummary": authorization})
}

/// Sends a long answer for as long as the function reads it.
async fn push(stream: &mut BufReader<TcpStream>, body: Body, met: &Met) {
    let spaces = " ".repeat(64 * 1024);
    let (head, piece, most) = match body {
        Body::Endless => ("transfer-encoding: chunked", format!("10000\r\n{spaces}\r\n"), ENOUGH),
        Body::TwoMegabytes => ("content-length: 2097152", spaces, 2 * 1024 * 1024),
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}\r\n\r\n");
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut pushed = 0;
    while pushed < most && stream.write_all(piece.as_bytes()).await.is_ok() {
        pushed += piece.len();
        met.pushed.fetch_add(piece.len(), Ordering::Relaxed);
    }
}

/// The function with the SDK as the binary has it, and both services at this address.
async fn function(url: &str, table: bool) -> Endpoint {
    let nobody = Credentials::new("AKIDEXAMPLE", "example", None, None, "test");
    let sdk = aws::from_environment(None).await.into_builder().endpoint_url(url);
    let sdk = sdk.credentials_provider(SharedCredentialsProvider::new(nobody)).build();
    let region = Region::parse("us-east-1").expect("a Region");
    let table = table.then(|| Table::new(&sdk, &FlowTable { name: "flows".to_owned(), region }));
    Endpoint::new(config(&[]), AppFabric::new(sdk), table)
}

#[tokio::test]
async fn an_answer_of_appfabric_is_read_up_to_a_megabyte_and_the_truth_is_looked_up() {
    let (lines, _listening) = Lines::listen();
    for body in [Body::Endless, Body::TwoMegabytes] {
        for (too_long, ending) in [(TooLong::Connect, CONNECTED), (TooLong::FromTheConnectOn, UNCONFIRMED)] {
            let (url, met) = server(too_long, body).await;
            let started = Instant::now();
            // Enough time for one or two looks; more time would only add looks.
            let endpoint = function(&url, false).await;
            let event = granted(1, "canary-code");
            let response = answer_within(&endpoint, &event, Duration::from_secs(5)).await;
            let name = format!("{too_long:?}, {body:?}");
            assert_eq!(header(&response, "location"), location(ending, 1), "{name}");
            assert!(started.elapsed() < Duration::from_secs(4), "{name}: {:?}", started.elapsed());
            assert_eq!(met.sends.load(Ordering::Relaxed), 1, "{name}");
            let line = &lines.take()[0];
            assert_eq!(line["aws.error_code"], "UnreadableAnswer", "{name}: {line}");
            let looks = line["look_ups"].as_u64().and_then(|looks| usize::try_from(looks).ok()).expect("a number");
            let pushed = met.pushed.load(Ordering::Relaxed);
            assert!(pushed <= MOST * (1 + 3 * looks), "{name}: {pushed} bytes, {line}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_the_table_is_read_up_to_a_megabyte() {
    let (lines, _listening) = Lines::listen();
    for body in [Body::Endless, Body::TwoMegabytes] {
        let (url, met) = server(TooLong::Table, body).await;
        let endpoint = function(&url, true).await;
        let response = answer(&endpoint, &granted(1, "canary-code")).await;
        assert_eq!(header(&response, "location"), location(CONNECTED, 1), "{body:?}");
        assert_eq!(met.sends.load(Ordering::Relaxed), 1, "{body:?}");
        let lines = lines.take();
        let complaints: Vec<&Value> = lines.iter().filter(|line| line["message"] == "flow table unreachable").collect();
        assert!(!complaints.is_empty(), "{body:?}: {lines:?}");
        for complaint in &complaints {
            assert_eq!(complaint["aws.error_code"], "UnreadableAnswer", "{body:?}: {complaint}");
        }
        // Three attempts of each call.
        let pushed = met.pushed.load(Ordering::Relaxed);
        assert!(pushed <= MOST * 3 * complaints.len(), "{body:?}: {pushed} bytes");
    }
}

#[tokio::test]
async fn a_name_of_appfabrics_is_cut_in_the_log() {
    let (lines, _listening) = Lines::listen();
    let appfabric = stage().await;
    for (length, logged) in [(128, 128), (129, 128), (100_000, 128)] {
        let app = "é".repeat(length);
        let authorization = Authorization::oauth2(app.as_str());
        appfabric.seed(&arn(1), authorization);
        let endpoint = endpoint(&[], &appfabric.url());
        answer(&endpoint, &granted(1, "canary-code")).await;
        let line = &lines.take()[0];
        let told = line["app"].as_str().expect("a text");
        assert_eq!((told.chars().count(), told.ends_with('…')), (logged, length > logged), "{length}");
    }
}
