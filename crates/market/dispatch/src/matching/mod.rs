//! The batch decision: which car serves which rider, and where idle cars go.
//!
//! [`decide`] is a pure function. The live service, the replay, the property tests and a fuzzer call
//! the same one; it reads no clock, draws no random number and knows nothing of HTTP or the store.
//!
//! What it promises, whatever the input:
//! - a car gets at most one rider, a rider at most one car;
//! - no pickup is later than the rider's `latest_pickup_ms`, no car gets more people than seats, nor anybody whom
//!   it lacks room or equipment for;
//! - a rider who was accepted (`assigned`) keeps a car as long as the pair that was promised is still
//!   feasible: the car may change, the promise may not;
//! - the order of the input slices does not matter.

mod assignment;
mod policy;
mod promise;
mod rebalance;
#[cfg(test)]
mod tests;
mod view;

use doorstep_pooling::fleet::Extras;
use doorstep_roads::{NodeIx, TravelTimes};

pub use policy::{Method, Rebalance, SoloPolicy};

/// Somebody who waits for a car and is not picked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rider {
    /// The caller's number of this rider, unique in the batch.
    pub id: u32,
    /// Where the rider waits.
    pub node: NodeIx,
    /// Where the ride ends.
    pub to: NodeIx,
    /// When the ride was asked for.
    pub requested_ms: i64,
    /// The last moment at which a pickup still counts.
    pub latest_pickup_ms: i64,
    /// The car that was promised, when the rider was accepted in an earlier batch.
    pub assigned: Option<u32>,
    /// The direct trip, milliseconds.
    pub direct_ms: u32,
    /// Seats asked for.
    pub seats: u8,
    /// What else takes room.
    pub extras: Extras,
    /// What a car must have that is not counted, one bit each.
    pub needs: u32,
}

/// A car that can take a rider now or soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Car {
    /// The caller's number of this car, unique in the batch.
    pub id: u32,
    /// Where it can next change its course: the next node of its way, or the end of its trip.
    pub node: NodeIx,
    /// When it is at `node` and free (not before the batch's `now_ms`).
    pub free_at_ms: i64,
    /// Seats for riders.
    pub seats: u8,
    /// Room besides.
    pub extras: Extras,
    /// What it has of [`Rider::needs`].
    pub offers: u32,
    /// The rider it was promised to in an earlier batch.
    pub assigned: Option<u32>,
    /// A passenger is aboard until `free_at_ms`: the car can be promised on, never sent elsewhere.
    pub on_trip: bool,
}

/// Everything one decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The moment of the decision.
    pub now_ms: i64,
    /// All who wait, promised or not.
    pub riders: &'a [Rider],
    /// All cars in service.
    pub cars: &'a [Car],
    /// Past requests by which idle cars are spread; empty: nobody is sent anywhere.
    pub recent: &'a [Recent],
}

/// A past request, as a sign of where the next ones will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recent {
    /// When it was made.
    pub requested_ms: i64,
    /// Where its rider waited.
    pub node: NodeIx,
}

/// One promise: this car comes to this rider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assign {
    /// [`Rider::id`].
    pub rider: u32,
    /// [`Car::id`].
    pub car: u32,
    /// When the car will be there.
    pub pickup_ms: i64,
}

/// What the batch decided, in ascending order of rider and of car.
///
/// It is complete: a car that stands neither in `assign` nor in `moves` finishes the trip it is on and
/// then waits where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The promises, old ones included.
    pub assign: Vec<Assign>,
    /// Idle cars and the node each should wait at.
    pub moves: Vec<(u32, NodeIx)>,
}

/// Sends idle cars towards where requests are expected, promises aside: who stands in `batch.cars` without
/// a trip and without a promise may move.
pub(crate) fn spread_idle(batch: &Batch<'_>, times: &dyn TravelTimes, policy: &Rebalance) -> Vec<(u32, NodeIx)> {
    rebalance::spread(&view::View::new(batch), &[], times, policy)
}

/// Decides one batch.
pub fn decide(batch: &Batch<'_>, times: &dyn TravelTimes, policy: &SoloPolicy) -> Decision {
    let view = view::View::new(batch);
    let assign = promise::promise(&view, times, policy, promise::FIRST_CANDIDATES);
    let moves = match &policy.rebalance {
        Some(rebalance) => rebalance::spread(&view, &assign, times, rebalance),
        None => Vec::new(),
    };
    Decision { assign, moves }
}
