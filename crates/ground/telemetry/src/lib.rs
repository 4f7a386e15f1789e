//! Tracing set-up and Prometheus metrics.
//!
//! Crates record through the `tracing` and `metrics` macros and know nothing of where it goes; the binary
//! calls [`init`] once. Each crate lists the names it records in its own `metrics.rs`.

mod log;
mod metrics;

pub use log::{Config, Format, TelemetryError, init};
pub use metrics::{Metrics, record_metrics};
