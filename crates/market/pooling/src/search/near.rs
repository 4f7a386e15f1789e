//! For each stop, the stops of riders nearest to it, in space and time.

use super::model::{Model, NOBODY};

/// With more stops than this nearness is looked up by place, and time is left aside.
const MOST_STOPS: usize = 4_000;
/// Cost of a minute that a vehicle must wait between two stops, in minutes of driving.
const WAITING: f64 = 0.2;
/// Cost of a minute by which the later stop would be missed.
const LATENESS: f64 = 1.0;

/// Lists of near stops.
pub(super) struct Near {
    lists: Vec<Vec<u32>>,
    list_of: Vec<u32>,
}

impl Near {
    /// Makes the lists, or as many as there is time for.
    pub(super) fn new(model: &Model<'_>, late: impl FnMut() -> bool) -> Self {
        if model.nodes.len() <= MOST_STOPS { Self::by_stop(model, late) } else { Self::by_place(model, 200, late) }
    }

    fn by_stop(model: &Model<'_>, mut late: impl FnMut() -> bool) -> Self {
        let riders: Vec<u32> = (0..model.nodes.len() as u32).filter(|s| model.node(*s).request != NOBODY).collect();
        let mut lists = vec![Vec::new(); model.nodes.len()];
        for stop in &riders {
            if late() {
                break;
            }
            let mut order: Vec<(f64, u32)> = riders
                .iter()
                .map(|other| (apart(model, *stop, *other).min(apart(model, *other, *stop)), *other))
                .collect();
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            lists[*stop as usize] = order.into_iter().map(|(_, other)| other).collect();
        }
        Self { lists, list_of: (0..model.nodes.len() as u32).collect() }
    }

    fn by_place(model: &Model<'_>, most: usize, mut late: impl FnMut() -> bool) -> Self {
        let stops = model.instance.stops();
        let places = model.instance.travel().places();
        let mut here: Vec<Vec<u32>> = vec![Vec::new(); places];
        for (stop, node) in stops.iter().enumerate() {
            if model.nodes[stop].request != NOBODY {
                here[node.place as usize].push(stop as u32);
            }
        }
        let used: Vec<u32> = (0..places as u32).filter(|p| !here[*p as usize].is_empty()).collect();
        let mut lists = vec![Vec::new(); places];
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(used.len());
        for place in &used {
            if late() {
                break;
            }
            let costs = model.instance.travel().around(*place).cost_from;
            order.clear();
            order.extend(used.iter().map(|other| (costs[*other as usize], *other)));
            let by_cost = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            if order.len() > most {
                order.select_nth_unstable_by(most, by_cost);
                order.truncate(most);
            }
            order.sort_unstable_by(by_cost);
            let stops = order.iter().flat_map(|(_, other)| here[*other as usize].iter().copied());
            lists[*place as usize] = stops.take(most).collect();
        }
        Self { lists, list_of: stops.iter().map(|s| s.place).collect() }
    }

    /// Nearest first; the stop itself is among them.
    pub(super) fn of(&self, stop: u32) -> &[u32] {
        &self.lists[self.list_of[stop as usize] as usize]
    }
}

/// How far one stop is after another: driving, and time lost by windows that do not meet.
fn apart(model: &Model<'_>, first: u32, then: u32) -> f64 {
    let (a, b) = (model.node(first), model.node(then));
    let arrival = a.service + model.time(first, then);
    let waiting = (b.earliest - a.latest - arrival).max(0.0);
    let lateness = (a.earliest + arrival - b.latest).max(0.0);
    model.cost(first, then) + WAITING * waiting + LATENESS * lateness
}
