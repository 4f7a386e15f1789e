//! Small cities replayed whole, and judged by the trace alone.

use std::collections::HashMap;

use doorstep_dispatch::matching::SoloPolicy;
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_orders::{Asked, CarKind, CarProfile, RideNeeds, RideWishes, WomenRides};
use doorstep_roads::{CityFile, NodeIx, RoadGraph, Roads, WeekProfile, import};
use proptest::prelude::*;

use super::*;

/// A town of one-way streets and long blocks, so that cars are often between corners at a decision.
fn town() -> Replay {
    let (mut nodes, mut edges) = ("node,lon,lat\n".to_owned(), "from,to,length,speed\n".to_owned());
    let side = 5;
    for y in 0..side {
        for x in 0..side {
            let id = 100 + y * side + x;
            nodes += &format!("{id},{},{}\n", -74.0 + 0.01 * f64::from(x), 40.7 + 0.01 * f64::from(y));
            let east = 100 + y * side + (x + 1) % side;
            let north = 100 + (y + 1) % side * side + x;
            edges += &format!("{id},{east},0.{},{}\n", 3 + (x + 2 * y) % 6, 20 + x);
            edges += &format!("{north},{id},0.{},{}\n", 2 + (2 * x + y) % 7, 18 + y);
        }
    }
    let graph: RoadGraph = import::tables(nodes.as_bytes(), edges.as_bytes()).expect("a sound town").graph;
    let roads = Roads::build(graph);
    Replay::new(CityFile {
        id: "town".to_owned(),
        name: "Town".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "UTC".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: Vec::new(),
    })
}

/// What is promised beside the wait.
#[derive(Clone, Copy)]
struct Rules {
    seats: usize,
    max_delay_s: f64,
    batch_s: f64,
}

/// Checks every promise from the trace's lines and the travel times; gives the riders served and lost.
fn judge(trace: &str, town: &Replay, max_wait_s: f64, boarding_s: f64, rules: Rules) -> Result<(usize, usize), String> {
    let drive = |a: NodeIx, b: NodeIx| f64::from(town.times().time_ms(a, b)) / 1000.0;
    let mut cars: HashMap<u64, (f64, NodeIx, Vec<u64>)> = HashMap::new();
    #[derive(Default, Clone)]
    struct Seen {
        made: f64,
        ends: (NodeIx, NodeIx),
        car: Option<u64>,
        pickup: Option<f64>,
        done: bool,
        lost: bool,
    }
    let mut riders: HashMap<u64, Seen> = HashMap::new();
    let mut last = 0.0;
    for line in trace.lines() {
        let event: serde_json::Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let t = event["t"].as_f64().ok_or("t")?;
        let id = |key: &str| event[key].as_u64().ok_or_else(|| format!("{line}: no {key}"));
        let node = |key: &str| {
            let id = event[key].as_i64().ok_or_else(|| format!("{line}: no {key}"))?;
            town.graph().by_external(id).ok_or_else(|| format!("{line}: no such node"))
        };
        let ensure = |fine: bool, what: &str| if fine { Ok(()) } else { Err(format!("{what}: {line}")) };
        ensure(t >= last, "time runs")?;
        last = t;
        let kind = event["kind"].as_str().ok_or("kind")?;
        if let "move" | "pickup" | "dropoff" = kind {
            let (car, at) = (cars.get_mut(&id("vehicle")?).ok_or("an unknown car")?, node("node")?);
            ensure(t + 1e-6 >= car.0 + drive(car.1, at), "too fast")?;
            (car.0, car.1) = (t, at);
        }
        match kind {
            "vehicle" => drop(cars.insert(id("vehicle")?, (t, node("node")?, Vec::new()))),
            "request" => {
                let seen = Seen { made: t, ends: (node("node")?, node("to")?), ..Seen::default() };
                ensure(riders.insert(id("request")?, seen).is_none(), "asked twice")?;
            }
            "assign" => {
                let rider = riders.get_mut(&id("request")?).ok_or("an unknown rider")?;
                ensure(rider.pickup.is_none() && !rider.lost && (t % rules.batch_s).abs() < 1e-9, "promised in time")?;
                rider.car = Some(id("vehicle")?);
            }
            "pickup" => {
                let (vehicle, rider) = (id("vehicle")?, riders.get_mut(&id("request")?).ok_or("an unknown rider")?);
                let car = cars.get_mut(&vehicle).ok_or("an unknown car")?;
                ensure(car.2.len() < rules.seats, "more riders than seats")?;
                ensure(rider.car == Some(vehicle) && rider.ends.0 == car.1, "the promised car, at the rider")?;
                ensure(t >= rider.made && t - rider.made <= max_wait_s, "within the wait")?;
                rider.pickup = Some(t);
                car.0 += boarding_s;
                car.2.push(id("request")?);
            }
            "dropoff" => {
                let (request, car) = (id("request")?, cars.get_mut(&id("vehicle")?).ok_or("an unknown car")?);
                let rider = riders.get_mut(&request).ok_or("an unknown rider")?;
                ensure(car.2.contains(&request) && rider.ends.1 == car.1, "the rider aboard, at the goal")?;
                car.2.retain(|aboard| *aboard != request);
                let delay_s = t - rider.made - drive(rider.ends.0, rider.ends.1);
                ensure(delay_s <= rules.max_delay_s, "within the delay")?;
                rider.done = true;
            }
            "expire" => {
                let rider = riders.get_mut(&id("request")?).ok_or("an unknown rider")?;
                ensure(rider.car.is_none(), "accepted and then dropped")?;
                rider.lost = true;
            }
            _ => ensure(kind == "move", "a known kind")?,
        }
    }
    if riders.values().any(|r| r.done == r.lost) {
        return Err("a rider is neither served nor lost".to_owned());
    }
    Ok((riders.values().filter(|r| r.done).count(), riders.values().filter(|r| r.lost).count()))
}

