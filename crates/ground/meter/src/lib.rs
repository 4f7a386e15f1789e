//! Usage records, price book, bills and caps: what everything costs, and who pays.
//!
//! Producers hold a [`SharedMetering`] that the binary hands in. Small and frequent things are [counted](Meter::count)
//! in memory and kept by the hour; a piece of work is [recorded](Meter::record) under an id that its producer gives,
//! and charged once however often it is told. Work that may become expensive asks for an [`Allowance`] first:
//!
//! ```no_run
//! use doorstep_meter::{Amounts, MeterError, Outcome, Resource, SharedMetering, Usage, Wish};
//! # use doorstep_clock::Timestamp;
//! # async fn query(meter: SharedMetering, now: Timestamp, used: Amounts) -> Result<(), MeterError> {
//! let estimate: Amounts = [(Resource::QueryScan, 12 << 30)].into();
//! let cost = meter.estimate("main", "fast", &estimate).await?.total; // EXPLAIN COST
//! let wish = Wish { tenant: "main".into(), id: "qry_1".into(), speed: Some("fast".into()), estimate };
//! let allowance = meter.allow(wish).await?; // refused when a cap would be passed
//! let cores = allowance.speed().cores; // run on at most so many, in the queue by `priority`
//! // … while it runs, every tenth of a second or so:
//! let outcome = if allowance.hold(&used).await.is_ok() { Outcome::Done } else { Outcome::Failed };
//! // … and when it has ended, for whatever reason. Failed work is noted and free.
//! let usage = Usage::new("qry_1", "main", now)
//!     .by("key_1")
//!     .at_speed("fast")
//!     .ended(outcome)
//!     .amount(Resource::QueryCpu, 1_250) // ms on all threads, real CPU
//!     .amount(Resource::QueryMemory, 96_000) // MiB times ms
//!     .amount(Resource::QueryScan, 11 << 30); // bytes
//! allowance.settle(usage).await?;
//! # let _ = (cost, cores); Ok(()) }
//! ```
//!
//! *Invariant*: amounts of money are exact. A line of a bill is the sum of its records to the billionth, and the bill
//! is rounded once.
//! *Invariant*: pricing, folding and judging are pure functions; they read no clock and no store.
//! *Invariant*: what is acknowledged is in the journal, and the journal is folded in exactly once.

mod allowance;
mod bill;
mod book;
mod buffer;
mod caps;
mod entry;
mod error;
mod fold;
pub mod ledger;
mod meter;
mod metering;
pub mod metrics;
mod month;
mod resource;
mod schema;
mod tables;
mod usage;

pub use allowance::{Allowance, Wish};
pub use bill::{Bill, BillLine, UsageRecord};
pub use book::{Books, Estimate, PriceBook, Speed};
pub use caps::Caps;
pub use error::{CapKind, MeterError, Mistake, Mistakes};
pub use ledger::{Ledger, RecordsQuery};
pub use meter::{Meter, STREAM};
pub use metering::{Metering, SharedMetering, Unmetered};
pub use month::{Month, NotAMonth};
pub use resource::{Resource, Service, UnknownResource};
pub use schema::MIGRATIONS;
pub use usage::{Amounts, Outcome, STANDARD, Usage};
