//! The batch decision with shared rides: plans for all cars, and where those without a plan go.
//!
//! The plans come from [`doorstep_pooling::fleet`], the moves from the same spreading as for single riders.
//! Like [`matching::decide`](crate::matching::decide) it is a pure function.

use doorstep_pooling::fleet::{self, Car, Outlook, Plan, PooledPolicy, Rider};
use doorstep_roads::{NodeIx, TravelTimes};
use serde::{Deserialize, Serialize};

use crate::coverage::{self, Coverage};
use crate::matching::{self, Rebalance, Recent};

/// Shared rides, and what is done with idle cars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharedPolicy {
    /// How plans are made.
    pub plan: PooledPolicy,
    /// Sending idle cars towards expected requests; `None` leaves them where they are.
    pub rebalance: Option<Rebalance>,
    /// A place where a plan ends is worth what the time to this many of the recent requests says.
    pub outlook_nearest: usize,
    /// Recent requests that are looked at for it.
    pub outlook_sample: usize,
    /// How far back requests are recent, milliseconds.
    pub outlook_recent_ms: u32,
    /// A rider is told of a car when the request is this old or the car is this near, milliseconds. Until
    /// then the plan may still drop the rider for others.
    pub answer_after_ms: u32,
    /// Load (see [`fleet::load`]) from which idle cars are sent so. Below it there are enough of them nearly
    /// everywhere, and driving about costs more than it saves.
    pub rebalance_load: f64,
    /// Below that load: sending idle cars only where they are missed; `None` leaves them where they are.
    pub coverage: Option<Coverage>,
    /// Load from which that is done: where cars are plenty, they stand everywhere.
    pub coverage_load: f64,
}

impl Default for SharedPolicy {
    fn default() -> Self {
        Self {
            plan: PooledPolicy::default(),
            rebalance: Some(Rebalance::default()),
            outlook_nearest: 20,
            outlook_sample: 400,
            outlook_recent_ms: 900_000,
            answer_after_ms: 0,
            rebalance_load: 1.0,
            coverage: Some(Coverage::default()),
            coverage_load: 0.7,
        }
    }
}

/// Everything one decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct SharedBatch<'a> {
    /// Riders, cars and the moment.
    pub fleet: fleet::Batch<'a>,
    /// Past requests by which idle cars are spread; empty: nobody is sent anywhere.
    pub recent: &'a [Recent],
}

/// What the batch decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedDecision {
    /// One plan for each car, by ascending id.
    pub plans: Vec<Plan>,
    /// Cars without a plan and the node each should wait at.
    pub moves: Vec<(u32, NodeIx)>,
    /// The deadline cut the search short.
    pub cut: bool,
}

/// Decides one batch; `late` is asked now and then and ends the search.
pub fn decide(
    batch: &SharedBatch<'_>,
    times: &dyn TravelTimes,
    policy: &SharedPolicy,
    late: &mut dyn FnMut() -> bool,
) -> SharedDecision {
    let decided = fleet::decide_until(&batch.fleet, times, &policy.plan, late);
    let busy = batch.fleet.load >= policy.rebalance_load;
    let moves = match (&policy.rebalance, &policy.coverage) {
        _ if batch.recent.is_empty() => Vec::new(),
        (Some(rebalance), _) if busy => {
            let cars = after_plans(batch, &decided.plans, times);
            let now_ms = batch.fleet.now_ms;
            let idle = matching::Batch { now_ms, riders: &[], cars: &cars, recent: batch.recent };
            matching::spread_idle(&idle, times, rebalance)
        }
        (_, Some(coverage)) if !busy && batch.fleet.load >= policy.coverage_load => {
            let cars = after_plans(batch, &decided.plans, times);
            coverage::moves(&cars, batch.recent, batch.fleet.now_ms, times, coverage)
        }
        _ => Vec::new(),
    };
    SharedDecision { plans: decided.plans, moves, cut: decided.cut }
}

/// What each place is worth, from an even sample of the recent requests.
pub fn outlook(
    recent: &[Recent],
    now_ms: i64,
    nodes: usize,
    policy: &SharedPolicy,
    times: &dyn TravelTimes,
) -> Option<Outlook> {
    if policy.plan.busy.end <= 0.0 && policy.plan.spare.end <= 0.0 {
        return None;
    }
    let since_ms = now_ms.saturating_sub(i64::from(policy.outlook_recent_ms));
    let mut recent: Vec<Recent> = recent.iter().copied().filter(|r| r.requested_ms > since_ms).collect();
    recent.sort_unstable();
    let count = recent.len().min(policy.outlook_sample);
    let sample: Vec<NodeIx> = (0..count).map(|k| recent[k * recent.len() / count].node).collect();
    Some(Outlook::new(nodes, &sample, policy.outlook_nearest, times))
}

/// The cars, by ascending id, where and when their plans end.
fn after_plans(batch: &SharedBatch<'_>, plans: &[Plan], times: &dyn TravelTimes) -> Vec<matching::Car> {
    let mut riders: Vec<&Rider> = batch.fleet.riders.iter().collect();
    riders.sort_unstable_by_key(|r| r.id);
    let mut cars: Vec<&Car> = batch.fleet.cars.iter().collect();
    cars.sort_unstable_by_key(|c| c.id);
    cars.iter()
        .zip(plans)
        .map(|(car, plan)| {
            let (mut node, mut at_ms) = (car.node, car.at_ms);
            for stop in &plan.stops {
                let Ok(rider) = riders.binary_search_by_key(&stop.rider, |r| r.id) else { continue };
                let next = if stop.pickup { riders[rider].node } else { riders[rider].to };
                at_ms += i64::from(times.time_ms(node, next));
                at_ms += if stop.pickup { batch.fleet.boarding_ms } else { 0 };
                node = next;
            }
            let on_trip = !plan.stops.is_empty();
            let (seats, extras, offers) = (car.seats, car.extras, car.offers);
            matching::Car { id: car.id, node, free_at_ms: at_ms, seats, extras, offers, assigned: None, on_trip }
        })
        .collect()
}
