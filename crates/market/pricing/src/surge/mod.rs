//! Surge: from counts of demand and supply to a multiplier for each cell.

mod book;
mod config;
mod grid;
mod heat;
mod map;
mod model;
#[cfg(test)]
mod tests;

pub use book::{Recomputed, Supply, SurgeBook, SurgeChange};
pub use config::{DemandSignal, SurgeConfig};
pub use heat::{Band, HORIZONS_MIN, HeatBook, Outlook};
pub use map::{Basis, CellSurge, Reading, SurgeMap};
pub use model::{MODEL, MODEL_VERSION};
