//! Where an instance stands: killed, replaced, frozen and thawed, with roads of its own to both far sides.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use appfabric_emulator::lambda::{Function, Instance, Unanswered};
use fastrand::Rng;
use serde_json::Value;
use tokio::sync::MutexGuard;
use tokio::time::sleep;

use super::super::road::{End, Road};
use super::super::stage::{PAGES, Stage, variable};
use super::Chaos;

/// Longer than a kept connection is used again (`sdk::IDLE`).
pub(super) const LONG: Duration = Duration::from_millis(5_500);

/// The place of one instance.
pub(super) struct Berth {
    function: Function,
    pub(super) appfabric: Road,
    pub(super) table: Road,
    /// Whether its instance may be killed.
    mortal: bool,
    /// Whoever has an event for it.
    turn: tokio::sync::Mutex<()>,
    /// All that ever stood here, the last of whom is alive.
    instances: Mutex<Vec<Arc<Instance>>>,
    early_kib: AtomicU64,
    freezes: AtomicUsize,
    /// Connections that were ended while an instance was frozen: how often.
    ends: AtomicUsize,
}

/// What became of one event.
pub(super) struct Answered {
    /// None where the instance was killed.
    pub(super) answer: Option<Value>,
    /// How long it took, without the wait for other events.
    pub(super) took: Duration,
}

impl Berth {
    pub(super) async fn new(stage: &Stage, state_mode: &str, mortal: bool) -> Self {
        let (appfabric, table) = (Road::to(&stage.appfabric.url()), Road::to(&variable("DYNAMODB")));
        let function = Function::new(variable("BOOTSTRAP"))
            .variable("AWS_ENDPOINT_URL_APPFABRIC", appfabric.url())
            .variable("AWS_ENDPOINT_URL_DYNAMODB", table.url())
            .variable("FLOW_TABLE", &stage.table.name)
            .variable("STATE_MODE", state_mode)
            .variable("AWS_LAMBDA_LOG_LEVEL", "TRACE");
        let function = PAGES.into_iter().fold(function, |function, (name, url)| function.variable(name, url));
        let instance = function.start().await.expect("it can be started");
        Self {
            function,
            appfabric,
            table,
            mortal,
            turn: tokio::sync::Mutex::default(),
            instances: Mutex::new(vec![Arc::new(instance)]),
            early_kib: AtomicU64::default(),
            freezes: AtomicUsize::default(),
            ends: AtomicUsize::default(),
        }
    }

    /// One of these that has nothing to do, else the first to be free of what it does.
    pub(super) async fn any<'b>(berths: &'b [Self], chance: &mut Rng) -> (&'b Self, MutexGuard<'b, ()>) {
        let first = chance.usize(..berths.len());
        let mut from_there = berths.iter().cycle().skip(first).take(berths.len());
        let free = from_there.find_map(|berth| berth.turn.try_lock().ok().map(|turn| (berth, turn)));
        match free {
            Some(free) => free,
            None => (&berths[first], berths[first].turn.lock().await),
        }
    }

    /// Has an event answered, or the instance killed meanwhile; afterwards it may stand still for a while.
    pub(super) async fn answer(
        &self,
        event: &Value,
        remaining: Duration,
        over: bool,
        chance: &mut Rng,
        _turn: MutexGuard<'_, ()>,
    ) -> Answered {
        let (instance, started) = (self.instance(), Instant::now());
        let kill = self.mortal && !over && chance.u32(..100) < 4;
        let after = Duration::from_millis(chance.u64(..150));
        let answer = instance.invoke(event, remaining);
        let answer = if kill {
            let kill = async {
                sleep(after).await;
                instance.kill().await;
            };
            tokio::join!(answer, kill).0
        } else {
            answer.await
        };
        let took = started.elapsed();
        match &answer {
            Ok(_) if !kill => {
                if !over && chance.u32(..100) < 40 {
                    self.rest(&instance, chance).await;
                }
            }
            Ok(_) | Err(Unanswered::Ended) if kill => {
                let next = self.function.start().await.expect("it can be started");
                self.instances.lock().expect("nobody panics here").push(Arc::new(next));
            }
            answer => panic!("{answer:?} after {took:?} of {remaining:?}:\n{}", instance.printed()),
        }
        Answered { answer: answer.ok(), took }
    }

    /// Freezes the instance, as Lambda does after every answer, and may end its connections meanwhile.
    async fn rest(&self, instance: &Instance, chance: &mut Rng) {
        instance.freeze().await;
        self.freezes.fetch_add(1, Ordering::Relaxed);
        let long = if chance.u32(..100) < 4 { LONG } else { Duration::from_millis(chance.u64(..100)) };
        if long == LONG || chance.u32(..4) == 0 {
            let either = chance.u32(..3);
            // What a process cannot see in a short sleep is for a test of its own: it would leave every fourth code
            // unconfirmed.
            let ends = [End::Closed, End::Reset, End::Forgotten, End::Lost];
            let end = ends[chance.usize(..if long == LONG { 4 } else { 2 })];
            for (road, ended) in [(&self.appfabric, either != 0), (&self.table, either != 1)] {
                if ended {
                    road.end(end).await;
                    self.ends.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        sleep(long).await;
    }

    /// Whoever stands here.
    fn instance(&self) -> Arc<Instance> {
        let instances = self.instances.lock().expect("nobody panics here");
        Arc::clone(instances.last().expect("there always is one"))
    }

    /// All that was ever printed here.
    fn printed(&self) -> Vec<String> {
        self.instances.lock().expect("nobody panics here").iter().map(|instance| instance.printed()).collect()
    }

    /// The memory in use, in KiB.
    fn resident_kib(&self) -> u64 {
        self.instance().resident_kib().expect("it is running")
    }
}

impl Chaos {
    /// Every callback's line in the logs, by its reference.
    pub(super) fn log(&self) -> HashMap<String, Value> {
        let mut log = HashMap::new();
        for printed in self.berths().flat_map(Berth::printed) {
            assert!(!printed.contains("canary"), "a secret in the log:\n{printed}");
            assert!(!printed.contains("panicked"), "{printed}");
            for line in printed.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON line")) {
                if line["message"] == "callback" {
                    let reference = line["reference"].as_str().expect("a reference").to_owned();
                    assert_eq!(log.insert(reference, line), None, "a callback has two lines");
                }
            }
        }
        log
    }

    /// Remembers the memory that those have in use who live to the end.
    pub(super) fn remember_sizes(&self) {
        for berth in self.berths().filter(|berth| !berth.mortal) {
            berth.early_kib.store(berth.resident_kib(), Ordering::Relaxed);
        }
    }

    /// The memory in use early and in the end, in KiB.
    pub(super) fn sizes(&self) -> Vec<(u64, u64)> {
        let immortal = self.berths().filter(|berth| !berth.mortal);
        immortal.map(|berth| (berth.early_kib.load(Ordering::Relaxed), berth.resident_kib())).collect()
    }

    /// How often instances were frozen and killed.
    pub(super) fn disturbances(&self) -> String {
        let sum = |number: fn(&Berth) -> usize| self.berths().map(number).sum::<usize>();
        let killed = sum(|berth| berth.instances.lock().expect("nobody panics here").len() - 1);
        let frozen = sum(|berth| berth.freezes.load(Ordering::Relaxed));
        let ends = sum(|berth| berth.ends.load(Ordering::Relaxed));
        assert!(killed > 3 && frozen > 30 && ends > 10, "{killed} {frozen} {ends}");
        format!("{killed} instances killed, {frozen} frozen, {ends} times their connections ended meanwhile")
    }
}
