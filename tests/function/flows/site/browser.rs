//! A browser: its cookies, and what people do in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{Answer, Request, Site};

/// One browser profile.
#[derive(Default)]
pub(crate) struct Browser {
    /// Values by name, and when each of them ends.
    cookies: RefCell<BTreeMap<String, (String, SystemTime)>>,
}

/// What a press of the button has led to: where the application sends the person back to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pressed {
    /// What `redirect_uri` has after `/callback/`.
    pub(crate) callback: String,
    pub(crate) state: String,
}

impl Browser {
    /// Opens a link.
    pub(crate) async fn open(&self, site: &Site, link: &str) -> Answer {
        self.go(site, Request::new("GET", link)).await
    }

    /// Presses the button on its page.
    pub(crate) async fn press(&self, site: &Site, link: &str) -> Answer {
        let request = Request::new("POST", link).header("Sec-Fetch-Site", "same-origin").header("Origin", "null");
        self.go(site, request).await
    }

    /// Opens a link and presses the button on its page.
    pub(crate) async fn follow(&self, site: &Site, link: &str) -> Answer {
        let opened = self.open(site, link).await;
        assert_eq!(opened.status(), 200, "{}", opened.0);
        self.press(site, link).await
    }

    /// Opens a link and presses the button on its page, and is at the application then.
    pub(crate) async fn consent(&self, site: &Site, link: &str) -> Pressed {
        let answer = self.follow(site, link).await;
        assert_eq!(answer.status(), 303, "{}", answer.0);
        Pressed::at(site, &answer)
    }

    /// Comes back from the application with this code.
    pub(crate) async fn return_with(&self, site: &Site, pressed: &Pressed, code: &str) -> Answer {
        self.go(site, Request::callback(&pressed.callback, code, &[&pressed.state])).await
    }

    /// Sends a request with the cookies that are alive, and keeps those that come back.
    pub(crate) async fn go(&self, site: &Site, request: Request) -> Answer {
        let answer = site.send(&request.header("User-Agent", "Browser").cookies(self.cookies(site.now()))).await;
        self.keep(site, &answer);
        answer
    }

    /// Keeps the cookies of an answer.
    pub(crate) fn keep(&self, site: &Site, answer: &Answer) {
        for cookie in answer.set_cookies() {
            let (pair, attributes) = cookie.split_once("; ").expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            let max_age = attributes.split("; ").find_map(|attribute| attribute.strip_prefix("Max-Age="));
            let seconds = max_age.expect("a Max-Age").parse().expect("a number");
            let until = site.now() + Duration::from_secs(seconds);
            self.cookies.borrow_mut().insert(name.to_owned(), (value.to_owned(), until));
        }
    }

    /// `name=value` of each cookie that is alive, and one of somebody else's.
    pub(crate) fn cookies(&self, now: SystemTime) -> Vec<String> {
        let cookies = self.cookies.borrow();
        let alive = cookies.iter().filter(|(_, (_, until))| now < *until);
        let others = std::iter::once("theme=dark".to_owned());
        others.chain(alive.map(|(name, (value, _))| format!("{name}={value}"))).collect()
    }

    /// Its only cookie of ours: name and value.
    pub(crate) fn cookie(&self) -> (String, String) {
        let cookies = self.cookies.borrow();
        assert_eq!(cookies.len(), 1, "{:?}", cookies.keys());
        let (name, (value, _)) = cookies.first_key_value().expect("one");
        (name.clone(), value.clone())
    }
}

impl Pressed {
    /// Reads where the application was asked to send the person.
    pub(crate) fn at(site: &Site, answer: &Answer) -> Self {
        let redirect_uri = answer.parameter("redirect_uri").expect("a redirect_uri");
        let callback = redirect_uri.strip_prefix(&format!("{}/callback/", site.base_url()));
        let callback = callback.unwrap_or_else(|| panic!("{redirect_uri}")).to_owned();
        Self { callback, state: answer.parameter("state").expect("a state") }
    }
}
