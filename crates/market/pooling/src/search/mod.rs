//! The solver for a fixed instance: anytime, with a deadline that it keeps.
//!
//! First everybody is inserted where it costs least, then vehicles are saved (where they come first), then the
//! cost is annealed by ruin and recreate (SISR, Christiaens and Vanden Berghe 2020, for pickups and
//! deliveries). Tours that were met are kept, and between two coolings the best plan is made of all of them.
//! Threads work on the same phase with random streams of their own and go on from the best plan of all; of a large
//! plan each cools tours of its own. So a run that is limited by iterations gives the same plan on every machine.

mod anneal;
mod clock;
mod fleet;
mod insertion;
mod model;
mod near;
mod partition;
mod pool;
mod recreate;
mod regret;
mod route;
mod ruin;
mod schedule;
mod split;
mod state;

use std::time::Duration;

use doorstep_clock::SeededRng;
use serde::Serialize;

use crate::check::Plan;
use crate::instance::Instance;
use anneal::{Cooling, better};
use clock::Budget;
use model::Model;
use near::Near;
use pool::Pool;
use recreate::{Manner, Recreate};
use ruin::Strings;
use state::{Snapshot, State};

/// How long and how the search works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time until the plan must be there; none for no limit.
    pub time: Option<Duration>,
    /// Iterations of each thread, over all phases.
    pub iterations: u64,
    /// Seed of everything random.
    pub seed: u64,
    /// Threads.
    pub threads: usize,
}

/// What ended a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All iterations were done.
    Iterations,
    /// The time was over; the plan is the best that was found until then.
    Time,
}

/// The best plan found.
#[derive(Clone, Debug, Serialize)]
pub struct Solution {
    /// Vehicles in use.
    pub vehicles: usize,
    /// Cost of driving.
    pub cost: f64,
    /// Requests that have no place.
    pub unserved: usize,
    /// Their pickup stops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unserved_pickups: Vec<u32>,
    /// What ended the search.
    pub ended: Ended,
    /// Iterations done by all threads.
    pub iterations: u64,
    /// The tours.
    #[serde(flatten)]
    pub plan: Plan,
}

/// News from a running search.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What was just finished.
    pub phase: &'static str,
    /// Vehicles in use.
    pub vehicles: usize,
    /// Cost of driving.
    pub cost: f64,
    /// Requests without a place.
    pub unserved: usize,
}

/// Solves the instance within the settings' time.
pub fn solve(instance: &Instance, settings: &Settings, mut news: impl FnMut(Progress)) -> Solution {
    let whole = Budget::new(settings.time, u64::MAX);
    // What comes after the search (restoring the best plan, writing it down) has its time too.
    let reserve = settings.time.map(|t| t.mul_f64(0.01).clamp(Duration::from_millis(5), Duration::from_millis(200)));
    let left = || whole.left().map(|left| left.saturating_sub(reserve.unwrap_or_default()));
    let model = Model::new(instance);
    let near = Near::new(&model, || whole.late());
    let threads = settings.threads.clamp(1, 64);
    let (mut done, mut cut) = (0, whole.cut());

    let mut best = {
        let mut state = State::new(&model);
        let budget = Budget::new(left(), u64::MAX);
        let manner = Manner { blink: 0.0, spare_vehicles: model.vehicles_first, regret: 0.0 };
        let mut rng = SeededRng::new(settings.seed, "pooling start");
        Recreate::default().apply(&mut state, &near, manner, &mut rng, || budget.late());
        cut |= budget.cut();
        state.snapshot()
    };
    let mut report = |phase, plan: &Snapshot| {
        news(Progress { phase, vehicles: plan.tours.len(), cost: plan.cost, unserved: plan.absent.len() });
    };
    report("insertion", &best);

    let mut phases = saving(&model);
    let saving = phases.len();
    // What each thread keeps from one phase to the next.
    let mut own: Vec<_> = (0..threads).map(|_| (State::new(&model), Pool::for_model(&model))).collect();
    let mut iterations_left = settings.iterations;
    for at in 0.. {
        if at == saving {
            phases.extend(coolings(&model, threads, best.tours.len()));
        }
        let Some(phase) = phases.get(at) else { break };
        let last = at >= saving && at + 1 == phases.len();
        let time = left().map(|left| if last { left } else { left.mul_f64(phase.share) });
        let iterations = if last { iterations_left } else { (iterations_left as f64 * phase.share) as u64 };
        iterations_left -= iterations.min(iterations_left);
        let apart = phase.apart && best.tours.len() >= threads;
        let parts = if apart {
            let mut rng = SeededRng::new(settings.seed, &format!("pooling cut {at}"));
            split::split(&model, &best, threads, &mut rng)
        } else {
            vec![best.clone()]
        };
        let (model, near, parts) = (&model, &near, &parts);
        let work = |thread: usize, (state, pool): &mut (State<'_, '_>, Option<Pool>)| {
            let mut rng = SeededRng::new(settings.seed, &format!("pooling {at} {thread}"));
            let budget = Budget::new(time, iterations);
            if apart {
                state.take_up_part(parts, thread);
            } else {
                state.take_up(&parts[0]);
            }
            let plan = (phase.run)(state, near, &budget, phase, pool.as_mut(), &mut rng);
            (plan, budget.done(), budget.cut())
        };
        let plans: Vec<_> = if threads == 1 {
            vec![work(0, &mut own[0])]
        } else {
            std::thread::scope(|scope| {
                let work = &work;
                let each = own.iter_mut().enumerate();
                let running: Vec<_> = each.map(|(t, own)| scope.spawn(move || work(t, own))).collect();
                running.into_iter().filter_map(|thread| thread.join().ok()).collect()
            })
        };
        for (_, iterations, over) in &plans {
            done += iterations;
            cut |= *over && last;
        }
        let plans: Vec<Snapshot> = plans.into_iter().map(|(plan, ..)| plan).collect();
        let plans = match apart {
            // A plan without one of its parts is none.
            true if plans.len() < parts.len() => Vec::new(),
            true => vec![split::join(plans)],
            false => plans,
        };
        for plan in plans {
            if better(model.vehicles_first, &plan, &best) {
                best = plan;
            }
        }
        report(phase.name, &best);
    }
    solution(&model, &best, done, if cut { Ended::Time } else { Ended::Iterations })
}

