//! How much time there is × what hangs: always an answer, always in time.

use std::time::Duration;

use appfabric_emulator::appfabric::{Answer, Fault, Operation, Status, Target};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::expected::{CONNECTED, Ending, IN_PROGRESS, TEMPORARILY_UNAVAILABLE, UNCONFIRMED, location};
use crate::pipe::{Pipes, Way};
use crate::support::{answer_within, arn, granted, header, piped, stage};

/// Milliseconds until Lambda's deadline.
const REMAINING: [u64; 13] = [0, 500, 999, 1_000, 1_001, 2_000, 3_000, 5_000, 10_000, 21_000, 25_000, 29_000, 900_000];

/// With this much and nothing in the way, a callback is `connected`.
const ENOUGH: Duration = Duration::from_secs(3);

/// What takes for ever.
#[derive(Clone, Copy, Debug)]
enum Hangs {
    Nothing,
    LookFirst,
    Connect,
    /// The looks after a Connect whose fate is unknown.
    LookAfter,
    Everything,
    /// Every connection.
    Connecting,
    /// AppFabric is at work and never finishes.
    Work,
}

impl Hangs {
    const ALL: [Self; 7] = [
        Self::Nothing,
        Self::LookFirst,
        Self::Connect,
        Self::LookAfter,
        Self::Everything,
        Self::Connecting,
        Self::Work,
    ];

    fn happen(self, pipes: &Pipes) {
        let fault = |operation, fault: Fault| pipes.emulator().fault(Target::any(), operation, fault);
        let hang = || Fault::from(Answer::Hang).times(u32::MAX);
        match self {
            Self::Nothing => {}
            Self::LookFirst => fault(Operation::Get, hang()),
            Self::Connect => fault(Operation::Connect, hang()),
            Self::LookAfter => {
                fault(Operation::Connect, Fault::bare(500).times(u32::MAX));
                fault(Operation::Get, Fault::default());
                fault(Operation::Get, hang());
            }
            Self::Everything => {
                fault(Operation::Get, hang());
                fault(Operation::Connect, hang());
            }
            Self::Connecting => {
                pipes.set(Operation::Get, Way::Silent, u32::MAX);
                pipes.set(Operation::Connect, Way::Silent, u32::MAX);
            }
            Self::Work => fault(Operation::Connect, Fault::status(Status::PENDING_CONNECT).times(u32::MAX)),
        }
    }

    /// How it ends where there is time enough, and how often the code is sent.
    fn ending(self) -> (Ending, usize) {
        match self {
            Self::Nothing => (CONNECTED, 1),
            Self::LookFirst | Self::Everything | Self::Connecting => (TEMPORARILY_UNAVAILABLE, 0),
            Self::Connect | Self::LookAfter => (UNCONFIRMED, 1),
            Self::Work => (IN_PROGRESS, 1),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_hangs_the_answer_leaves_in_time() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for remaining in REMAINING.map(Duration::from_millis) {
        // Until a second before Lambda's deadline, and never longer than a person waits.
        let budget = remaining.saturating_sub(Duration::from_secs(1)).min(Duration::from_secs(19));
        for hangs in Hangs::ALL {
            count += 1;
            let pipes = Pipes::new(stage().await);
            hangs.happen(&pipes);
            let endpoint = piped(&[], &pipes);
            let started = Instant::now();
            let response = answer_within(&endpoint, &granted(1, "code"), remaining).await;
            let elapsed = started.elapsed();

            let told = header(&response, "location");
            let sends = pipes.emulator().calls_of(Operation::Connect).len();
            let as_told =
                |(ending, expected): (Ending, usize)| (told, sends) == (location(ending, 1).as_str(), expected);
            let never_begun = as_told((TEMPORARILY_UNAVAILABLE, 0));
            let as_expected = if budget.is_zero() {
                never_begun
            } else {
                // With too little time to finish, the code is not sent.
                as_told(hangs.ending()) || remaining < ENOUGH && never_begun
            };
            if response["statusCode"] != json!(303) || !as_expected || elapsed > budget {
                wrong.push(format!("{hangs:?}, {remaining:?} left: {told}, {sends} Connects, {elapsed:?}"));
            }
        }
    }
    println!("figures: {count} rows of what hangs and how much time there is");
    assert!(wrong.is_empty(), "{} of {count} rows end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn while_there_is_time_there_is_another_look() {
    // `Connected` so late that only the last look can see it: two seconds are kept for recording and finishing (or an
    // eighth of a short budget), half a second for the look.
    for (remaining, connected_after) in [(29_000, 16_300), (21_000, 16_300), (10_000, 7_200), (5_000, 2_800)] {
        for fault in [Fault::status(Status::PENDING_CONNECT), Fault::bare(500)] {
            let pipes = Pipes::new(stage().await);
            pipes.emulator().fault(Target::any(), Operation::Connect, fault);
            let (endpoint, event) = (piped(&[], &pipes), granted(1, "code"));
            let connects = async {
                sleep(Duration::from_millis(connected_after)).await;
                pipes.emulator().set_status(&arn(1), Status::CONNECTED);
            };
            let answer = answer_within(&endpoint, &event, Duration::from_millis(remaining));
            let (response, ()) = tokio::join!(answer, connects);
            assert_eq!(header(&response, "location"), location(CONNECTED, 1), "{connected_after} of {remaining} ms");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_connection_is_enough_for_a_callback() {
    for remaining in [29, 10, 5, 4, 3].map(Duration::from_secs) {
        let pipes = Pipes::new(stage().await);
        pipes.emulator().fault(Target::any(), Operation::Connect, Fault::bare(500).then_connect());
        let response = answer_within(&piped(&[], &pipes), &granted(1, "code"), remaining).await;
        assert_eq!(header(&response, "location"), location(CONNECTED, 1), "{remaining:?}");
        let calls = (pipes.called(Operation::Get), pipes.called(Operation::Connect));
        assert_eq!((calls, pipes.connections()), ((2, 1), 1), "{remaining:?}");
    }
}
