//! Lambda freezes a process between two events, and what it was connected to does not wait: the first callback after a
//! thaw is answered as any other.

use std::time::{Duration, Instant};

use appfabric_emulator::appfabric::{Operation, Status};
use appfabric_emulator::lambda::{Function, Instance};
use serde_json::Value;
use tokio::time::sleep;

use super::flows::{callback, press};
use super::road::{End, Road};
use super::stage::{ENOUGH, PAGES, Stage, code, line, told, variable};
use crate::support::granted;

/// How a function is configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// `STATE_MODE=off`, no table.
    OffInMemory,
    /// `STATE_MODE=off` with a table.
    Off,
    /// `STATE_MODE=enforce`, and so with a table; a flow is on its way when the process is frozen.
    Enforce,
}

/// Whose connections end meanwhile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whose {
    AppFabrics,
    Tables,
    Both,
}

const MODES: [Mode; 3] = [Mode::OffInMemory, Mode::Off, Mode::Enforce];
const EVERYBODYS: [Whose; 3] = [Whose::AppFabrics, Whose::Tables, Whose::Both];

/// Longer than a kept connection is used again (`sdk::IDLE`).
const LONG: Duration = Duration::from_millis(5_500);

/// The time for a callback that waits for nobody.
const AT_ONCE: Duration = Duration::from_secs(2);

/// One instance with roads of its own to AppFabric and to the table.
struct Scene {
    stage: Stage,
    appfabric: Road,
    table: Road,
    instance: Instance,
    mode: Mode,
}

impl Scene {
    async fn set(mode: Mode) -> Self {
        let stage = Stage::new().await;
        let (appfabric, table) = (Road::to(&stage.appfabric.url()), Road::to(&variable("DYNAMODB")));
        let function = Function::new(variable("BOOTSTRAP"))
            .variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", table.url());
        let function = match mode {
            Mode::OffInMemory => function,
            Mode::Off => function.variable("FLOW_TABLE", &stage.table.name).variable("STATE_MODE", "off"),
            Mode::Enforce => function.variable("FLOW_TABLE", &stage.table.name),
        };
        let function = PAGES.into_iter().fold(function, |function, (name, url)| function.variable(name, url));
        let instance = function.start().await.expect("it can be started");
        Self { stage, appfabric, table, instance, mode }
    }

    /// A person on the way back from the application.
    async fn on_the_way(&self, number: u32) -> Value {
        self.stage.seed(number, Status::PENDING_CONNECT);
        match self.mode {
            Mode::OffInMemory | Mode::Off => granted(number, &code()),
            Mode::Enforce => callback(&press([&self.instance; 3], number).await, number, &code()),
        }
    }

    /// Brings a code back, and says how that ended, after how long, and how often it was sent.
    async fn bring(&self, event: &Value, number: u32) -> (String, Duration, usize) {
        let started = Instant::now();
        let told = told(&self.instance, event, ENOUGH, number).await;
        let (took, sends) = (started.elapsed(), self.stage.calls(number, Operation::Connect));
        let log = line(&self.instance, &told.reference);
        assert_eq!(log["ledger"], if self.mode == Mode::OffInMemory { "memory" } else { "table" }, "{log}");
        (told.reason.unwrap_or(told.outcome), took, sends)
    }

    /// Freezes the process for so long, and ends connections meanwhile.
    async fn freeze(&self, whose: Whose, end: End, long: Duration) {
        self.instance.freeze().await;
        if whose != Whose::Tables {
            self.appfabric.end(end).await;
        }
        if whose != Whose::AppFabrics {
            self.table.end(end).await;
        }
        sleep(long).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn the_first_callback_after_a_thaw_connects_and_sends_its_code_once() {
    let mut rows = Vec::new();
    for mode in MODES {
        for whose in EVERYBODYS.into_iter().filter(|whose| mode != Mode::OffInMemory || *whose == Whose::AppFabrics) {
            // What the process can see when it wakes up takes no time; what it cannot is not used again after a while.
            let seen = [Duration::ZERO, LONG].map(|long| [(End::Closed, long), (End::Reset, long)]).concat();
            let unseen = [(End::Forgotten, LONG), (End::Lost, LONG)];
            rows.extend(seen.into_iter().chain(unseen).map(|(end, long)| (mode, whose, end, long)));
        }
    }
    let count = rows.len();
    let mut lives = tokio::task::JoinSet::new();
    for (mode, whose, end, long) in rows {
        lives.spawn(async move {
            let scene = Scene::set(mode).await;
            let first = scene.on_the_way(1).await;
            assert_eq!(scene.bring(&first, 1).await.0, "connected");
            let event = scene.on_the_way(2).await;
            assert_eq!(scene.appfabric.connections(), 1, "{mode:?}: AppFabric's connection is kept");
            scene.freeze(whose, end, long).await;
            let (ending, took, sends) = scene.bring(&event, 2).await;
            (
                format!("{mode:?}, {whose:?} {end:?} for {long:?}: {ending} after {took:?}, sent {sends} times"),
                ending,
                took,
                sends,
            )
        });
    }
    let lives = lives.join_all().await;
    let slowest = lives.iter().map(|(.., took, _)| *took).max().unwrap_or_default();
    println!("figures: {count} thaws, the slowest callback after one took {} ms", slowest.as_millis());
    let well = |(_, ending, took, sends): &(String, String, Duration, usize)| {
        ending == "connected" && *sends == 1 && *took < AT_ONCE
    };
    let wrong: Vec<&str> = lives.iter().filter(|life| !well(life)).map(|(name, ..)| name.as_str()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
