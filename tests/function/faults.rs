//! Each way in which a Connect goes wrong: what the person is told, how often the code is sent, and what stays unsaid.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use appfabric_connect::appfabric::AppFabric as OurAppFabric;
use appfabric_connect::endpoint::Endpoint;
use appfabric_connect::ledger::Ledger;
use appfabric_emulator::appfabric::{Answer, AppFabric, Authorization, Fault, Operation, Status, Target};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::{Value, json};

use crate::expected::{base_url, parameters};
use crate::support::{REFERENCE, answer, answer_within, config, endpoint, event, header, sdk};

const CODE: &str = "4/0AeaYSHDq-canary.code==";
const CODE_IN_QUERY: &str = "4%2F0AeaYSHDq-canary.code%3D%3D";

/// Time enough for everything but a wait to the very end.
const ENOUGH: Duration = Duration::from_secs(4);

/// So little that AppFabric has hardly more than a second, and the answer must be there within the whole of it.
const LITTLE: Duration = Duration::from_secs(3);

const CONNECTED: (&str, Option<&str>) = ("connected", None);
const IN_PROGRESS: (&str, Option<&str>) = ("pending", Some("in_progress"));
const UNCONFIRMED: (&str, Option<&str>) = ("pending", Some("unconfirmed"));
const TEMPORARILY_UNAVAILABLE: (&str, Option<&str>) = ("failed", Some("temporarily_unavailable"));
const UNKNOWN_CONNECTION: (&str, Option<&str>) = ("failed", Some("unknown_connection"));
const CODE_REJECTED: (&str, Option<&str>) = ("failed", Some("code_rejected"));
const NOT_CONNECTED: (&str, Option<&str>) = ("failed", Some("not_connected"));

/// What the code meets.
enum Far {
    /// An AppFabric on which this happens to the Connect.
    Faulty(Fault),
    /// The same on the connection that an earlier, successful callback has left open.
    FaultyAndKeptAlive(Fault),
    /// A port on which nobody listens.
    NobodyListening,
    /// A name that no DNS knows.
    NoSuchHost,
    /// An AppFabric that does not speak the TLS it is called by.
    NoTls,
    /// A host that takes no connection and refuses none.
    NeverAccepting,
}

