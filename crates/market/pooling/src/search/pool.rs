//! The tours of all plans that were met, and what can be made of them: the best plan, and a plan to go on from.
//!
//! Annealing meets good tours that are never in one plan together. Choosing among all of them is a set partitioning
//! problem, as in Gschwind and Drexl (2019) for dial-a-ride.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::model::Model;
use super::partition::{self, Choice, Columns, Limits, Prices};
use super::route::Route;
use super::state::Snapshot;

/// More tours than this are not kept.
const MOST_TOURS: usize = 80_000;
/// With more rides than this no tours are kept: plans are too many to be searched in time.
const MOST_RIDES: usize = 1_000;
/// A tour that the relaxation likes is taken whole into the plan to go on from when at least this share of its
/// riders have no place yet; the second figure is asked of further tours when vehicles are left.
const NEW: [f64; 2] = [0.7, 0.3];

/// Tours with different riders, each in the cheapest order met.
#[derive(Debug)]
pub(super) struct Pool {
    at: HashMap<u64, u32, BuildHasherDefault<Same>>,
    costs: Vec<f64>,
    /// The stops of tour k are `stops[from[k]..from[k + 1]]`.
    from: Vec<u32>,
    stops: Vec<u32>,
    /// A random number for each ride; a set of rides is known by the sum of them without carry.
    signs: Vec<u64>,
    /// Of each ride, from the last choice.
    prices: Vec<f64>,
}

/// The keys are random numbers already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |key, byte| key.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// `SplitMix64` (Steele, Lea and Flood 2014).
fn sign(ride: u64) -> u64 {
    let mut z = ride.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Pool {
    /// For instances of one kind of vehicle that are not too large.
    pub(super) fn for_model(model: &Model<'_>) -> Option<Self> {
        let rides = model.rides.len();
        (model.instance.fleets().len() == 1 && rides <= MOST_RIDES)
            .then(|| Self::empty((0..rides as u64).map(sign).collect(), vec![0.0; rides]))
    }

    fn empty(signs: Vec<u64>, prices: Vec<f64>) -> Self {
        Self { at: HashMap::default(), costs: Vec::new(), from: vec![0], stops: Vec::new(), signs, prices }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.costs.is_empty()
    }

    /// Keeps a tour.
    pub(super) fn add(&mut self, model: &Model<'_>, tour: &Route) {
        if tour.is_idle() {
            return;
        }
        let key = self.key(model, tour.stops());
        match self.at.entry(key) {
            Entry::Occupied(entry) => {
                let k = *entry.get() as usize;
                let kept = &mut self.stops[self.from[k] as usize..self.from[k + 1] as usize];
                if tour.cost < self.costs[k] - 1e-9 && kept.len() == tour.stops().len() {
                    self.costs[k] = tour.cost;
                    for (kept, stop) in kept.iter_mut().zip(tour.stops()) {
                        *kept = stop;
                    }
                }
            }
            Entry::Vacant(entry) if self.costs.len() < MOST_TOURS => {
                entry.insert(self.costs.len() as u32);
                self.costs.push(tour.cost);
                self.stops.extend(tour.stops());
                self.from.push(self.stops.len() as u32);
            }
            Entry::Vacant(_) => {}
        }
    }

    /// The best plan of the tours kept that is better than `best` and has `count` tours at most, if one is found
    /// before `late` says so, and a plan of tours that fit together well, in which riders may be left out.
    pub(super) fn plans(
        &mut self,
        model: &Model<'_>,
        best: &Snapshot,
        count: usize,
        late: &mut dyn FnMut() -> bool,
    ) -> (Option<Snapshot>, Snapshot) {
        let mut columns = Columns::default();
        for k in 0..self.costs.len() {
            let nodes = self.stops(k).iter().map(|stop| model.node(*stop));
            columns.push(self.costs[k], nodes.filter(|node| node.is_pickup).map(|node| node.request));
        }
        if self.prices.iter().all(|price| *price == 0.0) {
            self.prices.fill(best.cost / model.rides.len().max(1) as f64);
        }
        let limits = Limits { count, cost: best.cost - 1e-6 };
        let prices = Prices::of(std::mem::take(&mut self.prices), &columns, limits, late);
        let chosen = partition::choose(&columns, limits, &prices, late).map(|Choice { columns, cost }| {
            let tours = columns.iter().map(|k| (0, self.stops(*k as usize).to_vec())).collect();
            Snapshot { tours, absent: Vec::new(), cost }
        });
        let rounded = self.round(model, &columns, &prices.shares, count);
        self.prices.clone_from(&prices.rows);
        if self.costs.len() >= MOST_TOURS {
            self.forget(model, &columns);
        }
        (chosen, rounded)
    }

    /// What a set of rides is known by.
    fn key(&self, model: &Model<'_>, stops: impl Iterator<Item = u32>) -> u64 {
        let rides = stops.map(|stop| model.node(stop)).filter(|node| node.is_pickup);
        rides.fold(0, |key, node| key ^ self.signs[node.request as usize])
    }

    fn stops(&self, k: usize) -> &[u32] {
        &self.stops[self.from[k] as usize..self.from[k + 1] as usize]
    }

    /// Takes the tours that the relaxation takes most often, each without riders who have a place already.
    fn round(&self, model: &Model<'_>, columns: &Columns, shares: &[f64], count: usize) -> Snapshot {
        let mut order: Vec<u32> = (0..shares.len() as u32).filter(|k| shares[*k as usize] > 0.0).collect();
        order.sort_by(|a, b| shares[*b as usize].total_cmp(&shares[*a as usize]).then(a.cmp(b)));
        let mut served = vec![false; model.rides.len()];
        let mut plan = Snapshot::default();
        for (least, column) in NEW.iter().flat_map(|least| order.iter().map(move |column| (*least, *column))) {
            let rows = columns.rows(column);
            let new = rows.iter().filter(|ride| !served[**ride as usize]).count();
            if plan.tours.len() >= count || new == 0 || (new as f64) < least * rows.len() as f64 {
                continue;
            }
            let stops = self.stops(column as usize).iter().copied();
            plan.tours.push((0, stops.filter(|stop| !served[model.node(*stop).request as usize]).collect()));
            for ride in rows {
                served[*ride as usize] = true;
            }
        }
        plan.absent = (0..served.len() as u32).filter(|ride| !served[*ride as usize]).collect();
        plan
    }

    /// Keeps the half that is cheapest at the prices.
    fn forget(&mut self, model: &Model<'_>, columns: &Columns) {
        let mut order: Vec<(f64, u32)> =
            (0..self.costs.len() as u32).map(|k| (columns.over(k, &self.prices), k)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        order.truncate(MOST_TOURS / 2);
        let mut next = Self::empty(std::mem::take(&mut self.signs), std::mem::take(&mut self.prices));
        for (_, k) in order {
            let stops = self.stops(k as usize);
            let key = next.key(model, stops.iter().copied());
            next.at.insert(key, next.costs.len() as u32);
            next.costs.push(self.costs[k as usize]);
            next.stops.extend_from_slice(stops);
            next.from.push(next.stops.len() as u32);
        }
        *self = next;
    }
}
