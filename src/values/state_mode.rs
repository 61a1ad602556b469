//! `STATE_MODE`: what happens to a callback without a valid `state`.

/// How `state` is treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StateMode {
    /// It is ignored.
    Off,
    /// It is checked and the result is logged; every callback goes on.
    Report,
    /// Without a valid one, no code is spent.
    Enforce,
}
