//! Every plan is judged by a walk along its stops that shares nothing with the search.

use std::collections::{HashMap, HashSet};

use doorstep_roads::{NodeIx, TravelTimes};
use proptest::prelude::*;

use super::*;

/// A grid of streets, without a dense table: times are worked out on the spot.
struct Grid;

const SIDE: u32 = 12;
const BLOCK_MS: u32 = 20_000;

impl TravelTimes for Grid {
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        let (x, y) = ((from % SIDE).abs_diff(to % SIDE), (from / SIDE).abs_diff(to / SIDE));
        (x + y) * BLOCK_MS
    }
}

/// The same times in a table.
fn table() -> doorstep_roads::TravelMatrix {
    let nodes = SIDE * SIDE;
    let rows = (0..nodes).flat_map(|to| (0..nodes).map(move |from| Grid.time_ms(from, to))).collect();
    doorstep_roads::TravelMatrix::from_rows_by_target(nodes as usize, rows)
}

/// What a person with a watch finds wrong with a decision.
fn mistakes(batch: &Batch<'_>, decision: &Decision) -> Vec<String> {
    let mut found = Vec::new();
    let riders: HashMap<u32, &Rider> = batch.riders.iter().map(|r| (r.id, r)).collect();
    let mut served: HashSet<u32> = HashSet::new();
    for plan in &decision.plans {
        let car = batch.cars.iter().find(|c| c.id == plan.car).expect("a car of the batch");
        let enters = |rider: u32| car.stops.iter().any(|s| s.rider == rider && s.pickup);
        let mut aboard: Vec<&Rider> =
            car.stops.iter().filter(|s| !s.pickup && !enters(s.rider)).map(|s| riders[&s.rider]).collect();
        let (mut node, mut at_ms) = (car.node, car.at_ms);
        for stop in &plan.stops {
            let rider = riders[&stop.rider];
            let next = if stop.pickup { rider.node } else { rider.to };
            at_ms += i64::from(Grid.time_ms(node, next));
            node = next;
            if stop.pickup {
                if at_ms > rider.latest_pickup_ms {
                    found.push(format!("{} waits too long", rider.id));
                }
                for other in &aboard {
                    if other.refuses & rider.traits != 0 || rider.refuses & other.traits != 0 {
                        found.push(format!("{} with {}", rider.id, other.id));
                    }
                }
                if rider.needs & !car.offers != 0 {
                    found.push(format!("{} in a car without what it needs", rider.id));
                }
                aboard.push(rider);
                let sum = |kind: fn(Extras) -> u8| aboard.iter().map(|r| u32::from(kind(r.extras))).sum::<u32>();
                for kind in [|e: Extras| e.wheelchairs, |e: Extras| e.child_seats, |e: Extras| e.luggage] {
                    if sum(kind) > u32::from(kind(car.extras)) {
                        found.push(format!("car {} has no room for what {} brings", car.id, rider.id));
                    }
                }
                at_ms += batch.boarding_ms;
                let alone = aboard.iter().any(|r| r.seats == WHOLE_CAR);
                let seats: u32 = aboard.iter().map(|r| u32::from(r.seats)).sum();
                if if alone { aboard.len() > 1 } else { seats > u32::from(car.seats) } {
                    found.push(format!("car {} is too full", car.id));
                }
            } else {
                if !aboard.iter().any(|r| r.id == rider.id) {
                    found.push(format!("{} gets out without being in", rider.id));
                }
                aboard.retain(|r| r.id != rider.id);
                if at_ms > rider.latest_dropoff_ms || at_ms > car.until_ms {
                    found.push(format!("{} is late", rider.id));
                }
                if !served.insert(rider.id) {
                    found.push(format!("{} rides twice", rider.id));
                }
            }
        }
        if !aboard.is_empty() {
            found.push(format!("car {} never sets somebody down", car.id));
        }
    }
    for rider in batch.riders.iter().filter(|r| r.promised && !served.contains(&r.id)) {
        found.push(format!("{} was promised and is left out", rider.id));
    }
    found
}

type Asked = (u32, u32, u8, (bool, u16, u16, Brings));

/// Wheelchairs, child seats, luggage.
type Brings = (u8, u8, u8);

fn extras((wheelchairs, child_seats, luggage): Brings) -> Extras {
    Extras { wheelchairs, child_seats, luggage }
}

