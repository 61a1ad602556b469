//! The states and cookies of the table, and how each comes about.

use std::time::Duration;

use appfabric_emulator::appfabric::{Exception, Fault, Operation};
use serde_json::json;
use uuid::Uuid;

use super::Path;
use crate::flows::site::{Browser, Site};

/// The `state` of a callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// The flow's own, of its only press.
    Right,
    /// None.
    Absent,
    /// `state=`.
    Empty,
    /// In the right shape, of no flow.
    Unknown,
    /// The flow's name with a secret that it never gave out.
    UnknownPress,
    /// Anything.
    Garbage,
    /// The right one, less its last character.
    Short,
    /// The right one and more, over 512 characters.
    Long,
    /// The right one, twice.
    Repeated,
    /// The right one, too late.
    Expired,
    /// The right one of a flow that has been finished in another tab.
    Finished,
    /// The right one, after another code has come with it.
    Used,
    /// The right one, after this code has come with it.
    Replayed,
    /// Of a flow for the same app authorization that another browser owns.
    OtherBrowsers,
    /// Given to the browser that owned the flow before; the cookies are those of the browser that owns it now.
    OfTheOwnerBefore,
    /// Given to this browser, which owned the flow before; another owns it now.
    OfNoOwnerAnyMore,
}

pub(super) const STATES: [State; 16] = [
    State::Right,
    State::Absent,
    State::Empty,
    State::Unknown,
    State::UnknownPress,
    State::Garbage,
    State::Short,
    State::Long,
    State::Repeated,
    State::Expired,
    State::Finished,
    State::Used,
    State::Replayed,
    State::OtherBrowsers,
    State::OfTheOwnerBefore,
    State::OfNoOwnerAnyMore,
];

/// The cookies of a callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cookie {
    /// The one that the button's press has set.
    Right,
    /// None of ours.
    Absent,
    /// `name=`.
    Empty,
    /// One of another browser's.
    OfAnother,
    /// The right one, but for its last digit.
    Changed,
    /// The right one under the name that a plain host's would have.
    Plain,
    /// The right one under another flow's name.
    OtherFlows,
    /// The right one in quotes.
    Quoted,
    /// The right one, then another's.
    RightFirst,
    /// Another's, then the right one.
    RightSecond,
    /// The right one among 200 of somebody else's, 16 KiB in all.
    AmongMany,
}

/// The owner's last: with them a state is used up.
pub(super) const COOKIES: [Cookie; 11] = [
    Cookie::Absent,
    Cookie::Empty,
    Cookie::OfAnother,
    Cookie::Changed,
    Cookie::Plain,
    Cookie::OtherFlows,
    Cookie::Right,
    Cookie::Quoted,
    Cookie::RightFirst,
    Cookie::RightSecond,
    Cookie::AmongMany,
];

/// What a row begins with.
pub(super) struct Given {
    /// What the callback has for a state.
    pub(super) states: Vec<String>,
    /// The code that it may bring.
    pub(super) code: String,
    /// Whose flow it is.
    pub(super) owner: Browser,
}

/// Longer than a press gives the flow to a browser, by as much as an invocation may take.
const OWNED: Duration = Duration::from_mins(11);

impl Given {
    /// Begins a flow for the first app authorization, and lets happen to it what the state says.
    pub(super) async fn set(site: &Site, path: &Path, state: State) -> Self {
        site.disconnect();
        let (owner, code) = (Browser::default(), Self::another_code());
        let mut flow = Path { same: true, ..path.clone() }.flow();
        flow["expiresInMinutes"] = json!(30);
        let link = site.link(&flow).await;
        let another = Browser::default();
        let before = if state == State::OfTheOwnerBefore {
            let before = another.consent(site, &link).await;
            site.wait(OWNED);
            Some(before)
        } else {
            None
        };
        let pressed = owner.consent(site, &link).await;
        let right = pressed.state.clone();
        let states = match state {
            State::Absent => vec![],
            State::Empty => vec![String::new()],
            State::Unknown => vec!["0123456789abcdef".repeat(8)],
            State::UnknownPress => vec![[&right[..64], &"0123456789abcdef".repeat(4)].concat()],
            State::Garbage => vec!["Yh3n1R0kSw/ \"';é%00\r\n".to_owned()],
            State::Short => vec![right[..127].to_owned()],
            State::Long => vec![right.repeat(5)],
            State::Repeated => vec![right.clone(), right],
            State::OtherBrowsers => vec![Browser::default().consent(site, &site.link(&flow).await).await.state],
            State::OfTheOwnerBefore => before.map(|pressed| pressed.state).into_iter().collect(),
            State::Right
            | State::Expired
            | State::Finished
            | State::Used
            | State::Replayed
            | State::OfNoOwnerAnyMore => vec![right],
        };
        match state {
            State::Expired => site.wait(Duration::from_mins(30)),
            State::OfNoOwnerAnyMore => {
                site.wait(OWNED);
                another.consent(site, &link).await;
            }
            State::Finished => {
                let tab = owner.consent(site, &link).await;
                assert_eq!(owner.return_with(site, &tab, &Self::another_code()).await.ending().0, "connected");
            }
            State::Used => {
                site.fault(Operation::Connect, Fault::exception(Exception::AccessDenied));
                let answer = owner.return_with(site, &pressed, &Self::another_code()).await;
                assert_eq!(answer.ending().1.as_deref(), Some("unknown_connection"));
            }
            State::Replayed => {
                assert_eq!(owner.return_with(site, &pressed, &code).await.ending().0, "connected");
            }
            _ => {}
        }
        Self { states, code, owner }
    }

    /// A code that has not been anywhere yet; no line of a log may show it.
    pub(super) fn another_code() -> String {
        format!("canary-{}", Uuid::new_v4())
    }
}

impl Cookie {
    /// Whether the flow's own browser may send them.
    pub(super) fn is_the_owners(self) -> bool {
        match self {
            Self::Right | Self::Quoted | Self::RightFirst | Self::RightSecond | Self::AmongMany => true,
            Self::Absent | Self::Empty | Self::OfAnother | Self::Changed | Self::Plain | Self::OtherFlows => false,
        }
    }

    /// `name=value` of each.
    pub(super) fn header(self, owner: &Browser) -> Vec<String> {
        let (name, value) = owner.cookie();
        let right = format!("{name}={value}");
        let of_another = format!("{name}={}", "0123456789abcdef".repeat(4));
        match self {
            Self::Right => vec!["theme=dark".to_owned(), right],
            Self::Absent => vec!["theme=dark".to_owned()],
            Self::Empty => vec![format!("{name}=")],
            Self::OfAnother => vec![of_another],
            Self::Changed => vec![format!("{}{}", &right[..right.len() - 1], u8::from(right.ends_with('0')))],
            Self::Plain => vec![right.trim_start_matches("__Host-").to_owned()],
            Self::OtherFlows => vec![format!("__Host-appfabric-connect-{}-{}={value}", "0".repeat(16), "0".repeat(8))],
            Self::Quoted => vec![format!("{name}=\"{value}\"")],
            Self::RightFirst => vec![right, of_another],
            Self::RightSecond => vec![of_another, right],
            Self::AmongMany => {
                let mut many: Vec<String> =
                    (0..200).map(|number| format!("cookie-{number}={}", "x".repeat(70))).collect();
                many.insert(100, right);
                many
            }
        }
    }
}
