//! What goes wrong, and when the same code comes again: by chance, and the same chance for the same seed.

use std::iter;
use std::time::Duration;

use appfabric_emulator::appfabric::{Answer, Exception, Fault, Operation, Status};
use fastrand::Rng;

use super::super::stage::{ENOUGH, LITTLE, code};

/// The processes.
pub(super) const INSTANCES: usize = 4;

/// What happens to one code.
pub(super) struct Part {
    /// Its app authorization, which no other code of the same batch has.
    pub(super) number: u32,
    pub(super) code: String,
    /// The app authorization's status before.
    pub(super) status: Status,
    /// What goes wrong at AppFabric, one after the other.
    pub(super) faults: Vec<(Operation, Fault)>,
    /// The processes that it is brought to: those of a wave at once, one wave after the other.
    pub(super) waves: Vec<Vec<usize>>,
    /// Lambda's time for each callback.
    pub(super) remaining: Duration,
}

/// Faults with how often they occur, of so many.
type Chances = Vec<(usize, Vec<(Operation, Fault)>)>;

/// A script of so many callbacks.
pub(super) fn script(seed: u32, callbacks: usize) -> Vec<Part> {
    let mut chance = Rng::with_seed(seed.into());
    let (quick, slow, looks) = (quick_connects(), slow_connects(), looks());
    let mut left = callbacks;
    let parts = (1..).map_while(|number| {
        // Whoever waits to the end keeps a process from everybody else, so that is rarer.
        let (faults, is_slow) = match chance.u32(..100) {
            0..70 => (Vec::new(), false),
            70..98 => (pick(&mut chance, &quick), false),
            _ => (pick(&mut chance, &slow), true),
        };
        let more = if chance.u32(..100) < 7 { pick(&mut chance, &looks) } else { Vec::new() };
        let faults = [faults, more].concat();
        let most = if is_slow && chance.u32(..4) > 0 { 1 } else { left };
        let deliveries = [1, 1, 1, 1, 1, 1, 1, 1, 2, 3][chance.usize(..10)].min(most).min(left);
        left -= deliveries;
        let remaining = if faults.is_empty() { ENOUGH } else { LITTLE };
        let status = if chance.u32(..20) > 0 { Status::PENDING_CONNECT } else { Status::CONNECTION_VALIDATION_FAILED };
        let waves = waves(&mut chance, deliveries);
        (deliveries > 0).then(|| Part { number, code: code(), status, faults, waves, remaining })
    });
    parts.collect()
}

/// What so many calls meet, one after the other: a third of it nothing bad.
pub(in super::super) fn misfortunes(chance: &mut Rng, calls: usize) -> Vec<(Operation, Fault)> {
    let (quick, looks) = (quick_connects(), looks());
    let nothing = vec![(Operation::Connect, Fault::default()), (Operation::Get, Fault::default())];
    let next = || match chance.u32(..6) {
        0 | 1 => nothing.clone(),
        2 => pick(chance, &looks),
        _ => pick(chance, &quick),
    };
    iter::repeat_with(next).take(calls).flatten().collect()
}

/// All at once to different processes, or one after the other to any of them.
fn waves(chance: &mut Rng, deliveries: usize) -> Vec<Vec<usize>> {
    let mut instances: Vec<usize> = (0..INSTANCES).collect();
    chance.shuffle(&mut instances);
    if chance.bool() {
        return vec![instances[..deliveries].to_vec()];
    }
    iter::repeat_with(|| vec![chance.usize(..INSTANCES)]).take(deliveries).collect()
}

fn pick(chance: &mut Rng, chances: &Chances) -> Vec<(Operation, Fault)> {
    let tickets = chances.iter().flat_map(|(weight, faults)| iter::repeat_n(faults, *weight));
    chance.choice(tickets.collect::<Vec<_>>()).expect("something can happen").clone()
}

/// What a Connect meets that is soon over: an answer that settles it, or a doubt that a look settles.
///
/// No answer is `Connected` unless it is so: this AppFabric fails, but does not lie.
fn quick_connects() -> Chances {
    let connect = |weight, fault: Fault| (weight, vec![(Operation::Connect, fault)]);
    let exception = |weight, name| connect(weight, Fault::exception(name));
    let done = |weight, fault: Fault| connect(weight, fault.then_connect());
    let slow = Fault::default().wait_after_reading(Duration::from_millis(200));
    vec![
        connect(20, slow),
        done(20, Fault::bare(500)),
        done(20, Fault::bare(503)),
        done(10, Fault::exception(Exception::InternalServer)),
        done(20, Answer::CloseAfterReading.into()),
        done(20, Answer::Garbage.into()),
        done(10, Answer::NoStatus.into()),
        done(10, Fault::status(Status::PENDING_CONNECT)),
        exception(10, Exception::Validation),
        exception(5, Exception::Conflict),
        exception(5, Exception::ServiceQuotaExceeded),
        exception(5, Exception::AccessDenied),
        exception(5, Exception::ResourceNotFound),
        connect(5, Fault::front_door(403, "ExpiredTokenException")),
        connect(10, Fault::status(Status::CONNECTION_VALIDATION_FAILED)),
        connect(5, Fault::status(Status::TOKEN_AUTO_ROTATION_FAILED)),
        connect(5, Fault::status("SomethingNew".into())),
        connect(10, Fault::throttled(1, 60)),
        connect(10, Fault::throttled(1, 0)),
    ]
}

/// What a Connect meets that takes its time, or leaves a doubt until the end.
fn slow_connects() -> Chances {
    let connect = |weight, fault: Fault| (weight, vec![(Operation::Connect, fault)]);
    let in_progress = vec![
        (Operation::Connect, Fault::status(Status::PENDING_CONNECT)),
        // The look before, the first one afterwards, and then it is connected.
        (Operation::Get, Fault::default()),
        (Operation::Get, Fault::pending_then_connected(1)),
    ];
    vec![
        connect(10, Fault::bare(500)),
        connect(10, Fault::bare(503)),
        connect(10, Answer::CloseBeforeReading.into()),
        connect(10, Answer::CloseAfterReading.into()),
        connect(10, Answer::Garbage.into()),
        connect(10, Fault::status(Status::PENDING_CONNECT)),
        (10, in_progress),
        connect(20, Fault::throttled(1, 1)),
        connect(10, Fault::throttled(3, 1)),
        connect(5, Answer::Hang.into()),
        connect(5, Fault::from(Answer::Hang).then_connect()),
    ]
}

/// What a look meets, the first one or a later one.
fn looks() -> Chances {
    let get = |weight, fault: Fault| (weight, vec![(Operation::Get, fault)]);
    let later = |weight, fault: Fault| (weight, vec![(Operation::Get, Fault::default()), (Operation::Get, fault)]);
    vec![
        get(10, Fault::bare(500)),
        get(10, Fault::bare(503)),
        get(10, Answer::CloseAfterReading.into()),
        get(10, Answer::CloseBeforeReading.into()),
        get(5, Answer::Garbage.into()),
        get(5, Fault::throttled(1, 1)),
        get(5, Fault::bare(500).times(9)),
        get(5, Fault::exception(Exception::AccessDenied)),
        get(5, Fault::exception(Exception::ResourceNotFound)),
        get(5, Answer::Hang.into()),
        later(10, Fault::bare(500)),
        later(10, Answer::CloseAfterReading.into()),
        later(5, Fault::exception(Exception::ResourceNotFound)),
        later(5, Answer::Hang.into()),
    ]
}
