//! The live decision for shared rides: which riders each moving car takes, in which order of stops.
//!
//! [`decide`] is a pure function of the batch and the travel times. Every rider who is not aboard yet may
//! change the car, every car may change its course at the next node; what was promised (latest pickup,
//! latest arrival, a seat) holds for everybody in every plan.
//!
//! The plan is found by inserting new riders where they cost least and then by ruin and recreate (Schrimpf
//! et al. 2000) over groups of riders with similar rides, with simulated annealing, from the plan of the
//! batch before. The work of a batch is counted in insertions tried, not in time, so that a replay gives the
//! same bytes on every machine; a caller with a clock hands in a deadline besides.

mod board;
mod insertion;
mod outlook;
mod policy;
mod room;
mod route;
mod search;
mod table;
#[cfg(test)]
mod tests;

use doorstep_roads::{NodeIx, TravelTimes};

pub use outlook::Outlook;
pub use policy::{PooledPolicy, Weights};
pub use room::{Extras, Room};

/// A rider who is not set down yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rider {
    /// The caller's number, unique in the batch.
    pub id: u32,
    /// Where the rider waits (or waited).
    pub node: NodeIx,
    /// Where the ride ends.
    pub to: NodeIx,
    /// Seats taken; [`WHOLE_CAR`] for a ride that is not shared.
    pub seats: u8,
    /// What else takes room.
    pub extras: Extras,
    /// When the ride was asked for.
    pub requested_ms: i64,
    /// The direct trip, milliseconds.
    pub direct_ms: u32,
    /// The last moment of a pickup.
    pub latest_pickup_ms: i64,
    /// The last moment of arrival.
    pub latest_dropoff_ms: i64,
    /// A promise was given: the rider must stay in the plan.
    pub promised: bool,
    /// What a car must have that is not counted, one bit each (pets allowed, a driver of some kind…).
    pub needs: u32,
    /// Properties that others may refuse to share with, one bit each.
    pub traits: u16,
    /// Properties of others that this rider refuses to share with.
    pub refuses: u16,
}

/// [`Rider::seats`] of a rider who shares with nobody.
pub const WHOLE_CAR: u8 = u8::MAX;

/// One stop of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stop {
    /// [`Rider::id`].
    pub rider: u32,
    /// The rider gets in; else gets out.
    pub pickup: bool,
}

/// A car in service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Car {
    /// The caller's number, unique in the batch.
    pub id: u32,
    /// Where it can next change its course.
    pub node: NodeIx,
    /// When it is there (not before the batch's `now_ms`).
    pub at_ms: i64,
    /// Seats for riders.
    pub seats: u8,
    /// Room besides.
    pub extras: Extras,
    /// What it has of [`Rider::needs`].
    pub offers: u32,
    /// It must have set everybody down by then (end of the shift).
    pub until_ms: i64,
    /// Its plan so far: who is aboard gets out, who is promised gets in and out.
    pub stops: Vec<Stop>,
}

/// Everything one decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The moment of the decision.
    pub now_ms: i64,
    /// Time that a pickup takes.
    pub boarding_ms: i64,
    /// All riders who wait or ride.
    pub riders: &'a [Rider],
    /// All cars in service.
    pub cars: &'a [Car],
    /// How much there is to do, see [`load`]; 0 where it is not known.
    pub load: f64,
    /// What is expected of each place; `None`: every place is worth the same.
    pub outlook: Option<&'a Outlook>,
}

/// The stops of one car, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// [`Car::id`].
    pub car: u32,
    /// Its stops.
    pub stops: Vec<Stop>,
}

/// What the batch decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// One plan for each car, by ascending id; the stops may be none.
    pub plans: Vec<Plan>,
    /// Insertions that were tried.
    pub work: u64,
    /// The deadline came before the search was done.
    pub cut: bool,
}

/// How much there is to do: direct driving asked for in a second, over what the cars can do in a second when
/// rides are shared. Above 1 not everybody can be served.
///
/// What a car can do grows with its seats less than evenly, because riders have to fit together: by the
/// power 0.63 on a dense city's recorded hour, where two seats carried 1.5 and four 2.4 times one.
pub fn load(direct_s_per_s: f64, cars: usize, seats: f64) -> f64 {
    direct_s_per_s / (cars.max(1) as f64 * seats.max(1.0).powf(0.63))
}

/// Decides one batch.
///
/// The order of the riders and cars in the batch does not matter. A rider aboard is one whose dropoff
/// stands in a car's stops without the pickup.
pub fn decide(batch: &Batch<'_>, times: &dyn TravelTimes, policy: &PooledPolicy) -> Decision {
    decide_until(batch, times, policy, &mut || false)
}

/// The same with a deadline: `late` is asked every few hundred microseconds of work, and once it says yes
/// the plan as it stands is returned. It keeps all promises at any moment.
pub fn decide_until(
    batch: &Batch<'_>,
    times: &dyn TravelTimes,
    policy: &PooledPolicy,
    late: &mut dyn FnMut() -> bool,
) -> Decision {
    search::plan(batch, times, policy, late)
}
