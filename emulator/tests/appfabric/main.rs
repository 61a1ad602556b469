//! The emulated AppFabric over real HTTP.

mod faults;
mod operations;
mod signed;
