//! People on their way while everything around the function goes wrong, for a bounded time: AppFabric and the table are
//! slow, fail, throttle, break, fall silent and go away, and instances are frozen and killed.
//!
//! `CHAOS_SECONDS` says for how long, 80 without it; `CHAOS_SEED` plays the weather and the people's choices of a run
//! again, as far as two runs can be alike. Every answer is held against AppFabric's own book.

mod berth;
mod judge;
mod people;
mod weather;

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stage::Stage;
use berth::Berth;
use judge::Figures;
use people::Story;

/// Instances at a time without a checked `state`, and as many that enforce one.
const BERTHS: usize = 3;

/// People on their way at the same time.
const PEOPLE: usize = 10;

/// Those who come when all is over, of each kind.
const LATE: usize = 40;

/// How much more memory a process may have in use in the end, in KiB.
const SLACK_KIB: u64 = 2 * 1024;

/// Everything there is.
struct Chaos {
    stage: Stage,
    /// Those with `STATE_MODE=off`.
    off: Vec<Berth>,
    /// Those with `STATE_MODE=enforce`.
    enforce: Vec<Berth>,
    /// How many app authorizations there have been.
    numbers: AtomicU32,
    /// Whether nothing goes wrong any more.
    over: AtomicBool,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the release binary and a DynamoDB server: BOOTSTRAP=… DYNAMODB=… cargo test -- --ignored"]
async fn chaos_in_which_no_code_is_spent_twice_and_nobody_is_told_a_lie() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u32>().expect("a number"));
    let seconds = number("CHAOS_SECONDS").unwrap_or(80);
    let seed = number("CHAOS_SEED").unwrap_or_else(|| fastrand::u32(..));
    println!("CHAOS_SEED={seed} CHAOS_SECONDS={seconds}");

    let (started, mut chance) = (Instant::now(), Rng::with_seed(seed.into()));
    let chaos = Arc::new(Chaos::new().await);
    // Everybody has been asked once, and is as large as that makes a process.
    let mut stories = chaos.people(PEOPLE, &mut chance, |_, done| done < 2 * BERTHS).await;
    let forecast = weather::forecast(&mut chance, Duration::from_secs(seconds.into()));
    let spells = {
        let (chaos, mut chance) = (Arc::clone(&chaos), chance.fork());
        tokio::spawn(async move {
            let spells = forecast.len();
            for (position, (spell, long)) in forecast.into_iter().enumerate() {
                chaos.set(spell, &mut chance);
                println!("{:>5.1} s  {spell:?} for {} ms", started.elapsed().as_secs_f64(), long.as_millis());
                sleep(long).await;
                if position == spells / 4 {
                    chaos.remember_sizes();
                }
            }
            chaos.over.store(true, Ordering::Relaxed);
            spells
        })
    };
    stories.extend(chaos.people(PEOPLE, &mut chance, |chaos, _| !chaos.over.load(Ordering::Relaxed)).await);
    let spells = spells.await.expect("the weather comes to its end");
    // A connection that was lost while nothing was on it is not used again after that.
    sleep(berth::LONG).await;
    let late = chaos.people(2, &mut chance, |_, done| done < LATE).await;

    let mut figures = Figures::default();
    for story in &late {
        story.is_undisturbed();
    }
    let slowest_late = late.iter().flat_map(Story::took).max().unwrap_or_default();
    stories.extend(late);
    let log = chaos.log();
    let calls = judge::Calls::of(&chaos.stage.appfabric);
    for story in &stories {
        figures.judge(story, &chaos.stage.appfabric, &calls, &log);
    }
    let (early, end): (Vec<u64>, Vec<u64>) = chaos.sizes().into_iter().unzip();
    let disturbances = chaos.disturbances();
    println!(
        "figures: chaos: {spells} spells in {} s (CHAOS_SEED={seed}); {figures}; {disturbances}; slowest afterwards {} ms; KiB in \
         use early {early:?}, in the end {end:?}",
        started.elapsed().as_secs(),
        slowest_late.as_millis(),
    );
    figures.are_true();
    figures.are_worth_something();
    assert!(early.iter().zip(&end).all(|(early, end)| *end <= early + SLACK_KIB), "{early:?} {end:?}");
}

impl Chaos {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let (mut off, mut enforce) = (Vec::new(), Vec::new());
        for number in 0..BERTHS {
            // One of each kind lives to the end, so that there is something to weigh.
            off.push(Berth::new(&stage, "off", number > 0).await);
            enforce.push(Berth::new(&stage, "enforce", number > 0).await);
        }
        Self { stage, off, enforce, numbers: AtomicU32::new(0), over: AtomicBool::new(false) }
    }

    /// Sends so many people on their way at a time, one after the other as long as there are to be more.
    async fn people(
        self: &Arc<Self>,
        at_a_time: usize,
        chance: &mut Rng,
        more: impl Fn(&Self, usize) -> bool + Copy + Send + 'static,
    ) -> Vec<Story> {
        let mut lanes = JoinSet::new();
        for lane in 0..at_a_time {
            let (chaos, mut chance) = (Arc::clone(self), chance.fork());
            lanes.spawn(async move {
                let mut stories = Vec::new();
                while more(&chaos, stories.len()) {
                    // Of two lanes one is of people who have a link.
                    stories.push(chaos.person(lane % 2 == 0, &mut chance).await);
                }
                stories
            });
        }
        lanes.join_all().await.concat()
    }

    fn berths(&self) -> impl Iterator<Item = &Berth> {
        self.off.iter().chain(&self.enforce)
    }
}
