//! The cheapest place for a ride in a tour.

use super::model::{EPS, Model, Node, fits};
use super::route::{Position, Route};
use super::schedule::{self, Scratch, Trial};
use crate::instance::Around;

/// A place for a ride: pickup after position `i`, delivery after position `j`, and what it adds to the cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) cost: f64,
    pub(super) i: u32,
    pub(super) j: u32,
}

/// The cheapest feasible place that costs less than `bound`.
///
/// The pairs of positions are walked with the least times that the promises allow. What the delivery adds
/// behind each position is worked out beforehand, infinite where even the tour as it is comes too late, with
/// the least of it from each position on: a pickup that costs too much with the best of all deliveries after
/// it is not followed, and a walk ends where no later position can help. Where rides or shifts are
/// limited, a pair that would be the best is checked with a whole schedule. Positions whose bit is set in
/// `blind` are overlooked.
pub(super) fn cheapest(
    model: &Model<'_>,
    route: &Route,
    request: u32,
    bound: f64,
    blind: u64,
    scratch: &mut Scratch,
) -> Option<Place> {
    if !model.instance.allowed(request as usize, route.fleet as usize) {
        return None;
    }
    let ride = &model.rides[request as usize];
    let (at_p, at_d) = (model.node(ride.pickup), model.node(ride.delivery));
    let travel = model.instance.travel();
    let place_d = model.place(ride.delivery) as usize;
    let (by_p, by_d) = (travel.around(model.place(ride.pickup)), travel.around(place_d as u32));
    let capacity = &model.instance.fleets()[route.fleet as usize].capacity;
    let (direct_time, direct_cost) = (by_p.time_from[place_d], by_p.cost_from[place_d]);
    let tour = &route.at[..];
    let last = tour.len() - 1;
    let mut best = Place { cost: bound, i: 0, j: u32::MAX };
    let mut drops = std::mem::take(&mut scratch.drops);
    drops.clear();
    let clash = |here: &Position| here.brings & ride.avoids != 0 || here.avoids & ride.brings != 0;
    // Latest times grow along a tour: before this position even the earliest pickup makes what follows late.
    let first = tour[1..].partition_point(|b| !Route::late_enough(b, at_p.earliest + at_p.service));
    for i in first..last {
        if blind >> (i % 64) & 1 != 0 {
            continue;
        }
        let (a, b) = (&tour[i], &tour[i + 1]);
        if a.leave > at_p.latest + EPS {
            break;
        }
        let (place_a, place_b) = (a.place as usize, b.place as usize);
        let to_p = by_p.cost_to[place_a];
        let detour = to_p + by_p.cost_from[place_b] - a.leg;
        if detour >= best.cost {
            continue;
        }
        if drops.is_empty() {
            fill_drops(&mut drops, tour, first, at_d, by_d);
        }
        let at_once = to_p + direct_cost + by_d.cost_from[place_b] - a.leg;
        if at_once >= best.cost && detour + drops[i + 1].least >= best.cost {
            continue;
        }
        let t_p = (a.leave + by_p.time_to[place_a]).max(at_p.earliest);
        if t_p > at_p.latest + EPS || !fits(&a.load, &at_p.demand, capacity) || clash(a) {
            continue;
        }
        let off = t_p + at_p.service;
        // Delivered at once.
        let t_d = (off + direct_time).max(at_d.earliest);
        if t_d > at_d.latest + EPS {
            continue;
        }
        if at_once < best.cost && Route::late_enough(b, t_d + at_d.service + by_d.time_from[place_b]) {
            let place = Place { cost: at_once, i: i as u32, j: i as u32 };
            consider(model, route, request, place, &mut best, scratch);
        }
        // No earlier delivery than this is too long a ride, however late the pickup is.
        let last_off = at_p.latest.min(b.late - by_p.time_from[place_b] - at_p.service) + at_p.service;
        let latest_d = at_d.latest.min(last_off + ride.longest);
        // Delivered later: walk on with the pickup's delay.
        let mut time = (off + by_p.time_from[place_b]).max(b.early);
        let mut ridden = by_p.time_from[place_b];
        let mut k = i + 1;
        while k < last && detour + drops[k].least < best.cost && Route::late_enough(&tour[k], time) {
            let (here, next) = (&tour[k], &tour[k + 1]);
            if !fits(&here.load, &at_p.demand, capacity) || clash(here) {
                break;
            }
            let service = here.leave - here.early;
            let leave = time + service;
            ridden += service;
            if leave > latest_d + EPS || ridden > ride.longest + EPS {
                break;
            }
            let place_next = next.place as usize;
            let cost = detour + drops[k].own;
            if cost < best.cost && blind >> (k % 64) & 1 == 0 {
                let t_d = (leave + by_d.time_to[here.place as usize]).max(at_d.earliest);
                if t_d <= at_d.latest + EPS && Route::late_enough(next, t_d + at_d.service + by_d.time_from[place_next])
                {
                    consider(model, route, request, Place { cost, i: i as u32, j: k as u32 }, &mut best, scratch);
                }
            }
            time = (leave + here.leg_time).max(next.early);
            ridden += here.leg_time;
            k += 1;
        }
    }
    scratch.drops = drops;
    (best.j != u32::MAX).then_some(best)
}

/// What a delivery adds behind one position.
#[derive(Clone, Copy, Debug)]
pub(super) struct SetDown {
    own: f64,
    /// The least of this and all later positions.
    least: f64,
}

/// For pickups from position `first` on.
fn fill_drops(drops: &mut Vec<SetDown>, tour: &[Position], first: usize, at_d: &Node, by_d: Around<'_>) {
    let last = tour.len() - 1;
    drops.resize(last + 1, SetDown { own: f64::INFINITY, least: f64::INFINITY });
    let mut least = f64::INFINITY;
    let end = last.min(tour.partition_point(|here| here.leave <= at_d.latest + 2.0 * EPS));
    for k in (first + 1..end).rev() {
        let (here, next) = (&tour[k], &tour[k + 1]);
        if next.late + 2.0 * EPS < at_d.earliest + at_d.service {
            drops[k].least = least;
            continue;
        }
        let (place, place_next) = (here.place as usize, next.place as usize);
        let t_d = (here.leave + by_d.time_to[place]).max(at_d.earliest);
        // A little wider than the walk itself asks, so that rounding hides nothing from it.
        let in_time =
            t_d <= at_d.latest + 2.0 * EPS && t_d + at_d.service + by_d.time_from[place_next] <= next.late + 2.0 * EPS;
        let own = if in_time { by_d.cost_to[place] + by_d.cost_from[place_next] - here.leg } else { f64::INFINITY };
        least = least.min(own);
        drops[k] = SetDown { own, least };
    }
}

#[inline]
fn consider(model: &Model<'_>, route: &Route, request: u32, place: Place, best: &mut Place, scratch: &mut Scratch) {
    let trial = Trial { request, i: place.i as usize, j: place.j as usize };
    if !model.timed || schedule::admits(model, route.fleet, &route.at, trial, scratch) {
        *best = place;
    }
}
