//! One person's way through it all: perhaps a link and its button, then the application's redirect, again and again where
//! there was no answer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use appfabric_emulator::appfabric::Status;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::stage::{Told, code};
use super::Chaos;
use super::berth::{Answered, Berth};
use crate::flows::site::{Answer, Payload, Request};
use crate::support::{arn, granted};

/// Seconds until Lambda's deadline.
const REMAINING: [u64; 10] = [5, 5, 5, 5, 5, 5, 8, 8, 8, 25];

/// How often somebody tries the same thing.
const PATIENCE: usize = 6;

/// What became of one person.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) number: u32,
    pub(super) code: String,
    /// Whether they came by a link, to instances that enforce a `state`.
    pub(super) by_link: bool,
    /// Each time that they brought their code; never, where the link did not work out.
    pub(super) deliveries: Vec<Delivery>,
}

/// The code, brought once.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// None where the instance was killed.
    pub(super) told: Option<Told>,
    pub(super) took: Duration,
    pub(super) remaining: Duration,
    /// Whether the code had connected the app authorization by then.
    pub(super) spent: bool,
}

/// What a browser has on its way.
#[derive(Default)]
struct Browser {
    cookies: Vec<String>,
}

impl Story {
    /// How long each answer took.
    pub(super) fn took(&self) -> impl Iterator<Item = Duration> {
        self.deliveries.iter().map(|delivery| delivery.took)
    }

    /// Nothing went wrong.
    pub(super) fn is_undisturbed(&self) {
        let [Delivery { told: Some(told), took, .. }] = self.deliveries.as_slice() else { panic!("{self:?}") };
        assert!(told.ending() == ("connected", None) && *took < Duration::from_secs(2), "{self:?}");
    }
}

impl Chaos {
    /// One person, by a link or without.
    pub(super) async fn person(&self, by_link: bool, chance: &mut Rng) -> Story {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        self.stage.seed(number, Status::PENDING_CONNECT);
        let mut story = Story { number, code: code(), by_link, deliveries: Vec::new() };
        let event = if by_link { self.by_link(&story, chance).await } else { Some(granted(number, &story.code)) };
        let Some(event) = event else { return story };
        for _ in 0..PATIENCE {
            let again = if !self.is_over() && chance.u32(..12) == 0 {
                let mut other = chance.fork();
                let (one, other) =
                    tokio::join!(self.deliver(&story, &event, chance), self.deliver(&story, &event, &mut other));
                let again = self.again(&one, chance) || self.again(&other, chance);
                story.deliveries.extend([one, other]);
                again
            } else {
                let delivery = self.deliver(&story, &event, chance).await;
                let again = self.again(&delivery, chance);
                story.deliveries.push(delivery);
                again
            };
            if !again {
                break;
            }
        }
        story
    }

    /// Whether this person reloads the page.
    fn again(&self, Delivery { told, .. }: &Delivery, chance: &mut Rng) -> bool {
        let of_ten = match told.as_ref().map(Told::ending) {
            None => 10,
            Some(_) if self.is_over() => 0,
            Some(("failed", Some("temporarily_unavailable"))) => 5,
            Some(("pending", _)) => 3,
            Some(_) => 1,
        };
        chance.u32(..10) < of_ten
    }

    async fn deliver(&self, story: &Story, event: &Value, chance: &mut Rng) -> Delivery {
        let remaining = Duration::from_secs(REMAINING[chance.usize(..REMAINING.len())]);
        let berths = if story.by_link { &self.enforce } else { &self.off };
        let Answered { answer, took } = self.send(berths, event, remaining, chance).await;
        let spent = self.stage.appfabric.has_spent(&arn(story.number), &story.code);
        let told = answer.map(|answer| Told::read(&answer, story.number));
        Delivery { told, took, remaining, spent }
    }

    async fn send(&self, berths: &[Berth], event: &Value, remaining: Duration, chance: &mut Rng) -> Answered {
        let (berth, turn) = Berth::any(berths, chance).await;
        berth.answer(event, remaining, self.is_over(), chance, turn).await
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Begins a flow, opens its page and presses its button, and gives the event of the way back; none where somebody
    /// gave up.
    async fn by_link(&self, story: &Story, chance: &mut Rng) -> Option<Value> {
        let authorization = arn(story.number);
        let names = [authorization.bundle().uuid(), authorization.uuid()];
        let body = json!({ "appBundleIdentifier": names[0], "appAuthorizationIdentifier": names[1] });
        let new_flow = Request::new("POST", "/flows").signed().body(body.to_string());
        let mut browser = Browser::default();
        let begun = self.patiently(&mut browser, &new_flow, 201, chance).await?;
        let url = begun.json()["connectUrl"].as_str().expect("a link").to_owned();
        let link = &url[url.rfind("/connect/").expect("a link")..];
        self.patiently(&mut browser, &Request::new("GET", link), 200, chance).await?;
        let button = Request::new("POST", link).header("Sec-Fetch-Site", "same-origin");
        let pressed = self.patiently(&mut browser, &button, 303, chance).await?;
        assert!(pressed.location().starts_with("https://application.invalid/"), "{}", pressed.0);
        let state = pressed.parameter("state").expect("a state");
        let back = Request::callback(&names.join("/"), &story.code, &[&state]);
        Some(back.cookies(browser.cookies).event(Payload::Http, None))
    }

    /// Sends a request until it is answered so; none where somebody gave up.
    async fn patiently(
        &self,
        browser: &mut Browser,
        request: &Request,
        status: u64,
        chance: &mut Rng,
    ) -> Option<Answer> {
        for _ in 0..PATIENCE {
            let event = request.clone().cookies(browser.cookies.clone()).event(Payload::Http, None);
            let Answered { answer, .. } = self.send(&self.enforce, &event, Duration::from_secs(8), chance).await;
            // None where an instance was killed over it, which may have done it.
            let Some(answer) = answer.map(Answer) else { continue };
            // A browser has one cookie of a flow.
            let set = answer.set_cookies().into_iter().map(|cookie| cookie.split(';').next().expect("a pair"));
            browser.cookies = set.map(str::to_owned).next().map_or(browser.cookies.clone(), |cookie| vec![cookie]);
            match answer.status() {
                answered if answered == status => return Some(answer),
                503 => sleep(Duration::from_millis(chance.u64(50..500))).await,
                // AppFabric says that there is no such app authorization, or no permission, and so do we.
                404 => {}
                _ => panic!("{:?} is answered {}", request, answer.0),
            }
        }
        None
    }
}
