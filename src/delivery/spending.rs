//! Sends the code once, and finds out what became of it.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Delivery, Since};
use crate::appfabric::{Spending, Status, Verdict};
use crate::budget::pauses;
use crate::outcome::Outcome;

/// How often a code that was refused unread, or could not be sent, is sent again.
const MOST_AGAIN: u32 = 2;

/// How long a throttled caller waits that was not told how long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long to wait after no connection was to be had.
const RECONNECT_AFTER: Duration = Duration::from_millis(500);

/// How often AppFabric is asked again about a code that it has refused: it seldom changes its mind.
const LOOKS_AGAIN_AFTER_REFUSAL: usize = 1;

impl Delivery<'_, '_> {
    /// Sends the code, and looks where the answer leaves a doubt.
    pub(super) async fn spend(&mut self, spending: &Spending, since: Since) -> Outcome {
        if !self.budget.is_enough() {
            return self.log.no_time_left();
        }
        let (verdict, sent) = self.send(spending).await;
        match verdict {
            Verdict::Seen(seen) => match seen.status {
                Status::Connected => Outcome::Connected,
                Status::PendingConnect => {
                    self.budget.pause(pauses().next().unwrap_or_default()).await;
                    self.watch(&Since::Seen(seen), Outcome::InProgress).await
                }
                _ => Outcome::NotConnected,
            },
            Verdict::Unclear => self.watch(&since, Outcome::Unconfirmed).await,
            Verdict::Rejected => {
                let since = Since::Refused { sent, before: Box::new(since) };
                self.watch(&since, Outcome::CodeRejected).await
            }
            Verdict::Unavailable => Outcome::UnknownConnection,
            Verdict::NotAuthenticated | Verdict::Throttled { .. } | Verdict::NotSent => Outcome::TemporarilyUnavailable,
        }
    }

    /// Sends the code once; again only where AppFabric has said that it did not read it, or where no connection was
    /// ever established. With the time at which it was sent last.
    async fn send(&mut self, spending: &Spending) -> (Verdict, SystemTime) {
        let mut again = 0;
        loop {
            let (started, sent) = (Instant::now(), self.budget.now());
            let answer = self.appfabric.connect(self.app_authorization, spending, self.budget.for_connect()).await;
            self.note_call(&answer.verdict, started);
            self.log.attempts += u32::from(answer.was_sent());
            (self.log.aws_request_id, self.log.aws_error_code) = (answer.request_id, answer.error_code);
            let pause = match answer.verdict {
                Verdict::Throttled { retry_after } => retry_after.unwrap_or(RETRY_AFTER),
                Verdict::NotSent => RECONNECT_AFTER,
                _ => return (answer.verdict, sent),
            };
            again += 1;
            if again > MOST_AGAIN || !self.budget.wait(pause).await {
                return (answer.verdict, sent);
            }
        }
    }

    /// Looks until it is settled how it ended, or `otherwise`: once nothing more can be learnt, or in time.
    pub(super) async fn watch(&mut self, since: &Since, otherwise: Outcome) -> Outcome {
        let again = if otherwise == Outcome::CodeRejected { LOOKS_AGAIN_AFTER_REFUSAL } else { usize::MAX };
        let mut pauses = pauses().take(again);
        loop {
            let so_far = match self.look(self.budget.for_look()).await {
                Verdict::Seen(seen) => match (since.is_news(&seen), seen.status) {
                    (true, Status::Connected) => return Outcome::Connected,
                    (_, Status::Connected | Status::PendingConnect) => otherwise,
                    (true, _) => return Outcome::NotConnected,
                    // As bad as it was before: something may still come of the code.
                    (false, _) if otherwise == Outcome::Unconfirmed => Outcome::NotConnected,
                    (false, _) => otherwise,
                },
                Verdict::Unavailable | Verdict::NotAuthenticated | Verdict::Rejected => return otherwise,
                // It may be back in time.
                Verdict::Throttled { .. } | Verdict::NotSent | Verdict::Unclear => otherwise,
            };
            match pauses.next() {
                Some(pause) if self.budget.pause(pause).await => {}
                _ => return so_far,
            }
        }
    }
}
