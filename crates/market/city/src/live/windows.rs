//! When a tenant's riders are matched next, where the time for which they are gathered is chosen with the price.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;

use crate::live::config::ms;
use crate::live::service::Shared;

/// The ends of the windows under way, by tenant.
#[derive(Default)]
pub(crate) struct Windows(BTreeMap<String, Timestamp>);

impl Windows {
    /// Whether a tenant's riders are matched now; then the next window begins. After a quiet time it has ended long
    /// ago, and who comes is matched at once.
    pub(crate) fn ends(&mut self, tenant: &str, now: Timestamp, window_s: f64) -> bool {
        if self.0.get(tenant).is_some_and(|end| now < *end) {
            return false;
        }
        self.0.insert(tenant.to_owned(), now.plus_ms(ms(window_s)));
        true
    }

    /// Ends all of them: more riders are left than one decision takes.
    pub(crate) fn cut(&mut self) {
        self.0.clear();
    }
}

impl Shared {
    /// Time between two looks at who waits: the shortest window, or the length of a batch.
    pub(crate) fn tick_s(&self) -> f64 {
        self.gathers().map_or(self.config.batch_s, |least_s| least_s.min(self.config.batch_s))
    }

    /// How long a tenant's riders are gathered, as it was chosen with the prices of the last map.
    pub(crate) fn window_s(&self, tenant: &str) -> Option<f64> {
        self.gathers()?;
        Some(self.surge.window_s(tenant).unwrap_or(self.config.batch_s))
    }

    /// The shortest window, in a city that chooses them. Cars with several riders are planned anew all the time.
    fn gathers(&self) -> Option<f64> {
        let watched = self.config.surge_s > 0.0 && self.config.pooled.is_none();
        self.map.surge.window.filter(|_| watched).map(|limits| limits.least_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_runs_its_time_and_quiet_tenants_are_not_kept_waiting() {
        let at = |s: i64| Timestamp::from_millis(1_000_000 + s * 1_000);
        let mut windows = Windows::default();
        assert!(windows.ends("a", at(0), 20.0), "the first rider is matched at once");
        assert!(!windows.ends("a", at(19), 5.0) && windows.ends("b", at(19), 5.0), "each tenant has its own");
        assert!(windows.ends("a", at(20), 5.0) && windows.ends("a", at(300), 5.0));
        assert!(!windows.ends("a", at(301), 5.0));
        windows.cut();
        assert!(windows.ends("a", at(302), 5.0));
    }
}
