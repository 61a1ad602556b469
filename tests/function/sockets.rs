//! What only real sockets can do: refuse, never accept, speak no TLS, break half-way, and close while nobody looks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use appfabric_connect::aws::AppFabric as OurAppFabric;
use appfabric_connect::http::Endpoint;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::{Value, json};

use crate::expected::{TEMPORARILY_UNAVAILABLE, location};
use crate::support::{answer, answer_within, config, endpoint, granted, header, sdk, stage};

/// Addresses where no service answers.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    /// A port on which nobody listens.
    NobodyListening,
    /// A name that no DNS knows.
    NoSuchHost,
    /// An AppFabric without TLS that is called with `https`.
    NoTls,
    /// A host that neither accepts nor refuses a connection.
    NeverAccepting,
}

/// A listener whose backlog is full, with what fills it.
async fn never_accepting() -> (tokio::net::TcpListener, Vec<tokio::net::TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(100), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(stream);
        assert!(waiting.len() < 100, "this system accepts on its own");
    }
    (listener, waiting)
}

#[tokio::test]
async fn what_cannot_be_reached_is_temporarily_unavailable_and_is_sent_nothing() {
    // Without Lambda's last second, `little` is less than connecting may take, and `enough` is more.
    let [little, enough] = [3_000, 5_000].map(Duration::from_millis);
    for (nowhere, remaining) in [
        (Nowhere::NobodyListening, enough),
        (Nowhere::NoSuchHost, enough),
        (Nowhere::NoTls, enough),
        (Nowhere::NeverAccepting, enough),
        (Nowhere::NeverAccepting, little),
    ] {
        let appfabric = stage().await;
        let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
        let mut full = None;
        let endpoint = match nowhere {
            Nowhere::NobodyListening => endpoint(&[], &format!("http://{closed}")),
            Nowhere::NoSuchHost => endpoint(&[], "http://no-such-host.invalid"),
            Nowhere::NoTls => {
                let tls = Provider::Rustls(CryptoMode::Ring);
                let https = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
                let url = appfabric.url().replace("http://", "https://");
                Endpoint::new(config(&[]), OurAppFabric::new(sdk(https, &url)), None)
            }
            Nowhere::NeverAccepting => {
                let full = full.insert(never_accepting().await);
                endpoint(&[], &format!("http://{}", full.0.local_addr().expect("an address")))
            }
        };
        let started = Instant::now();
        let response = answer_within(&endpoint, &granted(1, "code"), remaining).await;
        let elapsed = started.elapsed();
        assert_eq!(header(&response, "location"), location(TEMPORARILY_UNAVAILABLE, 1), "{nowhere:?}");
        assert_eq!(appfabric.calls().len(), 0, "{nowhere:?}");
        assert!(elapsed < remaining, "{nowhere:?}: {elapsed:?} of {remaining:?}");
    }
}

/// Requests as they came: the number of the connection, from 0, and the body.
type Received = Arc<Mutex<Vec<(usize, String)>>>;

/// The answer to a look: not connected yet.
fn pending() -> String {
    ok("appAuthorization", "PendingConnect")
}

/// The answer to a Connect: connected.
fn success() -> String {
    ok("appAuthorizationSummary", "Connected")
}

/// A 200 with this status in this member, on a connection that may be used again.
fn ok(member: &str, status: &str) -> String {
    let body = json!({member: {"appAuthorizationArn": "a", "appBundleArn": "b", "app": "SLACK",
        "tenant": {"tenantIdentifier": "t", "tenantDisplayName": "T"}, "authType": "oauth2", "status": status,
        "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:30:00Z"}});
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A server that answers each request of each connection as scripted, then closes the connection; what goes beyond
/// the script is read and closed. It lives on a thread of its own, so it goes on when the function is frozen.
fn scripted(connections: Vec<Vec<String>>) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let received = Received::default();
    let log = Arc::clone(&received);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let beyond = vec![String::new()];
            for answer in connections.get(number).unwrap_or(&beyond) {
                let Some(body) = request(&stream) else { break };
                log.lock().expect("nobody panics here").push((number, body));
                let mut stream = &stream;
                stream.write_all(answer.as_bytes()).expect("the function listens");
            }
            // Long after the answer was read, as an idle connection is closed.
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    (url, received)
}

/// The body of the next request; none at the connection's end.
fn request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

/// The code of each Connect, and the connection that it came on.
fn sent(received: &Received) -> Vec<(usize, String)> {
    let received = received.lock().expect("nobody panics here");
    let code = |body: &str| {
        let body: Value = serde_json::from_str(body).expect("a JSON body");
        body["authRequest"]["code"].as_str().expect("a code").to_owned()
    };
    received.iter().filter(|(_, body)| !body.is_empty()).map(|(number, body)| (*number, code(body))).collect()
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_no_reason_to_send_the_code_again() {
    let half = success()[..success().len() - 40].to_owned();
    for (name, second, ending) in [
        ("an answer", success(), "?outcome=connected&connection="),
        ("no answer", String::new(), "?outcome=pending&reason=unconfirmed&connection="),
        ("half a status line", "HTTP/1.1 2".to_owned(), "?outcome=pending&reason=unconfirmed&connection="),
        ("half a body", half, "?outcome=pending&reason=unconfirmed&connection="),
    ] {
        let (url, received) = scripted(vec![vec![pending(), success(), pending(), second]]);
        let endpoint = endpoint(&[], &url);
        let first = answer(&endpoint, &granted(1, "first")).await;
        assert!(header(&first, "location").contains("?outcome=connected&"), "{name}: {first}");
        // Enough time to use the same connection; more time would only be spent on looks afterwards.
        let second = answer_within(&endpoint, &granted(1, "second"), Duration::from_secs(6)).await;
        assert!(header(&second, "location").contains(ending), "{name}: {second}");
        assert_eq!(sent(&received), [(0, "first".to_owned()), (0, "second".to_owned())], "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_appfabric_closed_while_the_function_slept_costs_no_code() {
    for frozen in [false, true] {
        let (url, received) = scripted(vec![vec![pending(), success()], vec![pending(), success()]]);
        let endpoint = endpoint(&[], &url);
        let first = answer(&endpoint, &granted(1, "first")).await;
        assert!(header(&first, "location").contains("?outcome=connected&"), "{first}");
        let pause = Duration::from_millis(200);
        if frozen {
            // Lambda freezes the whole process between invocations: nothing runs, and nothing notices.
            std::thread::sleep(pause);
        } else {
            tokio::time::sleep(pause).await;
        }
        let second = answer(&endpoint, &granted(1, "second")).await;
        let expected = [(0, "first".to_owned()), (1, "second".to_owned())];
        assert_eq!(sent(&received), expected, "frozen: {frozen}, {second}");
        assert!(header(&second, "location").contains("?outcome=connected&"), "frozen: {frozen}, {second}");
    }
}
