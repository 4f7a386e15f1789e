//! What one decision on routes looks at, in the planner's words. Pure: a test builds the same scenes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_dispatch::matching::Recent;
use doorstep_dispatch::sharing::{SharedBatch, SharedPolicy, decide};
use doorstep_orders::{CarKind, DriverId, DriverRef, Order, OrderId, RouteStop, State};
use doorstep_pooling::fleet::{self, Outlook, Stop, WHOLE_CAR};
use doorstep_roads::{NodeIx, TravelTimes};

use crate::fit::{self, FIXED_NEEDS};
use crate::live::routes::mend::{corner, latest};

/// Needs of one decision besides those that riders state: as many as the planner has bits for.
const MOST_NEEDS: usize = 32 - FIXED_NEEDS;
/// A car's shift has no planned end.
const NO_END_MS: i64 = i64::MAX / 4;

/// A car that may take part.
#[derive(Debug, Clone)]
pub(crate) struct CarSeen {
    pub(crate) driver: DriverRef,
    pub(crate) kind: CarKind,
    pub(crate) node: NodeIx,
    /// Orders that the driver has; none: he has accepted nothing and would have to be asked.
    pub(crate) held: Vec<OrderId>,
    /// His route.
    pub(crate) stops: Vec<RouteStop>,
}

/// The terms of the city.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) boarding_ms: i64,
    /// For who did not ask to share.
    pub(crate) max_wait_ms: i64,
    /// Seats that riders share at most.
    pub(crate) seats: u8,
}

/// Why not every car will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// A driver who has accepted his route: whoever was accepted is not put to a question again.
    Accepted,
    /// A car of so many seats, for a party that rides alone.
    Size(u8),
    /// A driver who does not rest from this order.
    NotTired(OrderId),
}

/// Riders and cars of one tenant at one moment.
pub(crate) struct Scene {
    pub(crate) tenant: String,
    pub(crate) now: Timestamp,
    pub(crate) cars: Vec<CarSeen>,
    /// A rider's number in the batch is the order's place here.
    pub(crate) orders: Vec<Order>,
    pub(crate) load: f64,
    pub(crate) recent: Vec<Recent>,
    pub(crate) outlook: Option<Arc<Outlook>>,
    terms: Terms,
    riders: Vec<fleet::Rider>,
    vans: Vec<fleet::Car>,
}

/// The new stops of a car.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proposal {
    /// Place in [`Scene::cars`].
    pub(crate) car: usize,
    pub(crate) stops: Vec<RouteStop>,
    /// When the car is at each stop, milliseconds from now.
    pub(crate) eta_ms: Vec<i64>,
}

impl Scene {
    /// `orders`: those that are looked for a car, oldest first, and those that the cars have.
    pub(crate) fn new(
        tenant: &str,
        now: Timestamp,
        cars: Vec<CarSeen>,
        mut orders: Vec<Order>,
        rests: &HashSet<(OrderId, DriverId)>,
        terms: Terms,
    ) -> Self {
        let mut needs = vec![Need::Accepted];
        let tired: HashSet<OrderId> = rests.iter().map(|(order, _)| *order).collect();
        let mut wanted: HashMap<OrderId, Vec<usize>> = HashMap::new();
        // Where there are more needs than bits, the youngest riders wait for the next decision.
        orders.retain(|order| {
            let mut of_order = Vec::new();
            let movable = order.state != State::OnTrip && order.state != State::Arrived;
            if order.holder().is_some() && movable {
                of_order.push(Need::Accepted);
            }
            if order.share.is_none() && movable {
                of_order.push(Need::Size(order.seats));
            }
            if tired.contains(&order.id) && movable {
                of_order.push(Need::NotTired(order.id));
            }
            let mut bits = Vec::new();
            for need in of_order {
                match needs.iter().position(|known| *known == need) {
                    Some(bit) => bits.push(bit),
                    None if needs.len() < MOST_NEEDS => {
                        bits.push(needs.len());
                        needs.push(need);
                    }
                    // Whoever has a car stays in the picture, if need be without the driver's rest.
                    None if order.holder().is_some() => {}
                    None => return false,
                }
            }
            wanted.insert(order.id, bits);
            true
        });
        let number: HashMap<OrderId, u32> = orders.iter().zip(0..).map(|(order, number)| (order.id, number)).collect();
        let riders = orders.iter().zip(0..).map(|(order, id)| rider(order, id, &wanted[&order.id], terms)).collect();
        let vans = cars
            .iter()
            .zip(0..)
            .map(|(car, id)| {
                let has = |need: &Need| match need {
                    Need::Accepted => !car.held.is_empty(),
                    Need::Size(seats) => car.kind.seats >= *seats,
                    Need::NotTired(order) => !rests.contains(&(*order, car.driver.id)),
                };
                let fit = fit::of_car(&car.kind);
                let had = needs.iter().zip(FIXED_NEEDS..).filter(|(need, _)| has(need));
                let offers = had.fold(fit.offers, |bits, (_, n)| bits | 1 << n);
                let boarding = boarding(car, &orders, &number);
                let left_ms = boarding.iter().map(|order| {
                    let since = order.arrived_at.map_or(0, |at| now.ms_since(at));
                    (terms.boarding_ms - since).max(0)
                });
                fleet::Car {
                    id,
                    node: car.node,
                    at_ms: now.plus_ms(left_ms.max().unwrap_or(0)).millis(),
                    seats: car.kind.seats.min(terms.seats),
                    extras: fit.extras,
                    offers,
                    until_ms: NO_END_MS,
                    stops: planned(&car.stops, &boarding, &number),
                }
            })
            .collect();
        Self {
            tenant: tenant.to_owned(),
            now,
            cars,
            orders,
            load: 0.0,
            recent: Vec::new(),
            outlook: None,
            terms,
            riders,
            vans,
        }
    }

