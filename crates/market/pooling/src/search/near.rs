//! For each stop, the stops of riders nearest to it.

use super::model::{Model, NOBODY};

/// Lists of near stops, one for each place.
pub(super) struct Near {
    by_place: Vec<Vec<u32>>,
    place_of: Vec<u32>,
}

impl Near {
    /// Up to `most` stops for each.
    pub(super) fn new(model: &Model<'_>, most: usize, mut late: impl FnMut() -> bool) -> Self {
        let stops = model.instance.stops();
        let place_of: Vec<u32> = stops.iter().map(|s| s.place).collect();
        let places = model.instance.travel().places();
        let mut here: Vec<Vec<u32>> = vec![Vec::new(); places];
        for (stop, place) in place_of.iter().enumerate() {
            if model.nodes[stop].request != NOBODY {
                here[*place as usize].push(stop as u32);
            }
        }
        let used: Vec<u32> = (0..places as u32).filter(|p| !here[*p as usize].is_empty()).collect();
        let mut by_place = vec![Vec::new(); places];
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(used.len());
        for place in &used {
            if late() {
                break;
            }
            order.clear();
            order.extend(used.iter().map(|other| (model.instance.travel().cost(*place, *other), *other)));
            let by_cost = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            if order.len() > most {
                order.select_nth_unstable_by(most, by_cost);
                order.truncate(most);
            }
            order.sort_unstable_by(by_cost);
            let stops = order.iter().flat_map(|(_, other)| here[*other as usize].iter().copied());
            by_place[*place as usize] = stops.take(most).collect();
        }
        Self { by_place, place_of }
    }

    /// Nearest first; the stop itself is among them.
    pub(super) fn of(&self, stop: u32) -> &[u32] {
        &self.by_place[self.place_of[stop as usize] as usize]
    }
}
