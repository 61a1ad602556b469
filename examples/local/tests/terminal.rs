//! What the program prints, in the order in which it prints it; and that its options arrive.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use url::{Url, form_urlencoded};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn each_option_that_it_cannot_take_is_named_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let in_use = |option| format!("error: port {port} is in use: choose another with {option}\n");
    for option in ["--gateway-port", "--appfabric-port", "--application-port"] {
        assert_eq!(refused(&[option, &port]), in_use(option));
    }
    assert_eq!(
        refused(&["--success-url", "ftp://example.com", "--organisation", "a\tb"]),
        "error: --success-url must begin with `https://` (`http://` for a loopback host only)\n\
         error: --organisation has a control character\n"
    );
    for [option, value] in [
        ["--gateway-port", "99999"],
        ["--front", "soap"],
        ["--state", "maybe"],
        ["--app", ""],
        ["--tenant", ""],
        ["--client-id", ""],
        ["--function-at", "mailto:somebody@example.com"],
        ["--code-lifetime", "a while"],
        ["--authorization-endpoint", "https://example.com/authorize"],
    ] {
        let sentence = refused(&[option, value]);
        let (value, expected) = (value.to_owned(), format!("error: invalid value '{value}' for '{option} <"));
        assert!(sentence.starts_with(&expected), "{option} {value}: {sentence}");
    }
    let elsewhere = refused(&["--function-at", "http://127.0.0.1:3000", "--log"]);
    assert!(elsewhere.contains("'--log'"), "{elsewhere}");
}

#[test]
fn the_help_fits_the_terminal() {
    for help in ["-h", "--help"] {
        let output = run(&[help]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("--organisation <NAME>"), "{text}");
        fits(&text);
    }
}

#[test]
fn the_connect_page_shows_organisation_app_and_tenant() {
    let mut example = Example::start(&["--organisation", "Fjord & Sons", "--app", "WIKI", "--tenant", "Fjord Berlin"]);
    let page = get(&example.link(), &[]);
    for shown in ["Fjord &#38; Sons", "<h1>Connect WIKI</h1>", "<bdi>Fjord Berlin</bdi>"] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!example.until("answers 200").contains('{'), "a log line without --log");
}

#[test]
fn a_flow_is_told_in_order_and_the_log_has_the_reference_and_no_secret() {
    let mut example = Example::start(&["--log"]);
    let link = example.link();
    let cookie = get(&link, &[]).header("set-cookie").split(';').next().unwrap().to_owned();
    let pressed = send("POST", &link, &[("cookie", &cookie), ("sec-fetch-site", "same-origin")], "");
    let mut question = pressed.location();
    let form = form_urlencoded::Serializer::new(question.query().unwrap().to_owned())
        .append_pair("decision", "allow")
        .finish();
    question.set_query(None);
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let callback = send("POST", question.as_str(), &[form_type], &form).location();
    let before = example.until("a code\n");
    let result = get(callback.as_str(), &[("cookie", &cookie)]).location();
    let told = example.until("function  answers");

    assert_eq!(result.path(), "/connected");
    let log = logged(&told);
    assert_eq!(log.len(), 1, "{told}");
    assert_eq!((&log[0]["message"], &log[0]["outcome"]), (&"callback".into(), &"connected".into()));
    assert_eq!(log[0]["reference"], *member(&result, "reference"));
    let steps: Vec<_> = told.lines().map(|step| step.split_whitespace().next().unwrap()).collect();
    let [steps @ .., the_log, last] = &steps[..] else { panic!("{told}") };
    assert_eq!(steps, ["gateway", "application", "appfabric"], "{told}");
    assert!(the_log.starts_with('{') && *last == "function", "{told}");

    let printed = before + &told;
    for secret in [
        link.rsplit('/').next().unwrap(),
        cookie.split_once('=').unwrap().1,
        &member(&callback, "code"),
        &member(&callback, "state"),
    ] {
        assert!(secret.len() > 20 && !printed.contains(secret), "{secret} in {printed}");
    }
    fits(&example.printed);
}

#[test]
fn the_reference_of_a_failure_page_finds_its_line_in_the_log() {
    let mut example = Example::start(&["--log", "--state", "report"]);
    example.link();
    let redirect_uri = example.redirect_uri();
    let failed = get(&format!("{redirect_uri}?error=access_denied&error_description=canary"), &[]).location();
    let reference = member(&failed, "reference");
    let page = get(failed.as_str(), &[]);
    assert!(page.body.contains(&reference), "{}", page.body);
    let told = example.until("answers 200");
    let log = logged(&told);
    let found = log.iter().find(|line| line["reference"] == *reference).unwrap_or_else(|| panic!("{told}"));
    assert_eq!((&found["reason"], &found["connection"]), (&"access_denied".into(), &"example".into()));
    assert!(!example.printed.contains("canary"), "{}", example.printed);
    fits(&example.printed);
}

/// The running program. It ends with this.
struct Example {
    process: Child,
    lines: Receiver<String>,
    printed: String,
}

impl Example {
    fn start(options: &[&str]) -> Self {
        let mut process = program(options).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, lines, printed: String::new() }
    }

    /// What it prints from here on, with the first line in which this is.
    fn until(&mut self, text: &str) -> String {
        let mut told = String::new();
        while !told.contains(text) {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {text:?}, but {told:?}"));
            told += &(line + "\n");
        }
        self.printed += &told;
        told
    }

    fn link(&mut self) -> String {
        let told = self.until("/connect/");
        told.split_whitespace().last().unwrap().to_owned()
    }

    fn redirect_uri(&self) -> String {
        let (_, rest) = self.printed.split_once("is behind ").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(options: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_local"));
    program.args(options).stdin(Stdio::null());
    program
}

fn run(options: &[&str]) -> Output {
    program(options).output().unwrap()
}

/// What it says on standard error, and nothing elsewhere, when it does not start.
#[track_caller]
fn refused(options: &[&str]) -> String {
    let output = run(options);
    let (said, printed) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert_eq!((output.status.code(), printed.as_str()), (Some(1), ""), "{options:?}: {said}");
    fits(&said);
    said
}

/// The lines of the function's log.
fn logged(told: &str) -> Vec<Value> {
    told.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A member of a query.
fn member(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// A line of at most 100 columns; only the log's are as they are.
#[track_caller]
fn fits(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with('{')) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// An answer over HTTP.
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap_or_else(|| panic!("{name} in {}", self.head)).1
    }

    fn location(&self) -> Url {
        Url::parse(self.header("location")).unwrap()
    }
}

fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, "")
}

fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer { head: head.to_owned(), body: body.to_owned() }
}
