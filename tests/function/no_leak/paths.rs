//! Every way through a deployment.

use std::time::Duration;

use appfabric_emulator::appfabric::{Answer as Reply, Exception, Fault, Operation, Status};
use serde_json::json;

use super::deployment::{Deployment, Holds};
use crate::flows::site::{Answer, Request};
use crate::support::arn;

const METHODS: [&str; 8] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE"];

/// Time for a callback that will not be settled.
const LITTLE: Duration = Duration::from_millis(2_600);

/// What happens to a code: its name, what goes wrong, and whether that takes until the time is over.
type Case = (&'static str, Vec<(Operation, Fault)>, bool);

/// Where a browser comes back to, and with what.
struct Back {
    path: String,
    state: String,
    cookies: Vec<String>,
}

impl Deployment {
    /// A request with a secret wherever a browser or an application can put one.
    fn full(&self, method: &'static str, path: &str) -> Request {
        let body = json!({ "connection": self.code, "state": self.state, "cookie": self.cookie });
        Request::new(method, path)
            .query("state", &self.state)
            .query("error_description", &self.description)
            .query("error_uri", &format!("https://example.com/{}", self.description))
            .query("iss", &self.description)
            .query(&self.state, &self.cookie)
            .header("User-Agent", &self.description)
            .header("Referer", &format!("https://example.com/?code={}", self.code))
            .header("Authorization", &format!("Bearer {}", self.client_secret))
            .header("X-Forwarded-Host", &self.state)
            .cookies(vec![
                format!("__Host-appfabric-connect-0123456789abcdef-01234567={}", self.cookie),
                format!("theme={}", self.cookie),
            ])
            .body(body.to_string())
    }

    pub(super) async fn every_route_and_method(&mut self) {
        let (number, authorization) = self.authorization();
        let (bundle, uuid) = (authorization.bundle().uuid().to_owned(), authorization.uuid().to_owned());
        let link = "0123456789abcdef".repeat(4);
        let paths = [
            format!("/callback/{bundle}/{uuid}"),
            format!("/callback/{bundle}/{uuid}/"),
            format!("/callback/app-{number}"),
            format!("/callback/{authorization}"),
            format!("/callback/{}", self.code),
            format!("/callback/{bundle}/{}", self.code.replace('/', "-")),
            "/callback/a/b/c".to_owned(),
            "/flows".to_owned(),
            format!("/connect/{link}"),
            format!("/connect/{}", self.code.replace('/', "-")),
            "/connected".to_owned(),
            "/pending".to_owned(),
            "/failed/".to_owned(),
            format!("/{}", self.state),
            "/".to_owned(),
        ];
        for path in &paths {
            for method in METHODS {
                let code = self.next_code();
                let request = self.full(method, path).query("code", &code).query("reason", &code);
                let request = request.query("reference", &code);
                self.send(&format!("{method} {path}"), &request, Holds::Nothing).await;
                self.send(&format!("{method} {path}, signed"), &request.signed(), Holds::Nothing).await;
            }
            let ahead = self.full("GET", path).query("code", &self.code).header("Sec-Purpose", "prefetch;prerender");
            self.send(&format!("{path} ahead of time"), &ahead, Holds::Nothing).await;
        }
        let flow = json!({ "appBundleIdentifier": bundle, "appAuthorizationIdentifier": uuid });
        for body in [
            self.code.clone(),
            json!(self.code).to_string(),
            json!({ "connection": self.code }).to_string(),
            json!({ "connection": "app-1", "state": self.state }).to_string(),
            json!({ "connection": "app-1", "expiresInMinutes": self.code }).to_string(),
            json!({ "appBundleIdentifier": self.code, "appAuthorizationIdentifier": self.state }).to_string(),
        ] {
            let request = self.full("POST", "/flows").signed().body(body);
            self.send("POST /flows, signed", &request, Holds::Nothing).await;
        }
        let begin = self.full("POST", "/flows").signed().body(flow.to_string());
        self.send("POST /flows, whatever is out of reach", &begin, Holds::Link).await;
    }

    pub(super) async fn every_outcome(&mut self) {
        for (name, faults, slow) in self.cases() {
            let (number, authorization) = self.authorization();
            let back = self.on_the_way_back(number).await;
            for (operation, fault) in faults {
                self.appfabric.fault(&authorization, operation, fault);
            }
            let remaining = if slow { LITTLE } else { Duration::from_secs(25) };
            let code = self.next_code();
            let request = back.with(&code);
            // The second time it is a duplicate, where it was claimed.
            for time in ["first", "second"] {
                let name = format!("{name}, the {time} time");
                self.send_within(&name, &request, Holds::Nothing, remaining).await;
            }
            self.appfabric.clear_faults();
        }
        self.what_the_application_says().await;
    }

    /// What AppFabric may answer, with secrets in what nobody should repeat.
    fn cases(&self) -> Vec<Case> {
        let secrets = format!("{} {} {}", self.code, self.client_secret, self.description);
        let told = |status, error_type: &str| {
            let body = json!({ "message": secrets, "code": secrets, "reason": secrets }).to_string();
            let error_type = Some(error_type.to_owned());
            Fault::from(Reply::Raw { status, error_type, retry_after: None, body })
        };
        let no_json = |status| {
            Fault::from(Reply::Raw { status, error_type: None, retry_after: None, body: format!("<html>{secrets}") })
        };
        let connect = |fault: Fault| vec![(Operation::Connect, fault)];
        let look = |fault: Fault| vec![(Operation::Get, fault)];
        vec![
            ("connected", Vec::new(), false),
            ("connected for all the 500", connect(told(500, "InternalServerException").then_connect()), false),
            ("closed after reading", connect(Fault::from(Reply::CloseAfterReading).then_connect()), false),
            ("in progress", connect(Fault::status(Status::PENDING_CONNECT).times(9)), true),
            ("unconfirmed", connect(told(503, "ServiceUnavailable")), true),
            ("no answer", connect(Reply::Hang.into()), true),
            ("no JSON", connect(no_json(200)), true),
            ("an error without a name", connect(no_json(502)), true),
            ("refused", connect(told(400, "ValidationException")), false),
            ("a conflict", connect(told(409, "ConflictException")), false),
            ("no name for it", connect(told(418, &secrets.replace(['&', '='], "-"))), false),
            ("throttled", connect(Fault::throttled(9, 900)), false),
            ("throttled for a moment", connect(Fault::throttled(1, 0)), false),
            ("denied", connect(told(403, "AccessDeniedException")), false),
            ("not found", connect(told(404, "ResourceNotFoundException")), false),
            ("bad credentials", connect(told(403, "UnrecognizedClientException")), false),
            ("validation failed", connect(Fault::status(Status::CONNECTION_VALIDATION_FAILED)), false),
            ("rotation failed", connect(Fault::status(Status::TOKEN_AUTO_ROTATION_FAILED)), false),
            ("a new status", connect(Fault::status(self.code.as_str().into())), true),
            ("no look", look(told(500, "InternalServerException").times(9)), false),
            ("no such thing", look(told(404, "ResourceNotFoundException").times(9)), false),
            ("throttled looks", look(Fault::exception(Exception::Throttling).times(9)), false),
            ("a look without JSON", look(no_json(200).times(9)), false),
        ]
    }

    /// Refusals, and what is no authorization response.
    async fn what_the_application_says(&mut self) {
        let (description, code) = (self.description.clone(), self.code.clone());
        let (long, control) = (code.repeat(200), format!("{code}\u{1b}\r\n"));
        for error in
            ["access_denied", "access-denied", "server_error", "temporarily_unavailable", "other", &description]
        {
            let (number, _) = self.authorization();
            let back = self.on_the_way_back(number).await;
            let request = back.request().query("error", error).query("error_description", &description);
            self.send(&format!("error={error}"), &request, Holds::Nothing).await;
        }
        for codes in [vec![], vec![""], vec![&*code, &*code], vec![&*long], vec![&*control]] {
            let (number, _) = self.authorization();
            let back = self.on_the_way_back(number).await;
            let request = codes.iter().fold(back.request(), |request, code| request.query("code", code));
            self.send("no authorization response", &request, Holds::Nothing).await;
            self.send("both", &request.query("error", &description).query("code", &long), Holds::Nothing).await;
        }
    }

    /// What a `state` may be refused for, where one is checked.
    pub(super) async fn every_refused_state(&mut self) {
        let Some(of) = self.wiring.one_by_link_of() else { return };
        let mut next = || loop {
            let (number, _) = self.authorization();
            if number.is_multiple_of(of) {
                break number;
            }
        };
        let number = next();
        let (other, _) = self.authorization();
        let back = self.on_the_way_back(number).await;
        let code = self.next_code();
        let path = |number| format!("/callback/{}/{}", arn(number).bundle().uuid(), arn(number).uuid());
        let (state, cookies) = (self.state.clone(), vec![format!("a={}", self.cookie)]);
        for (name, path, state, cookies) in [
            ("no state", path(number), None, &back.cookies),
            ("an unknown state", path(number), Some(&state), &back.cookies),
            ("another browser", path(number), Some(&back.state), &cookies),
            ("another app authorization", path(other), Some(&back.state), &back.cookies),
        ] {
            let request = Request::new("GET", path).query("code", &code).cookies(cookies.clone());
            let request = state.into_iter().fold(request, |request, state| request.query("state", state));
            self.send(name, &request, Holds::Nothing).await;
        }
        if let Some(table) = &self.table {
            table.end_the_flows().await;
            let request = Request::new("GET", path(number)).query("code", &code).query("state", &back.state);
            self.send("expired", &request.cookies(back.cookies.clone()), Holds::Nothing).await;
        }
        let (number, _) = self.authorization();
        let back = self.on_the_way_back(number).await;
        for name in ["the first code", "another code for a used state"] {
            let code = self.next_code();
            self.send(name, &back.with(&code), Holds::Nothing).await;
        }
    }

    pub(super) async fn what_is_no_event(&mut self) {
        for event in [json!(null), json!(self.code), json!([self.code]), json!({ "code": self.code, "Records": [] })] {
            self.send_event(&event).await;
        }
        for name in ["version", "requestContext", "headers", "rawPath", "path"] {
            let mut event = self.full("GET", "/callback/x").event(self.payload, None);
            event[name] = json!(self.code);
            self.send_event(&event).await;
        }
    }

    /// A browser that comes back from the application: by a link where there are flows, otherwise with a `state` that
    /// nobody has given out.
    async fn on_the_way_back(&mut self, number: u32) -> Back {
        let authorization = arn(number);
        let names = [authorization.bundle().uuid(), authorization.uuid()];
        let path = format!("/callback/{}", names.join("/"));
        let foreign =
            Back { path: path.clone(), state: self.state.clone(), cookies: vec![format!("a={}", self.cookie)] };
        let body = json!({ "appBundleIdentifier": names[0], "appAuthorizationIdentifier": names[1] });
        let new_flow = self.full("POST", "/flows").signed().body(body.to_string());
        let by_link = self.wiring.one_by_link_of().is_some_and(|of| number.is_multiple_of(of));
        if !by_link {
            return foreign;
        }
        let begun = self.send("POST /flows", &new_flow, Holds::Link).await;
        assert_eq!(begun.status(), 201, "{}", begun.0);
        let url = begun.json()["connectUrl"].as_str().expect("a link").to_owned();
        let link = &url[url.rfind("/connect/").expect("a link")..];
        for method in ["OPTIONS", "PUT"] {
            self.send(&format!("{method} /connect/…"), &self.full(method, link), Holds::Nothing).await;
        }
        self.send("HEAD /connect/…", &self.full("HEAD", link), Holds::CookieAndState).await;
        let opened = self.send("GET /connect/…", &self.full("GET", link), Holds::CookieAndState).await;
        assert_eq!(opened.status(), 200, "{}", opened.0);
        let foreign_press = self.full("POST", link).header("Sec-Fetch-Site", "cross-site");
        self.send("a press from elsewhere", &foreign_press, Holds::Nothing).await;
        let press = self.full("POST", link).header("Sec-Fetch-Site", "same-origin");
        self.send("a press without the cookie", &press, Holds::Nothing).await;
        let button = press.clone().cookies(cookies(&opened));
        let pressed = self.send("POST /connect/…", &button, Holds::CookieAndState).await;
        assert_eq!(pressed.status(), 303, "{}", pressed.0);
        self.send("a press by somebody else", &press, Holds::Nothing).await;
        self.send("a look by somebody else", &self.full("GET", link), Holds::Nothing).await;
        Back { path, state: pressed.parameter("state").expect("a state"), cookies: cookies(&opened) }
    }
}

impl Back {
    fn request(&self) -> Request {
        Request::new("GET", &*self.path).query("state", &self.state).cookies(self.cookies.clone())
    }

    fn with(&self, code: &str) -> Request {
        self.request().query("code", code)
    }
}

fn cookies(answer: &Answer) -> Vec<String> {
    answer.set_cookies().into_iter().map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect()
}
