//! What goes wrong, when, and for how long.

use std::iter;
use std::time::Duration;

use appfabric_emulator::appfabric::{Fault, Operation, Target};
use fastrand::Rng;

use super::super::road::Weather;
use super::super::soak::script::misfortunes;
use super::Chaos;

/// The same trouble for a while.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spell {
    /// None.
    Calm,
    /// AppFabric takes its time.
    AppFabricSlow,
    /// AppFabric throttles everybody.
    AppFabricThrottling,
    /// AppFabric answers this or that: 500s, resets, refusals, garbage.
    AppFabricFailing,
    /// Connections to AppFabric break.
    AppFabricBreaking,
    /// Nobody listens where AppFabric was.
    AppFabricGone,
    /// Nothing that is sent to AppFabric arrives.
    AppFabricSilent,
    /// The table takes its time.
    TableSlow,
    /// Connections to the table break.
    TableBreaking,
    /// Nobody listens where the table was.
    TableGone,
    /// Nothing that is sent to the table arrives.
    TableSilent,
    /// Nobody listens anywhere.
    AllGone,
}

const TROUBLES: [Spell; 11] = [
    Spell::AppFabricSlow,
    Spell::AppFabricThrottling,
    Spell::AppFabricFailing,
    Spell::AppFabricBreaking,
    Spell::AppFabricGone,
    Spell::AppFabricSilent,
    Spell::TableSlow,
    Spell::TableBreaking,
    Spell::TableGone,
    Spell::TableSilent,
    Spell::AllGone,
];

/// The longest round of all troubles.
const ROUND: Duration = Duration::from_mins(2);

/// Every trouble in turn, each followed by a third as much calm, in so much time.
pub(super) fn forecast(chance: &mut Rng, whole: Duration) -> Vec<(Spell, Duration)> {
    let rounds = whole.div_duration_f64(ROUND).ceil().max(1.0);
    let calm = whole.div_f64(rounds) / 4 / u32::try_from(TROUBLES.len()).expect("they are few");
    let mut round = || {
        let mut troubles = TROUBLES;
        chance.shuffle(&mut troubles);
        troubles.into_iter().flat_map(move |trouble| [(trouble, calm * 3), (Spell::Calm, calm)])
    };
    let count = whole.as_secs().div_ceil(ROUND.as_secs()).max(1);
    iter::repeat_with(&mut round).take(usize::try_from(count).expect("they are few")).flatten().collect()
}

impl Chaos {
    /// From now on it is like this.
    pub(super) fn set(&self, spell: Spell, chance: &mut Rng) {
        let appfabric = &self.stage.appfabric;
        appfabric.clear_faults();
        let (to_appfabric, to_table) = match spell {
            Spell::Calm | Spell::AppFabricThrottling | Spell::AppFabricFailing => (Weather::Clear, Weather::Clear),
            Spell::AppFabricSlow => (slow(chance), Weather::Clear),
            Spell::AppFabricBreaking => (Weather::Breaking, Weather::Clear),
            Spell::AppFabricGone => (Weather::Closed, Weather::Clear),
            Spell::AppFabricSilent => (Weather::Silent, Weather::Clear),
            Spell::TableSlow => (Weather::Clear, slow(chance)),
            Spell::TableBreaking => (Weather::Clear, Weather::Breaking),
            Spell::TableGone => (Weather::Clear, Weather::Closed),
            Spell::TableSilent => (Weather::Clear, Weather::Silent),
            Spell::AllGone => (Weather::Closed, Weather::Closed),
        };
        for berth in self.berths() {
            berth.appfabric.set(to_appfabric);
            berth.table.set(to_table);
        }
        if spell == Spell::AppFabricThrottling {
            let retry_after = chance.u32(..2);
            appfabric.fault(Target::any(), Operation::Connect, Fault::throttled(u32::MAX, retry_after));
            appfabric.fault(Target::any(), Operation::Get, Fault::throttled(chance.u32(..30), 0));
        }
        if spell == Spell::AppFabricFailing {
            for (operation, fault) in misfortunes(chance, 300) {
                appfabric.fault(Target::any(), operation, fault);
            }
        }
    }
}

/// Up to a third of a second, each way.
fn slow(chance: &mut Rng) -> Weather {
    Weather::Slow(Duration::from_millis(chance.u64(50..330)))
}
