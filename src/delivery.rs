//! One delivery of a code: the first one spends it, a later one is told what came of it.

mod spending;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::app_authorization::AppAuthorization;
use crate::appfabric::{AppFabric, Seen, Spending, Status, Verdict};
use crate::budget::{Budget, Slice, pauses};
use crate::callback_log::CallbackLog;
use crate::flow::Used;
use crate::ledger::{Claim, Claimed, CodeKey, DEAD_AFTER, Entry, Kept, Ledger};
use crate::outcome::{Outcome, ResultPage};

/// What a change at AppFabric is told by: whatever is newer than this happened since.
#[derive(Clone, Debug)]
pub enum Since {
    /// A look, or an answer, before.
    Seen(Seen),
    /// The clock on the wall, where nobody looked before.
    Clock(SystemTime),
    /// A Connect of our own that was refused: what is older is somebody else's.
    Refused {
        /// The clock on the wall when it was sent.
        sent: SystemTime,
        /// What a change was told by before; both must hold.
        before: Box<Self>,
    },
}

/// How far AppFabric's clock may be behind ours, the seconds that it does not write included.
const SKEW: Duration = Duration::from_secs(5);

/// The finest unit in which AppFabric writes a time.
const MILLISECOND: Duration = Duration::from_millis(1);

/// A code that has arrived, and everything that is needed to deal with it.
pub struct Delivery<'d, 'i> {
    /// Where codes are spent.
    pub appfabric: &'d AppFabric,
    /// Which codes have been.
    pub ledger: &'d Ledger,
    /// What the code is for.
    pub app_authorization: &'d AppAuthorization,
    /// How long this may take.
    pub budget: &'d Budget,
    /// Lambda's request ID.
    pub reference: &'i str,
    /// Whether a `state` has proved that this browser was asked to.
    pub proven: bool,
    /// Whether nothing is spent while the table cannot be reached.
    pub strict: bool,
    /// What there will be to tell.
    pub log: &'d mut CallbackLog<'i>,
}

impl Delivery<'_, '_> {
    /// Spends the code unless that has been done, and says how it ended, inside the budget; with the claim, where there
    /// is one in which that is to be recorded.
    pub async fn conclude(mut self, spending: Spending, key: CodeKey) -> (Outcome, Option<Claim>) {
        let (claimed, kept) = self.ledger.claim(key.clone(), self.reference, self.budget).await;
        self.log.note_ledger(kept);
        match claimed {
            Claimed::First(claim) => {
                let unsafe_to_spend = self.strict && kept == Kept::Unreachable;
                let outcome =
                    if unsafe_to_spend { Outcome::TemporarilyUnavailable } else { self.first(spending).await };
                (outcome, Some(claim))
            }
            Claimed::Before(entry) => {
                self.log.first_reference = Some(entry.reference.clone());
                (self.later(&key, entry).await, None)
            }
        }
    }

    /// Another code came with a `state` that this one has used up: it is not sent. The person learns what came of the
    /// first one, and whether the link is good for another try.
    pub async fn another(mut self, first: &Used, link_is_good: bool) -> Outcome {
        let (entry, kept) = self.ledger.look(&first.code, self.reference, self.budget).await;
        self.log.note_ledger(kept);
        let outcome = match entry {
            None if kept == Kept::Unreachable => return Outcome::TemporarilyUnavailable,
            // It is about to be claimed; or it never will be any more, and was not sent.
            None if self.budget.now() < first.at + DEAD_AFTER => Outcome::InProgress,
            None => Outcome::InvalidState,
            Some(entry) if entry.is_abandoned(self.budget.now()) => self.settle(entry.claimed_at).await,
            Some(entry) => entry.outcome.unwrap_or(Outcome::InProgress),
        };
        match outcome.page() {
            ResultPage::Connected => Outcome::LinkUsed,
            ResultPage::Pending => outcome,
            ResultPage::Failed if link_is_good => Outcome::InvalidState,
            ResultPage::Failed => Outcome::LinkExpired,
        }
    }

    /// The first delivery: a look, the code, and another look where that left a doubt.
    async fn first(&mut self, spending: Spending) -> Outcome {
        if self.proven {
            return self.spend(&spending, Since::Clock(self.budget.started_at())).await;
        }
        match self.look_first().await {
            Ok(before) => self.spend(&spending, Since::Seen(before)).await,
            Err(outcome) => outcome,
        }
    }

    /// Whoever brings the code has proved nothing, so what is `Connected` is left alone.
    async fn look_first(&mut self) -> Result<Seen, Outcome> {
        match self.look(self.budget.for_first_look()).await {
            Verdict::Seen(Seen { status: Status::Connected, .. }) => Err(Outcome::Connected),
            Verdict::Seen(before) => Ok(before),
            Verdict::Unavailable | Verdict::Rejected => Err(Outcome::UnknownConnection),
            Verdict::NotAuthenticated | Verdict::Throttled { .. } | Verdict::NotSent | Verdict::Unclear => {
                Err(Outcome::TemporarilyUnavailable)
            }
        }
    }