/// What happens, how much time there is, what comes of it, and how often the code is sent.
type Row = (&'static str, Far, Duration, (&'static str, Option<&'static str>), usize);

fn rows() -> Vec<Row> {
    [modeled(), front_door(), unmodeled(), statuses(), silence(), unreachable()].into_iter().flatten().collect()
}

fn modeled() -> Vec<Row> {
    [
        ("AccessDeniedException", 403, "AccessDeniedException", UNKNOWN_CONNECTION),
        ("ResourceNotFoundException", 404, "ResourceNotFoundException", UNKNOWN_CONNECTION),
        ("ValidationException", 400, "ValidationException", CODE_REJECTED),
        ("InternalServerException", 500, "InternalServerException", UNCONFIRMED),
        ("ThrottlingException, Retry-After in 15 minutes", 429, "ThrottlingException", TEMPORARILY_UNAVAILABLE),
        // A namespace or a URL around the type, as some front doors have it.
        ("type with a URL", 400, "ValidationException:http://internal.amazon.com/canary/", CODE_REJECTED),
        ("type with a namespace", 403, "com.amazonaws.appfabric#AccessDeniedException", UNKNOWN_CONNECTION),
    ]
    .map(|(name, status, error_type, ending)| (name, raw(status, error_type), ENOUGH, ending, 1))
    .into()
}

fn front_door() -> Vec<Row> {
    [
        ("403 ExpiredTokenException", 403, "ExpiredTokenException"),
        ("403 UnrecognizedClientException", 403, "UnrecognizedClientException"),
        ("400 UnrecognizedClientException", 400, "UnrecognizedClientException"),
        ("403 InvalidSignatureException", 403, "InvalidSignatureException"),
        ("400 IncompleteSignature", 400, "IncompleteSignature"),
        ("400 ExpiredTokenException", 400, "ExpiredTokenException"),
        ("400 InvalidClientTokenId", 400, "InvalidClientTokenId"),
        ("403 of a name nobody knows", 403, "CanaryException"),
    ]
    .map(|(name, status, error_type)| (name, raw(status, error_type), ENOUGH, UNKNOWN_CONNECTION, 1))
    .into_iter()
    .chain([("403 bare", Far::Faulty(Fault::bare(403)), ENOUGH, UNKNOWN_CONNECTION, 1)])
    .collect()
}

fn unmodeled() -> Vec<Row> {
    let bare = |name, status, ending| (name, Far::Faulty(Fault::bare(status)), ENOUGH, ending, 1);
    let garbage = Answer::Raw { status: 502, error_type: None, retry_after: None, body: "<canary".to_owned() };
    vec![
        bare("400 bare", 400, CODE_REJECTED),
        bare("404 bare", 404, CODE_REJECTED),
        ("404 UnknownOperationException", raw(404, "UnknownOperationException"), ENOUGH, CODE_REJECTED, 1),
        ("402 ServiceQuotaExceededException", raw(402, "ServiceQuotaExceededException"), ENOUGH, CODE_REJECTED, 1),
        ("409 ConflictException", raw(409, "ConflictException"), ENOUGH, CODE_REJECTED, 1),
        bare("409 bare", 409, CODE_REJECTED),
        bare("413 bare", 413, CODE_REJECTED),
        ("429 bare", Far::Faulty(Fault::bare(429)), ENOUGH, TEMPORARILY_UNAVAILABLE, 3),
        bare("500 bare", 500, UNCONFIRMED),
        ("502 garbage", Far::Faulty(garbage.into()), ENOUGH, UNCONFIRMED, 1),
        bare("503 bare", 503, UNCONFIRMED),
        ("503 ServiceUnavailable", raw(503, "ServiceUnavailable"), ENOUGH, UNCONFIRMED, 1),
        bare("504 bare", 504, UNCONFIRMED),
        bare("302 bare", 302, UNCONFIRMED),
    ]
}

fn statuses() -> Vec<Row> {
    let status =
        |status: &'static str, ending| (status, Far::Faulty(Fault::status(Status::from(status))), ENOUGH, ending, 1);
    let body = r#"{"appAuthorizationSummary":null}"#.to_owned();
    let empty = Answer::Raw { status: 200, error_type: None, retry_after: None, body };
    vec![
        status("Connected", CONNECTED),
        status("PendingConnect", IN_PROGRESS),
        status("ConnectionValidationFailed", NOT_CONNECTED),
        status("TokenAutoRotationFailed", NOT_CONNECTED),
        status("SomethingNew", NOT_CONNECTED),
        ("200 without a status", Far::Faulty(Answer::NoStatus.into()), ENOUGH, UNCONFIRMED, 1),
        ("200 without a summary", Far::Faulty(empty.into()), ENOUGH, UNCONFIRMED, 1),
        ("200 bare", Far::Faulty(Fault::bare(200)), ENOUGH, UNCONFIRMED, 1),
        ("200 garbage", Far::Faulty(Answer::Garbage.into()), ENOUGH, UNCONFIRMED, 1),
        ("200 garbage, kept alive", Far::FaultyAndKeptAlive(Answer::Garbage.into()), ENOUGH, UNCONFIRMED, 1),
    ]
}

fn silence() -> Vec<Row> {
    let slow = Fault::default().wait_after_reading(LITTLE);
    vec![
        ("closed before reading", Far::Faulty(Answer::CloseBeforeReading.into()), ENOUGH, UNCONFIRMED, 1),
        ("closed after reading", Far::Faulty(Answer::CloseAfterReading.into()), ENOUGH, UNCONFIRMED, 1),
        (
            "closed before reading, kept alive",
            Far::FaultyAndKeptAlive(Answer::CloseBeforeReading.into()),
            ENOUGH,
            UNCONFIRMED,
            1,
        ),
        (
            "closed after reading, kept alive",
            Far::FaultyAndKeptAlive(Answer::CloseAfterReading.into()),
            ENOUGH,
            UNCONFIRMED,
            1,
        ),
        ("hangs", Far::Faulty(Answer::Hang.into()), LITTLE, UNCONFIRMED, 1),
        ("hangs, kept alive", Far::FaultyAndKeptAlive(Answer::Hang.into()), LITTLE, UNCONFIRMED, 1),
        ("connects, and says so too late", Far::Faulty(slow), LITTLE, CONNECTED, 1),
    ]
}

fn unreachable() -> Vec<Row> {
    let fine = || Far::Faulty(Fault::default());
    vec![
        ("nobody listens", Far::NobodyListening, ENOUGH, TEMPORARILY_UNAVAILABLE, 0),
        ("no such host", Far::NoSuchHost, ENOUGH, TEMPORARILY_UNAVAILABLE, 0),
        ("no TLS there", Far::NoTls, ENOUGH, TEMPORARILY_UNAVAILABLE, 0),
        ("connection never accepted", Far::NeverAccepting, Duration::from_secs(5), TEMPORARILY_UNAVAILABLE, 0),
        ("connection never accepted, little time", Far::NeverAccepting, LITTLE, TEMPORARILY_UNAVAILABLE, 0),
        ("a second left", fine(), Duration::from_secs(1), TEMPORARILY_UNAVAILABLE, 0),
        ("less than a second left", fine(), Duration::from_millis(999), TEMPORARILY_UNAVAILABLE, 0),
        ("no time left", fine(), Duration::ZERO, TEMPORARILY_UNAVAILABLE, 0),
    ]
}

/// An error with a canary in each of its members; only its type is read.
fn raw(status: u16, error_type: &str) -> Far {
    let body = json!({
        "message": "canary: the request was refused",
        "Message": "canary: The Request Was Refused",
        "resourceId": "arn:aws:appfabric:us-east-1:123456789012:appbundle/canary",
        "resourceType": "canary",
        "reason": "canary",
        "fieldList": [{"name": "canary", "message": "canary"}],
        "serviceCode": "canary",
        "quotaCode": "canary",
        "retryAfterSeconds": 1,
    });
    let retry_after = (status == 429).then_some(900);
    Far::Faulty(
        Answer::Raw { status, error_type: Some(error_type.to_owned()), retry_after, body: body.to_string() }.into(),
    )
}

/// The authorization response for the app authorization of this number, with this code.
fn granted(number: u32, code_in_query: &str) -> Value {
    let mut event = event("http", "connected");
    let path = format!("a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-{number:012}");
    event["rawPath"] = json!(format!("/callback/{path}"));
    event["pathParameters"]["proxy"] = json!(path);
    event["rawQueryString"] = json!(format!("code={code_in_query}"));
    event
}

async fn emulator() -> AppFabric {
    let appfabric = AppFabric::builder().start("127.0.0.1:0").await.expect("a free port");
    for number in 1..=2 {
        let arn = format!(
            "arn:aws:appfabric:us-east-1:123456789012:appbundle/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/appauthorization/10000000-0000-4000-8000-{number:012}"
        );
        appfabric.seed(&arn.parse().expect("an ARN"), Authorization::oauth2("SLACK"));
    }
    appfabric
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

/// The function with an HTTP client that keeps connections, whatever the function's own does.
fn keeping_alive(url: &str) -> Endpoint {
    let http = aws_smithy_http_client::Builder::new().build_http();
    Endpoint::new(config(&[]), OurAppFabric::new(sdk(http, url)), Ledger::new(None))
}

/// The answer to the callback, how long it took, and the body of each Connect.
async fn meets(far: Far, remaining: Duration) -> (Value, Duration, Vec<String>) {
    let appfabric = emulator().await;
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let mut full = None;
    let endpoint = match &far {
        Far::Faulty(_) => endpoint(&[], &appfabric.url()),
        Far::FaultyAndKeptAlive(_) => keeping_alive(&appfabric.url()),
        Far::NobodyListening => endpoint(&[], &format!("http://{closed}")),
        Far::NoSuchHost => endpoint(&[], "http://no-such-host.invalid"),
        Far::NoTls => {
            let tls = Provider::Rustls(CryptoMode::Ring);
            let https = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
            let url = appfabric.url().replace("http://", "https://");
            Endpoint::new(config(&[]), OurAppFabric::new(sdk(https, &url)), Ledger::new(None))
        }
        Far::NeverAccepting => {
            let full = full.insert(never_accepting().await);
            endpoint(&[], &format!("http://{}", full.0.local_addr().expect("an address")))
        }
    };
    if let Far::FaultyAndKeptAlive(_) = &far {
        let first = answer(&endpoint, &granted(2, "first")).await;
        assert!(header(&first, "location").contains("outcome=connected"), "{first}");
        appfabric.clear_calls();
    }
    if let Far::Faulty(fault) | Far::FaultyAndKeptAlive(fault) = far {
        // Once and for all, so that a second sending would meet it, too.
        appfabric.fault(Target::any(), Operation::Connect, fault.times(u32::MAX));
    }
    let started = Instant::now();
    let response = answer_within(&endpoint, &granted(1, CODE_IN_QUERY), remaining).await;
    let elapsed = started.elapsed();
    let calls = appfabric.calls_of(Operation::Connect);
    (response, elapsed, calls.into_iter().map(|call| call.body).collect())
}

#[tokio::test]
async fn however_a_connect_goes_wrong_the_person_gets_an_answer_and_the_code_is_sent_once() {
    let rows = rows();
    let count = rows.len();
    let mut wrong = Vec::new();
    for (name, far, remaining, (outcome, reason), sends) in rows {
        let closed_unread = matches!(&far, Far::Faulty(fault) | Far::FaultyAndKeptAlive(fault) if fault.answer == Answer::CloseBeforeReading);
        let (response, elapsed, bodies) = meets(far, remaining).await;

        let named = (reason != Some("unknown_connection")).then_some(1);
        let location = format!("{}/{outcome}{}", base_url("http"), parameters(outcome, reason, named, REFERENCE));
        let answered = (&response["statusCode"], header(&response, "location"), bodies.len());
        if answered != (&json!(303), location.as_str(), sends) {
            wrong.push(format!("{name}: {answered:?}, not {location} and {sends}"));
        }
        for body in bodies.iter().filter(|_| !closed_unread) {
            let body: Value = serde_json::from_str(body).expect("a JSON body");
            assert_eq!(body["authRequest"]["code"], CODE, "{name}");
        }
        let whole = response.to_string();
        for hidden in
            ["canary", CODE, CODE_IN_QUERY, "code=", "4/0Aea", "4%2F0Aea", "arn:", "arn%3A", "Exception", "refused"]
        {
            assert!(!whole.contains(hidden), "{name}: {hidden} in {whole}");
        }
        let allowed = remaining.max(Duration::from_secs(1));
        assert!(elapsed < allowed, "{name}: {elapsed:?} of {remaining:?}");
    }
    println!("{count} ways in which a Connect goes wrong");
    assert!(wrong.is_empty(), "{} of {count} end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_redirect_uri_that_appfabric_would_refuse_is_not_sent() {
    for (folder, page) in [("rest", "/prod/failed"), ("http", "/failed")] {
        let appfabric = emulator().await;
        let mut event = event(folder, "connected");
        event["requestContext"].as_object_mut().expect("an object").remove("domainName");
        let response = answer(&endpoint(&[], &appfabric.url()), &event).await;
        let location = format!("{page}{}", parameters("failed", Some("code_rejected"), Some(1), REFERENCE));
        assert_eq!((&response["statusCode"], header(&response, "location")), (&json!(303), location.as_str()));
        assert_eq!(appfabric.calls().len(), 0, "{folder}");
    }
}

#[tokio::test]
async fn two_callbacks_at_once_keep_their_codes_apart() {
    let uuid = |number: u32| format!("10000000-0000-4000-8000-{number:012}");
    // The first is still unread when the second has long been answered; then the other way round.
    for (round, slow) in [(1, 1), (2, 2)] {
        let appfabric = emulator().await;
        let endpoint = endpoint(&[], &appfabric.url());
        let fault = Fault::default().wait_before_reading(Duration::from_millis(300));
        let target = uuid(slow).parse::<Target>().expect("a UUID");
        appfabric.fault(target, Operation::Connect, fault);
        let target = uuid(3 - slow).parse::<Target>().expect("a UUID");
        appfabric.fault(target, Operation::Connect, Fault::status(Status::PENDING_CONNECT));
        let code = |number: u32| format!("round-{round}-code-{number}");
        let events = [1, 2].map(|number| granted(number, &code(number)));
        let (one, two) = tokio::join!(answer(&endpoint, &events[0]), answer(&endpoint, &events[1]));
        for (number, response) in [(1, one), (2, two)] {
            let (outcome, reason) = if number == slow { CONNECTED } else { IN_PROGRESS };
            let location =
                format!("{}/{outcome}{}", base_url("http"), parameters(outcome, reason, Some(number), REFERENCE));
            assert_eq!(header(&response, "location"), location);
            let mine: Vec<_> = appfabric
                .calls_of(Operation::Connect)
                .into_iter()
                .filter(|call| call.path.contains(&uuid(number)))
                .collect();
            assert_eq!(mine.len(), 1);
            let redirect_uri =
                format!("{}/callback/a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/{}", base_url("http"), uuid(number));
            let body: Value = serde_json::from_str(&mine[0].body).expect("a JSON body");
            assert_eq!(body, json!({"authRequest": {"redirectUri": redirect_uri, "code": code(number)}}));
        }
        assert_eq!(appfabric.calls_of(Operation::Connect).len(), 2);
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
        let endpoint = keeping_alive(&url);
        let first = answer(&endpoint, &granted(1, "first")).await;
        assert!(header(&first, "location").contains("?outcome=connected&"), "{name}: {first}");
        let second = answer(&endpoint, &granted(1, "second")).await;
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
