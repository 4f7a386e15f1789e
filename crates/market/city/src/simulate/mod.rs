//! A market of people on a real city: riders who look at price and pickup time, drivers who choose hours and
//! places. It shows what a price policy does before it is switched on.
//!
//! Roads, positions, journeys and the density of demand are recorded ones ([`Town`]); what people want is drawn
//! with a seed ([`People`]). Prices come from the same [`doorstep_pricing::price`] and
//! [`doorstep_pricing::SurgeBook`] that a live city asks; a car is sent at once to who asked, the nearest by road.
//! The same seed gives the same people whatever the policy, so policies are compared pair by pair.

mod demand;
mod drivers;
mod engine;
mod error;
mod measure;
mod people;
mod plot;
mod scenario;
#[cfg(test)]
mod tests;
mod town;

pub use demand::{Burst, Demand};
pub use engine::{Policy, Run};
pub use error::SimulateError;
pub use measure::{Minute, Totals, Tracked};
pub use people::People;
pub use plot::Page;
pub use scenario::{OutageReport, Side, Stage, StepReport, WelfareReport, WelfareRow, WgcReport, WgcRow};
pub use town::Town;
