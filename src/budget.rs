//! How long a callback may take, and how much of that each call gets.
//!
//! All waiting is by tokio's clock, so a test whose clock is paused waits for nothing.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

/// The longest that a person waits, from the start of the invocation.
const LONGEST: Duration = Duration::from_secs(20);

/// What is kept of Lambda's own deadline to send the answer.
const RESERVE: Duration = Duration::from_secs(1);

/// The longest that recording an outcome may take; as much is kept for it until the end.
const RECORD: Duration = Duration::from_secs(1);

/// The longest that one claim may take, retries included.
const CLAIM: Duration = Duration::from_secs(3);

/// The longest that one look at an app authorization may take, retries included.
const LOOK: Duration = Duration::from_secs(3);

/// The longest that one `ConnectAppAuthorization` may take, connection included.
const CONNECT: Duration = Duration::from_secs(12);

/// A code is not sent with less time than this for its answer.
const SHORTEST: Duration = Duration::from_millis(500);

/// The first and the longest pause between two looks.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// The time of one invocation: until 20 s from its start, or one second before Lambda's deadline.
#[derive(Clone, Debug)]
pub struct Budget {
    now: SystemTime,
    started: Instant,
    end: Instant,
    /// What is kept for recording the outcome.
    record: Duration,
}

impl Budget {
    /// Begins now, which the clock on the wall calls `now`, with this much time left until Lambda's deadline.
    #[must_use]
    pub fn new(now: SystemTime, remaining: Duration) -> Self {
        let started = Instant::now();
        let whole = remaining.saturating_sub(RESERVE).min(LONGEST);
        Self { now, started, end: started + whole, record: RECORD.min(whole / 8) }
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The clock on the wall.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.now + self.elapsed()
    }

    /// The time until the answer must leave.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether there is time to send a code and to hear what came of it.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.for_work() >= SHORTEST
    }

    /// For claiming a code: a quarter of the time at most, since the code is still to be sent.
    #[must_use]
    pub fn for_claim(&self) -> Duration {
        CLAIM.min(self.for_work() / 4)
    }

    /// For the look before the code is sent: a third of the time at most.
    #[must_use]
    pub fn for_first_look(&self) -> Duration {
        LOOK.min(self.for_work() / 3)
    }

    /// For sending the code: what a look afterwards leaves.
    #[must_use]
    pub fn for_connect(&self) -> Duration {
        let work = self.for_work();
        CONNECT.min(work.saturating_sub(LOOK.min(work / 4)))
    }

    /// For a look after the code was sent.
    #[must_use]
    pub fn for_look(&self) -> Duration {
        LOOK.min(self.for_work())
    }

    /// For recording the outcome: the last of the time.
    #[must_use]
    pub fn for_record(&self) -> Duration {
        RECORD.min(self.left())
    }

    /// Waits, or says at once that there would not be enough time left afterwards.
    pub async fn pause(&self, pause: Duration) -> bool {
        let enough = self.for_work() >= pause.saturating_add(SHORTEST);
        if enough {
            sleep(pause).await;
        }
        enough
    }

    /// What is left without the time for recording.
    fn for_work(&self) -> Duration {
        self.left().saturating_sub(self.record)
    }
}

/// The pauses between looks: 0.5 s, growing to 2 s, each a fifth shorter or longer by chance, so that instances that
/// wait for the same thing do not look in step.
pub fn pauses() -> impl Iterator<Item = Duration> {
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
        for (remaining, left, claim, first_look, connect, look, record) in [
            (60_000, 20_000, 3_000, 3_000, 12_000, 3_000, 1_000),
            (25_000, 20_000, 3_000, 3_000, 12_000, 3_000, 1_000),
            (9_000, 8_000, 1_750, 2_333, 5_250, 3_000, 1_000),
            (3_000, 2_000, 437, 583, 1_312, 1_750, 1_000),
            (1_400, 400, 87, 116, 262, 350, 400),
            (1_000, 0, 0, 0, 0, 0, 0),
            (0, 0, 0, 0, 0, 0, 0),
        ] {
            let budget = Budget::new(SystemTime::UNIX_EPOCH, milliseconds(remaining));
            let slices = [
                budget.left(),
                budget.for_claim(),
                budget.for_first_look(),
                budget.for_connect(),
                budget.for_look(),
                budget.for_record(),
            ];
            let slices = slices.map(|slice| slice.as_millis());
            assert_eq!(slices, [left, claim, first_look, connect, look, record], "{remaining}");
            assert_eq!(budget.is_enough(), remaining >= 3_000, "{remaining}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_leaves_too_little_is_not_made() {
        let budget = Budget::new(SystemTime::UNIX_EPOCH, milliseconds(9_000));
        assert!(budget.pause(milliseconds(6_500)).await);
        assert_eq!((budget.elapsed(), budget.left()), (milliseconds(6_500), milliseconds(1_500)));
        assert_eq!(budget.now(), SystemTime::UNIX_EPOCH + milliseconds(6_500));
        assert!(!budget.pause(milliseconds(1)).await && !budget.pause(Duration::MAX).await);
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
