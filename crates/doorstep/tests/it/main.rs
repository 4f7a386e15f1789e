//! The binary from the outside: a server in this process on a free port, real HTTP, and the command itself.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking and are nobody's library")]

mod access;
mod backtests;
mod bill;
mod bucket;
#[cfg(feature = "lake")]
mod bucket_tables;
mod buckets;
#[cfg(feature = "lake")]
mod charges;
mod child;
mod command;
mod description;
mod elsewhere;
mod fleet;
mod full;
mod idempotency;
mod images;
mod lists;
mod needs;
mod pictures;
mod policies;
mod prices;
mod refusals;
mod reviews;
mod rides;
mod sharing;
#[cfg(feature = "lake")]
mod sql;
mod streams;
mod support;
mod tenants;
