//! The cheapest place for a ride in a tour.

use super::model::{EPS, Model, fits};
use super::route::Route;
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
/// limited, a pair that would be the best is checked with a whole schedule.
pub(super) fn cheapest(
    model: &Model<'_>,
    route: &Route,
    request: u32,
    bound: f64,
    scratch: &mut Scratch,
) -> Option<Place> {
    if !model.instance.allowed(request as usize, route.fleet as usize) {
        return None;
    }
    let ride = &model.rides[request as usize];
    let (p, d) = (ride.pickup, ride.delivery);
    let (at_p, at_d) = (model.node(p), model.node(d));
    let capacity = &model.instance.fleets()[route.fleet as usize].capacity;
    let direct_time = model.time(p, d);
    let direct_cost = model.cost(p, d);
    let tour = &route.at[..];
    let last = tour.len() - 1;
    let mut best = Place { cost: bound, i: 0, j: u32::MAX };
    for i in 0..last {
        let (a, b) = (&tour[i], &tour[i + 1]);
        let leave = a.early + model.node(a.stop).service;
        if leave > at_p.latest + EPS {
            break;
        }
        let t_p = (leave + model.time(a.stop, p)).max(at_p.earliest);
        if t_p > at_p.latest + EPS
            || !fits(&a.load, &at_p.demand, capacity)
            || a.brings & ride.avoids != 0
            || a.avoids & ride.brings != 0
        {
            continue;
        }
        let to_p = model.cost(a.stop, p);
        let detour = to_p + model.cost(p, b.stop) - a.leg;
        if detour >= best.cost {
            continue;
        }
        let off = t_p + at_p.service;
        // Delivered at once.
        let t_d = (off + direct_time).max(at_d.earliest);
        if t_d > at_d.latest + EPS {
            continue;
        }
        let cost = to_p + direct_cost + model.cost(d, b.stop) - a.leg;
        if cost < best.cost && Route::late_enough(b, t_d + at_d.service + model.time(d, b.stop)) {
            consider(model, route, request, Place { cost, i: i as u32, j: i as u32 }, &mut best, scratch);
        }
        // Delivered later: walk on with the pickup's delay.
        let mut time = (off + model.time(p, b.stop)).max(b.early);
        let mut ridden = model.time(p, b.stop);
        let mut k = i + 1;
        while k < last && Route::late_enough(&tour[k], time) {
            let (here, next) = (&tour[k], &tour[k + 1]);
            if !fits(&here.load, &at_p.demand, capacity)
                || here.brings & ride.avoids != 0
                || here.avoids & ride.brings != 0
            {
                break;
            }
            let service = model.node(here.stop).service;
            let leave = time + service;
            ridden += service;
            if leave > at_d.latest + EPS || ridden > ride.longest + EPS {
                break;
            }
            let cost = detour + model.cost(here.stop, d) + model.cost(d, next.stop) - here.leg;
            if cost < best.cost {
                let t_d = (leave + model.time(here.stop, d)).max(at_d.earliest);
                if t_d <= at_d.latest + EPS && Route::late_enough(next, t_d + at_d.service + model.time(d, next.stop)) {
                    consider(model, route, request, Place { cost, i: i as u32, j: k as u32 }, &mut best, scratch);
                }
            }
            let on = model.time(here.stop, next.stop);
            time = (leave + on).max(next.early);
            ridden += on;
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
