//! The watcher: counts demand and supply, and publishes a new map when asked to.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Resolution};
use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::map::{Basis, CellSurge, SurgeMap};
use super::model::{Clearing, Counts};
use super::{DemandSignal, SurgeConfig};
use crate::window::{Density, WindowRule};
use crate::{Multiplier, PricingError};

/// One cell's cars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// Idle now.
    pub idle: u32,
    /// On a ride that ends here within the model's horizon.
    pub soon_free: u32,
}

/// A published multiplier that changed; what the log keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurgeChange {
    /// Which cell.
    pub cell: Cell,
    /// What it was.
    pub from: Multiplier,
    /// What it is, with the counts behind it.
    pub now: CellSurge,
}

/// A new map and how it differs from the last.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// To be published.
    pub map: Arc<SurgeMap>,
    /// To be logged, in the order of the cells' numbers.
    pub changes: Vec<SurgeChange>,
}

/// Counts demand and supply by cell; [`SurgeBook::recompute`] makes a map of them.
///
/// One task owns it; everybody else reads the maps that it publishes.
#[derive(Clone, Debug)]
pub struct SurgeBook {
    config: SurgeConfig,
    resolution: Resolution,
    model: Clearing,
    grid: Grid,
    began: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Seconds that the demand counts stand for, forgotten at the same pace.
    watched_s: f64,
    /// By cell number: requests since the last map.
    fresh: Vec<f32>,
    /// Remembered requests, at the flat fare.
    remembered: Vec<f32>,
    /// Expected requests per second, from a forecast, once there is one.
    expected: Vec<f32>,
    forecast: bool,
    /// Whether riders pay what is published.
    charges: bool,
    idle: Vec<f32>,
    soon: Vec<f32>,
    /// Logarithm of the smoothed multiplier.
    ln_smooth: Vec<f32>,
    published: Vec<Multiplier>,
    scratch: Vec<f32>,
    /// How long riders are gathered, where that is chosen with the price.
    window: Option<WindowRule>,
}

