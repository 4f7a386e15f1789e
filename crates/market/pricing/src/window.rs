//! How long a batch should wait before riders and cars are matched, decided together with the price.
//!
//! Yan, Zhu, Korolko and Woodard (2019) let riders wait a little so that nearer cars come free, and find that this
//! and the price together need less of each. With `n` free cars in an area `A` and `r` becoming free each second, a
//! window `w` costs half of itself in waiting and brings the pickup down to `fixed + reach / sqrt(n + r w)`. Its best
//! length has a closed form; the price then need only clear what that window leaves.

use serde::{Deserialize, Serialize};

use crate::{Mistakes, Multiplier, PricingError};

/// Within which limits a window may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowLimits {
    /// The shortest, seconds.
    pub least_s: f64,
    /// The longest that riders are asked to wait, seconds.
    pub most_s: f64,
}

impl Default for WindowLimits {
    fn default() -> Self {
        Self { least_s: 2.0, most_s: 30.0 }
    }
}

/// The limits of the window and the law of pickups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowRule {
    /// The shortest window, seconds: what the machine needs.
    pub least_s: f64,
    /// The longest that riders are asked to wait, seconds.
    pub most_s: f64,
    /// How fast cars drive to a pickup, metres a second.
    pub speed_mps: f64,
    /// Road distance over the crow's.
    pub detour: f64,
    /// What a pickup takes besides driving, seconds.
    pub pickup_fixed_s: f64,
    /// The wait from asking to pickup that window and price together shall keep, seconds.
    pub target_wait_s: f64,
    /// By how much demand falls with the price.
    pub elasticity: f64,
    /// The highest multiplier.
    pub max_multiplier: f64,
}

impl Default for WindowRule {
    fn default() -> Self {
        Self {
            least_s: 2.0,
            most_s: 30.0,
            speed_mps: 5.5,
            detour: 1.3,
            pickup_fixed_s: 30.0,
            target_wait_s: 180.0,
            elasticity: 1.2,
            max_multiplier: 5.0,
        }
    }
}

/// An area at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// Its size, square metres.
    pub area_m2: f64,
    /// Free cars in it.
    pub idle: f64,
    /// Cars that become free in it each second.
    pub freed_per_s: f64,
    /// Riders who ask each second at the flat fare.
    pub riders_per_s: f64,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// How long to gather, seconds.
    pub window_s: f64,
    /// Expected pickup time after the match, seconds.
    pub pickup_s: f64,
    /// Mean wait from asking to pickup: half a window and the pickup.
    pub wait_s: f64,
    /// The multiplier that keeps the target with this window.
    pub multiplier: Multiplier,
    /// The multiplier that would be needed with the shortest window.
    pub multiplier_without: Multiplier,
}

impl WindowRule {
    /// Refuses numbers that make no rule, all of them together.
    ///
    /// # Errors
    /// [`PricingError::Invalid`].
    pub fn check(&self) -> Result<(), PricingError> {
        let mut mistakes = Mistakes::default();
        for (field, value, least, most) in [
            ("/least_s", self.least_s, 0.1, 600.0),
            ("/most_s", self.most_s, self.least_s, 600.0),
            ("/speed_mps", self.speed_mps, 0.5, 50.0),
            ("/detour", self.detour, 1.0, 5.0),
            ("/pickup_fixed_s", self.pickup_fixed_s, 0.0, 600.0),
            ("/target_wait_s", self.target_wait_s, self.pickup_fixed_s + self.least_s, 3_600.0),
            ("/elasticity", self.elasticity, 0.2, 5.0),
            ("/max_multiplier", self.max_multiplier, 1.0, 100.0),
        ] {
            if !(least..=most).contains(&value) {
                mistakes.note(field, format!("{value} is out of range"), format!("write {least} to {most}"));
            }
        }
        PricingError::of("window rule", mistakes)
    }

