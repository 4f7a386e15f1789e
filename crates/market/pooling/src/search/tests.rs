//! The judge looks at every plan of random instances; runs repeat; the deadline holds.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::check::judge;
use crate::instance::{Company, Equipment, Features, Fleet, Objective, Parts, ROOMS, Request, Stop, Travel};

/// Numbers of a ride: place and place, begin and length of both windows, room, longest ride in percent.
type Draw = ((i32, i32), (i32, i32), (u32, u32), (u32, u32), i32, u32, u32);

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    let place = || (0..100, 0..100);
    let window = || (0..300_u32, 20..200_u32);
    proptest::collection::vec((place(), place(), window(), window(), 1..4, 110..300_u32, 0..8_u32), 1..14)
}

/// A sound instance out of any draw: windows are moved to where the ride can be served alone.
fn instance(draws: &[Draw], timed: bool, vehicles: u32, objective: Objective, features: bool) -> Instance {
    let mut points = vec![(50.0, 50.0)];
    for (a, b, ..) in draws {
        points.push((f64::from(a.0), f64::from(a.1)));
        points.push((f64::from(b.0), f64::from(b.1)));
    }
    let way = |a: usize, b: usize| (points[a].0 - points[b].0).hypot(points[a].1 - points[b].1);
    let depot = Stop { id: 0, place: 0, earliest: 0.0, latest: 2000.0, service: 0.0, demand: [0; ROOMS] };
    let mut stops = vec![depot];
    let mut requests = Vec::new();
    for (i, (_, _, first, second, room, percent, _)) in draws.iter().enumerate() {
        let (p, d) = (2 * i + 1, 2 * i + 2);
        let earliest = f64::from(first.0).max(way(0, p));
        let there = earliest + 2.0 + way(p, d);
        let stop = |at: usize, earliest, width: u32, demand| Stop {
            id: at as u32,
            place: at as u32,
            earliest,
            latest: earliest + f64::from(width),
            service: 2.0,
            demand: [demand, 0, 0, 0],
        };
        stops.push(stop(p, earliest, first.1, *room));
        stops.push(stop(d, there, second.1, -room));
        let max_ride = timed.then(|| way(p, d) * f64::from(*percent) / 100.0);
        requests.push(Request { pickup: p as u32, delivery: d as u32, max_ride });
    }
    let shift = timed.then_some(900.0);
    let fleet = |id| Fleet { id, start: 0, end: 0, capacity: [4; ROOMS], count: vehicles, max_duration: shift };
    let flag = |bit: u32| draws.iter().map(|d| d.6 & bit != 0).collect::<Vec<bool>>();
    let (fleets, features) = if features {
        let ramp = Equipment { name: "ramp", needed: flag(1), present: vec![false, true] };
        let dogs = Company { name: "dogs", brings: flag(2), avoids: flag(4) };
        (vec![fleet(7), fleet(9)], Features::new(vec![Arc::new(ramp), Arc::new(dogs)]))
    } else {
        (vec![fleet(7)], Features::default())
    };
    let travel = Travel::euclidean(&points).unwrap();
    Instance::new(Parts { stops, requests, fleets, travel, features, objective }).unwrap()
}

fn settings(iterations: u64, threads: usize) -> Settings {
    Settings { time: None, iterations, seed: 5, threads }
}