impl SurgeBook {
    /// Watches nothing yet; a cell is watched from the first count on.
    ///
    /// # Errors
    /// [`PricingError::Invalid`] with every mistake of the configuration.
    pub fn new(config: SurgeConfig) -> Result<Self, PricingError> {
        config.check()?;
        let resolution = Resolution::try_from(config.resolution).expect("the configuration was checked");
        let model = Clearing::new(&config, resolution.area_m2());
        let window = config.window_rule();
        Ok(Self {
            window,
            config,
            resolution,
            model,
            grid: Grid::default(),
            began: None,
            last: None,
            watched_s: 0.0,
            fresh: Vec::new(),
            remembered: Vec::new(),
            expected: Vec::new(),
            forecast: false,
            charges: true,
            idle: Vec::new(),
            soon: Vec::new(),
            ln_smooth: Vec::new(),
            published: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Its numbers.
    #[must_use]
    pub const fn config(&self) -> &SurgeConfig {
        &self.config
    }

    /// The cell in which it counts what happens at a place.
    #[must_use]
    pub fn cell_of(&self, place: Point) -> Cell {
        Cell::at(place, self.resolution)
    }

    /// How many cells it watches.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.grid.cells.len()
    }

    fn number(&mut self, cell: Cell) -> usize {
        let ix = self.grid.number(cell);
        if ix == self.published.len() {
            for counts in [
                &mut self.fresh,
                &mut self.remembered,
                &mut self.expected,
                &mut self.idle,
                &mut self.soon,
                &mut self.ln_smooth,
            ] {
                counts.push(0.0);
            }
            self.published.push(Multiplier::ONE);
        }
        ix
    }

    /// Begins to watch a cell of the book's resolution without counting anything; others are ignored.
    pub fn watch(&mut self, cell: Cell) {
        if cell.0.resolution() == self.resolution {
            self.number(cell);
        }
    }

    /// Counts riders who asked at a place since the last map.
    pub fn observe_demand(&mut self, place: Point, riders: u32) {
        let ix = self.number(self.cell_of(place));
        self.fresh[ix] += riders as f32;
    }

    /// Replaces what is known of all cars: cells that are not listed have none. A cell may come several times;
    /// cells of another resolution are ignored.
    pub fn observe_supply(&mut self, cars: impl IntoIterator<Item = (Cell, Supply)>) {
        self.idle.fill(0.0);
        self.soon.fill(0.0);
        for (cell, supply) in cars {
            if cell.0.resolution() == self.resolution {
                let ix = self.number(cell);
                self.idle[ix] += supply.idle as f32;
                self.soon[ix] += supply.soon_free as f32;
            }
        }
    }

    /// Replaces the forecast: requests per minute at the flat fare; cells that are not listed have none. Before the
    /// first one only what was counted counts.
    pub fn expect_demand(&mut self, per_min: impl IntoIterator<Item = (Cell, f64)>) {
        self.forecast = true;
        self.expected.fill(0.0);
        for (cell, rate) in per_min {
            if cell.0.resolution() == self.resolution && rate.is_finite() && rate > 0.0 {
                let ix = self.number(cell);
                self.expected[ix] += (rate / 60.0) as f32;
            }
        }
    }

    /// Says whether riders pay what is published from now on: who pays the flat fare is kept away by no multiplier.
    pub fn charge(&mut self, charges: bool) {
        self.charges = charges;
    }

    /// Makes the map that holds from `now` on. The counts of demand begin anew; those of supply stay until they
    /// are replaced. Asked twice for the same moment, nothing is counted twice.
    pub fn recompute(&mut self, now: Timestamp) -> Recomputed {
        let elapsed_s = self.last.map_or(0.0, |last| now.ms_since(last).max(0) as f64 / 1000.0);
        let began = *self.began.get_or_insert(now);
        self.last = Some(now);
        let warming = (now.ms_since(began) as f64) < self.config.warm_up_s * 1000.0;

        let demand = self.demand(elapsed_s);
        let (mut idle, mut soon) = (self.idle.clone(), self.soon.clone());
        let share = self.config.pooling as f32;
        for _ in 0..self.config.pooling_rings {
            self.grid.spread(&mut idle, &mut self.scratch, share);
            self.grid.spread(&mut soon, &mut self.scratch, share);
        }

        let mut ln_cleared = self.cleared(&demand, &idle, &soon);
        let window_s = self.gather(&demand, &idle, &soon, &mut ln_cleared);
        self.grid.spread(&mut ln_cleared, &mut self.scratch, self.config.blending as f32);

        let pace = |half_life: f64| if half_life > 0.0 { 1.0 - 0.5_f64.powf(elapsed_s / half_life) } else { 1.0 };
        let (rise, fall) = (pace(self.config.rise_half_life_s), pace(self.config.fall_half_life_s));
        let mut changes = Vec::new();
        let mut cells = hashbrown::HashMap::with_capacity(self.grid.cells.len());
        for (ix, cell) in self.grid.cells.iter().enumerate() {
            let (smooth, wanted) = (self.ln_smooth[ix], ln_cleared[ix]);
            let pace = if wanted > smooth { rise } else { fall };
            self.ln_smooth[ix] = smooth + (wanted - smooth) * pace as f32;
            let from = self.published[ix];
            let multiplier =
                if warming { Multiplier::ONE } else { self.stepped(f64::from(self.ln_smooth[ix]).exp(), from) };
            let now = CellSurge {
                multiplier,
                cleared: Multiplier::clamped(f64::from(wanted).exp()),
                demand_per_min: demand[ix] * 60.0,
                idle: idle[ix],
                soon_free: soon[ix],
                pickup_s: self.model.pickup_s(f64::from(idle[ix])) as f32,
                pickup_flat_s: self.model.pickup_flat_s(Counts {
                    demand_per_s: f64::from(demand[ix]),
                    idle: f64::from(idle[ix]),
                    soon: f64::from(soon[ix]),
                    cells: 1.0,
                }) as f32,
            };
            if multiplier != from {
                self.published[ix] = multiplier;
                changes.push(SurgeChange { cell: *cell, from, now });
            }
            cells.insert(*cell, now);
        }
        let map = SurgeMap {
            flat: warming.then_some(Basis::WarmingUp),
            as_of: now,
            // At most a day by the configuration's check.
            max_age_ms: (self.config.max_age_s * 1000.0) as i64,
            resolution: self.resolution,
            target_pickup_s: self.config.target_pickup_s as f32,
            window_s,
            cells,
        };
        Recomputed { map: Arc::new(map), changes }
    }

    /// The logarithm of the multiplier that clears each cell, drawn towards its region's.
    fn cleared(&self, demand: &[f32], idle: &[f32], soon: &[f32]) -> Vec<f32> {
        let counts = |ix: usize| Counts {
            demand_per_s: f64::from(demand[ix]),
            idle: f64::from(idle[ix]),
            soon: f64::from(soon[ix]),
            cells: 1.0,
        };
        let mut regions = vec![Counts::default(); self.grid.regions()];
        for (ix, region) in self.grid.region_of.iter().enumerate() {
            let (sum, cell) = (&mut regions[*region as usize], counts(ix));
            sum.demand_per_s += cell.demand_per_s;
            sum.idle += cell.idle;
            sum.soon += cell.soon;
            sum.cells += cell.cells;
        }
        let around: Vec<f64> = regions.into_iter().map(|region| self.model.ln_multiplier(region, 0.0)).collect();
        let of = |(ix, region): (usize, &u32)| self.model.ln_multiplier(counts(ix), around[*region as usize]) as f32;
        self.grid.region_of.iter().enumerate().map(of).collect()
    }

    /// Chooses how long riders are gathered: cell by cell the time with the least mean wait, and for all of them its
    /// mean over the riders. What the cars that are gathered meanwhile save comes off the price of the cell, in
    /// logarithms.
    fn gather(&self, demand: &[f32], idle: &[f32], soon: &[f32], ln_cleared: &mut [f32]) -> Option<f32> {
        let rule = self.window.as_ref()?;
        let (mut sum, mut riders) = (0.0, 0.0);
        for (ix, ln_cleared) in ln_cleared.iter_mut().enumerate() {
            let riders_per_s = f64::from(demand[ix]);
            if riders_per_s <= 0.0 {
                continue;
            }
            let chosen = rule.choose(Density {
                area_m2: self.resolution.area_m2(),
                idle: f64::from(idle[ix]),
                freed_per_s: f64::from(soon[ix]) / self.config.horizon_s,
                riders_per_s,
            });
            let saved = (chosen.multiplier.get() / chosen.multiplier_without.get()).ln() as f32;
            *ln_cleared = (*ln_cleared + saved).max(0.0);
            sum += chosen.window_s * riders_per_s;
            riders += riders_per_s;
        }
        Some(if riders > 0.0 { (sum / riders) as f32 } else { rule.least_s as f32 })
    }

    /// Requests per second at the flat fare, pooled with the neighbours'.
    fn demand(&mut self, elapsed_s: f64) -> Vec<f32> {
        let keep = 0.5_f64.powf(elapsed_s / self.config.demand_half_life_s);
        self.watched_s = self.watched_s * keep + elapsed_s;
        let at_price = self.charges && self.config.demand == DemandSignal::Orders;
        for (ix, fresh) in self.fresh.iter_mut().enumerate() {
            let kept_away = if at_price { self.model.kept(self.published[ix].get().ln()) } else { 1.0 };
            self.remembered[ix] = self.remembered[ix] * keep as f32 + *fresh / kept_away as f32;
            *fresh = 0.0;
        }
        let prior_s = if self.forecast { self.config.forecast_weight_s } else { 0.0 };
        let seconds = (self.watched_s + prior_s).max(1.0);
        let mut rate: Vec<f32> = self
            .remembered
            .iter()
            .zip(&self.expected)
            .map(|(seen, expected)| ((f64::from(*seen) + f64::from(*expected) * prior_s) / seconds) as f32)
            .collect();
        for _ in 0..self.config.pooling_rings {
            self.grid.spread(&mut rate, &mut self.scratch, self.config.pooling as f32);
        }
        rate
    }

    /// The published multiplier moves only when the smooth one has left its step by more than the hysteresis.
    fn stepped(&self, smooth: f64, from: Multiplier) -> Multiplier {
        let step = self.config.step;
        if (smooth - from.get()).abs() <= step * (0.5 + self.config.hysteresis) {
            return from;
        }
        let steps = ((smooth - 1.0) / step).round().max(0.0);
        let most = Multiplier::clamped(self.config.max_multiplier);
        Multiplier::clamped(1.0 + steps * step).min(most)
    }

    /// The multiplier of a watched cell in the last map.
    #[must_use]
    pub fn published(&self, cell: Cell) -> Option<Multiplier> {
        self.grid.find(cell).map(|ix| self.published[ix])
    }
}