/// One rider per car: the delay is what the wait and the boarding make it.
const SOLO: Rules = Rules { seats: 1, max_delay_s: 400.0, batch_s: 30.0 };

fn trace_of(town: &Replay, outcome: &Outcome) -> String {
    let mut trace = Vec::new();
    lines(&mut trace, outcome, 1, |node| town.graph().external_id(node)).expect("memory takes all");
    String::from_utf8(trace).expect("NDJSON is text")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_promise_of_a_trace_holds(
        asked in proptest::collection::vec((0i64..900_000, 0u32..25, 1u32..25), 1..120),
        fleet in proptest::collection::vec(0u32..25, 1..20),
        boarding_ms in prop_oneof![Just(0i64), Just(20_000)],
        plain in any::<bool>(),
    ) {
        let town = town();
        let mut requests: Vec<Request> =
            asked.iter().map(|&(at_ms, node, on)| Request::plain(at_ms, node, (node + on) % 25)).collect();
        requests.sort_by_key(|r| r.at_ms);
        let policy = if plain { SoloPolicy::plain() } else { SoloPolicy::default() };
        let run = Run {
            requests: &requests, fleet: &fleet, cars: &[], seats: 1, batch_ms: 30_000, windows: &[], max_wait_ms: 300_000, boarding_ms, max_delay_ms: 600_000, noise: 0.0, noise_seed: 0, policy: Policy::Solo(&policy),
        };
        let outcome = town.run(&run, |_| ()).expect("sound settings");
        let trace = trace_of(&town, &outcome);
        let verdict = judge(&trace, &town, 300.0, boarding_ms as f64 / 1000.0, SOLO);
        let summary = Summary::of(&requests, &outcome, town.times());
        prop_assert_eq!(verdict, Ok((summary.served, requests.len() - summary.served)));
        prop_assert!(summary.max_wait_s <= 300.0);
        let again = town.run(&run, |_| ()).expect("sound settings");
        prop_assert_eq!(trace, trace_of(&town, &again));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_promise_of_a_shared_trace_holds(
        asked in proptest::collection::vec((0i64..900_000, 0u32..25, 1u32..25), 1..120),
        fleet in proptest::collection::vec(0u32..25, 1..12),
        boarding_ms in prop_oneof![Just(0i64), Just(20_000)],
        seats in 1u8..5,
        answer_after_ms in prop_oneof![Just(0u32), Just(120_000)],
        spread in any::<bool>(),
    ) {
        let town = town();
        let mut requests: Vec<Request> =
            asked.iter().map(|&(at_ms, node, on)| Request::plain(at_ms, node, (node + on) % 25)).collect();
        requests.sort_by_key(|r| r.at_ms);
        let mut policy = SharedPolicy { answer_after_ms, rebalance_load: if spread { 0.0 } else { 9.0 }, coverage_load: 0.0, ..SharedPolicy::default() };
        policy.plan.work = 2_000;
        let run = Run {
            requests: &requests, fleet: &fleet, cars: &[], seats, batch_ms: 10_000, windows: &[], max_wait_ms: 300_000, boarding_ms,
            max_delay_ms: 400_000, noise: 0.0, noise_seed: 0, policy: Policy::Pooled(&policy),
        };
        let outcome = town.run(&run, |_| ()).expect("sound settings");
        let trace = trace_of(&town, &outcome);
        let rules = Rules { seats: usize::from(seats), max_delay_s: 400.0, batch_s: 10.0 };
        let verdict = judge(&trace, &town, 300.0, boarding_ms as f64 / 1000.0, rules);
        let summary = Summary::of(&requests, &outcome, town.times());
        prop_assert_eq!(verdict, Ok((summary.served, requests.len() - summary.served)));
        prop_assert_eq!((summary.late_pickups, summary.late_dropoffs), (0, 0));
        let again = town.run(&run, |_| ()).expect("sound settings");
        prop_assert_eq!(trace, trace_of(&town, &again));
    }
}

/// What a reader of the trace finds wrong with who sits where.
fn misplaced(trace: &str) -> Vec<String> {
    let (mut cars, mut riders) = (HashMap::new(), HashMap::new());
    let mut found = Vec::new();
    for line in trace.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let (rider, car) = (event["request"].as_u64(), event["vehicle"].as_u64());
        match event["kind"].as_str().expect("kind") {
            "vehicle" => drop(cars.insert(car, (event, Vec::new()))),
            "request" => drop(riders.insert(rider, event)),
            "dropoff" => cars.get_mut(&car).expect("a car").1.retain(|aboard| *aboard != rider),
            "pickup" => {
                let (car, aboard) = cars.get_mut(&car).expect("a car");
                aboard.push(rider);
                let yes = |who: &serde_json::Value, what: &str| who[what] == true;
                for (kind, usual) in [("wheelchairs", 0), ("child_seats", 0), ("luggage", 2)] {
                    let taken: u64 = aboard.iter().map(|rider| riders[rider][kind].as_u64().unwrap_or(0)).sum();
                    if taken > car[kind].as_u64().unwrap_or(usual) {
                        found.push(format!("{kind}: {line}"));
                    }
                }
                let some = |what| aboard.iter().any(|rider| yes(&riders[rider], what));
                let all = |what| aboard.iter().all(|rider| yes(&riders[rider], what));
                let word = car["women_rides"].as_str().unwrap_or("none");
                if some("pet") && !yes(car, "pets") || some("women_only") && (word == "none" || !all("women_only")) {
                    found.push(format!("the car or the company: {line}"));
                }
                let bothered = |rider: &Option<u64>| yes(&riders[rider], "no_pets") && !yes(&riders[rider], "pet");
                if some("pet") && aboard.iter().any(bothered) || word == "only" && !all("women_only") {
                    found.push(format!("a wish: {line}"));
                }
            }
            _ => {}
        }
    }
    found
}

