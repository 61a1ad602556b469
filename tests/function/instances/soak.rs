//! Thousands of callbacks through four processes while AppFabric fails at random.
//!
//! `SOAK_CALLBACKS` says how many, 5,000 without it; `SOAK_SEED` plays the script of a run again.

mod judge;
pub(super) mod script;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use appfabric_emulator::appfabric::{Operation, Status};
use appfabric_emulator::lambda::Instance;
use serde_json::Value;
use tokio::task::JoinSet;

use super::stage::{Stage, Told, told};
use crate::support::{arn, granted};
use judge::{Figures, Story};
use script::{INSTANCES, Part, script};

/// Codes that are under way at once, so that some process always has an event waiting.
const LANES: usize = 8;

/// Codes between two looks into AppFabric's book; each has an app authorization of its own.
const BATCH: usize = 500;

/// After so many callbacks the processes have everything that they need.
const WARM: usize = 500;

/// How much more memory a process may have in use in the end, in KiB: for the codes that it remembers, and for what
/// the allocator has not given back.
const SLACK_KIB: u64 = 2 * 1024;

/// The processes and what they meet, on the way through the script.
struct Soak {
    stage: Stage,
    instances: Vec<Instance>,
    script: Vec<Part>,
    next: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn soak_of_random_faults_in_which_no_code_is_spent_twice_and_nobody_is_told_a_lie() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u32>().expect("a number"));
    let callbacks = number("SOAK_CALLBACKS").unwrap_or(5_000) as usize;
    let seed = number("SOAK_SEED").unwrap_or_else(|| fastrand::u32(..));
    println!("SOAK_SEED={seed} SOAK_CALLBACKS={callbacks}");

    let started = Instant::now();
    let (stage, mut instances) = (Stage::new().await, Vec::new());
    for _ in 0..INSTANCES {
        instances.push(stage.instance().await);
    }
    let soak = Arc::new(Soak { stage, instances, script: script(seed, callbacks), next: AtomicUsize::new(0) });
    let (mut stories, mut warm) = (Vec::new(), None);
    for first in (0..soak.script.len()).step_by(BATCH) {
        stories.extend(soak.play(first..soak.script.len().min(first + BATCH)).await);
        if warm.is_none() && stories.iter().map(Story::callbacks).sum::<usize>() >= WARM {
            warm = Some(soak.resident_kib());
        }
    }

    let (log, end) = (soak.log(), soak.resident_kib());
    let mut figures = Figures::default();
    for story in &stories {
        story.judge(&log, &mut figures);
    }
    let warm = warm.unwrap_or_else(|| end.clone());
    println!(
        "figures: soak: {figures}; {} s; KiB in use early {warm:?}, in the end {end:?}",
        started.elapsed().as_secs()
    );
    assert_eq!((figures.callbacks, log.len()), (callbacks, callbacks));
    assert_eq!(&soak.counted(), figures.endings(), "the metrics tell something else");
    // A table that is often out of reach would excuse everything.
    assert!(figures.without_table * 100 <= callbacks, "{figures}");
    assert!(warm.iter().zip(&end).all(|(warm, end)| *end <= warm + SLACK_KIB), "{warm:?} {end:?}");
}

impl Soak {
    /// Plays these parts of the script, and puts together what everybody saw of each.
    async fn play(self: &Arc<Self>, parts: Range<usize>) -> Vec<Story> {
        let appfabric = &self.stage.appfabric;
        for part in &self.script[parts.clone()] {
            let authorization = self.stage.seed(part.number, part.status.clone());
            for (operation, fault) in &part.faults {
                appfabric.fault(&authorization, *operation, fault.clone());
            }
        }
        self.next.store(parts.start, Ordering::Relaxed);
        let mut lanes = JoinSet::new();
        for _ in 0..LANES {
            let (soak, end) = (Arc::clone(self), parts.end);
            lanes.spawn(async move {
                let mut stories = Vec::new();
                while let Some(part) = soak.script[..end].get(soak.next.fetch_add(1, Ordering::Relaxed)) {
                    let waves = soak.deliver(part).await;
                    stories.push(Story {
                        number: part.number,
                        waves,
                        connected: false,
                        connects: Vec::new(),
                        looks: 0,
                    });
                }
                stories
            });
        }
        let mut stories = lanes.join_all().await.concat();

        let calls = appfabric.calls();
        for story in &mut stories {
            let authorization = arn(story.number);
            let of = |operation| {
                calls
                    .iter()
                    .filter(move |call| call.operation == Some(operation))
                    .filter(|call| call.path.contains(authorization.uuid()))
            };
            story.connects = of(Operation::Connect).map(|call| call.status).collect();
            story.looks = of(Operation::Get).count();
            story.connected = self.stage.status(story.number) == Some(Status::CONNECTED);
        }
        appfabric.clear_calls();
        appfabric.clear_faults();
        stories
    }

    /// Brings a code as often as the script says.
    async fn deliver(&self, part: &Part) -> Vec<Vec<Told>> {
        let event = granted(part.number, &part.code);
        let bring = |instance: usize| told(&self.instances[instance], &event, part.remaining, part.number);
        let mut waves = Vec::new();
        for wave in &part.waves {
            waves.push(match wave[..] {
                [one, two] => <[Told; 2]>::from(tokio::join!(bring(one), bring(two))).to_vec(),
                [one, two, three] => <[Told; 3]>::from(tokio::join!(bring(one), bring(two), bring(three))).to_vec(),
                _ => vec![bring(wave[0]).await],
            });
        }
        waves
    }

    /// Every callback's line in the logs, by its reference.
    fn log(&self) -> HashMap<String, Value> {
        let lines = self.instances.iter().flat_map(Instance::lines).filter(|line| line["message"] == "callback");
        lines.map(|line| (line["reference"].as_str().expect("a reference").to_owned(), line)).collect()
    }

    /// What CloudWatch would count of all instances, by outcome and reason.
    fn counted(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for line in self.instances.iter().flat_map(Instance::lines).filter(|line| line["Callbacks"] == 1) {
            let text = |member: &str| line[member].as_str().expect("a text").to_owned();
            let ending = if text("Reason") == "none" { text("Outcome") } else { text("Reason") };
            *counted.entry(ending).or_default() += 1;
        }
        counted
    }

    fn resident_kib(&self) -> Vec<u64> {
        self.instances.iter().map(|instance| instance.resident_kib().expect("it is running")).collect()
    }
}