    /// The window with the shortest mean wait, and the multiplier that goes with it.
    #[must_use]
    pub fn choose(&self, density: Density) -> Window {
        let d = Density {
            area_m2: tame(density.area_m2).max(1.0),
            idle: tame(density.idle),
            freed_per_s: tame(density.freed_per_s),
            riders_per_s: tame(density.riders_per_s),
        };
        let reach = self.reach(d.area_m2);
        // The derivative of w / 2 + reach / sqrt(n + r w) is zero at n + r w = (reach r) ^ (2/3).
        let best =
            if d.freed_per_s > 0.0 { ((reach * d.freed_per_s).powf(2.0 / 3.0) - d.idle) / d.freed_per_s } else { 0.0 };
        let window_s = best.clamp(self.least_s, self.most_s);
        let pickup_s = self.pickup_s(reach, d.idle + d.freed_per_s * window_s);
        Window {
            window_s,
            pickup_s,
            wait_s: window_s / 2.0 + pickup_s,
            multiplier: self.multiplier(d, reach, window_s),
            multiplier_without: self.multiplier(d, reach, self.least_s),
        }
    }

    /// The multiplier at which cars are taken no faster than they become free, less what is above the stock that
    /// the target needs, spread over the target wait. Cars gathered in the window count as stock.
    fn multiplier(&self, d: Density, reach: f64, window_s: f64) -> Multiplier {
        let drive_s = (self.target_wait_s - self.pickup_fixed_s - self.least_s / 2.0).max(1.0);
        let wanted = (reach / drive_s).powi(2);
        let stock = d.idle + d.freed_per_s * window_s;
        let can = (d.freed_per_s + (stock - wanted) / self.target_wait_s).max(1e-6);
        let clears = (d.riders_per_s / can).max(1.0).powf(1.0 / self.elasticity);
        Multiplier::clamped(clears.min(self.max_multiplier))
    }

    fn reach(&self, area_m2: f64) -> f64 {
        self.detour * 0.5 * area_m2.sqrt() / self.speed_mps
    }

    fn pickup_s(&self, reach: f64, cars: f64) -> f64 {
        (self.pickup_fixed_s + reach / cars.max(1e-9).sqrt()).min(3_600.0)
    }
}

/// Counts and sizes from outside: never negative, never infinite.
fn tame(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1e12) } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_density() -> impl Strategy<Value = Density> {
        (1e5..1e8_f64, 0.0..200.0_f64, 0.0..2.0_f64, 0.0..3.0_f64)
            .prop_map(|(area_m2, idle, freed_per_s, riders_per_s)| Density { area_m2, idle, freed_per_s, riders_per_s })
    }

    #[test]
    fn a_crowded_place_matches_at_once_and_a_thin_one_waits() {
        let rule = WindowRule::default();
        let at = |idle, freed_per_s| rule.choose(Density { area_m2: 4e6, idle, freed_per_s, riders_per_s: 0.3 });
        assert_eq!(at(100.0, 0.2).window_s, rule.least_s);
        assert!(at(1.0, 0.2).window_s > 10.0, "{:?}", at(1.0, 0.2));
        assert_eq!(at(1.0, 0.0).window_s, rule.least_s, "nothing comes free, so nothing is gained by waiting");
        let broken = WindowRule { most_s: 1.0, elasticity: 0.0, ..rule };
        let error = broken.check().unwrap_err().to_string();
        assert!(error.contains("/most_s") && error.contains("/elasticity"), "{error}");
    }

    proptest! {
        #[test]
        fn no_other_window_waits_less(density in any_density(), other in 2.0..30.0_f64) {
            let rule = WindowRule::default();
            let chosen = rule.choose(density);
            prop_assert!((rule.least_s..=rule.most_s).contains(&chosen.window_s));
            let pickup = rule.pickup_s(rule.reach(density.area_m2), density.idle + density.freed_per_s * other);
            prop_assert!(chosen.wait_s <= other / 2.0 + pickup + 1e-6);
        }

        #[test]
        fn waiting_never_needs_a_higher_price(density in any_density()) {
            let chosen = WindowRule::default().choose(density);
            prop_assert!(chosen.multiplier <= chosen.multiplier_without);
        }

        #[test]
        fn more_free_cars_never_lengthen_the_window(density in any_density(), more in 0.0..50.0_f64) {
            let rule = WindowRule::default();
            let denser = Density { idle: density.idle + more, ..density };
            prop_assert!(rule.choose(denser).window_s <= rule.choose(density).window_s + 1e-9);
        }

        #[test]
        fn nonsense_still_ends_in_a_window(v in proptest::array::uniform4(any::<f64>())) {
            let chosen = WindowRule::default().choose(Density { area_m2: v[0], idle: v[1], freed_per_s: v[2], riders_per_s: v[3] });
            prop_assert!(chosen.window_s.is_finite() && chosen.wait_s.is_finite());
        }
    }
}
