//! The codes that this process has claimed, the latest few thousand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CodeKey, Entry};
use crate::bounded::Bounded;
use crate::outcome::Outcome;

/// The most codes that are remembered, about two megabytes.
const MOST: usize = 4_096;

/// The ledger of one process.
pub(super) struct Memory(Mutex<Bounded<CodeKey, Entry>>);

impl Memory {
    /// Claims a code, unless that has been done: then with this entry.
    pub(super) fn claim(&self, key: &CodeKey, entry: &Entry) -> Option<Entry> {
        let mut codes = self.codes();
        let before = codes.get(key).cloned();
        if before.is_none() {
            codes.insert(key.clone(), entry.clone());
        }
        before
    }

    /// What is known of a code.
    pub(super) fn look(&self, key: &CodeKey) -> Option<Entry> {
        self.codes().get(key).cloned()
    }

    /// Records what came of a code.
    pub(super) fn record(&self, key: &CodeKey, outcome: Outcome) {
        if let Some(entry) = self.codes().get_mut(key) {
            entry.outcome = Some(outcome);
        }
    }

    fn codes(&self) -> MutexGuard<'_, Bounded<CodeKey, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(MOST)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::app_authorization::{AppAuthorization, Region, Uuid};
    use crate::authorization_code::AuthorizationCode;

    fn key(code: usize) -> CodeKey {
        let uuid = || Uuid::parse("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d").unwrap();
        let region = Region::parse("us-east-1").unwrap();
        let app_authorization = AppAuthorization::Uuids { region, app_bundle: uuid(), app_authorization: uuid() };
        CodeKey::new(&app_authorization, &AuthorizationCode::try_from(code.to_string()).unwrap())
    }

    fn entry(reference: usize) -> Entry {
        Entry { reference: reference.to_string(), claimed_at: SystemTime::UNIX_EPOCH, outcome: None }
    }

    #[test]
    fn the_first_claim_wins_and_its_outcome_is_remembered() {
        let memory = Memory::default();
        assert_eq!(memory.claim(&key(1), &entry(1)), None);
        assert_eq!(memory.claim(&key(1), &entry(2)), Some(entry(1)));
        assert_eq!(memory.claim(&key(2), &entry(3)), None);
        memory.record(&key(1), Outcome::CodeRejected);
        let recorded = Entry { outcome: Some(Outcome::CodeRejected), ..entry(1) };
        assert_eq!(memory.claim(&key(1), &entry(4)), Some(recorded.clone()));
        assert_eq!(
            (memory.look(&key(1)), memory.look(&key(2)), memory.look(&key(3))),
            (Some(recorded), Some(entry(3)), None)
        );
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let memory = Memory::default();
        for number in 0..MOST + 10 {
            assert_eq!(memory.claim(&key(number), &entry(number)), None);
        }
        assert_eq!((memory.look(&key(9)), memory.look(&key(10))), (None, Some(entry(10))));
    }
}
