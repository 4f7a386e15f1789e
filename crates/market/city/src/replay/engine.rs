//! The replay loop: requests come in, every batch is decided by `dispatch::decide`, cars move exactly.

use doorstep_dispatch::matching::{Batch, Car, Recent, Rider, SoloPolicy, decide};
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_orders::{Asked, CarKind, CarProfile, RideNeeds, RideWishes, WomenRides};
use doorstep_roads::{NodeIx, TravelTimes};

use super::motion::{Cab, Errand, Happening, Streets};
use super::shifts::Shifts;
use crate::fit::{self, CarFit};

/// One usable request of the period, times in milliseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// When it was made.
    pub at_ms: i64,
    /// Where the rider waits.
    pub node: NodeIx,
    /// Where the ride ends.
    pub to: NodeIx,
    /// What its rider asks for of a car. Every request is one rider.
    pub asked: Asked,
}

impl Request {
    /// A rider who needs a seat and nothing else.
    #[must_use]
    pub fn plain(at_ms: i64, node: NodeIx, to: NodeIx) -> Self {
        let asked = Asked { seats: 1, needs: RideNeeds::default(), wishes: RideWishes::default() };
        Self { at_ms, node, to, asked }
    }
}

/// A car with nothing special.
pub(crate) const USUAL_CAR: CarKind = CarKind {
    seats: 4,
    car: CarProfile { wheelchairs: 0, child_seats: 0, luggage: 2, pets: false },
    women_rides: WomenRides::None,
};

/// What one run is made of, beside the city.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Requests in ascending order of time.
    pub requests: &'a [Request],
    /// Where each car stands at the start.
    pub fleet: &'a [NodeIx],
    /// What each car has, its seats aside; none: usual cars all of them.
    pub cars: &'a [CarKind],
    /// Seats of each car.
    pub seats: u8,
    /// Time between two decisions.
    pub batch_ms: i64,
    /// The same by half minutes of the period, where it changes; after the last of them that one holds. None: it is
    /// always `batch_ms`.
    pub windows: &'a [i64],
    /// A request is lost after this wait.
    pub max_wait_ms: i64,
    /// Time a rider needs to board.
    pub boarding_ms: i64,
    /// Who is set down later than a direct trip from the request by more than this was promised too much.
    /// It binds where rides are shared.
    pub max_delay_ms: i64,
    /// Roads are slower or quicker than thought by up to this share; only where rides are shared.
    pub noise: f64,
    /// Seed of it.
    pub noise_seed: u64,
    /// The policy of every batch.
    pub policy: Policy<'a>,
}

/// A window holds for so long.
pub(crate) const WINDOW_STEP_MS: i64 = 30_000;

impl Run<'_> {
    /// Time to the decision after the one that is made now.
    pub(super) fn batch_at(&self, now_ms: i64) -> i64 {
        let step = usize::try_from(now_ms / WINDOW_STEP_MS).unwrap_or(0);
        self.windows.get(step).or(self.windows.last()).copied().unwrap_or(self.batch_ms).max(100)
    }

    /// What a car has, in the planner's words.
    pub(super) fn gear(&self, vehicle: usize) -> CarFit {
        fit::of_car(&self.kind(vehicle))
    }

    pub(super) fn kind(&self, vehicle: usize) -> CarKind {
        self.cars.get(vehicle).copied().unwrap_or(USUAL_CAR)
    }
}

