//! Demand by H3 cell and half hour: learned from what was counted, judged on days that were not.
//!
//! A forecast is the product of four things, each learned only from the past and each drawn towards something
//! plainer where little was seen: the level of the day (a regression of daily totals on trend and weekday), the
//! shape of the day by kind of day, the cell's share of that time of day, and how the last hours went against
//! all this, for the city and for the cell.

mod count;
mod evaluate;
mod half_hours;
mod history;
mod level;
mod model;
#[cfg(test)]
mod tests;

pub use count::CountLaw;
pub use evaluate::{Evaluation, Information, evaluate};
pub use half_hours::HalfHours;
pub use history::{DayCounts, History, Trips};
pub use model::{Forecaster, ForecasterConfig};

/// Half hours in a day.
pub const SLOTS: usize = 48;