type Run = fn(&mut State<'_, '_>, &Near, &Budget, &Phase, Option<&mut Pool>, &mut SeededRng) -> Snapshot;

struct Phase {
    name: &'static str,
    /// Of what is left.
    share: f64,
    cooling: Cooling,
    /// Which plan it begins with.
    start: Start,
    /// Whether threads work on parts of the plan.
    apart: bool,
    run: Run,
}

/// The plan that a phase begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The best so far.
    Best,
    /// One of the tours met that fit together well.
    Tours,
}

/// One cooling of the cost.
struct Span {
    /// Of the time.
    share: f64,
    /// Where it begins and ends, in costs of a stop.
    heat: (f64, f64),
    start: Start,
}

/// Where only the cost counts: from the first plan, four times anew from tours that were met, and a last choice
/// among all of them.
const COST: [Span; 6] = {
    const AGAIN: Span = Span { share: 0.17, heat: (0.6, 0.2), start: Start::Tours };
    let first = Span { share: 0.3, heat: (1.2, 0.2), start: Start::Best };
    [first, AGAIN, AGAIN, AGAIN, AGAIN, Span { share: 0.02, heat: (0.1, 0.02), start: Start::Best }]
};

/// After vehicles were saved: two coolings, the first from so hot that the order of the long tours, which saving
/// vehicles has left in a poor state, is lost.
const COST_AFTER: [Span; 3] = [
    Span { share: 0.49, heat: (3.6, 0.23), start: Start::Best },
    Span { share: 0.49, heat: (0.46, 0.03), start: Start::Best },
    Span { share: 0.02, heat: (0.06, 0.03), start: Start::Best },
];

/// Parts of a cooling; between them threads go on from the best plan of all.
const PARTS: u32 = 2;

/// With more rides than this each thread cools tours of its own.
const APART: usize = 150;

/// With fewer tours for each thread they stay together: riders could not change between most of few long tours.
const TOURS_EACH: usize = 12;

/// Parts of a cooling then; before each the plan is cut anew.
const CUTS: u32 = 8;

fn cooling((from, to): (f64, f64)) -> Cooling {
    let strings = Strings { mean: 10.0, longest: 10.0, scattered: 0.5 };
    Cooling { from, to, strings, blink: 0.01, regret: 0.2 }
}

/// How vehicles are saved, where they come first.
fn saving(model: &Model<'_>) -> Vec<Phase> {
    let (cooling, start) = (cooling((1.0, 0.01)), Start::Best);
    let phase = Phase { name: "vehicles", share: 0.65, cooling, start, apart: false, run: fleet::run };
    model.vehicles_first.then_some(phase).into_iter().collect()
}

/// How the cost of a plan of so many tours is cooled.
fn coolings(model: &Model<'_>, threads: usize, tours: usize) -> Vec<Phase> {
    let large = threads > 1 && model.rides.len() > APART && tours >= TOURS_EACH * threads;
    let mut phases = Vec::new();
    let mut left = 1.0;
    let spans: &[Span] = if model.vehicles_first { &COST_AFTER } else { &COST };
    for (at, &Span { share, heat: (hot, cold), start }) in spans.iter().enumerate() {
        // The last choice is among all tours, of the whole plan.
        let apart = large && at + 1 < spans.len();
        let parts = if apart { CUTS } else { PARTS };
        let heat = |part: u32| hot * (cold / hot).powf(f64::from(part) / f64::from(parts));
        for part in 0..parts {
            let (span, start) = (share / f64::from(parts), if part == 0 { start } else { Start::Best });
            let (share, cooling) = ((span / left).min(1.0), cooling((heat(part), heat(part + 1))));
            phases.push(Phase { name: "cost", share, cooling, start, apart, run: anneal::run });
            left -= span;
        }
    }
    phases
}

fn solution(model: &Model<'_>, best: &Snapshot, iterations: u64, ended: Ended) -> Solution {
    let stops = model.instance.stops();
    let fleets = model.instance.fleets();
    let mut tours: Vec<_> = best.tours.iter().collect();
    tours.sort();
    let ids = |tour: &[u32]| tour.iter().map(|stop| stops[*stop as usize].id).collect();
    let routes: Vec<Vec<u32>> = tours.iter().map(|(_, tour)| ids(tour)).collect();
    let drivers = if fleets.len() == 1 {
        Vec::new()
    } else {
        tours.iter().map(|(fleet, _)| fleets[*fleet as usize].id).collect()
    };
    let mut unserved_pickups: Vec<u32> =
        best.absent.iter().map(|r| stops[model.rides[*r as usize].pickup as usize].id).collect();
    unserved_pickups.sort_unstable();
    Solution {
        vehicles: routes.len(),
        cost: best.cost,
        unserved: unserved_pickups.len(),
        unserved_pickups,
        ended,
        iterations,
        plan: Plan { routes, drivers },
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wide_tests;
