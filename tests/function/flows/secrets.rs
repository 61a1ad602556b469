//! No secret in a log line, a page or a `Location` where it has no business.

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Answer as Reply, Exception, Fault, Operation};
use serde_json::json;

use super::site::{Answer, Browser, PAYLOADS, Request, Site, listed};
use crate::lines::Lines;
use crate::pipe::Way;

/// What a journey has of its own.
struct Secrets {
    link: String,
    state: String,
    cookie: String,
    code: String,
}

impl Secrets {
    /// Whole, in halves, and in the case that something writes them in.
    #[track_caller]
    fn are_absent_from(&self, text: &str, name: &str) {
        let text = text.to_lowercase();
        // The first half of a `state` is the flow's public name.
        for (what, secret) in
            [("link", self.link.as_str()), ("press", &self.state[64..]), ("cookie", &self.cookie), ("code", &self.code)]
        {
            assert!(!text.contains(&secret[..secret.len().min(20)].to_lowercase()), "{name}: the {what} is in {text}");
        }
    }

    /// In an answer to a browser: the body, and all that is in its headers.
    #[track_caller]
    fn are_absent_from_answer(&self, answer: &Answer, name: &str) {
        self.are_absent_from(&answer.0.to_string(), name);
    }
}

type Row = (&'static str, fn(&Site));

const HAPPENS: [Row; 7] = [
    ("nothing", |_| {}),
    ("refused", |site| site.fault(Operation::Connect, Fault::exception(Exception::Validation))),
    ("denied", |site| site.fault(Operation::Connect, Fault::exception(Exception::AccessDenied))),
    ("500", |site| site.fault(Operation::Connect, Fault::bare(500))),
    ("no JSON", |site| site.fault(Operation::Connect, Reply::Garbage)),
    ("no answer", |site| site.fault(Operation::Connect, Reply::Hang)),
    ("out of reach", |site| site.pipes.set(Operation::Connect, Way::Refused, 3)),
];

#[tokio::test(start_paused = true)]
async fn link_state_cookie_and_code_are_in_no_log_page_or_location() {
    let (lines, _listening) = Lines::listen_at("TRACE");
    for payload in PAYLOADS {
        for mode in [StateMode::Off, StateMode::Report, StateMode::Enforce] {
            for (name, happens) in HAPPENS {
                let name = format!("{payload:?} {mode:?} {name}");
                let site = Site::new(&[("APP_AUTHORIZATIONS", &listed())], mode, payload).await;
                let link = site.link(&json!({ "connection": "slack" })).await;
                let (person, stranger) = (Browser::default(), Browser::default());
                let opened = person.open(&site, &link).await;
                let press = person.press(&site, &link).await;
                let pressed = super::site::Pressed::at(&site, &press);
                let secrets = Secrets {
                    link: link.rsplit('/').next().expect("a secret").to_owned(),
                    state: pressed.state.clone(),
                    cookie: person.cookie().1,
                    code: format!("canary-{}", "c0de".repeat(8)),
                };
                // The link's secret is on the page's address only, and the cookie's in the cookie only.
                secrets.are_absent_from(&opened.0["headers"].to_string(), &name);
                secrets.are_absent_from(opened.body(), &name);
                assert!(
                    !press.location().contains(&secrets.link) && !press.location().contains(&secrets.cookie),
                    "{name}"
                );
                let set: String = press.set_cookies().concat();
                assert!(!set.contains(&secrets.link) && !set.contains(&secrets.state[64..]), "{name}");
                happens(&site);
                let wrong = Request::callback("okta", &secrets.code, &[&pressed.state]);
                let error = Request::new("GET", "/callback/slack").query("error", "access_denied");
                let both = Request::callback("slack", &secrets.code, &[&pressed.state]).query("error", "other");
                let answers = [
                    stranger.press(&site, &link).await,
                    stranger.open(&site, &link).await,
                    stranger.return_with(&site, &pressed, &secrets.code).await,
                    person.go(&site, wrong).await,
                    person.go(&site, error.query("error_description", &secrets.cookie)).await,
                    person.go(&site, both).await,
                    person.return_with(&site, &pressed, &secrets.code).await,
                    person.return_with(&site, &pressed, &secrets.code).await,
                    person.return_with(&site, &pressed, &format!("{}-2", secrets.code)).await,
                    person.open(&site, &format!("/connect/{}", secrets.state)).await,
                    person.open(&site, &format!("{link}x")).await,
                    site.send(&Request::new("POST", link.as_str())).await,
                ];
                for (number, answer) in answers.iter().enumerate() {
                    secrets.are_absent_from_answer(answer, &format!("{name}, answer {number}"));
                }
                let logged = lines.take();
                assert!(logged.len() > 8, "{name}: {logged:?}");
                for line in logged {
                    secrets.are_absent_from(&line.to_string(), &name);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_program_sends_is_in_no_log_line() {
    let (lines, _listening) = Lines::listen_at("TRACE");
    let site = Site::enforcing(PAYLOADS[0]).await;
    for body in [
        json!({ "connection": "canary" }),
        json!({ "connection": "slack", "canary": "canary" }),
        json!({ "connection": "slack", "expiresInMinutes": "canary" }),
        json!("canary"),
    ] {
        site.ask(&body).await;
        // Where there is a canary in a line, this panics.
        assert_eq!(lines.take().len(), 1, "{body}");
    }
}
