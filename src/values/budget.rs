//! How long a callback may take, and how much of that each call gets.
//!
//! All waiting is by tokio's clock, so a test whose clock is paused waits for nothing.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

/// The longest that a person waits, from the start of the invocation. It is less than the promised 20 s, because a
/// machine takes some time besides the timed calls.
const LONGEST: Duration = Duration::from_secs(19);

/// The time that is kept before Lambda's own deadline, to send the answer.
const RESERVE: Duration = Duration::from_secs(1);

/// The longest that each of the last two steps may take: recording the outcome and finishing the flow. This much is
/// kept for each of them.
const RECORD: Duration = Duration::from_secs(1);

/// The longest that one claim may take, retries included.
const CLAIM: Duration = Duration::from_secs(3);

/// The longest that one look at an app authorization may take, retries included.
const LOOK: Duration = Duration::from_secs(3);

/// The longest that one `ConnectAppAuthorization` may take, connection included.
const CONNECT: Duration = Duration::from_secs(12);

/// The longest that establishing a connection to AppFabric may take.
pub(crate) const CONNECTING: Duration = Duration::from_secs(3);

/// The least time for an answer. With less, the function sends no code and does not look again.
const SHORTEST: Duration = Duration::from_millis(500);

/// The shortest pause that is worth another look.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The first and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The time of one invocation: until 19 s from its start, or one second before Lambda's deadline.
#[derive(Clone, Debug)]
pub struct Budget {
    now: SystemTime,
    started: Instant,
    end: Instant,
    /// What is kept for recording the outcome and finishing the flow.
    record: Duration,
    connecting: Duration,
}

/// The time of one call to AppFabric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slice {
    /// Until a connection is established, if there is none to use again.
    ///
    /// The same for every call of a callback, because the SDK keeps a pool of connections for each value.
    pub(crate) connecting: Duration,
    /// Until the answer has been read.
    pub whole: Duration,
}

