//! The cheapest place for a ride in a tour.

use super::model::{EPS, Model, fits};
use super::route::{Position, Route};
use super::schedule::{self, Scratch, Trial};

/// A place for a ride: pickup after position `i`, delivery after position `j`, and what it adds to the cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) cost: f64,
    pub(super) i: u32,
    pub(super) j: u32,
}

/// The cheapest feasible place that costs less than `bound`.
///
/// The pairs of positions are walked with the least times that the promises allow; a pickup that alone costs
/// more than the best pair so far is not followed (detours do not shorten a way). Where rides or shifts are
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
    let clash = |here: &Position| here.brings & ride.avoids != 0 || here.avoids & ride.brings != 0;
    for i in 0..last {
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
        let cost = to_p + direct_cost + by_d.cost_from[place_b] - a.leg;
        if cost < best.cost && Route::late_enough(b, t_d + at_d.service + by_d.time_from[place_b]) {
            consider(model, route, request, Place { cost, i: i as u32, j: i as u32 }, &mut best, scratch);
        }
        // No earlier delivery than this is too long a ride, however late the pickup is.
        let last_off = at_p.latest.min(b.late - by_p.time_from[place_b] - at_p.service) + at_p.service;
        let latest_d = at_d.latest.min(last_off + ride.longest);
        // Delivered later: walk on with the pickup's delay.
        let mut time = (off + by_p.time_from[place_b]).max(b.early);
        let mut ridden = by_p.time_from[place_b];
        let mut k = i + 1;
        while k < last && Route::late_enough(&tour[k], time) {
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
            let cost = detour + by_d.cost_to[here.place as usize] + by_d.cost_from[place_next] - here.leg;
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
    (best.j != u32::MAX).then_some(best)
}

#[inline]
fn consider(model: &Model<'_>, route: &Route, request: u32, place: Place, best: &mut Place, scratch: &mut Scratch) {
    let trial = Trial { request, i: place.i as usize, j: place.j as usize };
    if !model.timed || schedule::admits(model, route.fleet, &route.at, trial, scratch) {
        *best = place;
    }
}
