//! The same code again: reloaded, sent twice by a proxy, opened in twenty tabs, fetched ahead. One process, its memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use appfabric_connect::http::{Endpoint, Invocation};
use appfabric_emulator::appfabric::{
    Answer, Authorization, AuthorizationArn, Exception, Fault, Operation, Status, Target,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::expected::{
    CODE_REJECTED, CONNECTED, Ending, IN_PROGRESS, NOT_CONNECTED, TEMPORARILY_UNAVAILABLE, UNCONFIRMED,
    UNKNOWN_CONNECTION,
};
use crate::pipe::{Pipes, Way};
use crate::support::{arn, event, granted, header, piped, stage};

const ENOUGH: Duration = Duration::from_secs(29);

/// The function, an AppFabric for it, and the clock on the wall.
struct Scene {
    pipes: Pipes,
    endpoint: Arc<Endpoint>,
    began: (SystemTime, Instant),
}

impl Scene {
    async fn set(variables: &[(&str, &str)]) -> Self {
        let pipes = Pipes::new(stage().await);
        let endpoint = Arc::new(piped(variables, &pipes));
        Self { pipes, endpoint, began: (SystemTime::now(), Instant::now()) }
    }

    /// Delivers an event to an invocation of its own.
    fn deliver(&self, event: &Value, remaining: Duration) -> impl Future<Output = Told> + Send + 'static {
        let (endpoint, event) = (Arc::clone(&self.endpoint), event.clone());
        let now = self.began.0 + self.began.1.elapsed();
        let request_id = uuid::Uuid::new_v4().to_string();
        async move {
            let started = Instant::now();
            let response = endpoint.answer(&event, &Invocation { request_id, now, remaining }).await;
            let response = serde_json::to_value(response).expect("a response is JSON");
            Told { response, elapsed: started.elapsed() }
        }
    }

    /// How often a code was sent.
    fn sends(&self) -> usize {
        self.pipes.emulator().calls_of(Operation::Connect).len()
    }

    fn fault(&self, operation: Operation, fault: impl Into<Fault>) {
        self.pipes.emulator().fault(Target::any(), operation, fault);
    }
}

/// What a delivery was answered, and after how long.
struct Told {
    response: Value,
    elapsed: Duration,
}

