//! The judge of plans. It shares nothing with the solver but the instance: it asks whether *some* schedule
//! keeps every promise, by difference constraints (Bellman and Ford), where the solver builds one schedule.

use std::collections::HashMap;

use serde::Serialize;

use crate::instance::{Instance, Verdict};

/// A constraint may be missed by this much: sums of doubles are not exact.
const SLACK: f64 = 1e-6;
/// More problems than this are counted and not listed.
const LISTED: usize = 8;

/// A plan as a stranger sees it: tours of stop ids, without the depot, and who drives each.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, Serialize)]
pub struct Plan {
    /// One list of stop ids for each vehicle in use.
    pub routes: Vec<Vec<u32>>,
    /// The fleet's id for each route, where fleets differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<u32>,
}

/// What the judge found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Whether every request is served and every promise kept.
    pub ok: bool,
    /// Routes with a stop.
    pub vehicles: usize,
    /// Driving of all routes.
    pub cost: f64,
    /// What is wrong, at most eight of them.
    pub problems: Vec<String>,
}

/// Judges a plan of the instance.
#[must_use]
pub fn judge(instance: &Instance, plan: &Plan) -> Report {
    let mut problems = Problems::default();
    let mut by_id = HashMap::new();
    for request in instance.requests() {
        for stop in [request.pickup, request.delivery] {
            by_id.insert(instance.stops()[stop as usize].id, stop);
        }
    }
    let mut visits = vec![0_u32; instance.stops().len()];
    let mut driven = vec![0_u32; instance.fleets().len()];
    let (mut vehicles, mut cost) = (0, 0.0);
    for (r, ids) in plan.routes.iter().enumerate() {
        let mut tour = Vec::with_capacity(ids.len());
        // The depot (id 0) may be written at the ends of a route or left out.
        for id in ids.iter().filter(|id| **id != 0) {
            match by_id.get(id) {
                Some(stop) => tour.push(*stop),
                None => problems.add(format!("route {r} visits {id}, which is no stop of a request")),
            }
        }
        if tour.is_empty() {
            continue;
        }
        vehicles += 1;
        for stop in &tour {
            visits[*stop as usize] += 1;
        }
        match fleet_of(instance, plan, r) {
            Some(fleet) => {
                driven[fleet] += 1;
                cost += tour_on(instance, fleet, &tour, r, &mut problems);
            }
            None => problems.add(format!("route {r} has no known driver")),
        }
    }
    for request in instance.requests() {
        let ids = [request.pickup, request.delivery].map(|s| instance.stops()[s as usize].id);
        match (visits[request.pickup as usize], visits[request.delivery as usize]) {
            (1, 1) => {}
            (0, 0) => problems.add(format!("request {} to {} is not served", ids[0], ids[1])),
            (p, d) => problems.add(format!("{} is visited {p} times and {} {d} times", ids[0], ids[1])),
        }
    }
    for (fleet, count) in instance.fleets().iter().zip(&driven) {
        if *count > fleet.count {
            problems.add(format!("fleet {} has {} vehicles and drives {count} routes", fleet.id, fleet.count));
        }
    }
    Report { ok: problems.count == 0, vehicles, cost, problems: problems.listed }
}

#[derive(Default)]
struct Problems {
    listed: Vec<String>,
    count: usize,
}

impl Problems {
    fn add(&mut self, problem: String) {
        self.count += 1;
        if self.listed.len() < LISTED {
            self.listed.push(problem);
        }
    }
}

fn fleet_of(instance: &Instance, plan: &Plan, route: usize) -> Option<usize> {
    if plan.drivers.is_empty() && instance.fleets().len() == 1 {
        return Some(0);
    }
    let driver = plan.drivers.get(route)?;
    instance.fleets().iter().position(|fleet| fleet.id == *driver)
}

/// Adds what is wrong with one route and gives its cost.
fn tour_on(instance: &Instance, fleet: usize, tour: &[u32], route: usize, problems: &mut Problems) -> f64 {
    let kind = instance.fleets()[fleet];
    let position: HashMap<u32, usize> = tour.iter().enumerate().map(|(i, s)| (*s, i)).collect();
    let id = |stop: u32| instance.stops()[stop as usize].id;
    let mut rides = Vec::new();
    for (r, request) in instance.requests().iter().enumerate() {
        match (position.get(&request.pickup), position.get(&request.delivery)) {
            (None, None) => {}
            (Some(p), Some(d)) if p < d => rides.push((*p, *d, r)),
            (Some(_), Some(_)) => {
                problems.add(format!("route {route}: {} comes before {}", id(request.delivery), id(request.pickup)));
            }
            _ => problems.add(format!("route {route}: {} and {} apart", id(request.pickup), id(request.delivery))),
        }
    }
    for (i, (p, d, r)) in rides.iter().enumerate() {
        if let Verdict::Refused(name) = instance.features().verdict(*r, fleet) {
            problems.add(format!("route {route}: rule `{name}` forbids {} in it", id(tour[*p])));
        }
        for (other_p, other_d, other) in &rides[..i] {
            if other_p < d
                && p < other_d
                && let Some(name) = instance.features().clash(*r, *other)
            {
                let (a, b) = (id(tour[*p]), id(tour[*other_p]));
                problems.add(format!("route {route}: rule `{name}` forbids {a} and {b} together"));
            }
        }
    }
    let mut aboard = [0_i64; crate::instance::ROOMS];
    for stop in tour {
        for (room, demand) in aboard.iter_mut().zip(instance.stops()[*stop as usize].demand) {
            *room += i64::from(demand);
        }
        if aboard.iter().zip(kind.capacity).any(|(room, capacity)| *room > i64::from(capacity)) {
            problems.add(format!("route {route}: over capacity at {}", id(*stop)));
            break;
        }
    }
    let whole: Vec<u32> = std::iter::once(kind.start).chain(tour.iter().copied()).chain([kind.end]).collect();
    if !schedule_exists(instance, &whole, &rides, kind.max_duration) {
        problems.add(format!("route {route}: no schedule keeps windows, rides and shift"));
    }
    whole.windows(2).map(|leg| instance.cost(leg[0], leg[1])).sum()
}

/// Whether begin times exist: `time[to] − time[from] ≤ limit` for every constraint.
fn schedule_exists(instance: &Instance, whole: &[u32], rides: &[(usize, usize, usize)], shift: Option<f64>) -> bool {
    let zero = whole.len();
    let stop = |i: usize| instance.stops()[whole[i] as usize];
    let mut limits = Vec::with_capacity(3 * whole.len() + rides.len() + 1);
    for i in 0..whole.len() {
        limits.push((zero, i, stop(i).latest));
        limits.push((i, zero, -stop(i).earliest));
        if i + 1 < whole.len() {
            let service = if i == 0 { 0.0 } else { stop(i).service };
            limits.push((i + 1, i, -(service + instance.time(whole[i], whole[i + 1]))));
        }
    }
    for (p, d, r) in rides {
        if let Some(longest) = instance.requests()[*r].max_ride {
            limits.push((p + 1, d + 1, longest + stop(p + 1).service));
        }
    }
    limits.extend(shift.map(|longest| (0, whole.len() - 1, longest)));
    let mut time = vec![0.0_f64; whole.len() + 1];
    for _ in 0..whole.len() + 3 {
        let mut changed = false;
        for (from, to, limit) in &limits {
            let bound = time[*from] + limit;
            if bound < time[*to] - SLACK {
                time[*to] = bound;
                changed = true;
            }
        }
        if !changed {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
