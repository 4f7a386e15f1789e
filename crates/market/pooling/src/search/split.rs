//! Large plans are cut into parts of tours near each other, so that threads do not do the same work twice.
//!
//! A change of a large plan touches a few tours near each other; two threads that each have the whole plan find
//! changes in different places, of which only one thread's are kept. So each thread gets tours of its own for a while,
//! the plan is put together again, and the next cut is another one (POPMUSIC, Taillard and Voss 2002).

use rand::{Rng, RngExt as _};

use super::model::Model;
use super::state::Snapshot;

/// Cuts the plan into parts of about as many rides each; a part has the tours nearest to a random stop, in driving.
/// The plan has as many tours as parts, or more.
pub(super) fn split(model: &Model<'_>, plan: &Snapshot, parts: usize, rng: &mut impl Rng) -> Vec<Snapshot> {
    let whole = Snapshot { absent: Vec::new(), ..plan.clone() };
    let mut cut = vec![];
    halve(model, whole, parts, rng, &mut cut);
    // Who has no place may find one anywhere.
    for (n, request) in plan.absent.iter().enumerate() {
        let at = n % cut.len();
        cut[at].absent.push(*request);
    }
    cut
}

fn halve(model: &Model<'_>, plan: Snapshot, parts: usize, rng: &mut impl Rng, cut: &mut Vec<Snapshot>) {
    if parts <= 1 {
        cut.push(plan);
        return;
    }
    let around = {
        let tour = &plan.tours[rng.random_range(0..plan.tours.len())].1;
        tour[rng.random_range(0..tour.len())]
    };
    let apart = |tour: &[u32]| tour.iter().map(|stop| model.cost(around, *stop)).sum::<f64>() / tour.len() as f64;
    let mut tours: Vec<(f64, (u32, Vec<u32>))> = plan.tours.into_iter().map(|t| (apart(&t.1), t)).collect();
    tours.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let stops: usize = tours.iter().map(|(_, (_, tour))| tour.len()).sum();
    let first = parts / 2;
    let wanted = stops * first / parts;
    let mut taken = 0;
    let enough = tours.iter().position(|(_, (_, tour))| {
        taken += tour.len();
        taken > wanted
    });
    // Each part gets a tour at least.
    let at = enough.unwrap_or(0).clamp(first, tours.len() - (parts - first));
    let far = tours.split_off(at);
    let part =
        |tours: Vec<(f64, _)>| Snapshot { tours: tours.into_iter().map(|t| t.1).collect(), ..Snapshot::default() };
    let (near, far) = (part(tours), part(far));
    for (part, parts) in [(near, first), (far, parts - first)] {
        halve(model, part, parts, rng, cut);
    }
}

/// One plan of the parts' plans.
pub(super) fn join(parts: impl IntoIterator<Item = Snapshot>) -> Snapshot {
    parts.into_iter().fold(Snapshot::default(), |mut whole, part| {
        whole.tours.extend(part.tours);
        whole.absent.extend(part.absent);
        whole.cost += part.cost;
        whole
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use doorstep_clock::SeededRng;

    use super::*;
    use crate::instance::{Features, Fleet, Instance, Objective, Parts, ROOMS, Request, Stop, Travel};
    use crate::search::{Settings, TOURS_EACH, solve};

    /// Rides between points of a lattice, more than are cooled in one piece.
    fn many() -> Instance {
        let points: Vec<(f64, f64)> =
            (0..361_u32).map(|n| (f64::from(n * 37 % 101), f64::from(n * 53 % 103))).collect();
        let depot = Stop { id: 0, place: 0, earliest: 0.0, latest: 3000.0, service: 0.0, demand: [0; ROOMS] };
        let mut stops = vec![depot];
        let mut requests = Vec::new();
        for pickup in (1..361_u32).step_by(2) {
            for (stop, demand, wide) in [(pickup, 1, 60.0), (pickup + 1, -1, 260.0)] {
                let earliest = f64::from(pickup * 7 % 150) + 200.0;
                let latest = earliest + wide;
                let demand = [demand, 0, 0, 0];
                stops.push(Stop { id: stop, place: stop, earliest, latest, service: 20.0, demand });
            }
            requests.push(Request { pickup, delivery: pickup + 1, max_ride: None });
        }
        let fleets = vec![Fleet { id: 1, start: 0, end: 0, capacity: [1; ROOMS], count: 120, max_duration: None }];
        let travel = Travel::euclidean(&points).unwrap();
        let objective = Objective::VehiclesThenCost;
        Instance::new(Parts { stops, requests, fleets, travel, features: Features::default(), objective }).unwrap()
    }

    fn settings(iterations: u64, threads: usize) -> Settings {
        Settings { time: None, iterations, seed: 3, threads }
    }

    #[test]
    fn a_plan_is_cut_and_joined_without_loss() {
        let instance = many();
        let solution = solve(&instance, &settings(200, 1), |_| {});
        let model = Model::new(&instance);
        let tours: Vec<(u32, Vec<u32>)> = solution.plan.routes.iter().map(|tour| (0, tour.clone())).collect();
        let plan = Snapshot { tours, absent: vec![], cost: solution.cost };
        for parts in [2, 3, 8] {
            let cut = split(&model, &plan, parts, &mut SeededRng::new(1, "cut"));
            assert_eq!(cut.len(), parts);
            let stops: Vec<usize> = cut.iter().map(|p| p.tours.iter().map(|(_, tour)| tour.len()).sum()).collect();
            assert!(stops.iter().all(|count| *count > 0), "{stops:?}");
            assert!(parts > 2 || stops[0].abs_diff(stops[1]) < 100, "{stops:?}");
            let mut joined = join(cut);
            let mut whole = plan.tours.clone();
            joined.tours.sort();
            whole.sort();
            assert_eq!(joined.tours, whole);
        }
    }

    #[test]
    fn threads_cool_parts_of_a_large_plan() {
        let instance = many();
        let alone = solve(&instance, &settings(0, 1), |_| {});
        for threads in [2, 3] {
            let solution = solve(&instance, &settings(600, threads), |_| {});
            assert!(solution.vehicles >= TOURS_EACH * threads, "{} are too few to be cut", solution.vehicles);
            let report = crate::check::judge(&instance, &solution.plan);
            assert!(report.ok, "{:?}", report.problems);
            assert!((report.cost - solution.cost).abs() < 1e-6, "{} {}", report.cost, solution.cost);
            assert!((solution.vehicles, solution.cost) < (alone.vehicles, alone.cost));
            assert_eq!(solution.plan, solve(&instance, &settings(600, threads), |_| {}).plan, "runs repeat");
        }
    }
}
