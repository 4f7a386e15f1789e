//! What [`decide`] promises, on random batches: small ones against every possibility, larger ones against
//! the rules.

use doorstep_roads::{NodeIx, TravelTimes, UNREACHABLE};
use proptest::prelude::*;

use super::view::View;
use super::*;

const NODES: usize = 24;

/// Any times at all: the decision may not lean on triangle inequalities or on symmetry.
#[derive(Debug, Clone)]
struct Times(Vec<u32>);

impl TravelTimes for Times {
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        if from == to { 0 } else { self.0[from as usize * NODES + to as usize] }
    }
}

#[derive(Debug, Clone)]
struct Case {
    times: Times,
    riders: Vec<Rider>,
    cars: Vec<Car>,
    recent: Vec<Recent>,
}

impl Case {
    fn batch(&self) -> Batch<'_> {
        Batch { now_ms: NOW, riders: &self.riders, cars: &self.cars, recent: &self.recent }
    }

    fn rider(&self, id: u32) -> &Rider {
        self.riders.iter().find(|r| r.id == id).expect("a promise names a rider of the batch")
    }

    fn car(&self, id: u32) -> Option<&Car> {
        self.cars.iter().find(|c| c.id == id)
    }

    fn pickup_ms(&self, rider: &Rider, car: &Car) -> Option<i64> {
        let drive_ms = self.times.time_ms(car.node, rider.node);
        (drive_ms != UNREACHABLE).then(|| car.free_at_ms.max(NOW) + i64::from(drive_ms))
    }

    /// Whether the rider may be promised this car, by the rules as a reader would put them.
    fn allowed(&self, rider: &Rider, car: &Car, policy: &SoloPolicy) -> bool {
        let Some(pickup_ms) = self.pickup_ms(rider, car) else { return false };
        let own = rider.assigned.and_then(|id| self.car(id));
        if own == Some(car) {
            return true;
        }
        let own_ms = own.and_then(|own| self.pickup_ms(rider, own));
        let late_ms = own_ms.unwrap_or(i64::MIN);
        pickup_ms <= rider.latest_pickup_ms.max(late_ms)
            && suits(rider, car)
            && (!car.on_trip || car.free_at_ms - NOW <= i64::from(policy.chain_ms))
            && (policy.rematch || (car.assigned.is_none() && own_ms.is_none()))
    }

    /// Promises broken, riders left out, and the price of the rest: smaller is better, in this order.
    fn worth(&self, pairs: &[(u32, u32)], policy: &SoloPolicy) -> (usize, usize, i64) {
        let mut worth = (0, 0, 0);
        for rider in &self.riders {
            let Some(&(_, car)) = pairs.iter().find(|(id, _)| *id == rider.id) else {
                if rider.assigned.is_some() {
                    worth.0 += 1;
                } else {
                    worth.1 += 1;
                    worth.2 += (policy.age_weight * (NOW - rider.requested_ms) as f64) as i64;
                }
                continue;
            };
            let pickup_ms = self.car(car).and_then(|car| self.pickup_ms(rider, car)).expect("a promised car can come");
            worth.2 += pickup_ms - NOW;
            let changes = rider
                .assigned
                .is_some_and(|id| id != car && self.car(id).is_some_and(|own| self.pickup_ms(rider, own).is_some()));
            worth.2 += if changes { i64::from(policy.switch_ms) } else { 0 };
        }
        worth
    }

    /// The best worth over every way to hand out cars.
    fn best(&self, policy: &SoloPolicy, rider: usize, pairs: &mut Vec<(u32, u32)>) -> (usize, usize, i64) {
        let Some(next) = self.riders.get(rider) else { return self.worth(pairs, policy) };
        let mut best = self.best(policy, rider + 1, pairs);
        for car in &self.cars {
            if pairs.iter().all(|&(_, taken)| taken != car.id) && self.allowed(next, car, policy) {
                pairs.push((next.id, car.id));
                best = best.min(self.best(policy, rider + 1, pairs));
                pairs.pop();
            }
        }
        best
    }
}

/// Seats, luggage and equipment, as a reader would put it.
fn suits(rider: &Rider, car: &Car) -> bool {
    let has = |bit: u32| rider.needs >> bit & 1 == 0 || car.offers >> bit & 1 == 1;
    rider.seats <= car.seats && rider.extras.luggage <= car.extras.luggage && (0..32).all(has)
}

const NOW: i64 = 1_000_000_000;

