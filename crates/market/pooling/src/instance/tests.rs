//! Unsound and unsolvable instances are named.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;

fn stop(id: u32, earliest: f64, latest: f64, demand: i32) -> Stop {
    Stop { id, place: id, earliest, latest, service: 1.0, demand: [demand, 0, 0, 0] }
}

/// A depot at 0, a ride from 10 to 30 on a line.
fn line() -> Parts {
    Parts {
        stops: vec![stop(0, 0.0, 100.0, 0), stop(1, 0.0, 50.0, 1), stop(2, 0.0, 80.0, -1)],
        requests: vec![Request { pickup: 1, delivery: 2, max_ride: Some(25.0) }],
        fleets: vec![Fleet { id: 0, start: 0, end: 0, capacity: [1; ROOMS], count: 1, max_duration: Some(90.0) }],
        travel: Travel::euclidean(&[(0.0, 0.0), (10.0, 0.0), (30.0, 0.0)]).unwrap(),
        features: Features::default(),
        objective: Objective::Cost,
    }
}

fn constraint(change: impl FnOnce(&mut Parts)) -> Constraint {
    let mut parts = line();
    change(&mut parts);
    match Instance::new(parts).unwrap_err() {
        InstanceError::Infeasible { pickup: 1, delivery: 2, constraint } => constraint,
        other => panic!("{other}"),
    }
}

#[test]
fn an_infeasible_request_is_named_with_its_constraint() {
    Instance::new(line()).unwrap();
    assert_eq!(constraint(|p| p.stops[1].latest = 9.0), Constraint::PickupWindow);
    assert_eq!(constraint(|p| p.stops[2].latest = 30.0), Constraint::DeliveryWindow);
    assert_eq!(constraint(|p| p.stops[0].latest = 61.0), Constraint::EndWindow);
    assert_eq!(constraint(|p| p.requests[0].max_ride = Some(19.0)), Constraint::Ride);
    assert_eq!(constraint(|p| (p.stops[2].earliest, p.stops[1].latest) = (69.0, 40.0)), Constraint::Ride);
    assert_eq!(constraint(|p| p.fleets[0].max_duration = Some(61.0)), Constraint::Duration);
    assert_eq!(constraint(|p| p.fleets[0].capacity = [0, 1, 1, 1]), Constraint::Capacity);
    let ramp = Equipment { name: "ramp", needed: vec![true], present: vec![false] };
    assert_eq!(constraint(|p| p.features = Features::new(vec![Arc::new(ramp)])), Constraint::Feature("ramp"));
}

#[test]
fn what_points_nowhere_is_refused() {
    let refused = |change: fn(&mut Parts)| {
        let mut parts = line();
        change(&mut parts);
        Instance::new(parts).unwrap_err().to_string()
    };
    assert!(refused(|p| p.requests.clear()).contains("no requests"));
    assert!(refused(|p| p.requests[0].delivery = 7).contains("delivery 7"));
    assert!(refused(|p| p.requests[0].delivery = 1).contains("used by somebody else"));
    assert!(refused(|p| p.stops[2].place = 3).contains("place 3"));
    assert!(refused(|p| p.stops[2].earliest = f64::NAN).contains("earliest is NaN"));
    assert!(refused(|p| p.stops[2].latest = 0.0 - 1.0).contains("latest is -1"));
    assert!(refused(|p| p.stops[2].demand[1] = 3).contains("what gets in"));
}
