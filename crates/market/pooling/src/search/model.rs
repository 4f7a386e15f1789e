//! The instance as the search reads it: flat rows by stop, so that one stop is one cache line.

use crate::instance::{Instance, Objective, ROOMS, Request, Room};

/// No request: a vehicle's start or end.
pub(super) const NOBODY: u32 = u32::MAX;
/// Slack for rounding in sums of doubles; the judge allows ten times more.
pub(super) const EPS: f64 = 1e-7;

/// What the search knows of one stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) earliest: f64,
    pub(super) latest: f64,
    pub(super) service: f64,
    pub(super) demand: Room,
    pub(super) request: u32,
    pub(super) is_pickup: bool,
}

/// What the search knows of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ride {
    pub(super) pickup: u32,
    pub(super) delivery: u32,
    /// Infinite when there is none.
    pub(super) longest: f64,
    /// What it brings and what it avoids, one bit a rule.
    pub(super) brings: u64,
    pub(super) avoids: u64,
}

/// An instance made ready.
pub(super) struct Model<'a> {
    pub(super) instance: &'a Instance,
    pub(super) nodes: Vec<Node>,
    pub(super) rides: Vec<Ride>,
    pub(super) timed: bool,
    pub(super) vehicles_first: bool,
}

impl<'a> Model<'a> {
    pub(super) fn new(instance: &'a Instance) -> Self {
        let mut nodes: Vec<Node> = instance
            .stops()
            .iter()
            .map(|s| Node {
                earliest: s.earliest,
                latest: s.latest,
                service: s.service,
                demand: s.demand,
                request: NOBODY,
                is_pickup: false,
            })
            .collect();
        // A vehicle leaves its start when it likes: the judge counts no service there.
        for fleet in instance.fleets() {
            nodes[fleet.start as usize].service = 0.0;
        }
        for request in instance.requests() {
            tighten(instance, &mut nodes, request);
        }
        let mut rides = Vec::with_capacity(instance.requests().len());
        for (r, request) in instance.requests().iter().enumerate() {
            for (stop, is_pickup) in [(request.pickup, true), (request.delivery, false)] {
                nodes[stop as usize].request = r as u32;
                nodes[stop as usize].is_pickup = is_pickup;
            }
            let (brings, avoids) = instance.features().company(r);
            let longest = request.max_ride.unwrap_or(f64::INFINITY);
            rides.push(Ride { pickup: request.pickup, delivery: request.delivery, longest, brings, avoids });
        }
        let vehicles_first = instance.objective() == Objective::VehiclesThenCost;
        Self { instance, nodes, rides, timed: instance.timed(), vehicles_first }
    }

    #[inline]
    pub(super) fn cost(&self, from: u32, to: u32) -> f64 {
        self.instance.cost(from, to)
    }

    #[inline]
    pub(super) fn time(&self, from: u32, to: u32) -> f64 {
        self.instance.time(from, to)
    }

    #[inline]
    pub(super) fn place(&self, stop: u32) -> u32 {
        self.instance.stops()[stop as usize].place
    }

    #[inline]
    pub(super) fn node(&self, stop: u32) -> &Node {
        &self.nodes[stop as usize]
    }
}

/// Narrows both windows of a ride to times that the other window and the longest ride leave. A margin keeps
/// rounding from cutting off what is feasible; the schedule is exact all the same.
fn tighten(instance: &Instance, nodes: &mut [Node], request: &Request) {
    let (p, d) = (nodes[request.pickup as usize], nodes[request.delivery as usize]);
    let ride = instance.time(request.pickup, request.delivery);
    let longest = request.max_ride.unwrap_or(f64::INFINITY);
    let (first, last) = instance.fleets().iter().fold((f64::INFINITY, 0.0_f64), |(first, last), fleet| {
        let (start, end) = (instance.stops()[fleet.start as usize], instance.stops()[fleet.end as usize]);
        let back = end.latest - instance.time(request.delivery, fleet.end) - d.service;
        (first.min(start.earliest + instance.time(fleet.start, request.pickup)), last.max(back))
    });
    let latest_d = d.latest.min(last).min(p.latest + p.service + longest);
    let latest_p = p.latest.min(latest_d - ride - p.service);
    let earliest_p = p.earliest.max(first).max(d.earliest - longest - p.service);
    let earliest_d = d.earliest.max(earliest_p + p.service + ride);
    for (stop, earliest, latest) in [(request.pickup, earliest_p, latest_p), (request.delivery, earliest_d, latest_d)] {
        let node = &mut nodes[stop as usize];
        node.earliest = node.earliest.max(earliest - EPS);
        node.latest = node.latest.min(latest + EPS).max(node.earliest);
    }
}

/// Whether somebody more fits into the room that is taken.
#[inline]
pub(super) fn fits(taken: &Room, more: &Room, capacity: &Room) -> bool {
    (0..ROOMS).all(|k| taken[k] + more[k] <= capacity[k])
}