/// Batches whose old promises are one to one, as those of an earlier decision are.
fn cases(riders: usize, cars: usize) -> impl Strategy<Value = Case> {
    let time = prop_oneof![9 => 0u32..400_000, 1 => Just(UNREACHABLE)];
    let gear = || (0u8..3, 0u32..4).prop_map(|(luggage, bits)| (Extras { luggage, ..Extras::default() }, bits));
    let rider = (0..NODES as u32, 0i64..300_000, 1u8..3, any::<bool>(), gear());
    let car = (0..NODES as u32, 0i64..200_000, 1u8..4, any::<bool>(), gear());
    let recent = (0..NODES as u32, 0i64..1_000_000);
    (
        proptest::collection::vec(time, NODES * NODES),
        proptest::collection::vec(rider, 0..=riders),
        proptest::collection::vec(car, 0..=cars),
        proptest::collection::vec(recent, 0..30),
    )
        .prop_map(|(times, riders, cars, recent)| {
            let mut case = Case { times: Times(times), riders: Vec::new(), cars: Vec::new(), recent: Vec::new() };
            for (at, (node, free_ms, seats, on_trip, (extras, offers))) in cars.into_iter().enumerate() {
                let free_at_ms = NOW + if on_trip { free_ms } else { free_ms / 10 };
                let id = 100 + at as u32;
                case.cars.push(Car { id, node, free_at_ms, seats, extras, offers, assigned: None, on_trip });
            }
            for (at, (node, age_ms, seats, promised, (extras, needs))) in riders.into_iter().enumerate() {
                let (id, requested_ms) = (7 * at as u32 % 64, NOW - age_ms);
                let mut rider = Rider {
                    id,
                    node,
                    to: 0,
                    requested_ms,
                    latest_pickup_ms: requested_ms + 300_000,
                    assigned: None,
                    direct_ms: 600_000,
                    seats,
                    extras,
                    needs,
                };
                let mut keepable = None;
                if promised && let Some(car) = case.cars.get(at).filter(|car| suits(&rider, car)) {
                    keepable = case.pickup_ms(&rider, car).map(|_| car.id);
                }
                if let Some(car) = keepable {
                    rider.assigned = Some(car);
                    case.cars[at].assigned = Some(id);
                }
                case.riders.push(rider);
            }
            case.recent = recent.into_iter().map(|(node, ago)| Recent { requested_ms: NOW - ago, node }).collect();
            case
        })
}

fn policies() -> impl Strategy<Value = SoloPolicy> {
    let solo = (0u32..20_000, 0u32..200_000, 0..3).prop_map(|(switch_ms, chain_ms, age)| SoloPolicy {
        switch_ms,
        chain_ms,
        age_weight: f64::from(age) / 2.0,
        ..SoloPolicy::default()
    });
    prop_oneof![3 => solo, 1 => Just(SoloPolicy::plain()), 1 => Just(SoloPolicy::greedy())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rules_hold(case in cases(40, 40), policy in policies()) {
        let decision = decide(&case.batch(), &case.times, &policy);
        let mut cars: Vec<u32> = decision.assign.iter().map(|a| a.car).collect();
        cars.extend(decision.moves.iter().map(|&(car, _)| car));
        let count = cars.len();
        cars.sort_unstable();
        cars.dedup();
        prop_assert_eq!(cars.len(), count, "one errand for each car");
        let mut riders: Vec<u32> = decision.assign.iter().map(|a| a.rider).collect();
        riders.dedup();
        prop_assert_eq!(riders.len(), decision.assign.len(), "one car for each rider, in order");
        for promise in &decision.assign {
            let (rider, car) = (case.rider(promise.rider), case.car(promise.car).expect("a car of the batch"));
            prop_assert!(case.allowed(rider, car, &policy));
            prop_assert_eq!(case.pickup_ms(rider, car), Some(promise.pickup_ms));
        }
        for rider in case.riders.iter().filter(|r| r.assigned.is_some()) {
            let promise = decision.assign.iter().find(|a| a.rider == rider.id);
            prop_assert!(promise.is_some(), "an accepted rider keeps a car");
        }
        for (car, _) in &decision.moves {
            prop_assert!(!case.car(*car).expect("a car of the batch").on_trip, "nobody is taken along");
        }
    }

    #[test]
    fn order_of_input_does_not_matter(case in cases(30, 30), policy in policies(), by in 1usize..29) {
        let mut turned = case.clone();
        turned.riders.reverse();
        let cars = turned.cars.len().max(1);
        turned.cars.rotate_left(by % cars);
        turned.recent.reverse();
        prop_assert_eq!(decide(&case.batch(), &case.times, &policy), decide(&turned.batch(), &turned.times, &policy));
    }

    #[test]
    fn small_batches_are_optimal(case in cases(4, 5), policy in policies()) {
        prop_assume!(policy.method == Method::Optimal);
        let decision = decide(&case.batch(), &case.times, &policy);
        let pairs: Vec<_> = decision.assign.iter().map(|a| (a.rider, a.car)).collect();
        prop_assert_eq!(case.worth(&pairs, &policy), case.best(&policy, 0, &mut Vec::new()));
    }

    #[test]
    fn short_lists_lose_nothing(case in cases(40, 60), policy in policies(), first in 1usize..6) {
        prop_assume!(policy.method == Method::Optimal);
        let batch = case.batch();
        let view = View::new(&batch);
        let worth = |first| {
            let promises = promise::promise(&view, &case.times, &policy, first);
            case.worth(&promises.iter().map(|a| (a.rider, a.car)).collect::<Vec<_>>(), &policy)
        };
        prop_assert_eq!(worth(first), worth(usize::MAX));
    }
}

#[test]
fn a_policy_is_plain_data() {
    let text = serde_json::to_string(&SoloPolicy::default()).expect("plain data");
    assert_eq!(serde_json::from_str::<SoloPolicy>(&text).expect("its own text"), SoloPolicy::default());
    assert_eq!(serde_json::from_str::<SoloPolicy>("{}").expect("all has a default"), SoloPolicy::default());
    assert!(serde_json::from_str::<SoloPolicy>(r#"{"rematsch":true}"#).is_err());
}