fn rider(id: u32, now_ms: i64, &(node, on, seats, (ramp, traits, refuses, brings)): &Asked) -> Rider {
    let node = node % (SIDE * SIDE);
    let to = (node + 1 + on % (SIDE * SIDE - 1)) % (SIDE * SIDE);
    let direct_ms = Grid.time_ms(node, to);
    Rider {
        id,
        node,
        to,
        seats: if seats == 0 { WHOLE_CAR } else { seats },
        extras: extras(brings),
        requested_ms: now_ms,
        direct_ms,
        latest_pickup_ms: now_ms + 200_000,
        latest_dropoff_ms: now_ms + i64::from(direct_ms) + 250_000,
        promised: false,
        needs: u32::from(ramp),
        traits,
        refuses,
    }
}

/// Runs some batches: cars drive whole legs between them, so that riders are aboard in later ones.
fn drive(
    asked: &[Vec<Asked>],
    fleet: &[(u32, u8, bool, Brings)],
    boarding_ms: i64,
    policy: &PooledPolicy,
) -> Vec<Decision> {
    let (mut riders, mut decisions): (Vec<Rider>, Vec<Decision>) = (Vec::new(), Vec::new());
    let mut cars: Vec<Car> = fleet
        .iter()
        .enumerate()
        .map(|(id, &(node, seats, ramp, room))| Car {
            id: id as u32,
            node: node % (SIDE * SIDE),
            at_ms: 0,
            seats,
            extras: extras(room),
            offers: u32::from(ramp),
            until_ms: 3_600_000,
            stops: Vec::new(),
        })
        .collect();
    let table = table();
    for (tick, new) in asked.iter().enumerate() {
        let now_ms = tick as i64 * 60_000;
        for car in &mut cars {
            car.at_ms = car.at_ms.max(now_ms);
        }
        let first = riders.iter().map(|r| r.id + 1).max().unwrap_or(0).max(tick as u32 * 1000);
        riders.extend(new.iter().enumerate().map(|(k, asked)| rider(first + k as u32, now_ms, asked)));
        let batch = Batch { now_ms, boarding_ms, riders: &riders, cars: &cars, load: 1.0, outlook: None };
        let decision = decide(&batch, &Grid, policy);
        assert_eq!(mistakes(&batch, &decision), Vec::<String>::new());
        assert_eq!(decision, decide(&batch, &table, policy), "with or without a table");
        let (mut turned, mut cars_turned) = (riders.clone(), cars.clone());
        turned.reverse();
        cars_turned.reverse();
        let again = Batch { riders: &turned, cars: &cars_turned, ..batch };
        assert_eq!(decision, decide(&again, &Grid, policy), "the order of the input does not matter");

        let mut gone: HashSet<u32> = HashSet::new();
        for (car, plan) in cars.iter_mut().zip(&decision.plans) {
            car.stops.clone_from(&plan.stops);
            while let Some(&stop) = car.stops.first() {
                let man = riders.iter().find(|r| r.id == stop.rider).expect("planned");
                let next = if stop.pickup { man.node } else { man.to };
                let there_ms = car.at_ms + i64::from(Grid.time_ms(car.node, next));
                // The leg is one street here: the car can turn at its end and not before.
                (car.node, car.at_ms) = (next, there_ms);
                if there_ms > now_ms + 60_000 {
                    break;
                }
                if stop.pickup {
                    car.at_ms += boarding_ms;
                } else {
                    gone.insert(stop.rider);
                }
                car.stops.remove(0);
            }
        }
        let planned: HashSet<u32> = cars.iter().flat_map(|c| &c.stops).map(|s| s.rider).collect();
        riders.retain(|r| planned.contains(&r.id) && !gone.contains(&r.id));
        for r in &mut riders {
            r.promised = true;
        }
        decisions.push(decision);
    }
    decisions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn no_plan_breaks_a_promise(
        asked in proptest::collection::vec(
            proptest::collection::vec(
                (any::<u32>(), any::<u32>(), 0u8..4,
                    (any::<bool>(), 0u16..4, 0u16..2, (0u8..2, 0u8..2, 0u8..3))), 0..12), 1..6),
        fleet in proptest::collection::vec((any::<u32>(), 1u8..7, any::<bool>(), (0u8..2, 0u8..3, 0u8..5)), 1..8),
        boarding_ms in prop_oneof![Just(0i64), Just(30_000)],
        reserve in prop_oneof![Just(0.0), Just(0.2)],
    ) {
        let policy = PooledPolicy { work: 3_000, reserve, ..PooledPolicy::default() };
        drive(&asked, &fleet, boarding_ms, &policy);
    }
}

fn two_alike() -> Vec<Rider> {
    let asked: Asked = (0, 10, 1, (false, 0, 0, (0, 0, 0)));
    vec![rider(1, 0, &asked), rider(2, 0, &asked)]
}