    /// A later delivery: what is recorded, as soon as it is; never the code again.
    async fn later(&mut self, key: &CodeKey, mut entry: Entry) -> Outcome {
        let mut pauses = pauses();
        loop {
            match entry.outcome {
                Some(pending @ (Outcome::InProgress | Outcome::Unconfirmed)) => {
                    return self.by_now(pending, entry.claimed_at).await;
                }
                Some(outcome) => return outcome,
                None if entry.is_abandoned(self.budget.now()) => return self.settle(entry.claimed_at).await,
                None => {}
            }
            if !self.budget.pause(pauses.next().unwrap_or_default()).await {
                return Outcome::InProgress;
            }
            let (known, kept) = self.ledger.look(key, self.reference, self.budget).await;
            self.log.note_ledger(kept);
            // Nothing more is known of a claim that has gone.
            entry = known.unwrap_or(entry);
        }
    }

    /// What was pending when it was recorded, and may be settled since.
    async fn by_now(&mut self, pending: Outcome, claimed_at: SystemTime) -> Outcome {
        let Verdict::Seen(seen) = self.look(self.budget.for_look()).await else { return pending };
        let news = Since::Clock(claimed_at).is_news(&seen);
        match seen.status {
            // Where nobody has proved anything, what is connected is left alone, however long it has been.
            Status::Connected if news || !self.proven => Outcome::Connected,
            Status::ConnectionValidationFailed | Status::TokenAutoRotationFailed if news => Outcome::NotConnected,
            _ => pending,
        }
    }

    /// Whoever claimed the code is gone and has left no word: AppFabric is asked, the code is not sent.
    async fn settle(&mut self, claimed_at: SystemTime) -> Outcome {
        if self.proven {
            return self.watch(&Since::Clock(claimed_at), Outcome::Unconfirmed).await;
        }
        match self.look_first().await {
            Ok(_) => self.watch(&Since::Clock(claimed_at), Outcome::Unconfirmed).await,
            // The code may have been sent; with nothing seen before, whatever is seen later is news.
            Err(Outcome::TemporarilyUnavailable) => self.watch(&Since::Clock(UNIX_EPOCH), Outcome::Unconfirmed).await,
            Err(outcome) => outcome,
        }
    }

    async fn look(&mut self, time: Slice) -> Verdict {
        let started = Instant::now();
        let answer = self.appfabric.look(self.app_authorization, time).await;
        self.note_call(&answer.verdict, started);
        self.log.look_ups += 1;
        if self.log.attempts == 0 {
            (self.log.aws_request_id, self.log.aws_error_code) = (answer.request_id, answer.error_code);
        } else {
            self.log.look_up_error_code = answer.error_code;
        }
        answer.verdict
    }

    fn note_call(&mut self, verdict: &Verdict, started: Instant) {
        *self.log.appfabric.get_or_insert_default() += started.elapsed();
        self.log.not_authenticated = *verdict == Verdict::NotAuthenticated;
        if let Verdict::Seen(seen) = verdict {
            self.log.app = Some(seen.app.clone());
            self.log.status = Some(seen.status.as_str().to_owned());
        }
    }
}

impl Since {
    /// Whether what is seen now came about since.
    #[must_use]
    pub fn is_news(&self, seen: &Seen) -> bool {
        match self {
            Self::Seen(before) => (&before.status, before.updated_at) != (&seen.status, seen.updated_at),
            Self::Clock(start) => seen.updated_at + SKEW >= *start,
            // In milliseconds, because AppFabric writes nothing finer.
            Self::Refused { sent, before } => seen.updated_at + MILLISECOND > *sent && before.is_news(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: Status, updated_at: u64) -> Seen {
        Seen {
            app: "SLACK".to_owned(),
            tenant: None,
            auth_url: None,
            status,
            updated_at: UNIX_EPOCH + Duration::from_secs(updated_at),
        }
    }

    #[test]
    fn news_is_what_differs_from_the_look_before_or_is_as_young_as_the_clock() {
        let pending = Since::Seen(seen(Status::PendingConnect, 100));
        let connected = Since::Seen(seen(Status::Connected, 100));
        let clock = Since::Clock(UNIX_EPOCH + Duration::from_secs(100));
        let late = Since::Seen(seen(Status::Connected, 102));
        let sent = UNIX_EPOCH + Duration::from_micros(102_000_900);
        let refused = |before: &Since| Since::Refused { sent, before: Box::new(before.clone()) };
        for (since, status, updated_at, news) in [
            (&pending, Status::PendingConnect, 100, false),
            (&pending, Status::Connected, 100, true),
            (&pending, Status::Connected, 101, true),
            (&pending, Status::ConnectionValidationFailed, 100, true),
            (&connected, Status::Connected, 100, false),
            (&connected, Status::Connected, 101, true),
            (&clock, Status::Connected, 0, false),
            (&clock, Status::Connected, 94, false),
            (&clock, Status::Connected, 95, true),
            (&clock, Status::Connected, 100, true),
            (&clock, Status::Connected, 1_000, true),
            (&refused(&clock), Status::Connected, 100, false),
            (&refused(&clock), Status::Connected, 101, false),
            (&refused(&clock), Status::Connected, 102, true),
            (&refused(&pending), Status::PendingConnect, 100, false),
            (&refused(&pending), Status::Connected, 101, false),
            (&refused(&pending), Status::Connected, 102, true),
            (&refused(&late), Status::Connected, 102, false),
        ] {
            assert_eq!(since.is_news(&seen(status.clone(), updated_at)), news, "{since:?} {status} {updated_at}");
        }
    }
}
