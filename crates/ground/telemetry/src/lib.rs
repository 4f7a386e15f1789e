//! Tracing set-up and Prometheus metrics.
