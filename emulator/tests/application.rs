//! The stand-in application over real HTTP: what a browser and a client see.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use appfabric_emulator::application::{Application, RegistrationError, Step};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

const CALLBACK: &str = "http://127.0.0.1:9/callback/slack";

#[tokio::test]
async fn allow_redirects_with_a_code_that_is_good_for_one_token() {
    let scene = Scene::start().await;
    let page = scene.authorize(&[("state", "s p&ce")]).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().await.expect("the page is text");
    for text in ["Example application", "appfabric", "Allow", "Cancel", r#"value="s p&amp;ce""#] {
        assert!(page.contains(text), "{text} is missing in {page}");
    }
    assert!(!page.contains("<script"));

    let (location, query) = scene.decide("allow", &[("state", "s p&ce")]).await;
    assert!(location.starts_with("http://127.0.0.1:9/callback/slack?code="), "{location}");
    assert_eq!(query["state"], "s p&ce");
    let parts: Vec<&str> = query["code"].split('.').collect();
    assert_eq!((parts.len(), parts[2].len()), (3, 64), "a code looks like Slack's");

    let (status, body) = scene.redeem(&query["code"], CALLBACK).await;
    assert_eq!((status, &body["token_type"]), (StatusCode::OK, &json!("Bearer")));
    assert_eq!(scene.application.tokens_alive(), 1);
    assert_eq!(scene.steps(), [Step::ConsentShown, Step::Allowed, Step::CodeRedeemed]);
}

#[tokio::test]
async fn cancel_redirects_with_access_denied() {
    let scene = Scene::start().await;
    let (_, query) = scene.decide("cancel", &[("state", "s")]).await;
    assert_eq!((&*query["error"], &*query["state"]), ("access_denied", "s"));
    assert!(query.contains_key("error_description") && !query.contains_key("code"));
    let (_, query) = scene.decide("cancel", &[]).await;
    assert!(!query.contains_key("state"), "no state was sent");
    assert_eq!(scene.steps(), [Step::Cancelled, Step::Cancelled]);
}

#[tokio::test]
async fn a_second_delivery_of_a_code_is_refused_and_revokes_the_token_of_the_first() {
    let scene = Scene::start().await;
    let code = scene.application.issue_code("appfabric", CALLBACK);
    assert_eq!(scene.redeem(&code, CALLBACK).await.0, StatusCode::OK);
    assert_eq!(scene.application.tokens_alive(), 1);
    for _ in 0..2 {
        let (status, body) = scene.redeem(&code, CALLBACK).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
        assert_eq!(scene.application.tokens_alive(), 0);
    }
    assert_eq!(scene.steps(), [Step::CodeRedeemed, Step::CodeReused, Step::CodeReused]);
}

#[tokio::test]
async fn a_code_expires() {
    let scene = Scene::start_with(Duration::ZERO).await;
    let code = scene.application.issue_code("appfabric", CALLBACK);
    let (status, body) = scene.redeem(&code, CALLBACK).await;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
    assert_eq!(scene.steps(), [Step::CodeExpired]);
}

#[tokio::test]
async fn a_code_is_bound_to_its_redirect_uri_character_by_character_and_to_its_client() {
    let scene = Scene::start().await;
    let code = scene.application.issue_code("appfabric", CALLBACK);
    for other in ["http://127.0.0.1:9/callback/slack/", "HTTP://127.0.0.1:9/callback/slack", "http://127.0.0.1:9/"] {
        let (status, body) = scene.redeem(&code, other).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")), "{other}");
    }
    let foreign = scene.application.issue_code("somebody", CALLBACK);
    assert_eq!(scene.redeem(&foreign, CALLBACK).await.1["error"], "invalid_grant");
    assert_eq!(scene.redeem("never issued", CALLBACK).await.1["error"], "invalid_grant");
    assert_eq!(scene.redeem(&code, CALLBACK).await.0, StatusCode::OK, "a mismatch does not use a code up");
    let mismatch = Step::RedirectUriMismatch;
    let expected = [mismatch, mismatch, mismatch, Step::CodeUnknown, Step::CodeUnknown, Step::CodeRedeemed];
    assert_eq!(scene.steps(), expected);
}

