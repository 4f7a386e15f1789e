//! The replay loop with shared rides: the same period and the same trace, cars with plans of stops.

use std::collections::HashSet;

use doorstep_dispatch::matching::Recent;
use doorstep_dispatch::sharing::{SharedBatch, SharedPolicy, decide, outlook};
use doorstep_pooling::fleet::{self, Outlook, Stop};
use doorstep_roads::{NodeIx, TravelTimes};

use super::engine::{Event, Fate, Outcome};
use super::motion::Streets;
use super::shifts::Shifts;
use super::van::{Deed, Van, World};
use super::{Request, Run};
use crate::fit;

/// How often places are judged anew.
const OUTLOOK_MS: i64 = 60_000;
/// A car's roads are slower or quicker than thought for this long at a time.
const ROUGH_MS: i64 = 300_000;

/// Runs the period to the end of the last ride, or until `go_on`, which hears of each decision, says no.
pub(super) fn run(
    run: &Run<'_>,
    shifts: Shifts<'_>,
    policy: &SharedPolicy,
    streets: &Streets,
    times: &dyn TravelTimes,
    mut go_on: impl FnMut(i64) -> bool,
) -> Option<Outcome> {
    let direct = run.requests.iter().map(|r| times.time_ms(r.node, r.to)).collect();
    let mut engine = Engine {
        run,
        shifts,
        policy,
        times,
        streets,
        direct,
        vans: run.fleet.iter().map(|&node| Van::new(node)).collect(),
        out: Outcome { fates: vec![Fate::default(); run.requests.len()], ..Outcome::default() },
        open: Vec::new(),
        arrived: 0,
        outlook: None,
        outlook_at: i64::MIN,
    };
    for (vehicle, &node) in run.fleet.iter().enumerate() {
        engine.out.events.push((
            shifts.starts_ms(vehicle),
            Event::Vehicle { vehicle: vehicle as u32, node, kind: run.kind(vehicle) },
        ));
    }
    let mut now_ms = 0;
    loop {
        engine.advance(now_ms);
        engine.take_in(now_ms);
        if engine.arrived == run.requests.len() && engine.open.is_empty() && engine.vans.iter().all(Van::idle) {
            break;
        }
        engine.decide(now_ms);
        if !go_on(now_ms) {
            return None;
        }
        now_ms += run.batch_at(now_ms);
    }
    // A turn at the next node is told when it is decided and dated when it happens.
    engine.out.events.sort_by_key(|&(at_ms, _)| at_ms);
    for ((request, fate), &direct_ms) in run.requests.iter().zip(&engine.out.fates).zip(&engine.direct) {
        let late = |at_ms: Option<i64>, limit_ms: i64| at_ms.is_some_and(|at| at - request.at_ms > limit_ms);
        engine.out.late_pickups += usize::from(late(fate.pickup_ms, run.max_wait_ms));
        engine.out.late_dropoffs += usize::from(late(fate.dropoff_ms, run.max_delay_ms + i64::from(direct_ms)));
    }
    for van in &engine.vans {
        engine.out.drive_ms += van.drive_ms;
        engine.out.empty_ms += van.empty_ms;
    }
    Some(engine.out)
}

struct Engine<'a> {
    run: &'a Run<'a>,
    shifts: Shifts<'a>,
    policy: &'a SharedPolicy,
    times: &'a dyn TravelTimes,
    streets: &'a Streets,
    /// The direct trip of each request.
    direct: Vec<u32>,
    vans: Vec<Van>,
    out: Outcome,
    /// Requests that are neither lost nor set down.
    open: Vec<u32>,
    arrived: usize,
    outlook: Option<Outlook>,
    outlook_at: i64,
}