/// How riders and cars are brought together.
#[derive(Debug, Clone, Copy)]
pub enum Policy<'a> {
    /// One rider at a time.
    Solo(&'a SoloPolicy),
    /// Shared rides.
    Pooled(&'a SharedPolicy),
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fate {
    /// When the first promise was made.
    pub accepted_ms: Option<i64>,
    /// When the rider was picked up.
    pub pickup_ms: Option<i64>,
    /// When the rider was set down.
    pub dropoff_ms: Option<i64>,
    /// The car promised at present.
    pub(crate) car: Option<u32>,
    /// When the request was lost.
    pub expired_ms: Option<i64>,
}

/// One line of the trace, before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A car stands at its start.
    Vehicle { vehicle: u32, node: NodeIx, kind: CarKind },
    /// A request was made.
    Request { request: u32, node: NodeIx, to: NodeIx, asked: Asked },
    /// A car was promised.
    Assign { request: u32, vehicle: u32, node: NodeIx },
    /// A rider got in.
    Pickup { request: u32, vehicle: u32, node: NodeIx },
    /// A rider got out.
    Dropoff { request: u32, vehicle: u32, node: NodeIx },
    /// A car changed its course here, or ended a drive without passengers.
    Move { vehicle: u32, node: NodeIx },
    /// A request was lost.
    Expire { request: u32 },
}

/// Everything that happened in one run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One fate per request, in the order of the requests.
    pub fates: Vec<Fate>,
    /// All events in order of time; of equal times in the order in which they happened.
    pub(crate) events: Vec<(i64, Event)>,
    /// Wall time of each decision, milliseconds.
    pub batch_ms: Vec<f64>,
    /// Riders who were picked up later than promised, and who were set down later than promised: only where
    /// roads are not as quick as thought.
    pub late_pickups: usize,
    /// See `late_pickups`.
    pub late_dropoffs: usize,
    /// All driving, milliseconds.
    pub drive_ms: i64,
    /// Empty driving that ended in a pickup's own last leg, rebalancing and abandoned ways, milliseconds.
    pub empty_ms: i64,
    /// Sum over pickups of the last leg's drive.
    pub pickup_drive_ms: i64,
}

/// Runs the period to the end of the last ride, or until `go_on`, which hears of each decision, says no.
pub(super) fn run(
    run: &Run<'_>,
    shifts: Shifts<'_>,
    policy: &SoloPolicy,
    streets: &Streets,
    times: &dyn TravelTimes,
    mut go_on: impl FnMut(i64) -> bool,
) -> Option<Outcome> {
    let mut engine = Engine {
        run,
        shifts,
        policy,
        times,
        cabs: run.fleet.iter().map(|&node| Cab::new(node)).collect(),
        out: Outcome { fates: vec![Fate::default(); run.requests.len()], ..Outcome::default() },
        waiting: Vec::new(),
        arrived: 0,
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
        if engine.arrived == run.requests.len() && engine.idle() {
            break;
        }
        engine.decide(now_ms, streets);
        if !go_on(now_ms) {
            return None;
        }
        now_ms += run.batch_at(now_ms);
    }
    // A turn at the next node is told when it is decided and dated when it happens.
    engine.out.events.sort_by_key(|&(at_ms, _)| at_ms);
    for cab in &engine.cabs {
        engine.out.empty_ms += cab.empty_ms;
    }
    let rides = run.requests.iter().zip(&engine.out.fates).filter(|(_, fate)| fate.dropoff_ms.is_some());
    let ridden: i64 = rides.map(|(r, _)| i64::from(times.time_ms(r.node, r.to))).sum();
    engine.out.drive_ms = ridden + engine.out.empty_ms;
    Some(engine.out)
}

struct Engine<'a> {
    run: &'a Run<'a>,
    shifts: Shifts<'a>,
    policy: &'a SoloPolicy,
    times: &'a dyn TravelTimes,
    cabs: Vec<Cab>,
    out: Outcome,
    /// Requests not picked up and not lost.
    waiting: Vec<u32>,
    arrived: usize,
}