#[tokio::test]
async fn whoever_is_not_registered_gets_a_page_and_no_redirect() {
    let scene = Scene::start().await;
    let table = [
        (vec![("redirect_uri", "http://127.0.0.1:9/callback/other")], Step::RedirectUriMismatch),
        (vec![("redirect_uri", "http://127.0.0.1:9/callback/slack?x=1")], Step::RedirectUriMismatch),
        (vec![("redirect_uri", "")], Step::RedirectUriMismatch),
        (vec![("client_id", "somebody")], Step::UnknownClient),
        (vec![("client_id", "")], Step::UnknownClient),
    ];
    for (changed, step) in table {
        let page = scene.authorize(&changed).await;
        assert_eq!((page.status(), page.headers().get("location")), (StatusCode::BAD_REQUEST, None), "{changed:?}");
        assert!(page.headers()["content-type"].to_str().is_ok_and(|value| value.starts_with("text/html")));
        let posted = scene.post_decision("allow", &changed).await;
        assert_eq!((posted.status(), posted.headers().get("location")), (StatusCode::BAD_REQUEST, None));
        assert_eq!(scene.steps(), [step, step], "{changed:?}");
    }
    let twice = format!("{}&redirect_uri=http%3A%2F%2Fevil.example", scene.authorization_url(&[]));
    let page = scene.http.get(twice).send().await.expect("the application answers");
    assert_eq!((page.status(), page.headers().get("location")), (StatusCode::BAD_REQUEST, None));
}

#[tokio::test]
async fn any_other_fault_of_the_request_goes_back_to_the_client() {
    let scene = Scene::start().await;
    for (response_type, error) in [("token", "unsupported_response_type"), ("", "invalid_request")] {
        let answer = scene.authorize(&[("response_type", response_type), ("state", "s")]).await;
        let (_, query) = redirected(&answer);
        assert_eq!((&*query["error"], &*query["state"]), (error, "s"));
    }
    let twice = format!("{}&state=a&state=b", scene.authorization_url(&[]));
    let answer = scene.http.get(twice).send().await.expect("the application answers");
    assert_eq!(redirected(&answer).1["error"], "invalid_request");
}

#[tokio::test]
async fn a_redirect_uri_keeps_its_own_query() {
    let scene = Scene::start().await;
    let with_query = "http://127.0.0.1:9/callback?tenant=a%2Fb";
    scene.application.register_redirect_uri("appfabric", with_query).expect("the client is known");
    let (location, _) = scene.decide("allow", &[("redirect_uri", with_query)]).await;
    assert!(location.starts_with("http://127.0.0.1:9/callback?tenant=a%2Fb&code="), "{location}");
}

#[tokio::test]
async fn only_a_real_redirect_uri_of_a_real_client_is_registered() {
    let scene = Scene::start().await;
    let table = [
        ("somebody", CALLBACK, RegistrationError::UnknownClient),
        ("appfabric", "/callback", RegistrationError::NotAUri),
        ("appfabric", "http://127.0.0.1/a b", RegistrationError::NotAUri),
        ("appfabric", "http://127.0.0.1/#a", RegistrationError::Fragment),
    ];
    for (client, redirect_uri, error) in table {
        assert_eq!(scene.application.register_redirect_uri(client, redirect_uri), Err(error), "{redirect_uri}");
    }
}

