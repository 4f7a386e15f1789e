//! The batch in a fixed order and in numbers for quick work: times in milliseconds from now.

use doorstep_roads::{NodeIx, TravelTimes};

use super::room::Room;
use super::route::MOST_STOPS;
use super::table::Table;
use super::{Batch, PooledPolicy, WHOLE_CAR};

/// Longer than anything that is planned: 12 days, and far from the end of `i32`.
pub(super) const FAR_MS: i32 = 1 << 30;

/// A rider in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Man {
    /// Places in the table.
    pub(super) node: u32,
    pub(super) to: u32,
    /// The corner of `to`.
    pub(super) goal: NodeIx,
    pub(super) latest_pickup: i32,
    pub(super) latest_dropoff: i32,
    /// The moment from which a delay counts: request and direct trip.
    pub(super) due: i32,
    pub(super) direct: i32,
    /// Room taken; the seats of it are all of a car's for who shares with nobody.
    pub(super) room: Room,
    pub(super) alone: bool,
    pub(super) promised: bool,
    pub(super) aboard: bool,
    pub(super) needs: u32,
    pub(super) traits: u16,
    pub(super) refuses: u16,
    /// Price of leaving the rider out.
    pub(super) left_out: i64,
}

/// A car in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cab {
    /// Place in the table, and the corner.
    pub(super) node: u32,
    pub(super) corner: NodeIx,
    pub(super) at: i32,
    pub(super) until: i32,
    pub(super) room: Room,
    pub(super) offers: u32,
}

/// One stop: twice the rider's index, and one more where the rider gets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Halt(u32);

impl Halt {
    pub(super) fn pickup(rider: usize) -> Self {
        Self((rider as u32) << 1)
    }

    pub(super) fn dropoff(rider: usize) -> Self {
        Self((rider as u32) << 1 | 1)
    }

    pub(super) fn rider(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) fn is_pickup(self) -> bool {
        self.0 & 1 == 0
    }
}

/// The batch, and the weights of the policy as whole numbers.
pub(super) struct Board<'a> {
    pub(super) table: Table<'a>,
    pub(super) riders: Vec<Man>,
    pub(super) cars: Vec<Cab>,
    /// Price of a millisecond's drive, in 1/1024.
    pub(super) drive: i64,
    /// Price of a millisecond later at a dropoff and at a pickup, in 1/1024.
    pub(super) later: [i64; 2],
    /// Price of a millisecond that a plan ends away from demand, in 1/1024.
    pub(super) end: i64,
    pub(super) boarding: i32,
    pub(super) most_stops: usize,
    /// Some rider refuses some other.
    pub(super) picky: bool,
    pub(super) batch: &'a Batch<'a>,
}

impl<'a> Board<'a> {
    /// Reads the batch; `rider_order` and `car_order` say in which order.
    pub(super) fn new(
        batch: &'a Batch<'a>,
        times: &'a dyn TravelTimes,
        policy: &PooledPolicy,
        rider_order: &[usize],
        car_order: &[usize],
    ) -> Self {
        let until = |at_ms: i64| at_ms.saturating_sub(batch.now_ms).clamp(-i64::from(FAR_MS), i64::from(FAR_MS)) as i32;
        let corners = batch.riders.iter().flat_map(|r| [r.node, r.to]).chain(batch.cars.iter().map(|c| c.node));
        let table = Table::new(times, corners);
        let slower = 1.0 + policy.reserve.clamp(0.0, 10.0);
        let in_reserve = |ms: i32| if ms > 0 { (f64::from(ms) / slower) as i32 } else { ms };
        let weights = policy.weights(batch.load);
        let riders: Vec<Man> = rider_order
            .iter()
            .map(|&at| {
                let r = &batch.riders[at];
                let direct = r.direct_ms.min(FAR_MS as u32) as i32;
                let age_ms = -f64::from(until(r.requested_ms));
                let left_out = weights.left_out_s * 1e3
                    + weights.left_out_per_direct * f64::from(direct)
                    + weights.left_out_per_age * age_ms.max(0.0);
                Man {
                    node: table.place(r.node),
                    to: table.place(r.to),
                    goal: r.to,
                    latest_pickup: in_reserve(until(r.latest_pickup_ms)),
                    latest_dropoff: in_reserve(until(r.latest_dropoff_ms)),
                    due: until(r.requested_ms).saturating_add(direct),
                    direct,
                    room: Room::new(r.seats, r.extras),
                    alone: r.seats == WHOLE_CAR,
                    promised: r.promised,
                    aboard: false,
                    needs: r.needs,
                    traits: r.traits,
                    refuses: r.refuses,
                    left_out: left_out.clamp(0.0, 1e12) as i64,
                }
            })
            .collect();
        let cars = car_order
            .iter()
            .map(|&at| {
                let c = &batch.cars[at];
                Cab {
                    node: table.place(c.node),
                    corner: c.node,
                    at: until(c.at_ms).max(0),
                    until: until(c.until_ms),
                    room: Room::new(c.seats, c.extras),
                    offers: c.offers,
                }
            })
            .collect();
        let picky = riders.iter().any(|r| r.refuses != 0);
        let weight = |w: f64| (w.clamp(0.0, 1e4) * 1024.0) as i64;
        Self {
            table,
            riders,
            cars,
            drive: weight(weights.drive),
            later: [1024 + weight(weights.ride), -weight(weights.ride)],
            end: weight(weights.end),
            boarding: until(batch.now_ms.saturating_add(batch.boarding_ms)),
            most_stops: policy.most_stops.clamp(2, MOST_STOPS),
            picky,
            batch,
        }
    }

    /// Room that the rider takes in this car.
    #[inline]
    pub(super) fn room_in(&self, rider: usize, car: usize) -> Room {
        let man = &self.riders[rider];
        if man.alone { man.room.with_seats(self.cars[car].room.seats().max(1)) } else { man.room }
    }

    /// Whether the rider could sit in this car at all.
    #[inline]
    pub(super) fn suits(&self, rider: usize, car: usize) -> bool {
        let cab = &self.cars[car];
        self.riders[rider].needs & !cab.offers == 0 && self.room_in(rider, car).fits(cab.room)
    }

    /// The price of a plan that ends at `node`.
    #[inline]
    pub(super) fn end_price(&self, node: NodeIx) -> i64 {
        match self.batch.outlook {
            Some(outlook) if self.end != 0 => (i64::from(outlook.away_ms(node)) * self.end) >> 10,
            _ => 0,
        }
    }

    /// Price of a millisecond later at this stop, in 1/1024.
    #[inline]
    pub(super) fn later_price(&self, halt: Halt) -> i64 {
        self.later[usize::from(halt.is_pickup())]
    }

    /// The price of a drive.
    #[inline]
    pub(super) fn drive_price(&self, ms: i32) -> i64 {
        (i64::from(ms) * self.drive) >> 10
    }

    /// May these two sit in one car?
    pub(super) fn get_on(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.riders[a], &self.riders[b]);
        a.traits & b.refuses == 0 && b.traits & a.refuses == 0
    }
}