impl Budget {
    /// Begins at this moment. `now` is the wall clock, and `remaining` the time until Lambda's deadline.
    pub fn new(now: SystemTime, remaining: Duration) -> Self {
        let started = Instant::now();
        let whole = remaining.saturating_sub(RESERVE).min(LONGEST);
        let record = (2 * RECORD).min(whole / 8);
        let mut budget = Self { now, started, end: started + whole, record, connecting: CONNECTING };
        budget.connecting = connecting(budget.for_connect().whole);
        budget
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> SystemTime {
        self.now + self.elapsed()
    }

    /// The wall clock at the start.
    pub(crate) fn started_at(&self) -> SystemTime {
        self.now
    }

    /// The time until the answer must leave.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether there is time to send a code and get an answer.
    pub(crate) fn is_enough(&self) -> bool {
        self.for_work() >= SHORTEST
    }

    /// For claiming a code: a quarter of the time at most, because the code must still be sent.
    pub(crate) fn for_claim(&self) -> Duration {
        CLAIM.min(self.for_work() / 4)
    }

    /// For the look before the code is sent: a third of the time at most.
    pub fn for_first_look(&self) -> Slice {
        self.slice(LOOK.min(self.for_work() / 3))
    }

    /// For sending the code: all but the time for a look afterwards.
    pub(crate) fn for_connect(&self) -> Slice {
        let work = self.for_work();
        self.slice(CONNECT.min(work.saturating_sub(LOOK.min(work / 4))))
    }

    /// For a look after the code was sent.
    pub(crate) fn for_look(&self) -> Slice {
        self.slice(LOOK.min(self.for_work()))
    }

    /// For a look at the ledger while the code's first delivery runs.
    pub(crate) fn for_ledger(&self) -> Duration {
        CLAIM.min(self.for_work())
    }

    /// For recording the outcome: half of the time at most, because the flow must still be finished.
    pub(crate) fn for_record(&self) -> Duration {
        RECORD.min(self.left() / 2)
    }

    /// For finishing the flow: the rest of the time.
    pub(crate) fn for_finish(&self) -> Duration {
        RECORD.min(self.left())
    }

    /// Waits for this long. Returns false at once if too little time would be left afterwards.
    pub(crate) async fn wait(&self, pause: Duration) -> bool {
        let enough = self.for_work() >= pause.saturating_add(SHORTEST);
        if enough {
            sleep(pause).await;
        }
        enough
    }

    /// Waits for this long, or less, so that another look fits afterwards. Returns false if none fits at all.
    pub(crate) async fn pause(&self, pause: Duration) -> bool {
        let most = self.for_work().saturating_sub(SHORTEST);
        self.wait(if most >= SHORTEST_PAUSE { pause.min(most) } else { Duration::MAX }).await
    }

    /// What is left without the time for the last two steps.
    fn for_work(&self) -> Duration {
        self.left().saturating_sub(self.record)
    }

    fn slice(&self, whole: Duration) -> Slice {
        Slice { connecting: self.connecting, whole }
    }
}

/// How long establishing a connection may take if sending the code may take `connect`: 3 s, halved until it is shorter
/// than the whole call, so that "never sent" can be told from "no answer".
fn connecting(connect: Duration) -> Duration {
    let mut halves = (0..6).map(|halvings| CONNECTING / 2_u32.pow(halvings));
    halves.find(|half| *half < connect).unwrap_or(CONNECTING)
}

/// The pauses between looks: 0.5 s, growing to 2 s, each a fifth shorter or longer by chance, so that instances that
/// wait for the same thing do not all look at once.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    let [first, longest] = PAUSES;
    let growing = std::iter::successors(Some(first), move |pause| Some((*pause * 3 / 2).min(longest)));
    growing.map(|pause| pause.mul_f64(0.8 + 0.4 * fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn milliseconds(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[tokio::test(start_paused = true)]
    async fn the_slices_fit_into_the_time_that_is_left() {
        for (remaining, left, claim, first_look, connect, look, record, connecting) in [
            (60_000, 19_000, 3_000, 3_000, 12_000, 3_000, 1_000, 3_000),
            (25_000, 19_000, 3_000, 3_000, 12_000, 3_000, 1_000, 3_000),
            (9_000, 8_000, 1_750, 2_333, 5_250, 3_000, 1_000, 3_000),
            (3_000, 2_000, 437, 583, 1_312, 1_750, 1_000, 750),
            (1_400, 400, 87, 116, 262, 350, 200, 187),
            (1_000, 0, 0, 0, 0, 0, 0, 3_000),
            (0, 0, 0, 0, 0, 0, 0, 3_000),
        ] {
            let budget = Budget::new(SystemTime::UNIX_EPOCH, milliseconds(remaining));
            let slices = [
                budget.left(),
                budget.for_claim(),
                budget.for_first_look().whole,
                budget.for_connect().whole,
                budget.for_look().whole,
                budget.for_record(),
                budget.for_connect().connecting,
            ];
            let slices = slices.map(|slice| slice.as_millis());
            assert_eq!(slices, [left, claim, first_look, connect, look, record, connecting], "{remaining}");
            assert_eq!(budget.for_look().connecting, budget.for_connect().connecting, "{remaining}");
            assert_eq!(budget.for_ledger(), budget.for_look().whole, "{remaining}");
            assert_eq!(budget.for_finish().as_millis(), left.min(1_000), "{remaining}");
            assert_eq!(budget.is_enough(), remaining >= 3_000, "{remaining}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_leaves_too_little_is_not_made_and_a_pause_is_cut_short() {
        let budget = Budget::new(SystemTime::UNIX_EPOCH, milliseconds(9_000));
        assert!(!budget.wait(milliseconds(6_501)).await && !budget.wait(Duration::MAX).await);
        assert_eq!(budget.elapsed(), Duration::ZERO);
        assert!(budget.wait(milliseconds(5_000)).await);
        assert_eq!((budget.elapsed(), budget.left()), (milliseconds(5_000), milliseconds(3_000)));
        assert_eq!(budget.now(), SystemTime::UNIX_EPOCH + milliseconds(5_000));
        assert!(budget.pause(milliseconds(1_000)).await && budget.pause(milliseconds(1_000)).await);
        assert_eq!(budget.elapsed(), milliseconds(6_500));
        assert!(!budget.pause(milliseconds(1)).await);
        assert_eq!(budget.elapsed(), milliseconds(6_500));
    }

    #[test]
    fn pauses_grow_to_two_seconds_and_differ_by_chance() {
        for (number, (pause, expected)) in pauses().zip([500, 750, 1_125, 1_687, 2_000, 2_000, 2_000]).enumerate() {
            let expected = milliseconds(expected);
            assert!(pause >= expected.mul_f64(0.8) && pause <= expected.mul_f64(1.21), "{number}: {pause:?}");
        }
        assert_ne!(pauses().take(20).collect::<Vec<_>>(), pauses().take(20).collect::<Vec<_>>());
    }
}
