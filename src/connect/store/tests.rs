use std::sync::Arc;
use std::time::UNIX_EPOCH;

use appfabric_emulator::dynamodb;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;

use super::memory::{MOST_CODES, MOST_FLOWS};
use super::table::NO_REASON;
use super::*;
use crate::aws::{FlowTable, Item};
use crate::values::{AppAuthorization, AuthorizationCode, Region, Secret, Uuid};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn app_authorization() -> AppAuthorization {
    let uuid = || Uuid::parse("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d").unwrap();
    AppAuthorization::new(Region::parse("us-east-1").unwrap(), uuid(), uuid())
}

fn code(number: usize) -> Hash {
    Hash::of_code(&app_authorization(), &AuthorizationCode::try_from(number.to_string()).unwrap())
}

fn entry(reference: usize) -> Entry {
    Entry { reference: reference.to_string(), claimed_at: UNIX_EPOCH, outcome: None }
}

fn flow() -> Flow {
    Flow::new("slack".to_owned(), &app_authorization(), at(3_600))
}

#[test]
fn a_claim_without_an_outcome_is_abandoned_once_no_invocation_can_still_run() {
    let claimed_at = at(3_600);
    let entry = |outcome| Entry { reference: "the-first".to_owned(), claimed_at, outcome };
    for (outcome, now, expected) in [
        (None, claimed_at - SECOND, false),
        (None, claimed_at, false),
        (None, claimed_at + Duration::from_secs(30), false),
        (None, claimed_at + Duration::from_millis(30_001), true),
        (Some(Outcome::Connected), claimed_at + Duration::from_hours(1), false),
    ] {
        assert_eq!(entry(outcome).is_abandoned(now), expected, "{outcome:?}, {now:?}");
    }
}

#[test]
fn the_first_claim_wins_and_its_outcome_is_remembered() {
    let memory = Memory::default();
    assert_eq!(memory.claim(&code(1), &entry(1)), None);
    assert_eq!(memory.claim(&code(1), &entry(2)), Some(entry(1)));
    assert_eq!(memory.claim(&code(2), &entry(3)), None);
    memory.record(&code(1), Outcome::CodeRejected);
    let recorded = Entry { outcome: Some(Outcome::CodeRejected), ..entry(1) };
    assert_eq!(memory.claim(&code(1), &entry(4)), Some(recorded.clone()));
    let known = [1, 2, 3].map(|number| memory.look(&code(number)));
    assert_eq!(known, [Some(recorded), Some(entry(3)), None]);
}

#[test]
fn memory_is_bounded_and_forgets_the_oldest() {
    let memory = Memory::default();
    for number in 0..MOST_CODES.get() + 10 {
        assert_eq!(memory.claim(&code(number), &entry(number)), None);
        // Reading keeps nothing alive.
        memory.look(&code(0));
    }
    assert_eq!((memory.look(&code(9)), memory.look(&code(10))), (None, Some(entry(10))));
    let ids: Vec<FlowId> = (0..=MOST_FLOWS.get()).map(|_| FlowId::of(&Secret::random())).collect();
    for id in &ids {
        memory.begin(*id, flow());
        memory.find(ids[0]);
    }
    assert_eq!((memory.find(ids[0]), memory.find(ids[1]).is_some()), (None, true));
    assert!(!memory.change(ids[0], |_| true) && memory.change(ids[MOST_FLOWS.get()], |_| true));
}

fn item(attributes: &[(&str, &str)]) -> Item {
    attributes.iter().fold(Item::default(), |item, (name, text)| match text.parse::<u64>() {
        Ok(number) => item.with_time(name, UNIX_EPOCH + Duration::from_millis(number)),
        Err(_) => item.with(*name, text),
    })
}

#[test]
fn every_outcome_is_read_as_it_was_recorded() {
    for outcome in Outcome::ALL {
        let (page, reason) = (outcome.page().name(), outcome.reason().unwrap_or(NO_REASON));
        let item = item(&[("reference", "first"), ("claimed_at", "1500"), ("outcome", page), ("reason", reason)]);
        let claimed_at = UNIX_EPOCH + Duration::from_millis(1_500);
        let expected = Entry { reference: "first".to_owned(), claimed_at, outcome: Some(outcome) };
        assert_eq!(Entry::from(&item), expected);
    }
}

#[test]
fn an_item_that_cannot_be_read_is_an_abandoned_claim() {
    for attributes in [
        vec![],
        vec![("outcome", "connected")],
        vec![("outcome", "connected"), ("reason", "in_progress")],
        vec![("outcome", "failed"), ("reason", "something_new"), ("claimed_at", "yesterday")],
        vec![("reference", "1"), ("claimed_at", "18446744073709551616"), ("outcome", "1"), ("reason", "none")],
    ] {
        let entry = Entry::from(&item(&attributes));
        assert!(entry.outcome.is_none() && entry.is_abandoned(SystemTime::now()), "{attributes:?}: {entry:?}");
    }
}

/// A DynamoDB table in this process.
#[derive(Clone, Debug, Default)]
struct InProcess {
    table: dynamodb::Table,
    /// Servers that speak DynamoDB need not send the item along with a refusal.
    sends_items: bool,
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1)).unwrap();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let (status, mut answer) = self.table.perform(operation, &body);
        if let (400, false, Some(answer)) = (status, self.sends_items, answer.as_object_mut()) {
            answer.remove("Item");
        }
        let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(answer.to_string()));
        HttpConnectorFuture::ready(Ok(answer))
    }
}

fn in_table(sends_items: bool) -> Store {
    let connector = SharedHttpConnector::new(InProcess { table: dynamodb::Table::default(), sends_items });
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build();
    let table = FlowTable { name: "flows".to_owned(), region: Region::parse("us-east-1").unwrap() };
    Store::new(Some(Table::new(&sdk, &table)))
}

