//! Flows from outside: a link, a button, an application, and the way back, in browsers that keep cookies as real ones do.

mod begin;
mod journeys;
mod mutations;
mod page;
mod press;
mod secrets;
pub(crate) mod site;
mod state_table;
mod table_down;
mod time;
