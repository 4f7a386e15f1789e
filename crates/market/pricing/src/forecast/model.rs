//! The forecaster: learns half hour by half hour, forecasts the next one for each cell.

use serde::{Deserialize, Serialize};

use super::level::{DayTotal, expected, weekday};
use super::{CountLaw, SLOTS};

/// Kinds of day: Monday to Thursday, Friday, Saturday, Sunday.
const KINDS: usize = 4;
/// Times of day for which cells' shares are kept apart: three hours each.
const TIMES: usize = 8;

/// The forecaster's numbers. The defaults were chosen on the fitting days of the green taxis alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForecasterConfig {
    /// What a day counts for the level one day later, as a share.
    pub level_memory: f64,
    /// Trips from which a day counts fully for the level.
    pub level_trust: f64,
    /// Draws the trend towards none.
    pub trend_ridge: f64,
    /// Draws the weekdays towards each other.
    pub weekday_ridge: f64,
    /// What a day counts for the shape of the day one day later, as a share.
    pub shape_memory: f64,
    /// Trips of all kinds of day that count for a kind's own shape.
    pub shape_prior: f64,
    /// How much of a half hour's shape comes from each of the two beside it.
    pub shape_smoothing: f64,
    /// What a day counts for the cells' shares one day later, as a share.
    pub share_memory: f64,
    /// Trips of the whole day that count for a cell's share at a time of day.
    pub share_prior: f64,
    /// Trips that every cell is believed to have had.
    pub cell_prior: f64,
    /// What a half hour counts for the city's last hours one half hour later, as a share.
    pub city_memory: f64,
    /// Expected trips that speak against a change of the city's level.
    pub city_prior: f64,
    /// What is left of the last hours at the start of a day, as a share.
    pub overnight: f64,
    /// As `city_memory`, for a cell.
    pub cell_memory: f64,
    /// As `city_prior`, for a cell.
    pub cell_trust: f64,
    /// By how much counts scatter more than Poisson's law says, as a share of the mean.
    pub excess: f64,
}

impl Default for ForecasterConfig {
    fn default() -> Self {
        Self {
            level_memory: 0.87,
            level_trust: 600.0,
            trend_ridge: 30.0,
            weekday_ridge: 12.0,
            shape_memory: 0.96,
            shape_prior: 400.0,
            shape_smoothing: 0.15,
            share_memory: 0.94,
            share_prior: 100.0,
            cell_prior: 0.04,
            city_memory: 0.75,
            city_prior: 20.0,
            overnight: 0.3,
            cell_memory: 0.9,
            cell_trust: 3.0,
            excess: 0.12,
        }
    }
}

/// What was seen and what had been expected of the last hours, both fading.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    seen: f64,
    expected: f64,
}

impl Recent {
    fn ratio(self, prior: f64) -> f64 {
        (self.seen + prior) / (self.expected + prior)
    }

    fn fade(&mut self, memory: f64) {
        self.seen *= memory;
        self.expected *= memory;
    }

    fn add(&mut self, seen: f64, expected: f64) {
        self.seen += seen;
        self.expected += expected;
    }
}

/// Forecasts the demand of numbered cells by half hour. Days are counted from 1970-01-01 in local time.
#[derive(Clone, Debug)]
pub struct Forecaster {
    config: ForecasterConfig,
    cells: usize,
    past: Vec<DayTotal>,
    /// Trips by kind of day and half hour.
    shape: Vec<[f64; SLOTS]>,
    /// Trips by time of day and cell, and by cell alone.
    share: Vec<Vec<f64>>,
    whole: Vec<f64>,
    city: Recent,
    cell: Vec<Recent>,
    today: Option<Today>,
}

/// What is expected of the day that runs.
#[derive(Clone, Debug)]
struct Today {
    day: i64,
    /// Trips of the city by half hour.
    expected: [f64; SLOTS],
    /// Cells' shares by time of day.
    shares: Vec<Vec<f64>>,
    /// What was counted; none for half hours that were not.
    counted: Vec<Option<Vec<u32>>>,
}

impl Forecaster {
    /// Knows `cells` cells and nothing of them.
    #[must_use]
    pub fn new(config: ForecasterConfig, cells: usize) -> Self {
        Self {
            config,
            cells,
            past: Vec::new(),
            shape: vec![[0.0; SLOTS]; KINDS],
            share: vec![vec![0.0; cells]; TIMES],
            whole: vec![0.0; cells],
            city: Recent::default(),
            cell: vec![Recent::default(); cells],
            today: None,
        }
    }

    /// How counts scatter around the forecast.
    #[must_use]
    pub const fn law(&self) -> CountLaw {
        CountLaw { excess: self.config.excess }
    }