    /// Decides. The plan that stands when `late` says so keeps all promises.
    pub(crate) fn decide(
        &self,
        times: &dyn TravelTimes,
        policy: &SharedPolicy,
        late: &mut dyn FnMut() -> bool,
    ) -> Vec<Proposal> {
        let fleet = fleet::Batch {
            now_ms: self.now.millis(),
            boarding_ms: self.terms.boarding_ms,
            riders: &self.riders,
            cars: &self.vans,
            load: self.load,
            outlook: self.outlook.as_deref(),
        };
        let decided = decide(&SharedBatch { fleet, recent: &[] }, times, policy, late);
        decided.plans.iter().zip(0..).map(|(plan, car)| self.proposal(car, &plan.stops, times)).collect()
    }

    fn proposal(&self, car: usize, plan: &[Stop], times: &dyn TravelTimes) -> Proposal {
        let (seen, van) = (&self.cars[car], &self.vans[car]);
        // Whose door the car stands at stays in front.
        let at_door = |stop: &&RouteStop| {
            stop.pickup && self.orders.iter().any(|o| o.id == stop.order && o.state == State::Arrived)
        };
        let mut stops: Vec<RouteStop> = seen.stops.iter().filter(at_door).copied().collect();
        let mut eta_ms = vec![0; stops.len()];
        let (mut node, mut at_ms) = (van.node, van.at_ms);
        for stop in plan {
            let order = &self.orders[stop.rider as usize];
            let here = corner(order, stop.pickup);
            at_ms += i64::from(times.time_ms(node, here));
            node = here;
            stops.push(RouteStop { order: order.id, pickup: stop.pickup });
            eta_ms.push(at_ms - self.now.millis());
            at_ms += if stop.pickup { self.terms.boarding_ms } else { 0 };
        }
        Proposal { car, stops, eta_ms }
    }
}

/// Orders at whose door the car stands: to the planner their riders are as good as aboard.
fn boarding<'a>(car: &CarSeen, orders: &'a [Order], number: &HashMap<OrderId, u32>) -> Vec<&'a Order> {
    let held = car.held.iter().filter_map(|id| number.get(id)).map(|n| &orders[*n as usize]);
    held.filter(|order| order.state == State::Arrived).collect()
}

fn planned(stops: &[RouteStop], boarding: &[&Order], number: &HashMap<OrderId, u32>) -> Vec<Stop> {
    let aboard = |stop: &RouteStop| stop.pickup && boarding.iter().any(|order| order.id == stop.order);
    let known = stops.iter().filter(|stop| !aboard(stop));
    known.filter_map(|s| number.get(&s.order).map(|rider| Stop { rider: *rider, pickup: s.pickup })).collect()
}

fn rider(order: &Order, id: u32, needs: &[usize], terms: Terms) -> fleet::Rider {
    let (pickup_by, dropoff_by) = latest(order, terms.max_wait_ms);
    let fit = fit::of_rider(&order.asked());
    fleet::Rider {
        id,
        node: order.pickup_node,
        to: order.dropoff_node,
        seats: if order.share.is_some() { order.seats } else { WHOLE_CAR },
        extras: fit.extras,
        requested_ms: order.requested_at.millis(),
        direct_ms: order.direct_ms,
        latest_pickup_ms: pickup_by.millis(),
        latest_dropoff_ms: dropoff_by.millis(),
        promised: order.holder().is_some(),
        needs: needs.iter().fold(fit.needs, |bits, bit| bits | 1 << (bit + FIXED_NEEDS)),
        traits: fit.traits,
        refuses: fit.refuses,
    }
}
