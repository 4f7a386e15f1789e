//! One vehicle's tour, with what is needed to judge an insertion in constant time.

use super::model::{EPS, Model, NOBODY};
use super::schedule::{self, Scratch};
use crate::instance::{ROOMS, Room};

/// One position of a tour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    /// Service begins no earlier (the least schedule that keeps every promise).
    pub(super) early: f64,
    /// Service must begin no later (the greatest schedule).
    pub(super) late: f64,
    /// Service ends no earlier.
    pub(super) leave: f64,
    /// Cost of driving on from here, and the time.
    pub(super) leg: f64,
    pub(super) leg_time: f64,
    /// Driving and service from the start of the tour to the begin of service here.
    pub(super) run: f64,
    pub(super) service: f64,
    /// Longest ride that ends here; infinite when none does.
    pub(super) longest: f64,
    pub(super) stop: u32,
    pub(super) place: u32,
    /// Where the other stop of the same ride is.
    pub(super) mate: u32,
    /// Room taken after this stop.
    pub(super) load: Room,
    /// What is aboard after this stop, one bit a rule.
    pub(super) brings: u64,
    pub(super) avoids: u64,
}

/// A tour from the fleet's start to its end.
#[derive(Debug, Default)]
pub(super) struct Route {
    pub(super) fleet: u32,
    /// Never the same for two different contents.
    pub(super) version: u64,
    pub(super) cost: f64,
    pub(super) at: Vec<Position>,
}

impl Clone for Route {
    fn clone(&self) -> Self {
        Self { fleet: self.fleet, version: self.version, cost: self.cost, at: self.at.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.fleet = from.fleet;
        self.version = from.version;
        self.cost = from.cost;
        self.at.clone_from(&from.at);
    }
}

impl Route {
    pub(super) fn empty(model: &Model<'_>, fleet: u32, scratch: &mut Scratch) -> Self {
        let kind = model.instance.fleets()[fleet as usize];
        let mut route = Self { fleet, ..Self::default() };
        for stop in [kind.start, kind.end] {
            route.at.push(position(stop));
        }
        let made = route.refresh(model, scratch);
        debug_assert!(made, "a vehicle may stay where it is");
        route
    }

    /// Stops of riders, without the vehicle's start and end.
    pub(super) fn stops(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.at[1..self.at.len() - 1].iter().map(|p| p.stop)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.at.len() == 2
    }

    /// Puts a ride in: the pickup after position `i`, the delivery after position `j` (of the tour before).
    pub(super) fn insert(&mut self, model: &Model<'_>, request: u32, i: usize, j: usize) {
        let ride = model.rides[request as usize];
        self.at.insert(j + 1, position(ride.delivery));
        self.at.insert(i + 1, position(ride.pickup));
    }

    /// Takes out every stop of the rides for which `out` says so.
    pub(super) fn remove(&mut self, model: &Model<'_>, mut out: impl FnMut(u32) -> bool) {
        self.at.retain(|p| {
            let request = model.node(p.stop).request;
            request == NOBODY || !out(request)
        });
    }

    /// Computes everything from the order of the stops; false when no schedule keeps the promises.
    pub(super) fn refresh(&mut self, model: &Model<'_>, scratch: &mut Scratch) -> bool {
        let (mut load, mut brings, mut avoids, mut run) = ([0; ROOMS], 0, 0, 0.0);
        let count = self.at.len();
        self.cost = 0.0;
        for k in 0..count {
            let stop = self.at[k].stop;
            let node = model.node(stop);
            if node.request != NOBODY {
                for (room, demand) in load.iter_mut().zip(node.demand) {
                    *room += demand;
                }
                let ride = &model.rides[node.request as usize];
                if ride.brings | ride.avoids != 0 {
                    // Several aboard may bring the same, so the sets are counted anew.
                    (brings, avoids) = self.company(model, k);
                }
                if node.is_pickup {
                    scratch.at_stop[ride.delivery as usize] = k as u32;
                } else {
                    let mate = scratch.at_stop[stop as usize];
                    self.at[k].mate = mate;
                    self.at[mate as usize].mate = k as u32;
                }
            }
            let next = if k + 1 < count { self.at[k + 1].stop } else { stop };
            let leg = model.cost(stop, next);
            self.cost += leg;
            let position = &mut self.at[k];
            (position.load, position.brings, position.avoids, position.leg) = (load, brings, avoids, leg);
            position.leg_time = model.time(stop, next);
            position.place = model.place(stop);
            position.run = run;
            position.service = node.service;
            run += node.service + position.leg_time;
            if node.request != NOBODY && !node.is_pickup {
                position.longest = model.rides[node.request as usize].longest;
            }
        }
        let fine = schedule::fill(model, self.fleet, &mut self.at, scratch);
        for position in &mut self.at {
            position.leave = position.early + position.service;
        }
        fine
    }

    fn company(&self, model: &Model<'_>, until: usize) -> (u64, u64) {
        let mut aboard: Vec<u32> = Vec::new();
        for position in &self.at[..=until] {
            let node = model.node(position.stop);
            if node.request == NOBODY {
                continue;
            }
            if node.is_pickup {
                aboard.push(node.request);
            } else {
                aboard.retain(|r| *r != node.request);
            }
        }
        aboard.iter().fold((0, 0), |(brings, avoids), r| {
            let ride = &model.rides[*r as usize];
            (brings | ride.brings, avoids | ride.avoids)
        })
    }

    /// Whether times are inside what the promises allow.
    pub(super) fn late_enough(position: &Position, time: f64) -> bool {
        time <= position.late + EPS
    }
}

/// A position of which only the stop is known.
pub(super) fn position(stop: u32) -> Position {
    Position {
        early: 0.0,
        late: 0.0,
        leave: 0.0,
        leg: 0.0,
        leg_time: 0.0,
        run: 0.0,
        service: 0.0,
        longest: f64::INFINITY,
        stop,
        place: 0,
        mate: 0,
        load: [0; ROOMS],
        brings: 0,
        avoids: 0,
    }
}
