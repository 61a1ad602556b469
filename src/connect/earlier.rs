//! The answer to a second delivery: the same code again, or another code with the same `state`.

use super::{DEAD_AFTER, Dealings, Entry, Store, Used};
use crate::aws::Unreachable;
use crate::values::{Hash, Outcome, ResultPage, pauses};

/// The same code again: waits for the recorded outcome and returns it. The code is not sent again.
pub(super) async fn later(
    store: &Store,
    dealings: &mut Dealings<'_>,
    code: &Hash,
    mut entry: Entry,
) -> (Outcome, Vec<Unreachable>) {
    let (budget, mut pauses, mut unreachable) = (dealings.budget, pauses(), Vec::new());
    loop {
        let outcome = match entry.outcome {
            Some(pending @ (Outcome::InProgress | Outcome::Unconfirmed)) => {
                Some(dealings.by_now(pending, entry.claimed_at).await)
            }
            None if entry.is_abandoned(budget.now()) => Some(dealings.settle(entry.claimed_at).await),
            recorded => recorded,
        };
        if let Some(outcome) = outcome {
            return (outcome, unreachable);
        }
        if !budget.pause(pauses.next().unwrap_or_default()).await {
            return (Outcome::InProgress, unreachable);
        }
        let (known, error) = store.look(code, budget).await;
        unreachable.extend(error);
        // If the claim is gone by now, the last known entry is kept.
        entry = known.unwrap_or(entry);
    }
}

/// Another code came with a `state` that a first code has used up. It is not sent: the person is told how the first
/// one ended, and whether the link is good for another try.
pub(super) async fn another(
    store: &Store,
    dealings: &mut Dealings<'_>,
    first: &Used,
    link_is_good: bool,
) -> (Outcome, Option<Unreachable>) {
    let (entry, unreachable) = store.look(&first.code, dealings.budget).await;
    let now = dealings.budget.now();
    let outcome = match entry {
        None if unreachable.is_some() => return (Outcome::TemporarilyUnavailable, unreachable),
        // The first code will be claimed soon. After this much time it never will be.
        None if now < first.at + DEAD_AFTER => Outcome::InProgress,
        None => Outcome::InvalidState,
        Some(entry) if entry.is_abandoned(now) => dealings.settle(entry.claimed_at).await,
        Some(entry) => entry.outcome.unwrap_or(Outcome::InProgress),
    };
    let told = match outcome.page() {
        ResultPage::Connected => Outcome::LinkUsed,
        ResultPage::Pending => outcome,
        ResultPage::Failed if link_is_good => Outcome::InvalidState,
        ResultPage::Failed => Outcome::LinkExpired,
    };
    (told, unreachable)
}

#[cfg(test)]
mod tests;