impl Engine<'_> {
    fn advance(&mut self, now_ms: i64) {
        let Self { run, times, streets, vans, out, .. } = self;
        let corner_of = |stop: Stop| corner(run, stop);
        let world = World { boarding_ms: run.boarding_ms, streets, times: *times };
        for (vehicle, van) in vans.iter_mut().enumerate() {
            let vehicle = vehicle as u32;
            let rough = |at_ms: i64| roughness(run.noise, run.noise_seed, vehicle, at_ms);
            let rough: Option<&dyn Fn(i64) -> f64> = if run.noise > 0.0 { Some(&rough) } else { None };
            van.advance(now_ms, world, &corner_of, rough, &mut |at_ms, deed| {
                tell(out, vehicle, at_ms, deed);
            });
        }
        let Outcome { fates, events, .. } = out;
        self.open.retain(|&request| {
            let fate = &mut fates[request as usize];
            if fate.dropoff_ms.is_some() {
                return false;
            }
            let lost_ms = run.requests[request as usize].at_ms + run.max_wait_ms;
            if fate.accepted_ms.is_none() && fate.pickup_ms.is_none() && lost_ms < now_ms {
                fate.expired_ms = Some(lost_ms);
                events.push((lost_ms, Event::Expire { request }));
                return false;
            }
            true
        });
    }

    fn take_in(&mut self, now_ms: i64) {
        while let Some(request) = self.run.requests.get(self.arrived).filter(|r| r.at_ms <= now_ms) {
            let id = self.arrived as u32;
            let Request { at_ms, node, to, asked } = *request;
            self.out.events.push((at_ms, Event::Request { request: id, node, to, asked }));
            self.open.push(id);
            self.arrived += 1;
        }
    }

    fn decide(&mut self, now_ms: i64) {
        let (run, times) = (self.run, self.times);
        let started = doorstep_clock::monotonic();
        let recent = self.recent(now_ms);
        if now_ms >= self.outlook_at.saturating_add(OUTLOOK_MS) || now_ms < OUTLOOK_MS {
            self.outlook = outlook(&recent, now_ms, self.streets.nodes(), self.policy, times);
            self.outlook_at = now_ms;
        }
        let ending = self.end_shifts(now_ms);
        let riders: Vec<fleet::Rider> =
            self.open.iter().filter(|id| !ending.contains(id)).map(|&id| self.rider(id)).collect();
        let cars: Vec<fleet::Car> = self
            .vans
            .iter()
            .enumerate()
            .filter(|(vehicle, _)| self.shifts.works(*vehicle, now_ms))
            .map(|(vehicle, van)| (vehicle, van, run.gear(vehicle)))
            .map(|(vehicle, van, gear)| fleet::Car {
                id: vehicle as u32,
                node: van.at.0,
                at_ms: van.at.1.max(now_ms),
                seats: run.seats,
                extras: gear.extras,
                offers: gear.offers,
                until_ms: i64::MAX,
                stops: van.stops.clone(),
            })
            .collect();
        let fleet = fleet::Batch {
            now_ms,
            boarding_ms: run.boarding_ms,
            riders: &riders,
            cars: &cars,
            load: self.load(now_ms, cars.len()),
            outlook: self.outlook.as_ref(),
        };
        let decision = decide(&SharedBatch { fleet, recent: &recent }, times, self.policy, &mut || false);
        self.out.batch_ms.push(started.elapsed().as_secs_f64() * 1e3);

        let mut wait_at = vec![None; self.vans.len()];
        for &(vehicle, node) in &decision.moves {
            wait_at[vehicle as usize] = Some(node);
        }
        let answer_after_ms = i64::from(self.policy.answer_after_ms);
        let Self { vans, out, .. } = self;
        for plan in decision.plans {
            let vehicle = plan.car;
            let van = &mut vans[vehicle as usize];
            let (mut node, mut at_ms) = (van.at.0, van.at.1.max(now_ms));
            for stop in &plan.stops {
                let next = corner(run, *stop);
                at_ms += i64::from(times.time_ms(node, next));
                node = next;
                let fate = &mut out.fates[stop.rider as usize];
                if !stop.pickup || fate.car == Some(vehicle) {
                    continue;
                }
                let age_ms = now_ms - run.requests[stop.rider as usize].at_ms;
                if fate.accepted_ms.is_some() || age_ms >= answer_after_ms || at_ms - now_ms <= 2 * run.batch_ms {
                    fate.accepted_ms.get_or_insert(now_ms);
                    fate.car = Some(vehicle);
                    out.events.push((now_ms, Event::Assign { request: stop.rider, vehicle, node: next }));
                }
            }
            let corner_of = |stop: Stop| corner(run, stop);
            van.send(plan.stops, &corner_of, wait_at[vehicle as usize], now_ms, &mut |at_ms, deed| {
                tell(out, vehicle, at_ms, deed);
            });
        }
    }

    /// Riders of cars whose shift has ended: these cars bring their rides to an end as they are planned, and nothing
    /// is decided about them any more. Who was planned and not told yet is told now.
    fn end_shifts(&mut self, now_ms: i64) -> HashSet<u32> {
        let Self { run, shifts, vans, out, .. } = self;
        let mut theirs = HashSet::new();
        for (vehicle, van) in vans.iter().enumerate().filter(|(vehicle, _)| !shifts.works(*vehicle, now_ms)) {
            for stop in &van.stops {
                theirs.insert(stop.rider);
                let fate = &mut out.fates[stop.rider as usize];
                if stop.pickup && fate.car != Some(vehicle as u32) {
                    fate.accepted_ms.get_or_insert(now_ms);
                    fate.car = Some(vehicle as u32);
                    let event =
                        Event::Assign { request: stop.rider, vehicle: vehicle as u32, node: corner(run, *stop) };
                    out.events.push((now_ms, event));
                }
            }
        }
        theirs
    }

    fn rider(&self, id: u32) -> fleet::Rider {
        let (run, at) = (self.run, id as usize);
        let (request, fate, direct_ms) = (&run.requests[at], &self.out.fates[at], self.direct[at]);
        let wants = fit::of_rider(&request.asked);
        fleet::Rider {
            id,
            node: request.node,
            to: request.to,
            seats: 1,
            extras: wants.extras,
            requested_ms: request.at_ms,
            direct_ms,
            latest_pickup_ms: request.at_ms + run.max_wait_ms,
            latest_dropoff_ms: request.at_ms + i64::from(direct_ms) + run.max_delay_ms,
            promised: fate.accepted_ms.is_some(),
            needs: wants.needs,
            traits: wants.traits,
            refuses: wants.refuses,
        }
    }

    /// From the requests of the recent past, those of the first minute taken as a minute's worth.
    fn load(&self, now_ms: i64, cars: usize) -> f64 {
        let span_ms = now_ms.clamp(self.run.batch_ms, i64::from(self.policy.outlook_recent_ms));
        let from = self.run.requests[..self.arrived].partition_point(|r| r.at_ms <= now_ms - span_ms);
        let asked_ms: i64 = self.direct[from..self.arrived].iter().map(|&ms| i64::from(ms)).sum();
        fleet::load(asked_ms as f64 / span_ms as f64, cars, f64::from(self.run.seats))
    }

    fn recent(&self, now_ms: i64) -> Vec<Recent> {
        let rebalance_ms = self.policy.rebalance.as_ref().map_or(0, |r| r.recent_ms);
        let since_ms = now_ms - i64::from(rebalance_ms.max(self.policy.outlook_recent_ms));
        let made = &self.run.requests[..self.arrived];
        let from = made.partition_point(|r| r.at_ms <= since_ms);
        made[from..].iter().map(|r| Recent { requested_ms: r.at_ms, node: r.node }).collect()
    }
}

