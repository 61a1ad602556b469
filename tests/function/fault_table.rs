//! What goes wrong with a Connect × at which moment × what AppFabric says afterwards: what the person is told, and how
//! often the code is sent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use appfabric_emulator::appfabric::{Answer, Exception, Fault, Operation, Status, Target};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::expected::{
    CODE_REJECTED, CONNECTED, Ending, IN_PROGRESS, NOT_CONNECTED, TEMPORARILY_UNAVAILABLE, UNCONFIRMED,
    UNKNOWN_CONNECTION, location,
};
use crate::pipe::{Pipes, Way};
use crate::support::{answer_within, arn, granted, header, piped, stage};

/// AppFabric takes this long over a Connect, whatever comes of it.
const SLOW: Duration = Duration::from_secs(1);

/// When the status changes: after the first look, and before the Connect ends.
const MEANWHILE: Duration = Duration::from_millis(500);

/// The budget of an invocation with time enough.
const BUDGET: Duration = Duration::from_secs(20);

/// Something that goes wrong with a Connect.
struct Trouble {
    name: &'static str,
    moment: Moment,
    happens: Happens,
    /// What the function can know from it.
    told: Told,
}

/// How far AppFabric had come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    /// It has not read the request.
    Unread,
    /// It has read it and did nothing with it.
    Read,
    /// It has spent the code.
    Performed,
}

/// What makes it happen.
enum Happens {
    /// AppFabric answers so, or not at all.
    Answer(Fault),
    /// AppFabric cannot be reached, so many times.
    Way(Way, u32),
}

/// What the function can know from the Connect alone.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// Everything: how it ends, and how often the code is sent until then. No look changes that.
    Everything(Ending, usize),
    /// AppFabric has the code and is at work.
    AtWork,
    /// Nothing: the code may have been spent or not.
    Nothing,
    /// The code was refused, perhaps because it has been spent.
    Refused,
}

/// What happens while the Connect is on its way.
type Meanwhile = fn(&Pipes);

/// What AppFabric says afterwards, and how the callback ends then.
struct Afterwards {
    name: &'static str,
    /// The status that the look before sees, of old.
    before: Status,
    meanwhile: Meanwhile,
    /// After [`Told::AtWork`], [`Told::Nothing`] and [`Told::Refused`].
    endings: [Ending; 3],
}

/// Each trouble of each moment.
fn troubles() -> Vec<Trouble> {
    [answers(Moment::Read), answers(Moment::Performed), silence(), statuses(), settled(), unreachable()]
        .into_iter()
        .flatten()
        .collect()
}

/// Answers that leave a doubt, whether or not AppFabric had spent the code.
fn answers(moment: Moment) -> Vec<Trouble> {
    [
        ("500 InternalServerException", Fault::exception(Exception::InternalServer), Told::Nothing),
        ("500 without a type", Fault::bare(500), Told::Nothing),
        ("503 without a type", Fault::bare(503), Told::Nothing),
        ("504 of a load balancer", Fault::front_door(504, "GatewayTimeout"), Told::Nothing),
        ("closed after reading", Answer::CloseAfterReading.into(), Told::Nothing),
        ("hangs after reading", Answer::Hang.into(), Told::Nothing),
        ("200 garbage", Answer::Garbage.into(), Told::Nothing),
        ("200 without a status", Answer::NoStatus.into(), Told::Nothing),
        ("ValidationException", Fault::exception(Exception::Validation), Told::Refused),
        ("ConflictException", Fault::exception(Exception::Conflict), Told::Refused),
        ("ServiceQuotaExceededException", Fault::exception(Exception::ServiceQuotaExceeded), Told::Refused),
        ("400 without a type", Fault::bare(400), Told::Refused),
    ]
    .into_iter()
    .map(|(name, fault, told)| {
        let fault = if moment == Moment::Performed { fault.then_connect() } else { fault };
        Trouble { name, moment, happens: Happens::Answer(always(fault.wait_after_reading(SLOW))), told }
    })
    .collect()
}

/// No answer, and nothing read.
fn silence() -> Vec<Trouble> {
    [
        ("closed before reading", Fault::from(Answer::CloseBeforeReading).wait_before_reading(SLOW)),
        ("hangs before reading", Fault::default().wait_before_reading(Duration::from_hours(1))),
    ]
    .into_iter()
    .map(|(name, fault)| Trouble { name, moment: Moment::Unread, happens: Happens::Answer(fault), told: Told::Nothing })
    .collect()
}

/// Each status, known or not.
fn statuses() -> Vec<Trouble> {
    [
        ("Connected", Told::Everything(CONNECTED, 1)),
        ("PendingConnect", Told::AtWork),
        ("ConnectionValidationFailed", Told::Everything(NOT_CONNECTED, 1)),
        ("TokenAutoRotationFailed", Told::Everything(NOT_CONNECTED, 1)),
        ("SomethingNew", Told::Everything(NOT_CONNECTED, 1)),
    ]
    .into_iter()
    .map(|(status, told)| {
        let fault = Fault::status(Status::from(status)).then_connect().wait_after_reading(SLOW);
        Trouble { name: status, moment: Moment::Performed, happens: Happens::Answer(always(fault)), told }
    })
    .collect()
}