impl Engine<'_> {
    fn idle(&self) -> bool {
        self.waiting.is_empty() && self.cabs.iter().all(|cab| cab.errand == Errand::Stand)
    }

    fn advance(&mut self, now_ms: i64) {
        let Self { run, times, cabs, out, .. } = self;
        let goal = |rider: u32| run.requests[rider as usize].to;
        for (vehicle, cab) in cabs.iter_mut().enumerate() {
            let vehicle = vehicle as u32;
            cab.advance(now_ms, run.boarding_ms, *times, &goal, &mut |at_ms, what| tell(out, vehicle, at_ms, what));
        }
        let Outcome { fates, events, .. } = out;
        self.waiting.retain(|&request| {
            let fate = &mut fates[request as usize];
            if fate.pickup_ms.is_some() {
                return false;
            }
            let lost_ms = run.requests[request as usize].at_ms + run.max_wait_ms;
            if fate.car.is_none() && lost_ms < now_ms {
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
            self.waiting.push(id);
            self.arrived += 1;
        }
    }

    fn decide(&mut self, now_ms: i64, streets: &Streets) {
        let (run, times) = (self.run, self.times);
        let started = doorstep_clock::monotonic();
        let mut cars = Vec::with_capacity(self.cabs.len());
        // Who has ended his shift brings his promised ride to its end, and nothing is decided about it any more.
        let mut ending = vec![false; self.cabs.len()];
        for (vehicle, cab) in self.cabs.iter_mut().enumerate() {
            if !self.shifts.works(vehicle, now_ms) {
                ending[vehicle] = matches!(cab.errand, Errand::Fetch { .. } | Errand::Trip { next: Some(_), .. });
                continue;
            }
            let (node, free_at_ms) = cab.next_free(now_ms, streets, times);
            let (assigned, on_trip) = match cab.errand {
                Errand::Fetch { rider, .. } => (Some(rider), false),
                Errand::Trip { next, .. } => (next.map(|(rider, _)| rider), true),
                Errand::Stand | Errand::Move { .. } => (None, false),
            };
            let gear = run.gear(vehicle);
            cars.push(Car {
                id: vehicle as u32,
                node,
                free_at_ms,
                seats: run.seats,
                extras: gear.extras,
                offers: gear.offers,
                assigned,
                on_trip,
            });
        }
        let riders: Vec<Rider> = self
            .waiting
            .iter()
            .filter(|&&id| self.out.fates[id as usize].car.is_none_or(|car| !ending[car as usize]))
            .map(|&id| {
                let request = &run.requests[id as usize];
                let wants = fit::of_rider(&request.asked);
                Rider {
                    id,
                    node: request.node,
                    to: request.to,
                    requested_ms: request.at_ms,
                    latest_pickup_ms: request.at_ms + run.max_wait_ms,
                    assigned: self.out.fates[id as usize].car,
                    direct_ms: times.time_ms(request.node, request.to),
                    seats: 1,
                    extras: wants.extras,
                    needs: wants.needs,
                }
            })
            .collect();
        let since_ms = now_ms - self.policy.rebalance.as_ref().map_or(0, |r| i64::from(r.recent_ms));
        let recent: Vec<Recent> = run.requests[..self.arrived]
            .iter()
            .filter(|r| r.at_ms > since_ms)
            .map(|r| Recent { requested_ms: r.at_ms, node: r.node })
            .collect();
        let batch = Batch { now_ms, riders: &riders, cars: &cars, recent: &recent };
        let decision = decide(&batch, times, self.policy);
        self.out.batch_ms.push(started.elapsed().as_secs_f64() * 1e3);

        let mut errands = vec![Errand::Stand; self.cabs.len()];
        for promise in &decision.assign {
            let to = run.requests[promise.rider as usize].node;
            errands[promise.car as usize] = Errand::Fetch { rider: promise.rider, to };
            let fate = &mut self.out.fates[promise.rider as usize];
            fate.accepted_ms.get_or_insert(now_ms);
            if fate.car != Some(promise.car) {
                fate.car = Some(promise.car);
                let event = Event::Assign { request: promise.rider, vehicle: promise.car, node: to };
                self.out.events.push((now_ms, event));
            }
        }
        for &(vehicle, to) in &decision.moves {
            errands[vehicle as usize] = Errand::Move { to };
        }
        for (vehicle, (cab, errand)) in self.cabs.iter_mut().zip(errands).enumerate() {
            if ending[vehicle] {
                continue;
            }
            if let Errand::Trip { next, .. } = &mut cab.errand {
                *next = match errand {
                    Errand::Fetch { rider, to } => Some((rider, to)),
                    _ => None,
                };
            } else {
                let out = &mut self.out;
                cab.send(errand, now_ms, streets, times, &mut |at_ms, what| tell(out, vehicle as u32, at_ms, what));
            }
        }
    }
}

fn tell(out: &mut Outcome, vehicle: u32, at_ms: i64, what: Happening) {
    let event = match what {
        Happening::Turned { node } => Event::Move { vehicle, node },
        Happening::Pickup { rider, node, drive_ms, leg_ms } => {
            out.fates[rider as usize].pickup_ms = Some(at_ms);
            out.empty_ms += drive_ms;
            out.pickup_drive_ms += leg_ms;
            Event::Pickup { request: rider, vehicle, node }
        }
        Happening::Dropoff { rider, node } => {
            out.fates[rider as usize].dropoff_ms = Some(at_ms);
            Event::Dropoff { request: rider, vehicle, node }
        }
    };
    out.events.push((at_ms, event));
}
