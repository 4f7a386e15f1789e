//! One live city: supply, open orders, matching in batches, offers, recovery.
//!
//! ```text
//!   positions ──▶ supply (shared, in memory) ◀── quotes read it, nobody waits for the loop
//!                    ▲
//!   commands ─▶ store ─▶ order_changed ─▶ ┌───────────── the loop ─────────────┐
//!                                         │ desk: open orders, who holds whom  │
//!                                         │ due: timeouts, silence, give up    │──▶ store (one transaction)
//!                                         │ batch: decide → offers             │──▶ store (one transaction)
//!                                         └────────────────────────────────────┘
//!   store outbox ──▶ relay ──▶ journal stream `orders.<city>`
//! ```
//!
//! Truth is in the store. The desk and the supply are rebuilt from it at the start and whenever
//! this process becomes the owner of the city; the owner holds a lease, and every transaction of
//! the loop checks it. One task owns the desk; everybody else tells it what changed or asks.
//!
//! Every few seconds the loop makes a map of surge from open demand, free cars and a forecast, and publishes it;
//! quotes read the last one.

mod batch;
mod clock;
mod config;
mod counters;
mod desk;
mod error;
mod frame;
mod garage;
mod hours;
mod map;
mod metrics;
mod offers;
mod pooled;
mod positions;
mod quote;
mod recovery;
mod relay;
mod roster;
mod routes;
mod run;
mod service;
mod suggestions;
mod surge;
mod tenants;
mod tenure;
mod windows;

pub use clock::CityClock;
pub use config::LiveConfig;
pub use counters::Stats;
pub use error::LiveError;
pub use frame::{DriverLine, DriverLive, MapFrame, OrderLine};
pub use hours::{CityRoads, Hour};
pub use map::{CityMap, Trip};
pub use metrics::METRICS;
pub use pooled::PooledConfig;
pub use positions::{PositionRefusal, PositionReport};
pub use quote::{QuoteAnswer, Wanted};
pub use routes::{DriverRoute, DriverStop};
pub use service::LiveCity;
pub use suggestions::{Suggestion, SuggestionReason};
pub use surge::{SurgeLine, SurgeState, SurgeSwitch};

#[cfg(test)]
mod tests;