/// Something that happens to a flow or a code. Numbers choose a code, one of the latest presses (3: an unknown `state`), and
/// a browser (3: the one that pressed).
#[derive(Clone, Debug)]
enum Step {
    Press { browser: usize },
    Return { press: usize, browsers: Vec<usize>, code: usize, elsewhere: bool },
    Release { press: usize },
    Finish(Outcome),
    Claim { code: usize },
    Record { claim: usize, outcome: Outcome },
    Wait { seconds: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = || proptest::sample::select(Outcome::ALL.to_vec());
    let pending = vec![Outcome::Connected, Outcome::InProgress, Outcome::Unconfirmed];
    let back = (
        0..4_usize,
        proptest::collection::vec(prop_oneof![0..3_usize, Just(3)], 0..3),
        0..2_usize,
        proptest::bool::weighted(0.1),
    );
    let step = prop_oneof![
        3 => (0..3_usize).prop_map(|browser| Step::Press { browser }),
        5 => back.prop_map(|(press, browsers, code, elsewhere)| Step::Return { press, browsers, code, elsewhere }),
        2 => (0..4_usize).prop_map(|press| Step::Release { press }),
        1 => proptest::sample::select(pending).prop_map(Step::Finish),
        2 => (0..3_usize).prop_map(|code| Step::Claim { code }),
        2 => (0..4_usize, outcome()).prop_map(|(claim, outcome)| Step::Record { claim, outcome }),
        2 => proptest::sample::select(vec![1, 299, 300, 599, 600, 601, 3_000]).prop_map(|seconds| Step::Wait { seconds }),
    ];
    proptest::collection::vec(step, 1..24)
}

/// What a store answers to each step, and the flow after it.
async fn story(store: &Store, steps: &[Step], secrets: &Secrets) -> Vec<String> {
    let id = FlowId::of(&secrets.link);
    let mut now = at(0);
    store.begin(id, flow(), SECOND).await.unwrap();
    let (mut told, mut pressed, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        let budget = Budget::new(now, Duration::from_secs(25));
        let answer = match step {
            Step::Wait { seconds } => {
                now += Duration::from_secs(*seconds);
                String::new()
            }
            Step::Press { browser } => {
                let (number, cookie) = (pressed.len(), secrets.cookies[*browser].hash());
                let redirect_uri = RedirectUri::new("https://connect.example.com", &format!("/{number}")).unwrap();
                let secret = secrets.presses[number].hash();
                pressed.push(*browser);
                let press = Press { secret, cookie, redirect_uri, used: None };
                format!("{:?}", store.bind(id, press, now, SECOND).await.unwrap())
            }
            Step::Return { press, browsers, code: number, elsewhere } => {
                let (state, owner) = secrets.state(id, &pressed, *press);
                let browsers = browsers.iter().map(|browser| if *browser == 3 { owner } else { *browser });
                let cookies: Vec<Secret> = browsers.map(|browser| again(&secrets.cookies[browser])).collect();
                let here = app_authorization().canonical_name();
                let app_authorization = if *elsewhere { "us-east-1/another" } else { &here };
                let by = Bearer { cookies: &cookies, app_authorization, now };
                format!("{:?}", store.take(&state, &code(*number), &by, SECOND).await.unwrap())
            }
            Step::Release { press } => {
                format!("{:?}", store.release(&secrets.state(id, &pressed, *press).0, now, SECOND).await.unwrap())
            }
            Step::Finish(outcome) => format!("{:?}", store.finish(id, *outcome, SECOND).await.unwrap()),
            Step::Claim { code: number } => {
                match store.claim(code(*number), &told.len().to_string(), &budget).await.0 {
                    Claimed::First(claim) => {
                        claims.push(Some(claim));
                        "first".to_owned()
                    }
                    Claimed::Before(Entry { reference, outcome, .. }) => format!("{reference} {outcome:?}"),
                }
            }
            Step::Record { claim, outcome } => match claims.get_mut(*claim).and_then(Option::take) {
                Some(claim) => format!("{:?}", store.record(claim, *outcome, &budget).await),
                None => String::new(),
            },
        };
        let mut flow = store.find(id, SECOND).await.unwrap().unwrap();
        flow.presses.sort_by_key(|press| press.redirect_uri.as_str().to_owned());
        told.push(format!("{step:?}: {answer}; {flow:?}"));
    }
    told
}

/// The secrets of a story, the same for each store.
#[derive(Debug)]
struct Secrets {
    link: Secret,
    cookies: [Secret; 3],
    presses: Vec<Secret>,
}

impl Secrets {
    fn random() -> Arc<Self> {
        let presses = (0..=24).map(|_| Secret::random()).collect();
        Arc::new(Self { link: Secret::random(), cookies: [(); 3].map(|()| Secret::random()), presses })
    }

    /// The `state` of one of the latest presses, and the browser that pressed.
    fn state(&self, flow: FlowId, pressed: &[usize], latest: usize) -> (State, usize) {
        let number = if latest < 3 { pressed.len().checked_sub(1 + latest) } else { None };
        let press = again(&self.presses[number.unwrap_or(24)]);
        (State { flow, press }, number.map_or(0, |number| pressed[number]))
    }
}

fn again(secret: &Secret) -> Secret {
    Secret::parse(secret.reveal()).unwrap()
}

proptest! {
    // Each story takes some 50 ms.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_table_says_what_the_rules_say(steps in steps(), sends_items: bool) {
        let secrets = Secrets::random();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let by_rules = story(&Store::new(None), &steps, &secrets).await;
            let by_table = story(&in_table(sends_items), &steps, &secrets).await;
            assert_eq!(by_table, by_rules);
        });
    }
}
