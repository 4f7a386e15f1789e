//! The clearing model: which multiplier lets a cell keep its pickup time.
//!
//! With `n` idle cars spread over an area `A`, the nearest is on average half of `sqrt(A / n)` away, so the
//! pickup takes `T(n) = fixed + detour * 0.5 * sqrt(A / n) / speed`. The target time asks for `n*` idle cars.
//! Demand at a multiplier `m` is `d * m^-e`. Over the horizon `H` the cell can serve the cars that become free
//! within it and what it has above `n*`, of which it lets go at a pace (`release`): 1 is all of it within the horizon,
//! 2 within half of it. What it has below `n*` it must make good in part (`gain`):
//!
//! `d * H * m^-e = soon + release * (n - n*)+ - gain * (n* - n)+`, which is solved for `m`.
//!
//! The paces differ because the sides do: a surplus that is kept is riders sent away for nothing, a lack that is not
//! made good is the way into the wild goose chase.
//!
//! Where few requests are expected the solution is drawn towards that of the region around, and where few are
//! expected in all of it towards 1: one rider and no car is no market.

use super::SurgeConfig;

/// Name of the model in every answer.
pub const MODEL: &str = "pickup-clearing";
/// Its version; rises with every change that moves a price.
pub const MODEL_VERSION: u32 = 2;

/// The least that a cell is believed to serve within the horizon, in cars: keeps the solution finite.
const LEAST: f64 = 1e-3;

/// The model with its constants worked out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clearing {
    /// `T(n) = fixed + reach / sqrt(n)`.
    fixed_s: f64,
    reach: f64,
    /// Idle cars at which the target is kept.
    pub(super) wanted: f64,
    horizon_s: f64,
    gain: f64,
    release: f64,
    elasticity: f64,
    evidence: f64,
    ln_most: f64,
}

/// Demand and supply of one or more cells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) demand_per_s: f64,
    pub(super) idle: f64,
    pub(super) soon: f64,
    pub(super) cells: f64,
}

impl Clearing {
    pub(super) fn new(config: &SurgeConfig, cell_m2: f64) -> Self {
        let reach = config.detour * 0.5 * cell_m2.sqrt() / config.speed_mps;
        let drive = config.target_pickup_s - config.pickup_fixed_s;
        Self {
            fixed_s: config.pickup_fixed_s,
            reach,
            wanted: (reach / drive).powi(2),
            horizon_s: config.horizon_s,
            gain: config.gain,
            release: config.release,
            elasticity: config.elasticity,
            evidence: config.evidence,
            ln_most: config.max_multiplier.ln(),
        }
    }

    /// Expected pickup time at `idle` cars a cell, seconds; at most an hour.
    pub(super) fn pickup_s(&self, idle: f64) -> f64 {
        (self.fixed_s + self.reach / idle.max(1e-9).sqrt()).min(3_600.0)
    }

    /// Expected pickup time at the end of the horizon if everybody came at the flat fare, seconds; an hour where no
    /// car would be left.
    pub(super) fn pickup_flat_s(&self, counts: Counts) -> f64 {
        self.pickup_s((counts.idle + counts.soon - counts.demand_per_s * self.horizon_s).max(0.0))
    }

    /// The logarithm of the multiplier that clears `area` cells together: demand per second, idle cars and those
    /// free within the horizon. `around` is that of the region, drawn to where `demand` promises few requests.
    pub(super) fn ln_multiplier(&self, counts: Counts, around: f64) -> f64 {
        let wants = counts.demand_per_s * self.horizon_s;
        let own = wants / (wants + self.evidence).max(f64::MIN_POSITIVE);
        if wants <= 0.0 {
            return around * (1.0 - own);
        }
        let above = counts.idle - self.wanted * counts.cells;
        let pace = if above > 0.0 { self.release } else { self.gain };
        let can = (counts.soon + pace * above).max(LEAST * counts.cells);
        let clears = ((wants / can).ln() / self.elasticity).clamp(0.0, self.ln_most);
        clears * own + around * (1.0 - own)
    }

