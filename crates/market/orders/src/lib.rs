//! Quote, order, fulfilment: the state machine and its rules.
//!
//! A ride begins as a signed [`Quote`], becomes an [`Order`] once, and moves through the table
//! [`machine::TRANSITIONS`], which a reader sees whole. Each change is decided by the pure function
//! [`machine::apply`] and written by [`Orders`] in one transaction: the order row (compare-and-set
//! on its version), the event with that version, and the outbox row for the journal.
//!
//! Absent on purpose: a clock (every function takes `now`), positions, matching, roads, and how a price is made.
//! A price comes with its reason from whoever quotes, is signed, and is kept with the order. Whoever dispatches
//! gives commands like everybody else.

mod city_totals;
mod drivers;
mod error;
mod holds;
mod ids;
pub mod machine;
mod metrics;
mod needs;
mod order;
mod page;
mod prices;
mod quote;
mod recorded;
mod records;
mod routes;
mod schema;
mod service;
pub mod share;
mod shift;
mod story;

pub use city_totals::CityTotals;
pub use drivers::{Driver, DriverFilter, NewDriver, ProfileChange, Shift};
pub use error::OrdersError;
pub use ids::{DriverId, IdError, OrderId, QuoteId};
pub use machine::{Actor, Command, CommandKind, EventKind, ReassignReason, Refusal, State};
pub use metrics::METRICS;
pub use needs::{Asked, CarKind, CarProfile, Lack, RideNeeds, RideWishes, WomenRides, lacking};
pub use order::{Cancelled, DriverRef, Order, OrderEvent, OrderView, RiderRef};
pub use page::{MAX_PAGE, Page};
pub use prices::{KeptPrice, Settled};
pub use quote::{QUOTE_TTL_MS, Quote, QuoteClaims, QuoteInput};
pub use recorded::{LONGEST_MS, MOST_REQUESTS, RecordedRequest, RecordedShift, Recording};
pub use records::OrderFilter;
pub use routes::{DriverRoute, MOST_ORDERS, RouteStop};
pub use schema::MIGRATIONS;
pub use service::{NewOrder, Orders};
pub use share::{FareSplit, ShareClaims, ShareOffer, SharePromise, SharedRide};
pub use shift::ShiftChange;
pub use story::StoryLine;