fn special() -> impl Strategy<Value = Asked> {
    (0..2_u8, 0..2_u8, 0..3_u8, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(wheelchairs, child_seats, luggage, pet, women_only, no_pets)| Asked {
            seats: 1,
            needs: RideNeeds { wheelchairs, child_seats, luggage, pet },
            wishes: RideWishes { women_only, no_pets },
        },
    )
}

fn any_car() -> impl Strategy<Value = CarKind> {
    (0..2_u8, 0..3_u8, 0..4_u8, any::<bool>(), 0..3_usize).prop_map(
        |(wheelchairs, child_seats, luggage, pets, word)| CarKind {
            seats: 4,
            car: CarProfile { wheelchairs, child_seats, luggage, pets },
            women_rides: WomenRides::ALL[word],
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn nobody_sits_in_a_car_or_company_that_does_not_suit(
        asked in proptest::collection::vec((0i64..900_000, 0u32..25, 1u32..25, prop::option::of(special())), 1..120),
        cars in proptest::collection::vec((0u32..25, any_car()), 1..12),
        shared in any::<bool>(),
    ) {
        let town = town();
        let request = |(at_ms, node, on, special): (i64, u32, u32, Option<Asked>)| {
            let plain = Request::plain(at_ms, node, (node + on) % 25);
            Request { asked: special.unwrap_or(plain.asked), ..plain }
        };
        let mut requests: Vec<Request> = asked.into_iter().map(request).collect();
        requests.sort_by_key(|r| r.at_ms);
        let (fleet, kinds): (Vec<NodeIx>, Vec<CarKind>) = cars.into_iter().unzip();
        let (solo, mut pooled) = (SoloPolicy::default(), SharedPolicy::default());
        pooled.plan.work = 2_000;
        let run = Run {
            requests: &requests, fleet: &fleet, cars: &kinds, seats: 4, batch_ms: 10_000, windows: &[], max_wait_ms: 300_000,
            boarding_ms: 0, max_delay_ms: 400_000, noise: 0.0, noise_seed: 0,
            policy: if shared { Policy::Pooled(&pooled) } else { Policy::Solo(&solo) },
        };
        let outcome = town.run(&run, |_| ()).expect("sound settings");
        let trace = trace_of(&town, &outcome);
        prop_assert_eq!(misplaced(&trace), Vec::<String>::new());
        let rules = Rules { seats: if shared { 4 } else { 1 }, max_delay_s: 400.0, batch_s: 10.0 };
        let summary = Summary::of(&requests, &outcome, town.times());
        prop_assert_eq!(judge(&trace, &town, 300.0, 0.0, rules), Ok((summary.served, requests.len() - summary.served)));
    }
}

#[test]
fn a_reserve_keeps_promises_on_rough_roads() {
    let town = town();
    let requests: Vec<Request> =
        (0..150_u32).map(|k| Request::plain(i64::from(k) * 9_000, k * 7 % 25, (k * 7 + 1 + k % 24) % 25)).collect();
    let fleet = [0, 3, 7, 12, 16, 19, 21, 24];
    let late = |reserve: f64| {
        let mut policy = SharedPolicy::default();
        (policy.plan.work, policy.plan.reserve) = (2_000, reserve);
        let run = Run {
            requests: &requests,
            fleet: &fleet,
            cars: &[],
            seats: 4,
            batch_ms: 10_000,
            windows: &[],
            max_wait_ms: 300_000,
            boarding_ms: 30_000,
            max_delay_ms: 400_000,
            noise: 0.2,
            noise_seed: 3,
            policy: Policy::Pooled(&policy),
        };
        let summary = Summary::of(&requests, &town.run(&run, |_| ()).expect("sound settings"), town.times());
        summary.late_pickups + summary.late_dropoffs
    };
    assert!(late(0.0) > 0, "rough roads break promises that leave no room");
    assert_eq!(late(0.25), 0);
}

#[test]
fn cars_take_riders_in_their_shifts_only() {
    let town = town();
    let requests: Vec<Request> =
        (0..60_u32).map(|k| Request::plain(i64::from(k) * 20_000, k % 25, (k + 7) % 25)).collect();
    let fleet = [0, 5, 12, 20];
    let shifts = [
        Shift { from_ms: 0, until_ms: 400_000 },
        Shift { from_ms: 300_000, until_ms: i64::MAX },
        Shift { from_ms: 200_000, until_ms: 900_000 },
        Shift { from_ms: 0, until_ms: 0 },
    ];
    let (solo, mut pooled) = (SoloPolicy::default(), SharedPolicy::default());
    pooled.plan.work = 2_000;
    for (policy, seats) in [(Policy::Solo(&solo), 1), (Policy::Pooled(&pooled), 3)] {
        let run = Run {
            requests: &requests,
            fleet: &fleet,
            cars: &[],
            seats,
            batch_ms: 10_000,
            windows: &[],
            max_wait_ms: 300_000,
            boarding_ms: 0,
            max_delay_ms: 900_000,
            noise: 0.0,
            noise_seed: 0,
            policy,
        };
        let outcome = town.run_shifts(&run, &shifts, |_| true).expect("sound settings");
        let mut rides = [0; 4];
        for &(at_ms, event) in &outcome.events {
            match event {
                Event::Assign { vehicle, .. } => {
                    let Shift { from_ms, until_ms } = shifts[vehicle as usize];
                    // Who was planned in the shift is told at the first decision after it at the latest.
                    let told_until = until_ms.saturating_add(i64::from(seats > 1) * 10_000);
                    assert!((from_ms..told_until).contains(&at_ms), "car {vehicle} is promised at {at_ms}");
                }
                Event::Pickup { vehicle, .. } => rides[vehicle as usize] += 1,
                _ => {}
            }
        }
        assert!(rides[0] > 0 && rides[1] > 0 && rides[2] > 0 && rides[3] == 0, "{rides:?}");
        assert!(outcome.fates.iter().all(|f| f.dropoff_ms.is_some() || f.expired_ms.is_some()), "nobody is forgotten");
        let stopped = town.run_shifts(&run, &shifts, |at_ms| at_ms < 100_000);
        assert!(matches!(stopped, Err(ReplayError::Stopped)));
    }
}

#[test]
fn senseless_settings_are_named() {
    let town = town();
    let policy = SoloPolicy::default();
    let requests = [Request::plain(0, 0, 1)];
    let good = Run {
        requests: &requests,
        fleet: &[0],
        cars: &[],
        seats: 1,
        batch_ms: 30_000,
        windows: &[],
        max_wait_ms: 1,
        boarding_ms: 0,
        max_delay_ms: 600_000,
        noise: 0.0,
        noise_seed: 0,
        policy: Policy::Solo(&policy),
    };
    for (run, name) in [
        (Run { batch_ms: 0, ..good.clone() }, "--batch"),
        (Run { max_wait_ms: -1, ..good.clone() }, "--max-wait"),
        (Run { boarding_ms: i64::MAX, ..good.clone() }, "--boarding"),
        (Run { seats: 0, ..good.clone() }, "--seats"),
    ] {
        let message = town.run(&run, |_| ()).expect_err("refused").to_string();
        assert!(message.starts_with(name), "{message}");
    }
}
