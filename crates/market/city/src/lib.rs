//! One city running: live, replayed from history or simulated, on the same engines.

pub mod backtest;
mod fit;
pub mod live;
pub mod replay;
pub mod simulate;
pub mod trials;
