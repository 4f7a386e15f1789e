//! Shared rides, live: drivers have routes of several stops instead of one order.
//!
//! ```text
//!  desk, supply, book ──▶ scene ──decide (pure)──▶ proposals ──changes (pure)──▶ commands and routes ──▶ store
//!                           ▲                                                                        │
//!                           └───────── book: the stops of each driver, mended as orders move ◀───────┘
//! ```
//!
//! An empty car is asked: its first rider is offered to the driver like any other. Who has accepted drives a route, and
//! the city puts riders on it and takes them off again without a question, until the car is empty. So whoever was
//! accepted goes on having a car: such riders change between accepted routes only.

mod book;
mod changes;
mod mend;
mod scene;
mod seen;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use book::{Book, Planned};
pub(crate) use changes::Changes;
pub use seen::{DriverRoute, DriverStop};
pub(crate) use turn::{Outlooks, Touched};
