//! Sends the code once and finds out the outcome.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::{Calls, Since};
use crate::aws::{AppFabric, ConnectFailure, LookFailure, Seen, Spending, Status};
use crate::values::{AppAuthorization, Budget, Outcome, Slice, pauses};

/// How often a code is sent again, if AppFabric refused it without reading it or it could not be sent.
const MOST_AGAIN: u32 = 2;

/// How long to wait after throttling without a `Retry-After`.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long to wait after a connection could not be established.
const RECONNECT_AFTER: Duration = Duration::from_millis(500);

/// How many more looks follow after AppFabric has refused a code. Its answer seldom changes.
const LOOKS_AGAIN_AFTER_REFUSAL: usize = 1;

/// The calls of one callback to AppFabric.
pub(super) struct Dealings<'d> {
    pub(super) appfabric: &'d AppFabric,
    pub(super) app_authorization: &'d AppAuthorization,
    pub(super) budget: &'d Budget,
    /// Whether a `state` has proved that this browser was asked.
    pub(super) proven: bool,
    /// The calls so far.
    pub(super) calls: Calls,
}

impl Dealings<'_> {
    /// Spends a code that was not sent before: a look, the code, and more looks if the outcome is in doubt.
    pub(super) async fn spend(&mut self, spending: &Spending) -> Outcome {
        let since = if self.proven {
            Since::Clock(self.budget.started_at())
        } else {
            match self.look_first().await {
                Ok(before) => Since::Seen(before),
                Err(outcome) => return outcome,
            }
        };
        if !self.budget.is_enough() {
            return self.calls.no_time_left();
        }
        let (seen, sent) = self.send(spending).await;
        match seen {
            Ok(seen) => match seen.status {
                Status::Connected => Outcome::Connected,
                Status::PendingConnect => {
                    self.budget.pause(pauses().next().unwrap_or_default()).await;
                    self.watch(&Since::Seen(seen), Outcome::InProgress).await
                }
                _ => Outcome::NotConnected,
            },
            Err(ConnectFailure::Unclear) => self.watch(&since, Outcome::Unconfirmed).await,
            Err(ConnectFailure::Rejected) => {
                self.watch(&Since::Refused { sent, before: Box::new(since) }, Outcome::CodeRejected).await
            }
            Err(ConnectFailure::Unavailable) => Outcome::UnknownConnection,
            Err(ConnectFailure::NotAuthenticated | ConnectFailure::Throttled { .. } | ConnectFailure::NotSent) => {
                Outcome::TemporarilyUnavailable
            }
        }
    }

    /// The outcome, by now, of a code that was recorded as pending.
    pub(super) async fn by_now(&mut self, pending: Outcome, claimed_at: SystemTime) -> Outcome {
        let Ok(seen) = self.look(self.budget.for_look()).await else { return pending };
        let is_news = Since::Clock(claimed_at).is_news(&seen);
        match seen.status {
            // Without a valid `state`, a connected app authorization counts as connected, however long it has been.
            Status::Connected if is_news || !self.proven => Outcome::Connected,
            Status::ConnectionValidationFailed | Status::TokenAutoRotationFailed if is_news => Outcome::NotConnected,
            _ => pending,
        }
    }

    /// The outcome of a code whose first delivery was cut off. AppFabric is asked; the code is not sent.
    pub(super) async fn settle(&mut self, claimed_at: SystemTime) -> Outcome {
        let since = if self.proven { Ok(claimed_at) } else { self.look_first().await.map(|_| claimed_at) };
        let since = match since {
            Ok(since) => since,
            // The code may have been sent. There was no earlier look, so anything seen later is news.
            Err(Outcome::TemporarilyUnavailable) => UNIX_EPOCH,
            Err(outcome) => return outcome,
        };
        self.watch(&Since::Clock(since), Outcome::Unconfirmed).await
    }

    /// Looks before the code is sent. Without a valid `state`, a `Connected` app authorization is left alone.
    async fn look_first(&mut self) -> Result<Seen, Outcome> {
        match self.look(self.budget.for_first_look()).await {
            Ok(Seen { status: Status::Connected, .. }) => Err(Outcome::Connected),
            Ok(before) => Ok(before),
            Err(LookFailure::Unknown) => Err(Outcome::UnknownConnection),
            Err(LookFailure::NotAuthenticated | LookFailure::Down) => Err(Outcome::TemporarilyUnavailable),
        }
    }

    /// Sends the code once; again only if AppFabric said that it did not read it, or if no connection was ever established.
    /// Returns the answer and the time when the code was last sent.
    async fn send(&mut self, spending: &Spending) -> (Result<Seen, ConnectFailure>, SystemTime) {
        let mut again = 0;
        loop {
            let (started, sent) = (Instant::now(), self.budget.now());
            let answer = self.appfabric.connect(self.app_authorization, spending, self.budget.for_connect()).await;
            self.count(started, answer.seen.as_ref().ok(), answer.seen == Err(ConnectFailure::NotAuthenticated));
            self.calls.attempts += u32::from(answer.was_sent());
            (self.calls.request_id, self.calls.error_code) = (answer.request_id, answer.error_code);
            let pause = match answer.seen {
                Err(ConnectFailure::Throttled { retry_after }) => retry_after.unwrap_or(RETRY_AFTER),
                Err(ConnectFailure::NotSent) => RECONNECT_AFTER,
                seen => return (seen, sent),
            };
            again += 1;
            if again > MOST_AGAIN || !self.budget.wait(pause).await {
                return (answer.seen, sent);
            }
        }
    }

    /// Looks until the outcome is known. Returns `otherwise` if the time is up or more looks cannot help.
    async fn watch(&mut self, since: &Since, otherwise: Outcome) -> Outcome {
        let again = if otherwise == Outcome::CodeRejected { LOOKS_AGAIN_AFTER_REFUSAL } else { usize::MAX };
        let mut pauses = pauses().take(again);
        loop {
            let so_far = match self.look(self.budget.for_look()).await {
                Ok(seen) => match (since.is_news(&seen), seen.status) {
                    (true, Status::Connected) => return Outcome::Connected,
                    (_, Status::Connected | Status::PendingConnect) => otherwise,
                    (true, _) => return Outcome::NotConnected,
                    // Still not connected, as before; the code may still change that.
                    (false, _) if otherwise == Outcome::Unconfirmed => Outcome::NotConnected,
                    (false, _) => otherwise,
                },
                Err(LookFailure::Unknown | LookFailure::NotAuthenticated) => return otherwise,
                // AppFabric may answer again before the time is up.
                Err(LookFailure::Down) => otherwise,
            };
            match pauses.next() {
                Some(pause) if self.budget.pause(pause).await => {}
                _ => return so_far,
            }
        }
    }

    async fn look(&mut self, time: Slice) -> Result<Seen, LookFailure> {
        let started = Instant::now();
        let answer = self.appfabric.look(self.app_authorization, time).await;
        self.count(started, answer.seen.as_ref().ok(), answer.seen == Err(LookFailure::NotAuthenticated));
        self.calls.look_ups += 1;
        if self.calls.attempts == 0 {
            (self.calls.request_id, self.calls.error_code) = (answer.request_id, answer.error_code);
        } else {
            self.calls.look_up_error_code = answer.error_code;
        }
        answer.seen
    }

    fn count(&mut self, started: Instant, seen: Option<&Seen>, not_authenticated: bool) {
        *self.calls.time.get_or_insert_default() += started.elapsed();
        self.calls.not_authenticated = not_authenticated;
        if let Some(seen) = seen {
            self.calls.app = Some(seen.app.clone());
            self.calls.status = Some(seen.status.as_str().to_owned());
        }
    }
}