#[tokio::test]
async fn a_client_shows_its_secret_in_the_form_or_as_basic_and_only_once() {
    let scene = Scene::start().await;
    let endpoint = scene.application.token_endpoint();
    let code = scene.application.issue_code("appfabric", CALLBACK);
    let grant = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", CALLBACK)];
    let answer = |request: reqwest::RequestBuilder| async {
        let response = request.send().await.expect("the application answers");
        let challenged = response.headers().contains_key("www-authenticate");
        let body: Value = response.json().await.expect("the answer is JSON");
        (body["error"].as_str().unwrap_or_default().to_owned(), challenged)
    };

    let wrong = scene.http.post(&endpoint).basic_auth("appfabric", Some("wrong")).form(&grant);
    assert_eq!(answer(wrong).await, ("invalid_client".to_owned(), true));
    let none = scene.http.post(&endpoint).form(&grant);
    assert_eq!(answer(none).await, ("invalid_client".to_owned(), true));
    let mut both = grant.to_vec();
    both.extend([("client_id", "appfabric"), ("client_secret", "s3cret+/")]);
    let both = scene.http.post(&endpoint).basic_auth("appfabric", Some("s3cret%2B%2F")).form(&both);
    assert_eq!(answer(both).await, ("invalid_request".to_owned(), false));
    let unsupported = [("grant_type", "password"), ("client_id", "appfabric"), ("client_secret", "s3cret+/")];
    assert_eq!(
        answer(scene.http.post(&endpoint).form(&unsupported)).await,
        ("unsupported_grant_type".to_owned(), false)
    );
    let basic = scene.http.post(&endpoint).basic_auth("appfabric", Some("s3cret%2B%2F")).form(&grant);
    assert_eq!(answer(basic).await, (String::new(), false));
}

#[tokio::test]
async fn dropping_the_application_stops_it() {
    let scene = Scene::start().await;
    let url = scene.authorization_url(&[]);
    drop(scene.application);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(Client::new().get(url).send().await.is_err_and(|error| error.is_connect()));
}

/// An application, a browser that follows nothing, and the steps that were reported.
struct Scene {
    application: Application,
    http: Client,
    steps: Arc<Mutex<Vec<Step>>>,
}

impl Scene {
    async fn start() -> Self {
        Self::start_with(Duration::from_mins(10)).await
    }

    async fn start_with(code_lifetime: Duration) -> Self {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&steps);
        let application = Application::builder()
            .client("appfabric", "s3cret+/", [CALLBACK])
            .code_lifetime(code_lifetime)
            .on_step(move |step| told.lock().expect("no test panics with it").push(step))
            .start("127.0.0.1:0")
            .await
            .expect("a loopback port is free");
        let http = Client::builder().redirect(Policy::none()).build().expect("a client without TLS");
        Self { application, http, steps }
    }

    /// The steps since the last call.
    fn steps(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock().expect("no test panics with it"))
    }

    fn authorization_url(&self, changed: &[(&str, &str)]) -> Url {
        let endpoint = self.application.authorization_endpoint();
        Url::parse_with_params(&endpoint, request(changed)).expect("the endpoint is a URL")
    }

    async fn authorize(&self, changed: &[(&str, &str)]) -> Response {
        self.http.get(self.authorization_url(changed)).send().await.expect("the application answers")
    }

    async fn post_decision(&self, decision: &str, changed: &[(&str, &str)]) -> Response {
        let mut form = request(changed);
        form.insert("decision", decision);
        let endpoint = self.application.authorization_endpoint();
        self.http.post(endpoint).form(&form).send().await.expect("the application answers")
    }

    async fn decide(&self, decision: &str, changed: &[(&str, &str)]) -> (String, HashMap<String, String>) {
        redirected(&self.post_decision(decision, changed).await)
    }

    async fn redeem(&self, code: &str, redirect_uri: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "appfabric"),
            ("client_secret", "s3cret+/"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        let endpoint = self.application.token_endpoint();
        let response = self.http.post(endpoint).form(&form).send().await.expect("the application answers");
        assert_eq!(response.headers()["cache-control"], "no-store");
        (response.status(), response.json().await.expect("the answer is JSON"))
    }
}

/// A good authorization request with some parameters changed or added.
fn request<'a>(changed: &[(&'a str, &'a str)]) -> HashMap<&'a str, &'a str> {
    let good = [("response_type", "code"), ("client_id", "appfabric"), ("redirect_uri", CALLBACK), ("scope", "any")];
    good.into_iter().chain(changed.iter().copied()).collect()
}

/// Where a 303 leads, and its decoded query.
#[track_caller]
fn redirected(response: &Response) -> (String, HashMap<String, String>) {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = response.headers()["location"].to_str().expect("a Location is ASCII").to_owned();
    let query = Url::parse(&location).expect("a Location is a URL").query_pairs().into_owned().collect();
    (location, query)
}