/// What the judge says when who has no place is left aside.
fn broken(instance: &Instance, solution: &Solution) -> Vec<String> {
    let report = judge(instance, &solution.plan);
    assert_eq!(report.vehicles, solution.vehicles);
    assert!((report.cost - solution.cost).abs() < 1e-6, "{} {}", report.cost, solution.cost);
    let problems: Vec<String> = report.problems.iter().filter(|p| !p.contains("is not served")).cloned().collect();
    if solution.unserved == 0 { report.problems } else { problems }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_breaks_a_promise(draws in draws(), timed: bool, few: bool, first: bool, features: bool) {
        let objective = if first { Objective::VehiclesThenCost } else { Objective::Cost };
        let vehicles = if few { 2 } else { 20 };
        let instance = instance(&draws, timed, vehicles, objective, features);
        let solution = solve(&instance, &settings(300, 1), |_| {});
        prop_assert_eq!(broken(&instance, &solution), Vec::<String>::new());
        if !few {
            prop_assert_eq!(solution.unserved, 0);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan(draws in draws(), timed: bool) {
        let instance = instance(&draws, timed, 20, Objective::VehiclesThenCost, false);
        let once = solve(&instance, &settings(200, 2), |_| {});
        let twice = solve(&instance, &settings(200, 2), |_| {});
        prop_assert_eq!(once.plan, twice.plan);
        prop_assert_eq!(once.ended, Ended::Iterations);
    }
}

/// All orders of two and three rides in one vehicle, by brute force.
fn least_cost(instance: &Instance) -> f64 {
    fn extend(instance: &Instance, tour: &mut Vec<u32>, best: &mut f64) {
        let stops = instance.requests().len() * 2;
        if tour.len() == stops {
            let report = judge(instance, &Plan { routes: vec![tour.clone()], drivers: Vec::new() });
            if report.ok {
                *best = best.min(report.cost);
            }
            return;
        }
        for stop in 1..=stops as u32 {
            if !tour.contains(&stop) && (stop % 2 == 1 || tour.contains(&(stop - 1))) {
                tour.push(stop);
                extend(instance, tour, best);
                tour.pop();
            }
        }
    }
    let mut best = f64::INFINITY;
    extend(instance, &mut Vec::new(), &mut best);
    best
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_vehicle_finds_the_best_of_all_orders(draws in draws(), timed: bool) {
        let instance = instance(&draws[..draws.len().min(3)], timed, 1, Objective::Cost, false);
        let best = least_cost(&instance);
        let solution = solve(&instance, &settings(2000, 1), |_| {});
        if best.is_finite() {
            prop_assert_eq!(solution.unserved, 0);
            prop_assert!(solution.cost < best + 1e-6, "{} instead of {best}", solution.cost);
        } else {
            prop_assert!(solution.unserved > 0);
        }
    }
}

#[test]
fn a_search_without_time_gives_a_plan_that_keeps_promises() {
    let draws: Vec<Draw> = (0..40_u32)
        .map(|i| {
            let at = |k: u32| ((i * k % 97) as i32, (i * (k + 9) % 89) as i32);
            (at(31), at(57), (i * 7 % 290, 60), (0, 90), 1, 150, 0)
        })
        .collect();
    let instance = instance(&draws, true, 40, Objective::Cost, false);
    let none = Settings { time: Some(Duration::ZERO), ..settings(u64::MAX, 1) };
    let solution = solve(&instance, &none, |_| {});
    assert_eq!(solution.ended, Ended::Time);
    assert_eq!(broken(&instance, &solution), Vec::<String>::new());
}

#[test]
fn tours_of_two_plans_make_a_better_third() {
    // Two rides to the left of the depot, two to the right.
    let ride = |from: i32, to: i32| ((from, 50), (to, 50), (0, 199), (0, 199), 1, 200, 0);
    let instance =
        instance(&[ride(40, 20), ride(30, 10), ride(60, 80), ride(70, 90)], false, 4, Objective::Cost, false);
    let model = Model::new(&instance);
    let (left, right) = ((vec![1, 3, 2, 4], vec![3, 1, 2, 4]), (vec![5, 7, 6, 8], vec![7, 5, 6, 8]));
    let mut pool = Pool::for_model(&model).unwrap();
    let mut state = State::new(&model);
    let mut met = Vec::new();
    for tours in [[left.0.clone(), right.1], [left.1, right.0.clone()]] {
        state.restore(&Snapshot { tours: tours.map(|tour| (0, tour)).to_vec(), ..Snapshot::default() });
        for route in state.used.clone() {
            pool.add(&model, &state.routes[route as usize]);
        }
        met.push(state.snapshot());
    }
    assert!((met[0].cost - met[1].cost).abs() < 1e-9, "{met:?}");
    let (best, rounded) = pool.plans(&model, &met[0], 4, &mut || false);
    let best = best.expect("a better plan");
    let mut tours: Vec<Vec<u32>> = best.tours.into_iter().map(|(_, tour)| tour).collect();
    tours.sort();
    assert_eq!(tours, vec![left.0, right.0]);
    assert!((best.cost - 160.0).abs() < 1e-9, "{}", best.cost);
    assert!(rounded.absent.is_empty(), "{rounded:?}");
    // One vehicle is too few for them.
    assert!(pool.plans(&model, &met[0], 1, &mut || false).0.is_none());
}