impl Told {
    /// The outcome and the reason that the person is told.
    fn ending(&self) -> (&str, Option<&str>) {
        let location = header(&self.response, "location");
        let parameter = |name: &str| {
            let query = location.split_once('?')?.1.split('#').next()?;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        (parameter("outcome").expect("an outcome"), parameter("reason"))
    }
}

/// What the first delivery meets, how it ends, how the second one ends, and how often the code is sent in all.
type Row = (&'static str, fn(&Scene), Ending, Ending, usize);

const IN_SERIES: [Row; 11] = [
    ("nothing", |_| {}, CONNECTED, CONNECTED, 1),
    (
        "Connected already",
        |scene| scene.pipes.emulator().set_status(&arn(1), Status::CONNECTED),
        CONNECTED,
        CONNECTED,
        0,
    ),
    (
        "ConnectionValidationFailed",
        |scene| scene.fault(Operation::Connect, Fault::status(Status::CONNECTION_VALIDATION_FAILED)),
        NOT_CONNECTED,
        NOT_CONNECTED,
        1,
    ),
    (
        "ValidationException",
        |scene| scene.fault(Operation::Connect, Fault::exception(Exception::Validation)),
        CODE_REJECTED,
        CODE_REJECTED,
        1,
    ),
    (
        "AccessDeniedException",
        |scene| scene.fault(Operation::Connect, Fault::exception(Exception::AccessDenied)),
        UNKNOWN_CONNECTION,
        UNKNOWN_CONNECTION,
        1,
    ),
    (
        "429, Retry-After 15 minutes",
        |scene| scene.fault(Operation::Connect, Fault::throttled(1, 900)),
        TEMPORARILY_UNAVAILABLE,
        TEMPORARILY_UNAVAILABLE,
        1,
    ),
    ("429 once", |scene| scene.fault(Operation::Connect, Fault::throttled(1, 1)), CONNECTED, CONNECTED, 2),
    (
        "no connection for the code",
        |scene| scene.pipes.set(Operation::Connect, Way::Refused, 3),
        TEMPORARILY_UNAVAILABLE,
        TEMPORARILY_UNAVAILABLE,
        0,
    ),
    (
        "closed after performing",
        |scene| scene.fault(Operation::Connect, Fault::from(Answer::CloseAfterReading).then_connect()),
        CONNECTED,
        CONNECTED,
        1,
    ),
    (
        "500, and Pending ever after",
        |scene| scene.fault(Operation::Connect, Fault::bare(500)),
        UNCONFIRMED,
        UNCONFIRMED,
        1,
    ),
    (
        "Pending ever after",
        |scene| scene.fault(Operation::Connect, Fault::status(Status::PENDING_CONNECT)),
        IN_PROGRESS,
        IN_PROGRESS,
        1,
    ),
];

#[tokio::test(start_paused = true)]
async fn a_code_that_comes_again_gets_the_first_ones_answer_and_is_not_sent() {
    for (name, meets, first, second, sends) in IN_SERIES {
        let scene = Scene::set(&[]).await;
        meets(&scene);
        let event = granted(1, "code");
        assert_eq!(scene.deliver(&event, ENOUGH).await.ending(), first, "{name}");
        // An extra parameter makes another event with the same code.
        let mut later = event.clone();
        later["rawQueryString"] = json!("scope=a+b&code=code&utm_source=mail");
        for event in [&event, &later] {
            let told = scene.deliver(event, ENOUGH).await;
            assert_eq!(told.ending(), second, "{name}");
            assert!(told.elapsed <= Duration::from_secs(20), "{name}: {:?}", told.elapsed);
        }
        assert_eq!(scene.sends(), sends, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_pending_is_looked_after_when_it_comes_again() {
    let failed = Status::CONNECTION_VALIDATION_FAILED;
    for (fault, first) in [(Fault::bare(500), UNCONFIRMED), (Fault::status(Status::PENDING_CONNECT), IN_PROGRESS)] {
        for (by_now, second) in
            [(Status::PENDING_CONNECT, first), (Status::CONNECTED, CONNECTED), (failed.clone(), NOT_CONNECTED)]
        {
            let scene = Scene::set(&[]).await;
            scene.fault(Operation::Connect, fault.clone());
            let event = granted(1, "code");
            assert_eq!(scene.deliver(&event, ENOUGH).await.ending(), first);
            scene.pipes.emulator().set_status(&arn(1), by_now.clone());
            assert_eq!((scene.deliver(&event, ENOUGH).await.ending(), scene.sends()), (second, 1), "{by_now:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_twenty_at_once_one_sends_the_code_and_none_fails_after_a_success() {
    let slowly = |fault: Fault, seconds| fault.wait_after_reading(Duration::from_secs(seconds));
    for (name, fault, ending) in [
        ("at once", Fault::default(), CONNECTED),
        ("after 5 s", slowly(Fault::default(), 5), CONNECTED),
        ("performed, and no answer", Fault::from(Answer::Hang).then_connect(), CONNECTED),
        ("performed, and closed after 5 s", slowly(Answer::CloseAfterReading.into(), 5).then_connect(), CONNECTED),
        ("refused after 5 s", slowly(Fault::exception(Exception::Validation), 5), CODE_REJECTED),
        ("500 after 5 s", slowly(Fault::bare(500), 5), UNCONFIRMED),
    ] {
        let scene = Scene::set(&[]).await;
        scene.fault(Operation::Connect, fault.times(u32::MAX));
        let mut deliveries = JoinSet::new();
        for _ in 0..20 {
            deliveries.spawn(scene.deliver(&granted(1, "code"), ENOUGH));
        }
        let told = deliveries.join_all().await;
        for told in &told {
            assert!(told.elapsed <= Duration::from_secs(20), "{name}: {:?}", told.elapsed);
            assert!([ending, IN_PROGRESS].contains(&told.ending()), "{name}: {:?}", told.ending());
        }
        let alike = told.iter().filter(|told| told.ending() == ending).count();
        assert!(alike >= 1 && (ending == UNCONFIRMED || alike == 20), "{name}: {alike} are {ending:?}");
        assert_eq!(scene.sends(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_with_less_time_than_the_first_one_says_that_it_is_in_progress() {
    let scene = Scene::set(&[]).await;
    scene.fault(Operation::Connect, Fault::default().wait_after_reading(Duration::from_secs(8)));
    let event = granted(1, "code");
    let first = tokio::spawn(scene.deliver(&event, ENOUGH));
    sleep(Duration::from_secs(1)).await;
    let second = scene.deliver(&event, Duration::from_secs(3)).await;
    assert_eq!(second.ending(), IN_PROGRESS);
    assert!(second.elapsed <= Duration::from_secs(2), "{:?}", second.elapsed);
    // With time, it waits.
    let third = scene.deliver(&event, ENOUGH).await;
    assert_eq!(third.ending(), CONNECTED);
    assert!(third.elapsed >= Duration::from_secs(4), "{:?}", third.elapsed);
    assert_eq!((first.await.expect("no panic").ending(), scene.sends()), (CONNECTED, 1));
}

#[tokio::test(start_paused = true)]
async fn a_code_is_one_code_by_whichever_path_it_comes() {
    let listed = arn(1).to_string();
    let list = json!({ "slack": listed }).to_string();
    let by_uuids = "a1b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d/10000000-0000-4000-8000-000000000001";
    let paths = ["slack", by_uuids, listed.as_str()];
    for first in paths {
        let scene = Scene::set(&[("APP_AUTHORIZATIONS", &list)]).await;
        for path in [first].into_iter().chain(paths) {
            let mut event = granted(1, "code");
            event["rawPath"] = json!(format!("/callback/{path}"));
            event["pathParameters"]["proxy"] = json!(path);
            assert_eq!(scene.deliver(&event, ENOUGH).await.ending(), CONNECTED, "{first}, then {path}");
            // If it counted as another code, it would be sent.
            scene.pipes.emulator().set_status(&arn(1), Status::PENDING_CONNECT);
        }
        assert_eq!(scene.sends(), 1, "{first}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_code_or_another_app_authorization_is_another() {
    let scene = Scene::set(&[]).await;
    let elsewhere: AuthorizationArn = arn(1).to_string().replace("us-east-1", "eu-west-1").parse().expect("an ARN");
    scene.pipes.emulator().seed(&elsewhere, Authorization::oauth2("SLACK"));
    let mut by_arn = granted(1, "code");
    by_arn["rawPath"] = json!(format!("/callback/{elsewhere}"));
    by_arn["pathParameters"]["proxy"] = json!(elsewhere.to_string());
    let deliveries = [granted(1, "code"), granted(2, "code"), granted(1, "codE"), granted(1, "cod"), by_arn];
    for (number, event) in deliveries.iter().enumerate() {
        scene.pipes.emulator().set_status(&arn(1), Status::PENDING_CONNECT);
        assert_eq!(scene.deliver(event, ENOUGH).await.ending(), CONNECTED, "{number}");
        assert_eq!(scene.sends(), number + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_first_ones_instance_dies_the_code_is_looked_after_and_never_sent() {
    let after_reading = |fault: Fault| fault.wait_after_reading(Duration::from_secs(9));
    let unread = Fault::default().wait_before_reading(Duration::from_hours(1));
    let connected: fn(&Scene) = |scene| scene.pipes.emulator().set_status(&arn(1), Status::CONNECTED);
    let down: fn(&Scene) = |scene| scene.fault(Operation::Get, Fault::bare(500).times(4));
    for (name, meets, dies_at, meanwhile, sends, comes_at, ending) in [
        // Before the Connect: while it looks.
        ("before", (Operation::Get, unread.clone()), 1, None, 0, 32, UNCONFIRMED),
        ("before, connected by somebody else", (Operation::Get, unread), 1, Some(connected), 0, 32, CONNECTED),
        // Between the Connect and the record.
        ("after", (Operation::Connect, after_reading(Fault::default())), 5, None, 1, 32, CONNECTED),
        (
            "after, none to ask for a while",
            (Operation::Connect, after_reading(Fault::default())),
            5,
            Some(down),
            1,
            32,
            CONNECTED,
        ),
        ("after, undecided", (Operation::Connect, after_reading(Fault::bare(500))), 5, None, 1, 32, UNCONFIRMED),
        // It is too early to know that the first one is gone.
        ("after, too early", (Operation::Connect, after_reading(Fault::default())), 5, None, 1, 6, IN_PROGRESS),
        // It becomes clear while the second one waits.
        ("after, and waited", (Operation::Connect, after_reading(Fault::default())), 5, None, 1, 20, CONNECTED),
    ] {
        let scene = Scene::set(&[]).await;
        scene.fault(meets.0, meets.1);
        let event = granted(1, "code");
        let first = timeout(Duration::from_secs(dies_at), scene.deliver(&event, ENOUGH)).await;
        assert!(first.is_err(), "{name}: it was to die before it answers");
        scene.pipes.emulator().clear_faults();
        if let Some(meanwhile) = meanwhile {
            meanwhile(&scene);
        }
        sleep(Duration::from_secs(comes_at - dies_at)).await;
        let told = scene.deliver(&event, ENOUGH).await;
        assert_eq!((told.ending(), scene.sends()), (ending, sends), "{name}");
        assert!(told.elapsed <= Duration::from_secs(20), "{name}: {:?}", told.elapsed);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_ahead_spends_nothing_and_the_click_afterwards_connects() {
    let headers = ["Sec-Purpose", "Purpose", "X-Moz", "sec-purpose", "x-moz"];
    let values = ["prefetch", "prerender", "preview", "prefetch;prerender", "Prefetch"];
    let ahead = headers.iter().flat_map(|name| values.map(|value| ("GET", Some((*name, value)))));
    let ahead: Vec<_> = ahead.chain([("HEAD", None), ("OPTIONS", None)]).collect();
    for folder in ["rest", "http"] {
        let scene = Scene::set(&[]).await;
        let click = event(folder, "connected");
        for (method, header) in &ahead {
            let mut event = click.clone();
            match folder {
                "rest" => event["httpMethod"] = json!(method),
                _ => event["requestContext"]["http"]["method"] = json!(method),
            }
            if let Some((name, value)) = header {
                event["headers"][name] = json!(value);
            }
            let told = scene.deliver(&event, ENOUGH).await;
            assert_eq!(told.response["statusCode"], 204, "{method} {header:?}");
            assert_eq!(told.response["headers"]["cache-control"], "no-store", "{method} {header:?}");
        }
        assert_eq!(scene.pipes.emulator().calls().len(), 0, "{folder}");
        assert_eq!((scene.deliver(&click, ENOUGH).await.ending(), scene.sends()), (CONNECTED, 1), "{folder}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_table_an_instance_tells_what_it_remembers_whatever_another_has_done_since() {
    let pipes = Pipes::new(stage().await);
    let (one, other) = (piped(&[], &pipes), piped(&[], &pipes));
    pipes.emulator().fault(Target::any(), Operation::Get, Fault::exception(Exception::AccessDenied));
    let callback = granted(1, "code");
    for (endpoint, ending) in [(&one, UNKNOWN_CONNECTION), (&other, CONNECTED), (&one, UNKNOWN_CONNECTION)] {
        let answered = crate::support::answer(endpoint, &callback).await;
        assert_eq!(header(&answered, "location"), crate::expected::location(ending, 1));
    }
    assert_eq!(pipes.emulator().calls_of(Operation::Connect).len(), 1);
}
