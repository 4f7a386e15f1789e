//! Metrics: kept in memory, given out as Prometheus text.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::TelemetryError;

/// Upper bounds in seconds of everything whose name ends in `_seconds`: from a tenth of a millisecond (a
/// price look-up) to ten seconds (something is wrong).
const SECONDS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All metrics of the process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds what was recorded into its histograms; to be called every few seconds, so that memory stays
    /// bounded when nobody asks for the metrics.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Starts recording metrics.
///
/// # Errors
/// [`TelemetryError::Twice`] when metrics were set up before.
pub fn record_metrics() -> Result<Metrics, TelemetryError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map(Metrics)
        .map_err(|_| TelemetryError::Twice("recording metrics"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_shown() {
        let metrics = record_metrics().unwrap();
        metrics::counter!("doorstep_test_total").increment(3);
        metrics::histogram!("doorstep_test_seconds").record(0.003);
        metrics.upkeep();
        let text = metrics.render();
        assert!(text.contains("doorstep_test_total 3"), "{text}");
        assert!(text.contains(r#"doorstep_test_seconds_bucket{le="0.005"} 1"#), "{text}");
        assert!(matches!(record_metrics(), Err(TelemetryError::Twice(_))));
    }
}
