//! Where idle cars are missed most: moves that shorten expected waits by more than they cost.
//!
//! A greedy answer to a relocation problem: riders are expected where they were lately, each waits for the
//! nearest few cars that are free or come free soon, and a car is sent where it shortens these waits by more
//! than its leaving lengthens them and its drive is worth. Unlike an assignment of cars to drawn requests, a
//! fleet that stands well does not move.

use doorstep_roads::{NodeIx, TravelTimes};
use serde::{Deserialize, Serialize};

use crate::matching::{Car, Recent};

/// When an idle car is sent somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Coverage {
    /// How far back requests count, milliseconds.
    pub recent_ms: u32,
    /// How far ahead riders are expected, and until when a busy car counts as coming free, milliseconds.
    pub ahead_ms: u32,
    /// Places of recent requests that stand for the expected ones.
    pub sample: usize,
    /// A rider's wait is the mean to this many of the nearest cars: more than one, since others take some.
    pub nearest: usize,
    /// What a second of driving must save of expected waits, in seconds.
    pub worth: f64,
    /// Longest drive, milliseconds.
    pub reach_ms: u32,
    /// Cars sent in one batch at most.
    pub most_moves: usize,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            recent_ms: 900_000,
            ahead_ms: 240_000,
            sample: 300,
            nearest: 2,
            worth: 1.5,
            reach_ms: 600_000,
            most_moves: 40,
        }
    }
}

/// A wait beyond this is not told apart from it, milliseconds.
const FAR_MS: i64 = 1_200_000;
/// A rate is not read off less than this much of the past, milliseconds.
const LEAST_SEEN_MS: i64 = 60_000;
/// Nearest cars that are looked at for one rider at most.
const MOST_NEAREST: usize = 7;

/// The cars nearest to one expected rider, one more than count.
type Nearest = [(i64, u32); MOST_NEAREST + 1];

/// Idle cars and where each should wait, by ascending id. `cars` are those in service, by ascending id, with
/// the place and the moment where their plan ends.
pub(crate) fn moves(
    cars: &[Car],
    recent: &[Recent],
    now_ms: i64,
    times: &dyn TravelTimes,
    policy: &Coverage,
) -> Vec<(u32, NodeIx)> {
    let (sample, each) = expected(recent, now_ms, policy);
    let free: Vec<&Car> =
        cars.iter().filter(|c| c.free_at_ms.saturating_sub(now_ms) <= i64::from(policy.ahead_ms)).collect();
    let mut city = City::new(&free, sample, now_ms, times, policy);
    let mut moves = Vec::new();
    let mut gain = city.gains();
    let mut drives = Vec::new();
    while moves.len() < policy.most_moves {
        let Some((to, most)) = gain.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if most <= 0.0 {
            break;
        }
        times.times_to(city.sample[to], &city.nodes, &mut drives);
        let loss = city.losses();
        let mut best: Option<(f64, usize)> = None;
        for (car, &drive_ms) in drives.iter().enumerate() {
            if !city.idle[car] || drive_ms > policy.reach_ms || drive_ms == 0 {
                continue;
            }
            let price = each * loss[car] + policy.worth * f64::from(drive_ms);
            if best.is_none_or(|(least, _)| price < least) {
                best = Some((price, car));
            }
        }
        match best {
            Some((price, car)) if price < each * most => {
                moves.push((free[car].id, city.sample[to]));
                city.send(car, to);
                gain = city.gains();
            }
            // Nobody is worth sending here.
            _ => gain[to] = 0.0,
        }
    }
    moves.sort_unstable();
    moves
}

/// An even sample of where riders waited lately, and how many are expected at each of its places.
fn expected(recent: &[Recent], now_ms: i64, policy: &Coverage) -> (Vec<NodeIx>, f64) {
    let since_ms = now_ms.saturating_sub(i64::from(policy.recent_ms));
    let mut recent: Vec<Recent> =
        recent.iter().copied().filter(|r| r.requested_ms > since_ms && r.requested_ms <= now_ms).collect();
    recent.sort_unstable();
    let Some(first) = recent.first() else { return (Vec::new(), 0.0) };
    let seen_ms = (now_ms - first.requested_ms).max(LEAST_SEEN_MS);
    let count = recent.len().min(policy.sample);
    let riders = recent.len() as f64 * f64::from(policy.ahead_ms) / seen_ms as f64;
    let sample = (0..count).map(|k| recent[k * recent.len() / count].node).collect();
    (sample, riders / count.max(1) as f64)
}

/// Expected riders, free cars, and who is near whom.
struct City {
    sample: Vec<NodeIx>,
    nodes: Vec<NodeIx>,
    idle: Vec<bool>,
    count: usize,
    /// Time to each sample's place from each car, and from each other sample's place.
    from_car: Vec<Vec<i64>>,
    from_place: Vec<Vec<u32>>,
    nearest: Vec<Nearest>,
}

