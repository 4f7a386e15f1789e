//! What drivers are shown: where the multiplier is high, and honestly how long it may last.
//!
//! Nothing is promised that was not seen before: cells are sorted by their multiplier and by whether the model is
//! about to raise or lower it, and the outlook of a cell is what became of such cells 15 and 30 minutes later. While
//! too few of them were seen there is no outlook, and the answer says so.

use std::collections::VecDeque;

use doorstep_clock::Timestamp;
use doorstep_geo::Cell;
use serde::{Deserialize, Serialize};

use super::{CellSurge, SurgeMap};
use crate::Multiplier;

/// How far the outlook reaches, minutes.
pub const HORIZONS_MIN: [i64; 2] = [15, 30];
/// Multipliers from which a new class of cells begins.
const CLASSES: [f64; 6] = [1.0, 1.01, 1.2, 1.45, 1.8, 2.5];
/// Falling, steady, rising.
const TRENDS: usize = 3;
/// Multipliers are counted in steps of 0.05 up to 6.
const STEP: f64 = 0.05;
const STEPS: usize = 101;
/// So many cells of a kind must have been followed before their outlook is shown.
const ENOUGH: f64 = 200.0;
/// What was seen counts half after a week.
const HALF_LIFE_MS: f64 = 7.0 * 86_400_000.0;
/// Maps are kept once a minute.
const EVERY_MS: i64 = 60_000;

/// Where the multiplier will probably be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// One of ten such cells was lower.
    pub low: Multiplier,
    /// Half of such cells were lower.
    pub likely: Multiplier,
    /// One of ten such cells was higher.
    pub high: Multiplier,
}

/// A cell now and soon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Which cell.
    pub cell: Cell,
    /// Its multiplier now.
    pub now: Multiplier,
    /// In 15 minutes; none while too little was seen.
    pub in_15_min: Option<Band>,
    /// In 30 minutes.
    pub in_30_min: Option<Band>,
}

/// Remembers what became of multipliers.
#[derive(Clone, Debug)]
pub struct HeatBook {
    /// By horizon, then class and trend: how often which multiplier came.
    seen: [Vec<[f64; STEPS]>; 2],
    /// Recent maps as classes, the latest last.
    recent: VecDeque<(Timestamp, Vec<(Cell, u8)>)>,
}

impl Default for HeatBook {
    fn default() -> Self {
        let none = vec![[0.0; STEPS]; CLASSES.len() * TRENDS];
        Self { seen: [none.clone(), none], recent: VecDeque::new() }
    }
}

impl HeatBook {
    /// Learns from a new map what became of the cells of earlier ones. Maps that follow within a minute are
    /// passed over.
    pub fn observe(&mut self, map: &SurgeMap) {
        let now = map.as_of();
        let since = self.recent.back().map(|(at, _)| now.ms_since(*at));
        if since.is_some_and(|ms| ms < EVERY_MS) || map.flat.is_some() {
            return;
        }
        let keep = 0.5_f64.powf(since.unwrap_or_default() as f64 / HALF_LIFE_MS);
        self.seen.iter_mut().flatten().flatten().for_each(|count| *count *= keep);
        for (horizon, seen) in HORIZONS_MIN.iter().zip(&mut self.seen) {
            let late = |at: Timestamp| (now.ms_since(at) - horizon * 60_000).abs() < EVERY_MS / 2;
            let Some((_, cells)) = self.recent.iter().find(|(at, _)| late(*at)) else { continue };
            for (cell, class) in cells {
                if let Some(surge) = map.cell(*cell) {
                    seen[usize::from(*class)][step(surge.multiplier)] += 1.0;
                }
            }
        }
        self.recent.push_back((now, map.cells().map(|(cell, surge)| (cell, class(surge))).collect()));
        while self.recent.front().is_some_and(|(at, _)| now.ms_since(*at) > 32 * 60_000) {
            self.recent.pop_front();
        }
    }

