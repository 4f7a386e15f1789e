//! The judge accepts a good plan and names what is wrong with others.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::instance::{Company, Features, Fleet, Objective, Parts, ROOMS, Request, Stop, Travel};

/// Two rides along a line: 10 → 30 and 20 → 40.
fn parts() -> Parts {
    let stop = |id: u32, earliest, latest, demand| Stop {
        id,
        place: id,
        earliest,
        latest,
        service: 1.0,
        demand: [demand, 0, 0, 0],
    };
    Parts {
        stops: vec![
            stop(0, 0.0, 200.0, 0),
            stop(1, 0.0, 50.0, 1),
            stop(2, 0.0, 60.0, 1),
            stop(3, 0.0, 100.0, -1),
            stop(4, 70.0, 100.0, -1),
        ],
        requests: vec![
            Request { pickup: 1, delivery: 3, max_ride: Some(25.0) },
            Request { pickup: 2, delivery: 4, max_ride: Some(30.0) },
        ],
        fleets: vec![Fleet { id: 0, start: 0, end: 0, capacity: [2; ROOMS], count: 1, max_duration: Some(120.0) }],
        travel: Travel::euclidean(&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (30.0, 0.0), (40.0, 0.0)]).unwrap(),
        features: Features::default(),
        objective: Objective::Cost,
    }
}

fn judged(change: impl FnOnce(&mut Parts), routes: &[&[u32]]) -> Report {
    let mut parts = parts();
    change(&mut parts);
    let instance = Instance::new(parts).unwrap();
    judge(&instance, &Plan { routes: routes.iter().map(|r| r.to_vec()).collect(), drivers: Vec::new() })
}

fn wrong(change: impl FnOnce(&mut Parts), routes: &[&[u32]], words: &str) {
    let report = judged(change, routes);
    assert!(!report.ok && report.problems.iter().any(|p| p.contains(words)), "{words}: {report:?}");
}

#[test]
fn a_plan_that_waits_in_the_right_place_is_good() {
    // The second rider may ride 30 and not be there before 70, so the vehicle must not come early.
    let report = judged(|_| {}, &[&[1, 2, 3, 4]]);
    assert!(report.ok, "{report:?}");
    assert_eq!((report.vehicles, report.cost), (1, 80.0));
    assert!(judged(|_| {}, &[&[0, 1, 2, 3, 4, 0], &[0, 0]]).ok, "the depot may be written out");
}

#[test]
fn what_is_wrong_is_named() {
    wrong(|_| {}, &[&[1, 3]], "2 to 4 is not served");
    wrong(|_| {}, &[&[3, 1, 2, 4]], "3 comes before 1");
    wrong(|_| {}, &[&[1, 2, 3]], "2 and 4 apart");
    wrong(|_| {}, &[&[1, 2, 3, 4, 1]], "visited 2 times");
    wrong(|_| {}, &[&[1, 2, 3, 4, 9]], "9, which is no stop");
    wrong(|_| {}, &[&[1, 3], &[2, 4]], "has 1 vehicles and drives 2");
    wrong(|p| p.fleets[0].capacity = [1; ROOMS], &[&[1, 2, 3, 4]], "over capacity at 2");
    wrong(|p| p.fleets[0].max_duration = Some(83.0), &[&[1, 2, 3, 4]], "no schedule");
    wrong(|p| p.requests[0].max_ride = Some(20.5), &[&[1, 2, 3, 4]], "no schedule");
    let dogs = Company { name: "dogs", brings: vec![true, false], avoids: vec![false, true] };
    wrong(|p| p.features = Features::new(vec![Arc::new(dogs)]), &[&[1, 2, 3, 4]], "rule `dogs` forbids 2 and 1");
}

#[test]
fn fleets_that_differ_need_to_be_named() {
    let mut parts = parts();
    parts.fleets.push(Fleet { id: 5, ..parts.fleets[0] });
    let instance = Instance::new(parts).unwrap();
    let mut plan = Plan { routes: vec![vec![1, 2, 3, 4]], drivers: vec![5] };
    assert!(judge(&instance, &plan).ok);
    plan.drivers.clear();
    assert!(!judge(&instance, &plan).ok);
}