fn one_car(seats: u8) -> Vec<Car> {
    let extras = Extras { wheelchairs: 1, child_seats: 1, luggage: 3 };
    vec![Car { id: 7, node: 0, at_ms: 0, seats, extras, offers: 0, until_ms: 3_600_000, stops: Vec::new() }]
}

fn decide_for(riders: &[Rider], cars: &[Car]) -> Decision {
    let batch = Batch { now_ms: 0, boarding_ms: 0, riders, cars, load: 0.0, outlook: None };
    decide(&batch, &Grid, &PooledPolicy { work: 500, ..PooledPolicy::default() })
}

#[test]
fn two_who_go_the_same_way_share_a_car() {
    let (riders, cars) = (two_alike(), one_car(2));
    assert_eq!(decide_for(&riders, &cars).plans[0].stops.len(), 4);
    assert_eq!(decide_for(&riders, &one_car(1)).plans[0].stops.len(), 2, "one seat, one rider within the wait");
}

#[test]
fn a_ride_for_oneself_and_a_refusal_are_respected() {
    let mut riders = two_alike();
    riders[0].seats = WHOLE_CAR;
    assert_eq!(decide_for(&riders, &one_car(4)).plans[0].stops.len(), 2);
    let mut riders = two_alike();
    (riders[0].refuses, riders[1].traits) = (1, 1);
    assert_eq!(decide_for(&riders, &one_car(4)).plans[0].stops.len(), 2);
    let mut riders = two_alike();
    riders.iter_mut().for_each(|r| r.extras.luggage = 2);
    assert_eq!(decide_for(&riders, &one_car(4)).plans[0].stops.len(), 2, "three pieces fit, four do not");
    riders.iter_mut().for_each(|r| r.extras.luggage = 1);
    assert_eq!(decide_for(&riders, &one_car(4)).plans[0].stops.len(), 4);
    riders[0].extras.wheelchairs = 2;
    assert_eq!(decide_for(&riders, &one_car(4)).plans[0].stops.len(), 2, "one place for a wheelchair");
}

#[test]
fn a_deadline_ends_the_search_with_a_sound_plan() {
    let asked: Vec<Asked> = (0..60).map(|k| (k * 37, k * 11, 1, (false, 0, 0, (0, 0, 0)))).collect();
    let riders: Vec<Rider> = asked.iter().enumerate().map(|(id, asked)| rider(id as u32, 0, asked)).collect();
    let cars: Vec<Car> = (0..20).map(|id| Car { id, node: id * 7, ..one_car(4).remove(0) }).collect();
    let batch = Batch { now_ms: 0, boarding_ms: 0, riders: &riders, cars: &cars, load: 1.0, outlook: None };
    let mut looks = 0;
    let policy = PooledPolicy { work: 1_000_000_000, ..PooledPolicy::default() };
    let decision = decide_until(&batch, &Grid, &policy, &mut || {
        looks += 1;
        looks > 5
    });
    assert!(decision.cut);
    assert_eq!(mistakes(&batch, &decision), Vec::<String>::new());
    assert!(decision.plans.iter().any(|p| !p.stops.is_empty()));
}

#[test]
fn a_promise_that_has_become_late_is_kept_late() {
    let mut riders = two_alike();
    riders.truncate(1);
    (riders[0].promised, riders[0].latest_pickup_ms) = (true, -1);
    let mut cars = one_car(4);
    cars[0].stops = vec![Stop { rider: 1, pickup: true }, Stop { rider: 1, pickup: false }];
    assert_eq!(decide_for(&riders, &cars).plans[0].stops, cars[0].stops);
}

#[test]
fn nothing_to_do_is_nothing_done() {
    assert_eq!(decide_for(&[], &[]), Decision::default());
    assert!(decide_for(&two_alike(), &[]).plans.is_empty());
}

#[test]
fn weights_follow_the_load() {
    let policy = PooledPolicy::default();
    assert_eq!(policy.weights(0.0), policy.spare);
    assert_eq!(policy.weights(9.0), policy.busy);
    let half = policy.weights((policy.spare_load + policy.busy_load) / 2.0);
    assert!((half.drive - (policy.spare.drive + policy.busy.drive) / 2.0).abs() < 1e-9);
    assert!(load(2.0, 1, 4.0) < load(2.0, 1, 2.0) && load(2.0, 1, 1.0) > load(1.0, 1, 1.0));
}

#[test]
fn a_place_near_demand_is_worth_more() {
    let outlook = Outlook::new((SIDE * SIDE) as usize, &[0, 0, 1, 12], 2, &Grid);
    assert!(outlook.away_ms(0) < outlook.away_ms(SIDE * SIDE - 1));
    assert_eq!(Outlook::new(4, &[], 3, &Grid).away_ms(2), 0);
}