    /// Every cell of a map, the highest multipliers first.
    #[must_use]
    pub fn outlook(&self, map: &SurgeMap) -> Vec<Outlook> {
        let of = |(cell, surge): (Cell, &CellSurge)| {
            let class = usize::from(class(surge));
            let [in_15_min, in_30_min] = [0, 1].map(|horizon: usize| band(&self.seen[horizon][class]));
            Outlook { cell, now: surge.multiplier, in_15_min, in_30_min }
        };
        let mut cells: Vec<Outlook> = map.cells().map(of).collect();
        cells.sort_by_key(|o| (std::cmp::Reverse(o.now), o.cell));
        cells
    }
}

fn class(surge: &CellSurge) -> u8 {
    let (now, wanted) = (surge.multiplier.get(), surge.cleared.get());
    let height = CLASSES.iter().rposition(|from| now >= *from).unwrap_or_default();
    let trend = if wanted > now * 1.05 {
        2
    } else if wanted < now * 0.95 {
        0
    } else {
        1
    };
    // At most 17.
    (height * TRENDS + trend) as u8
}

fn step(multiplier: Multiplier) -> usize {
    (((multiplier.get() - 1.0) / STEP).round() as usize).min(STEPS - 1)
}

fn band(seen: &[f64; STEPS]) -> Option<Band> {
    let all: f64 = seen.iter().sum();
    let at = |share: f64| {
        let mut below = 0.0;
        let reached = seen.iter().position(|count| {
            below += count;
            below >= share * all
        });
        Multiplier::clamped(1.0 + reached.unwrap_or(STEPS - 1) as f64 * STEP)
    };
    (all >= ENOUGH).then(|| Band { low: at(0.1), likely: at(0.5), high: at(0.9) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use doorstep_clock::SeededRng;
    use doorstep_geo::Point;
    use rand::RngExt as _;

    use super::*;
    use crate::{Supply, SurgeBook, SurgeConfig};

    /// A town whose demand wanders, watched for some hours; how often the bands held, and how many were given.
    fn held(hours: i64, seed: u64) -> (u32, u32) {
        let mut rng = SeededRng::new(seed, "heat.test");
        let mut book = SurgeBook::new(SurgeConfig::default()).unwrap();
        let cells: Vec<Cell> = book.cell_of(Point::new(40.75, -73.98).unwrap()).disk(3).collect();
        let (mut heat, mut level) = (HeatBook::default(), 1.0_f64);
        let (mut given, mut promised) = (VecDeque::new(), (0, 0));
        for minute in 0..hours * 60 {
            level = (level * 0.97 + 0.03 + (rng.random::<f64>() - 0.5) * 0.25).clamp(0.2, 3.0);
            for cell in &cells {
                book.observe_demand(cell.center(), (level * 20.0 * rng.random::<f64>()) as u32);
            }
            book.observe_supply(cells.iter().map(|c| (*c, Supply { idle: 1, soon_free: 40 })));
            let map = book.recompute(Timestamp::from_millis(minute * 60_000)).map;
            heat.observe(&map);
            let outlook = heat.outlook(&map);
            assert!(outlook.windows(2).all(|w| w[0].now >= w[1].now));
            given.push_back((minute, outlook));
            while given.front().is_some_and(|(at, _)| at + 15 <= minute) {
                let (_, outlook) = given.pop_front().unwrap();
                for (cell, band) in outlook.iter().filter_map(|o| Some((o.cell, o.in_15_min?))) {
                    let came = map.cell(cell).unwrap().multiplier;
                    assert!(band.low <= band.likely && band.likely <= band.high);
                    promised.0 += u32::from((band.low..=band.high).contains(&came));
                    promised.1 += 1;
                }
            }
        }
        promised
    }

    #[test]
    fn four_of_five_come_to_lie_in_their_band() {
        let (held, given) = held(24, 1);
        let share = f64::from(held) / f64::from(given);
        assert!(given > 20_000 && (0.72..0.95).contains(&share), "{held} of {given}");
    }

    #[test]
    fn without_history_there_is_no_outlook() {
        assert_eq!(held(0, 1), (0, 0));
        let mut book = SurgeBook::new(SurgeConfig { warm_up_s: 0.0, ..SurgeConfig::default() }).unwrap();
        book.observe_demand(Point::new(40.75, -73.98).unwrap(), 1);
        let outlook = HeatBook::default().outlook(&book.recompute(Timestamp(0)).map);
        assert!(outlook.len() == 1 && outlook[0].in_15_min.is_none() && outlook[0].in_30_min.is_none());
    }
}
