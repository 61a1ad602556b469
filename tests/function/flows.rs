//! Flows from outside: a link, a button, an application, and the way back, in browsers that keep cookies as real ones do.

mod site;
mod state_table;
