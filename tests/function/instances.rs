//! The release binary as several processes at once, which share AppFabric and a table.
//!
//! `BOOTSTRAP` names the binary, `DYNAMODB` the URL of a server that speaks DynamoDB; each test has a table of its own
//! there. Judged by what was answered, what AppFabric received, what is in the table and what was logged.

mod chaos;
mod duplicates;
mod flows;
mod frozen;
mod killed;
mod lost_answers;
pub(crate) mod road;
mod soak;
mod sources;
pub(crate) mod stage;
mod unreachable;
