//! Every page outside a callback logs one line with its reference and its cause, and shows its reference and who asks.

use std::time::Duration;

use appfabric_connect::values::StateMode;
use appfabric_emulator::appfabric::{Exception, Fault, Operation};
use serde_json::{Value, json};

use crate::flows::site::{Answer, Browser, PAYLOADS, Payload, Request, Site, listed};
use crate::lines::Lines;
use crate::support::{REFERENCE, arn};

const ORGANISATION: &str = "Example Corp";

/// A deployment that says who asks, and a link for its first app authorization.
async fn begun(payload: Payload) -> (Site, String) {
    let variables = [("APP_AUTHORIZATIONS", listed()), ("ORGANISATION_NAME", ORGANISATION.to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let site = Site::new(&variables, StateMode::Enforce, payload).await;
    let link = site.link(&json!({ "connection": "slack", "expiresInMinutes": 30 })).await;
    (site, link)
}

/// What a page's line says: status, route, cause, level, and whether it has the flow and the connection.
type Told = (u64, Option<&'static str>, &'static str, &'static str, bool, bool);

const UUIDS: &str = "/callback/{appBundleIdentifier}/{appAuthorizationIdentifier}";

const CONNECT: Option<&str> = Some("/connect/{flow}");

/// The answer shows its reference and who asks; one line has both the reference and the cause.
#[track_caller]
fn is_told(lines: &Lines, answer: &Answer, told: Told) -> Value {
    let (status, route, cause, level, flow, connection) = told;
    assert_eq!(answer.status(), status, "{cause}: {}", answer.0);
    assert!(answer.body().contains(REFERENCE) && answer.body().contains(ORGANISATION), "{cause}: {}", answer.body());
    let logged = lines.take();
    let pages: Vec<&Value> = logged.iter().filter(|line| line["message"] == "page").collect();
    let [line] = pages.as_slice() else { panic!("{cause}: {logged:?}") };
    let told = json!([line["status"], line["route"], line["cause"], line["level"], line["reference"]]);
    assert_eq!(told, json!([status, route, cause, level, REFERENCE]), "{line}");
    assert_eq!((line["flow"].is_string(), line["connection"].is_string()), (flow, connection), "{line}");
    assert!(line["action"].as_str().is_some_and(|action| !action.is_empty()), "{line}");
    let unreachable = logged.iter().filter(|line| line["message"] == "flow table unreachable").count();
    assert_eq!(unreachable, usize::from(cause == "flow_table"), "{logged:?}");
    (*line).clone()
}

#[tokio::test(start_paused = true)]
async fn a_link_and_its_button() {
    let (lines, _listening) = Lines::listen();
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        let id = lines.take().into_iter().find(|line| line["message"] == "flow begun").expect("a line")["flow"].clone();
        let person = Browser::default();
        let told = is_told(&lines, &person.open(&site, &link).await, (200, CONNECT, "shown", "INFO", true, true));
        assert_eq!((&told["flow"], &told["connection"]), (&id, &json!("slack")));

        let foreign = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "cross-site");
        is_told(&lines, &site.send(&foreign).await, (403, CONNECT, "not_our_page", "WARN", false, false));
        let without = Request::new("POST", link.as_str()).header("Sec-Fetch-Site", "same-origin");
        is_told(&lines, &site.send(&without).await, (403, CONNECT, "no_cookie", "WARN", true, true));
        let unknown = format!("/connect/{}", "0123456789abcdef".repeat(4));
        is_told(&lines, &person.open(&site, &unknown).await, (404, CONNECT, "unknown_link", "INFO", false, false));

        site.fault(Operation::Get, Fault::exception(Exception::ResourceNotFound));
        let told = (404, CONNECT, "unknown_authorization", "ERROR", true, true);
        is_told(&lines, &person.open(&site, &link).await, told);
        site.fault(Operation::Get, Fault::bare(500).times(3));
        is_told(&lines, &person.open(&site, &link).await, (503, CONNECT, "appfabric", "WARN", true, true));

        let pressed = person.press(&site, &link).await;
        assert_eq!(pressed.status(), 303);
        let followed = lines.take();
        assert_eq!((&followed[0]["message"], &followed[0]["flow"]), (&json!("connect link followed"), &id));
        let other = Browser::default();
        is_told(&lines, &other.open(&site, &link).await, (410, CONNECT, "other_browser", "INFO", true, true));
        for _ in 1..32 {
            assert_eq!(person.press(&site, &link).await.status(), 303);
        }
        lines.take();
        let too_often = person.press(&site, &link).await;
        is_told(&lines, &too_often, (410, CONNECT, "pressed_too_often", "INFO", true, true));
        assert!(too_often.body().contains("The button was pressed too often"), "{}", too_often.body());

        let pressed = crate::flows::site::Pressed::at(&site, &pressed);
        assert_eq!(person.return_with(&site, &pressed, "code").await.ending().0, "connected");
        let callback = lines.take().pop().expect("a line");
        assert_eq!((&callback["message"], &callback["flow"]), (&json!("callback"), &id));
        is_told(&lines, &other.open(&site, &link).await, (410, CONNECT, "finished", "INFO", true, true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_died_without_its_person() {
    let (lines, _listening) = Lines::listen();
    for payload in PAYLOADS {
        let (site, link) = begun(payload).await;
        lines.take();
        let list = json!({ "slack": arn(2).to_string() }).to_string();
        site.wait(Duration::from_mins(30));
        let told = (410, CONNECT, "expired", "INFO", true, true);
        is_told(&lines, &Browser::default().open(&site, &link).await, told);
        let (site, link) = begun(payload).await;
        lines.take();
        let site = site.with_variables(&[("APP_AUTHORIZATIONS", &list), ("ORGANISATION_NAME", ORGANISATION)]);
        let told = (410, CONNECT, "other_authorization", "INFO", true, true);
        is_told(&lines, &Browser::default().open(&site, &link).await, told);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_to_a_page() {
    let (lines, _listening) = Lines::listen();
    for payload in PAYLOADS {
        let (site, _) = begun(payload).await;
        lines.take();
        for (method, path, told) in [
            ("GET", "/no/such/path", (404, None, "unknown_path", "INFO", false, false)),
            ("DELETE", "/flows", (405, Some("/flows"), "method", "INFO", false, false)),
            ("PUT", "/connected", (405, Some("/connected"), "method", "INFO", false, false)),
            ("PUT", "/pending", (405, Some("/pending"), "method", "INFO", false, false)),
            ("PUT", "/failed", (405, Some("/failed"), "method", "INFO", false, false)),
            ("PUT", "/callback/a/b", (405, Some(UUIDS), "method", "INFO", false, false)),
            (
                "PUT",
                "/callback/a/b/c/d",
                (405, Some("/callback/{appAuthorizationArn}"), "method", "INFO", false, false),
            ),
            ("PATCH", "/callback/slack", (405, Some("/callback/{connection}"), "method", "INFO", false, false)),
            ("POST", "/callback/slack", (405, Some("/callback/{connection}"), "form_post", "WARN", false, false)),
        ] {
            let line = is_told(&lines, &site.send(&Request::new(method, path)).await, told);
            let says_so = line["action"].as_str().is_some_and(|action| action.contains("form_post is not supported"));
            assert_eq!(says_so, method == "POST", "{line}");
        }
        let told = (400, None, "not_api_gateway", "WARN", false, false);
        is_told(&lines, &site.answer(&json!({ "Records": [] })).await, told);
    }
}

#[tokio::test(start_paused = true)]
async fn without_time_a_page_blames_no_table_and_without_a_table_it_does() {
    let (lines, _listening) = Lines::listen();
    for payload in PAYLOADS {
        let site = Site::without_its_table(StateMode::Enforce, payload).await;
        let site = site.with_variables(&[("APP_AUTHORIZATIONS", &listed()), ("ORGANISATION_NAME", ORGANISATION)]);
        let link = format!("/connect/{}", "0123456789abcdef".repeat(4));
        for (remaining, cause) in [(25, "flow_table"), (1, "no_time_left")] {
            site.set_remaining(Duration::from_secs(remaining));
            lines.take();
            is_told(&lines, &Browser::default().open(&site, &link).await, (503, CONNECT, cause, "WARN", true, false));
            let flow = site.ask(&json!({ "connection": "slack" })).await;
            let blamed = lines.take().iter().any(|line| line["message"] == "flow table unreachable");
            assert_eq!((flow.status(), blamed), (503, remaining == 25), "{}", flow.0);
            assert_eq!(flow.json()["detail"].as_str().expect("a text").contains("Timeout"), remaining == 1);
        }
    }
}