    /// Whether a whole day was seen: before that a forecast says nothing.
    #[must_use]
    pub fn has_history(&self) -> bool {
        !self.past.is_empty()
    }

    /// Begins a day; the one before is learned from if all of it was counted.
    pub fn begin_day(&mut self, day: i64) {
        self.end_day();
        self.city.fade(self.config.overnight);
        let total = expected(&self.past, day, &self.config).unwrap_or_default();
        let shape = self.shape_of(kind(day));
        let shares = (0..TIMES).map(|time| self.shares_at(time)).collect();
        let expected = shape.map(|share| share * total);
        self.today = Some(Today { day, expected, shares, counted: vec![None; SLOTS] });
    }

    /// The mean number of trips expected in each cell in a half hour of the day that runs, given all that was
    /// counted until now. `None` before the first day.
    #[must_use]
    pub fn forecast(&self, slot: usize) -> Option<Vec<f64>> {
        let today = self.today.as_ref()?;
        let slot = slot % SLOTS;
        let city = today.expected[slot] * self.city.ratio(self.config.city_prior);
        let shares = &today.shares[time(slot)];
        let of = |(share, recent): (&f64, &Recent)| city * share * recent.ratio(self.config.cell_trust);
        Some(shares.iter().zip(&self.cell).map(of).collect())
    }

    /// Learns what a half hour of the day that runs had, by cell.
    pub fn observe(&mut self, slot: usize, counts: &[u32]) {
        let slot = slot % SLOTS;
        let Some(today) = &mut self.today else { return };
        if counts.len() != self.cells {
            return;
        }
        let expected = today.expected[slot];
        let city = expected * self.city.ratio(self.config.city_prior);
        let seen: u32 = counts.iter().sum();
        self.city.fade(self.config.city_memory);
        self.city.add(f64::from(seen), expected);
        let shares = &today.shares[time(slot)];
        for ((recent, count), share) in self.cell.iter_mut().zip(counts).zip(shares) {
            recent.fade(self.config.cell_memory);
            recent.add(f64::from(*count), city * share);
        }
        today.counted[slot] = Some(counts.to_vec());
    }

    fn end_day(&mut self) {
        let Some(today) = self.today.take() else { return };
        let counted: Option<Vec<Vec<u32>>> = today.counted.into_iter().collect();
        // A day that was seen in part says nothing of its total.
        let Some(counted) = counted else { return };
        let total: u32 = counted.iter().flatten().sum();
        self.past.push(DayTotal { day: today.day, total: f64::from(total) });
        let fade = |values: &mut [f64], memory: f64| values.iter_mut().for_each(|v| *v *= memory);
        self.shape.iter_mut().for_each(|shape| fade(shape, self.config.shape_memory));
        self.share.iter_mut().for_each(|share| fade(share, self.config.share_memory));
        fade(&mut self.whole, self.config.share_memory);
        for (slot, counts) in counted.iter().enumerate() {
            for (cell, count) in counts.iter().enumerate() {
                let count = f64::from(*count);
                self.shape[kind(today.day)][slot] += count;
                self.share[time(slot)][cell] += count;
                self.whole[cell] += count;
            }
        }
    }

    /// The share of a day's trips that each half hour has.
    fn shape_of(&self, kind: usize) -> [f64; SLOTS] {
        let all: f64 = self.shape.iter().flatten().sum();
        let plain = |slot: usize| self.shape.iter().map(|s| s[slot]).sum::<f64>() / all.max(1e-9);
        let raw: [f64; SLOTS] =
            std::array::from_fn(|slot| self.shape[kind][slot] + self.config.shape_prior * plain(slot) + 1e-6);
        let side = self.config.shape_smoothing;
        let smooth: [f64; SLOTS] = std::array::from_fn(|slot| {
            let near = raw[(slot + SLOTS - 1) % SLOTS] + raw[(slot + 1) % SLOTS];
            raw[slot] * (1.0 - 2.0 * side) + near * side
        });
        let sum: f64 = smooth.iter().sum();
        smooth.map(|value| value / sum)
    }

    /// The share of the city's trips that each cell has at a time of day.
    fn shares_at(&self, time: usize) -> Vec<f64> {
        let whole: f64 = self.whole.iter().map(|w| w + self.config.cell_prior).sum();
        let scale = self.config.share_prior / whole.max(f64::MIN_POSITIVE);
        let raw: Vec<f64> = self.share[time]
            .iter()
            .zip(&self.whole)
            .map(|(here, whole)| here + (whole + self.config.cell_prior) * scale)
            .collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|r| r / sum.max(f64::MIN_POSITIVE)).collect()
    }
}

fn kind(day: i64) -> usize {
    weekday(day).saturating_sub(3)
}

fn time(slot: usize) -> usize {
    slot * TIMES / SLOTS
}