fn corner(run: &Run<'_>, stop: Stop) -> NodeIx {
    let request = &run.requests[stop.rider as usize];
    if stop.pickup { request.node } else { request.to }
}

/// From `1 - noise` to `1 + noise`, the same for a car for some minutes.
fn roughness(noise: f64, seed: u64, vehicle: u32, at_ms: i64) -> f64 {
    let mut x = seed ^ (u64::from(vehicle) << 32) ^ (at_ms / ROUGH_MS) as u64;
    // The finisher of SplitMix64 (Steele, Lea, Flood 2014).
    for _ in 0..2 {
        x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
    }
    1.0 + noise * ((x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
}

fn tell(out: &mut Outcome, vehicle: u32, at_ms: i64, deed: Deed) {
    let event = match deed {
        Deed::Turned(node) => Event::Move { vehicle, node },
        Deed::Stopped(Stop { rider, pickup: true }, node) => {
            let fate = &mut out.fates[rider as usize];
            fate.pickup_ms = Some(at_ms);
            Event::Pickup { request: rider, vehicle, node }
        }
        Deed::Stopped(Stop { rider, pickup: false }, node) => {
            out.fates[rider as usize].dropoff_ms = Some(at_ms);
            Event::Dropoff { request: rider, vehicle, node }
        }
    };
    out.events.push((at_ms, event));
}