/// Answers that leave no doubt.
fn settled() -> Vec<Trouble> {
    let throttled = |retry_after| Answer::Exception { name: Exception::Throttling, retry_after };
    [
        ("AccessDeniedException", always(Fault::exception(Exception::AccessDenied)), UNKNOWN_CONNECTION, 1),
        ("ResourceNotFoundException", always(Fault::exception(Exception::ResourceNotFound)), UNKNOWN_CONNECTION, 1),
        ("403 without a type", always(Fault::bare(403)), UNKNOWN_CONNECTION, 1),
        ("403 of credentials", always(Fault::front_door(403, "ExpiredTokenException")), TEMPORARILY_UNAVAILABLE, 1),
        ("500 of a clock", always(Fault::front_door(500, "RequestTimeTooSkewed")), TEMPORARILY_UNAVAILABLE, 1),
        ("429 once", Fault::from(throttled(None)).times(1), CONNECTED, 2),
        ("429 twice, Retry-After 2 s", Fault::from(throttled(Some(2))).times(2), CONNECTED, 3),
        ("429 always", always(throttled(None)), TEMPORARILY_UNAVAILABLE, 3),
        ("429 always, without a type", always(Fault::bare(429)), TEMPORARILY_UNAVAILABLE, 3),
        ("429, Retry-After 15 minutes", always(throttled(Some(900))), TEMPORARILY_UNAVAILABLE, 1),
    ]
    .into_iter()
    .map(|(name, fault, ending, sends)| Trouble {
        name,
        moment: Moment::Read,
        happens: Happens::Answer(fault.wait_after_reading(SLOW)),
        told: Told::Everything(ending, sends),
    })
    .collect()
}

/// This on each call, so that a second sending would meet it, too.
fn always(fault: impl Into<Fault>) -> Fault {
    fault.into().times(u32::MAX)
}

/// No connection, once or always.
fn unreachable() -> Vec<Trouble> {
    [
        ("connection refused once", Way::Refused, 1, CONNECTED, 1),
        ("connection refused always", Way::Refused, u32::MAX, TEMPORARILY_UNAVAILABLE, 0),
        ("connection not established once", Way::Silent, 1, CONNECTED, 1),
        ("connection never established", Way::Silent, u32::MAX, TEMPORARILY_UNAVAILABLE, 0),
    ]
    .into_iter()
    .map(|(name, way, times, ending, sends)| Trouble {
        name,
        moment: Moment::Unread,
        happens: Happens::Way(way, times),
        told: Told::Everything(ending, sends),
    })
    .collect()
}

/// Everything that AppFabric may say afterwards, and how the callback ends: the contract, in two tables.
fn afterwards() -> Vec<Afterwards> {
    let seen = what_is_seen().map(|(name, before, meanwhile, endings)| Afterwards { name, before, meanwhile, endings });
    // If a look cannot settle it, the Connect's own answer decides.
    let unseen = what_hides_it().map(|(name, meanwhile)| {
        let endings = [IN_PROGRESS, UNCONFIRMED, CODE_REJECTED];
        Afterwards { name, before: Status::PENDING_CONNECT, meanwhile, endings }
    });
    seen.into_iter().chain(unseen).collect()
}

