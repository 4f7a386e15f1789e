//! Whether each request can be served when it is alone, and if not, which constraint forbids it.

use super::{Constraint, Fleet, Instance, InstanceError, Request, Verdict};

/// Slack for rounding in sums of doubles.
const EPS: f64 = 1e-7;

pub(super) fn check(instance: &Instance) -> Result<(), InstanceError> {
    for (r, request) in instance.requests().iter().enumerate() {
        let mut first = None;
        let served = instance.fleets().iter().enumerate().filter(|(_, fleet)| fleet.count > 0).any(|(f, fleet)| {
            let refused = match instance.features().verdict(r, f) {
                Verdict::Refused(name) => Some(Constraint::Feature(name)),
                Verdict::Allowed => obstacle(instance, *request, *fleet),
            };
            first = first.or(refused);
            refused.is_none()
        });
        if let (false, Some(constraint)) = (served, first) {
            return Err(InstanceError::Infeasible {
                pickup: instance.stops()[request.pickup as usize].id,
                delivery: instance.stops()[request.delivery as usize].id,
                constraint,
            });
        }
    }
    Ok(())
}

fn obstacle(instance: &Instance, request: Request, fleet: Fleet) -> Option<Constraint> {
    let at = |stop: u32| instance.stops()[stop as usize];
    let (start, p, d, end) = (at(fleet.start), at(request.pickup), at(request.delivery), at(fleet.end));
    if p.demand.iter().zip(fleet.capacity).any(|(need, room)| *need > room) {
        return Some(Constraint::Capacity);
    }
    let at_p = (start.earliest + instance.time(fleet.start, request.pickup)).max(p.earliest);
    if at_p > p.latest + EPS {
        return Some(Constraint::PickupWindow);
    }
    let ride = instance.time(request.pickup, request.delivery);
    let at_d = (at_p + p.service + ride).max(d.earliest);
    if at_d > d.latest + EPS {
        return Some(Constraint::DeliveryWindow);
    }
    let home = instance.time(request.delivery, fleet.end);
    if at_d + d.service + home > end.latest + EPS {
        return Some(Constraint::EndWindow);
    }
    // The pickup may be as late as its window and what follows allow; that makes the ride shortest.
    let last_d = d.latest.min(end.latest - home - d.service);
    let last_p = p.latest.min(last_d - ride - p.service);
    let shortest = (d.earliest - (last_p + p.service)).max(ride);
    if request.max_ride.is_some_and(|longest| shortest > longest + EPS) {
        return Some(Constraint::Ride);
    }
    let out = instance.time(fleet.start, request.pickup);
    let leave = start.latest.min(last_p - out);
    let driven = out + p.service + ride + d.service + home;
    let waited = (d.earliest + d.service + home - leave).max(p.earliest - leave + p.service + ride + d.service + home);
    let back = (end.earliest - leave).max(waited).max(driven);
    fleet.max_duration.is_some_and(|longest| back > longest + EPS).then_some(Constraint::Duration)
}
