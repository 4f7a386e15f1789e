//! Shared rides: one solver for a fixed instance and for the moving fleet, and a checker apart from it.
//!
//! `instance` is the fixed problem (pickups and deliveries with time windows, ride times, attributes),
//! `search` solves it within a deadline, `formats` reads the public benchmarks, `check` judges a plan
//! without knowing the solver, `fleet` decides for cars that are already moving.

pub mod check;
pub mod fleet;
pub mod formats;
pub mod instance;
pub mod rules;
pub mod search;
