//! Fares as data, surge by cell, and the reason for every price.
//!
//! A [`Tariff`] becomes a [`PriceBook`]; a [`SurgeBook`] watches demand and supply and publishes a [`SurgeMap`];
//! [`price`] makes a [`Price`] of both and a [`Trip`], and says why. Everything is a function of its inputs.

mod error;
pub mod forecast;
mod multiplier;
mod price;
mod surge;
mod tariff;
mod window;

pub use error::{Mistake, Mistakes, PricingError};
pub use multiplier::Multiplier;
pub use price::*;
pub use surge::*;
pub use tariff::{
    Airport, Day, LegalCap, PriceBook, Sharing, SurgeLaw, Tariff, Tax, TimeSurcharge, Toll, Zone, ZoneRule,
};
pub use window::{Density, Window, WindowLimits, WindowRule};