/// Its name, the status at the first look, the change meanwhile, and the endings after [`Told::AtWork`],
/// [`Told::Nothing`] and [`Told::Refused`].
type Seen = (&'static str, Status, Meanwhile, [Ending; 3]);

/// What a look afterwards may see, sooner or later.
fn what_is_seen() -> [Seen; 11] {
    let pending = Status::PENDING_CONNECT;
    [
        ("Connected", pending.clone(), |pipes| becomes(pipes, Status::CONNECTED), [CONNECTED, CONNECTED, CONNECTED]),
        (
            "Connected, after a failure of old",
            Status::TOKEN_AUTO_ROTATION_FAILED,
            |pipes| becomes(pipes, Status::CONNECTED),
            [CONNECTED, CONNECTED, CONNECTED],
        ),
        (
            "Pending once, then Connected",
            pending.clone(),
            |pipes| gets(pipes, Fault::pending_then_connected(1)),
            [CONNECTED, CONNECTED, CONNECTED],
        ),
        (
            "Pending three times, then Connected",
            pending.clone(),
            |pipes| gets(pipes, Fault::pending_then_connected(3)),
            // A refusal is believed sooner.
            [CONNECTED, CONNECTED, CODE_REJECTED],
        ),
        (
            "Pending for ever",
            pending.clone(),
            |pipes| becomes(pipes, Status::PENDING_CONNECT),
            [IN_PROGRESS, UNCONFIRMED, CODE_REJECTED],
        ),
        (
            "ConnectionValidationFailed",
            pending.clone(),
            |pipes| becomes(pipes, Status::CONNECTION_VALIDATION_FAILED),
            [NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED],
        ),
        (
            "ConnectionValidationFailed, and so before, but anew",
            Status::CONNECTION_VALIDATION_FAILED,
            |pipes| becomes(pipes, Status::CONNECTION_VALIDATION_FAILED),
            [NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED],
        ),
        (
            "ConnectionValidationFailed, as before",
            Status::CONNECTION_VALIDATION_FAILED,
            |pipes| is_of_old(pipes, Status::CONNECTION_VALIDATION_FAILED),
            [NOT_CONNECTED, NOT_CONNECTED, CODE_REJECTED],
        ),
        (
            "TokenAutoRotationFailed",
            pending.clone(),
            |pipes| becomes(pipes, Status::TOKEN_AUTO_ROTATION_FAILED),
            [NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED],
        ),
        (
            "500 four times, then Connected",
            pending.clone(),
            |pipes| {
                becomes(pipes, Status::CONNECTED);
                gets(pipes, Fault::bare(500).times(4));
            },
            [CONNECTED, CONNECTED, CONNECTED],
        ),
        (
            "hangs three times, then ConnectionValidationFailed",
            pending.clone(),
            |pipes| {
                becomes(pipes, Status::CONNECTION_VALIDATION_FAILED);
                gets(pipes, Fault::from(Answer::Hang).times(3));
            },
            [NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED],
        ),
    ]
}

/// Faults that hide the status from every look after the first one.
fn what_hides_it() -> [(&'static str, Meanwhile); 7] {
    [
        ("500 each time", |pipes| gets(pipes, always(Fault::bare(500)))),
        ("hangs each time", |pipes| gets(pipes, always(Answer::Hang))),
        ("closed each time", |pipes| gets(pipes, always(Answer::CloseAfterReading))),
        ("429 each time", |pipes| gets(pipes, Fault::throttled(u32::MAX, 1))),
        ("404 each time", |pipes| gets(pipes, always(Fault::exception(Exception::ResourceNotFound)))),
        ("403 of credentials each time", |pipes| gets(pipes, always(Fault::front_door(403, "ExpiredTokenException")))),
        ("no connection for a look", |pipes| pipes.set(Operation::Get, Way::Refused, u32::MAX)),
    ]
}

/// The app authorization has this status from now on.
fn becomes(pipes: &Pipes, status: Status) {
    pipes.emulator().set_status(&arn(1), status);
}

/// The app authorization has this status, and has had it for long.
fn is_of_old(pipes: &Pipes, status: Status) {
    becomes(pipes, status);
    pipes.emulator().set_updated_at(&arn(1), of_old());
}

/// This happens to each look from now on.
fn gets(pipes: &Pipes, fault: Fault) {
    pipes.emulator().fault(Target::any(), Operation::Get, fault);
}

/// Long before any test.
fn of_old() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// The answer's `Location`, how long it took, how often the code was sent, and how often AppFabric was asked.
async fn meets(trouble: &Trouble, afterwards: &Afterwards) -> (String, Duration, usize, usize) {
    let pipes = Pipes::new(stage().await);
    is_of_old(&pipes, afterwards.before.clone());
    match &trouble.happens {
        Happens::Answer(fault) => pipes.emulator().fault(Target::any(), Operation::Connect, fault.clone()),
        Happens::Way(way, times) => pipes.set(Operation::Connect, *way, *times),
    }
    let meanwhile = async {
        sleep(MEANWHILE).await;
        (afterwards.meanwhile)(&pipes);
    };
    let (endpoint, event) = (piped(&[], &pipes), granted(1, "code"));
    let started = Instant::now();
    let callback = async {
        let response = answer_within(&endpoint, &event, BUDGET + Duration::from_secs(9)).await;
        (response, started.elapsed())
    };
    let ((response, elapsed), ()) = tokio::join!(callback, meanwhile);
    assert_eq!(response["statusCode"], json!(303), "{response}");
    let sends = pipes.emulator().calls_of(Operation::Connect).len();
    (header(&response, "location").to_owned(), elapsed, sends, pipes.called(Operation::Get))
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_and_whenever_the_truth_is_told_and_the_code_sent_once() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for trouble in troubles() {
        for afterwards in afterwards() {
            count += 1;
            let [at_work, nothing, refused] = afterwards.endings;
            let (ending, expected_sends) = match trouble.told {
                Told::Everything(ending, sends) => (ending, sends),
                Told::AtWork => (at_work, 1),
                Told::Nothing => (nothing, 1),
                Told::Refused => (refused, 1),
            };
            let (location_told, elapsed, sends, looks) = meets(&trouble, &afterwards).await;
            let looked = matches!(trouble.told, Told::Everything(..)) == (looks == 1);
            if (location_told.as_str(), sends) != (&location(ending, 1), expected_sends) || elapsed > BUDGET || !looked
            {
                let (name, moment) = (trouble.name, trouble.moment);
                let row = format!("{name} ({moment:?}), afterwards {}", afterwards.name);
                wrong.push(format!(
                    "{row}: {location_told}, {sends} Connects, {looks} Gets, {elapsed:?}; not {ending:?}"
                ));
            }
        }
    }
    println!("figures: {count} rows of faults, moments and looks");
    assert!(wrong.is_empty(), "{} of {count} rows end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