    /// By how much a multiplier keeps demand down.
    pub(super) fn kept(&self, ln_multiplier: f64) -> f64 {
        (-self.elasticity * ln_multiplier).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clearing() -> Clearing {
        Clearing::new(&SurgeConfig { evidence: 0.0, max_multiplier: 100.0, ..SurgeConfig::default() }, 737_000.0)
    }

    #[test]
    fn the_target_is_the_pickup_time_of_the_wanted_cars() {
        let model = clearing();
        assert!((model.pickup_s(model.wanted) - 180.0).abs() < 1e-6);
    }

    #[test]
    fn demand_at_the_flat_fare_uses_the_stock_up() {
        let model = clearing();
        // Many cars now, and more riders than come free: near pickups now, far ones soon.
        let counts = cell(0.1, 20.0, 12.0);
        assert!(model.pickup_s(20.0) < 90.0 && model.pickup_flat_s(counts) > model.pickup_s(20.0));
        assert!((model.pickup_flat_s(cell(0.1, 20.0, 10.0)) - 3_600.0).abs() < 1e-9, "no car is left");
        assert!((model.pickup_flat_s(cell(0.0, 20.0, 0.0)) - model.pickup_s(20.0)).abs() < 1e-9);
    }

    fn cell(demand_per_s: f64, idle: f64, soon: f64) -> Counts {
        Counts { demand_per_s, idle, soon, cells: 1.0 }
    }

    #[test]
    fn plenty_of_cars_costs_nothing_and_the_price_clears_the_rest() {
        let model = clearing();
        assert_eq!(model.ln_multiplier(cell(0.01, 50.0, 5.0), 0.0), 0.0);
        // At the wanted stock demand is brought down to exactly what becomes free.
        let ln_m = model.ln_multiplier(cell(0.05, model.wanted, 6.0), 0.0);
        assert!((0.05 * 300.0 * model.kept(ln_m) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn a_surplus_is_let_go_faster_than_a_lack_is_made_good() {
        let model = clearing();
        // Riders who are kept, of 60 in the horizon.
        let kept = |idle: f64| 0.2 * 300.0 * model.kept(model.ln_multiplier(cell(0.2, idle, 10.0), 0.0));
        assert!((kept(model.wanted + 5.0) - 17.5).abs() < 1e-9, "5 cars too many, gone in two thirds of the horizon");
        let lack = model.wanted;
        assert!((kept(0.0) - (10.0 - 0.7 * lack)).abs() < 1e-9);
        // A surplus that lasts so long needs no price at all.
        assert_eq!(model.ln_multiplier(cell(0.2, model.wanted + 34.0, 10.0), 0.0), 0.0);
    }

    #[test]
    fn one_rider_and_no_car_is_no_market_but_its_region_counts() {
        let model = Clearing::new(&SurgeConfig::default(), 737_000.0);
        assert!(model.ln_multiplier(cell(0.000_1, 0.0, 0.0), 0.0).exp() < 1.05);
        assert!(model.ln_multiplier(cell(0.1, 0.0, 0.0), 0.0).exp() > 4.0);
        assert!((model.ln_multiplier(cell(0.0, 0.0, 0.0), 0.5) - 0.5).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn more_demand_or_fewer_cars_never_cost_less(
            demand in 0.0..1.0_f64, more in 0.0..1.0_f64, idle in 0.0..50.0_f64, soon in 0.0..50.0_f64, cars in 0.0..10.0_f64,
        ) {
            let model = Clearing::new(&SurgeConfig::default(), 737_000.0);
            let of = |d: f64, i: f64, s: f64| model.ln_multiplier(cell(d, i, s), 0.0);
            let here = of(demand, idle, soon);
            prop_assert!(of(demand + more, idle, soon) >= here - 1e-12);
            prop_assert!(of(demand, idle + cars, soon) <= here + 1e-12);
            prop_assert!(of(demand, idle, soon + cars) <= here + 1e-12);
            prop_assert!((0.0..=5.0_f64.ln() + 1e-9).contains(&here));
        }
    }
}