impl City {
    fn new(free: &[&Car], sample: Vec<NodeIx>, now_ms: i64, times: &dyn TravelTimes, policy: &Coverage) -> Self {
        let nodes: Vec<NodeIx> = free.iter().map(|c| c.node).collect();
        let mut city = Self {
            idle: free.iter().map(|c| !c.on_trip).collect(),
            count: policy.nearest.clamp(1, MOST_NEAREST),
            from_car: Vec::with_capacity(sample.len()),
            from_place: Vec::with_capacity(sample.len()),
            nearest: vec![[(FAR_MS, u32::MAX); MOST_NEAREST + 1]; sample.len()],
            sample,
            nodes,
        };
        let ready: Vec<i64> = free.iter().map(|c| (c.free_at_ms - now_ms).max(0)).collect();
        let mut row = Vec::new();
        for &to in &city.sample {
            times.times_to(to, &city.nodes, &mut row);
            city.from_car.push(row.iter().zip(&ready).map(|(&ms, ready)| i64::from(ms) + ready).collect());
            times.times_to(to, &city.sample, &mut row);
            city.from_place.push(row.clone());
        }
        for rider in 0..city.sample.len() {
            city.find(rider);
        }
        city
    }

    /// Lists the cars nearest to a rider anew.
    fn find(&mut self, rider: usize) {
        let kept = self.count + 1;
        let mut list: Nearest = [(FAR_MS, u32::MAX); MOST_NEAREST + 1];
        for (car, &ms) in self.from_car[rider].iter().enumerate() {
            if ms < list[kept - 1].0 {
                let at = list[..kept].partition_point(|&(other, _)| other <= ms);
                list.copy_within(at..kept - 1, at + 1);
                list[at] = (ms, car as u32);
            }
        }
        self.nearest[rider] = list;
    }

    /// By how much one more car at each place shortens all waits, milliseconds.
    fn gains(&self) -> Vec<f64> {
        let mut gains = vec![0_i64; self.sample.len()];
        for (near, row) in self.nearest.iter().zip(&self.from_place) {
            let last_ms = near[self.count - 1].0;
            for (gain, &ms) in gains.iter_mut().zip(row) {
                *gain += (last_ms - i64::from(ms)).max(0);
            }
        }
        gains.into_iter().map(|gain| gain as f64 / self.count as f64).collect()
    }

    /// By how much each car's leaving lengthens them.
    fn losses(&self) -> Vec<f64> {
        let mut losses = vec![0_i64; self.nodes.len()];
        for near in &self.nearest {
            for &(ms, car) in &near[..self.count] {
                if car != u32::MAX {
                    losses[car as usize] += near[self.count].0 - ms;
                }
            }
        }
        losses.into_iter().map(|loss| loss as f64 / self.count as f64).collect()
    }

    /// The car counts at the place from now on, and moves no more.
    fn send(&mut self, car: usize, to: usize) {
        self.idle[car] = false;
        for rider in 0..self.sample.len() {
            let there_ms = i64::from(self.from_place[rider][to]);
            let was_near = self.nearest[rider][..=self.count].iter().any(|&(_, near)| near == car as u32);
            self.from_car[rider][car] = there_ms;
            if was_near || there_ms < self.nearest[rider][self.count].0 {
                self.find(rider);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A street of corners, 10 s apart.
    struct Street;

    impl TravelTimes for Street {
        fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
            from.abs_diff(to) * 10_000
        }
    }

    fn car(id: u32, node: NodeIx, on_trip: bool) -> Car {
        let extras = doorstep_pooling::fleet::Extras::default();
        Car { id, node, free_at_ms: 1_000_000, seats: 4, extras, offers: 0, assigned: None, on_trip }
    }

    fn asked(nodes: &[NodeIx]) -> Vec<Recent> {
        (0..60).map(|k| Recent { requested_ms: 900_000 + k * 1000, node: nodes[k as usize % nodes.len()] }).collect()
    }

    fn sent(cars: &[Car], recent: &[Recent]) -> Vec<(u32, NodeIx)> {
        moves(cars, recent, 1_000_000, &Street, &Coverage { nearest: 1, ..Coverage::default() })
    }

    #[test]
    fn a_car_too_many_goes_where_one_is_missed() {
        let cars = [car(1, 0, false), car(2, 0, false), car(3, 0, true)];
        assert_eq!(sent(&cars, &asked(&[0, 40])), [(1, 40)]);
    }

    #[test]
    fn who_stands_well_stays() {
        let cars = [car(1, 0, false), car(2, 40, false), car(3, 20, false)];
        assert_eq!(sent(&cars, &asked(&[0, 40])), []);
        assert_eq!(sent(&[car(1, 0, true)], &asked(&[40])), [], "a car with riders goes nowhere else");
        assert_eq!(sent(&cars, &[]), []);
        assert_eq!(sent(&[], &asked(&[3])), []);
    }
}
