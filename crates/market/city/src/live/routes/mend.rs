//! A route and the orders that a driver really has: stops that are done or void go, missing ones are put in.

use doorstep_clock::Timestamp;
use doorstep_orders::{Order, OrderId, RouteStop, State};
use doorstep_roads::NodeIx;

/// The street corner of a stop.
pub(crate) fn corner(order: &Order, pickup: bool) -> NodeIx {
    if pickup { order.pickup_node } else { order.dropoff_node }
}

/// When stops are late, and how long things take.
pub(crate) struct Rules<'a> {
    pub(crate) now: Timestamp,
    /// Where the car is, if that is known.
    pub(crate) start: Option<NodeIx>,
    pub(crate) boarding_ms: i64,
    /// For who did not ask to share.
    pub(crate) max_wait_ms: i64,
    /// The drive from corner to corner, milliseconds.
    pub(crate) drive: &'a dyn Fn(NodeIx, NodeIx) -> i64,
}

/// The last moments of pickup and arrival; who rides alone was promised the first only.
pub(crate) fn latest(order: &Order, max_wait_ms: i64) -> (Timestamp, Timestamp) {
    let pickup_by = order.pickup_by().unwrap_or_else(|| order.searching_since.plus_ms(max_wait_ms));
    // Twice the direct trip and ten minutes: far enough not to count, near enough for whole numbers.
    let far = pickup_by.plus_ms(2 * i64::from(order.direct_ms) + 600_000);
    (pickup_by, order.dropoff_by().unwrap_or(far))
}

/// The stops as they should be for these orders. The order of what was planned is kept; an order without stops is put
/// where it makes the least lateness, and of such places where the route ends soonest.
pub(crate) fn mend(stops: &[RouteStop], held: &[&Order], rules: &Rules<'_>) -> Vec<RouteStop> {
    let find = |id: OrderId| held.iter().copied().find(|order| order.id == id);
    let waits = |order: &Order| order.state != State::OnTrip;
    let mut route: Vec<RouteStop> = Vec::with_capacity(stops.len());
    for stop in stops {
        let wanted = find(stop.order).is_some_and(|order| !stop.pickup || waits(order));
        if wanted && !route.contains(stop) {
            route.push(*stop);
        }
    }
    // A drop-off without its pickup before it is no plan for who still waits.
    let broken = |order: &Order| {
        let at = |pickup| route.iter().position(|stop| *stop == RouteStop { order: order.id, pickup });
        match (at(true), at(false)) {
            (Some(pickup), Some(dropoff)) => pickup > dropoff,
            (None, Some(_)) => waits(order),
            (_, None) => true,
        }
    };
    let mut missing: Vec<&Order> = held.iter().copied().filter(|order| broken(order)).collect();
    missing.sort_unstable_by_key(|order| (order.state != State::OnTrip, order.id));
    route.retain(|stop| !missing.iter().any(|order| order.id == stop.order));
    for order in missing {
        route = with(&route, order, held, rules);
    }
    route
}

/// The route with one more order, in the best of all places.
fn with(route: &[RouteStop], order: &Order, held: &[&Order], rules: &Rules<'_>) -> Vec<RouteStop> {
    let stop = |pickup| RouteStop { order: order.id, pickup };
    let mut best: Option<((i64, i64), Vec<RouteStop>)> = None;
    let mut offer = |candidate: Vec<RouteStop>| {
        let cost = cost(&candidate, held, rules);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, candidate));
        }
    };
    for dropoff in 0..=route.len() {
        let mut candidate = route.to_vec();
        candidate.insert(dropoff, stop(false));
        if order.state == State::OnTrip {
            offer(candidate);
            continue;
        }
        for pickup in 0..=dropoff {
            let mut candidate = candidate.clone();
            candidate.insert(pickup, stop(true));
            offer(candidate);
        }
    }
    best.map(|(_, route)| route).unwrap_or_default()
}

/// Lateness of all stops, and when the last one is reached.
fn cost(route: &[RouteStop], held: &[&Order], rules: &Rules<'_>) -> (i64, i64) {
    let (mut at, mut late, mut place) = (rules.now, 0, rules.start);
    for stop in route {
        let Some(order) = held.iter().find(|order| order.id == stop.order) else { continue };
        let here = corner(order, stop.pickup);
        at = at.plus_ms(place.map_or(0, |place| (rules.drive)(place, here)));
        place = Some(here);
        let (pickup_by, dropoff_by) = latest(order, rules.max_wait_ms);
        let by = if stop.pickup { pickup_by } else { dropoff_by };
        late += at.ms_since(by).max(0);
        if stop.pickup && order.state != State::Arrived {
            at = at.plus_ms(rules.boarding_ms);
        }
    }
    (late, at.ms_since(rules.now))
}
