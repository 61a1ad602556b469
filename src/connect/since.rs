//! Whether AppFabric's answer shows a new change.

use std::time::{Duration, SystemTime};

use crate::aws::Seen;

/// A point in time at AppFabric. Only a change after it is news.
#[derive(Clone, Debug)]
pub(super) enum Since {
    /// An earlier look or answer.
    Seen(Seen),
    /// The wall clock, if there was no earlier look.
    Clock(SystemTime),
    /// Our own Connect was refused, so an older change came from somebody else.
    Refused {
        /// The wall clock when it was sent.
        sent: SystemTime,
        /// The earlier point in time; the change must be after both.
        before: Box<Self>,
    },
}

/// How far AppFabric's clock may be behind ours, including what it cuts off when it writes a time.
const SKEW: Duration = Duration::from_secs(5);

/// The finest unit in which AppFabric writes a time.
const MILLISECOND: Duration = Duration::from_millis(1);

impl Since {
    /// Whether this answer shows a change after this point in time.
    pub(super) fn is_news(&self, seen: &Seen) -> bool {
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
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::aws::Status;

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
