//! The figures of a replay.

use doorstep_roads::TravelTimes;
use serde::Serialize;

use super::{LeftOut, Outcome, Request};

/// One JSON object with what a replay came to. Times in seconds, shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Usable requests.
    pub requests: usize,
    /// Riders taken to their goal.
    pub served: usize,
    /// `served` over `requests`.
    pub served_share: f64,
    /// From request to pickup, over those served.
    pub mean_wait_s: f64,
    /// The wait that 95 of 100 served riders did not exceed.
    pub p95_wait_s: f64,
    /// The longest wait.
    pub max_wait_s: f64,
    /// Arrival later than a direct trip from the moment of the request, over those served.
    pub mean_delay_s: f64,
    /// The longest delay.
    pub max_delay_s: f64,
    /// Riders picked up later than the longest wait that was promised: only where roads are rougher than
    /// planned (`--noise`).
    pub late_pickups: usize,
    /// Riders set down later than the longest delay that was promised.
    pub late_dropoffs: usize,
    /// Of the requests made from the twentieth minute on, when no car is fresh any more: the share served.
    pub served_share_after_20min: f64,
    /// All driving, also towards expected requests, over the direct driving of those served.
    pub drive_over_solo: f64,
    /// Drive to the rider since the car last changed its course, mean over pickups.
    pub pickup_drive_s: f64,
    /// All empty driving per served rider.
    pub empty_drive_s: f64,
    /// Mean direct trip of the lost over that of the served: above 1, long trips are refused more often.
    pub direct_lost_over_served: f64,
    /// From request to the first promise, over those served.
    pub mean_answer_s: f64,
    /// Wall time of the whole command: reading, travel times, replay, trace.
    pub wall_s: f64,
    /// Wall time of the replay loop alone.
    pub replay_s: f64,
    /// Decisions made.
    pub batches: usize,
    /// Median wall time of a decision, milliseconds.
    pub batch_ms_p50: f64,
    /// 99th percentile of it.
    pub batch_ms_p99: f64,
    /// Cars.
    pub fleet: usize,
    /// Seed of the sample and of the spreading.
    pub seed: u64,
    /// Rows that were not replayed.
    pub left_out: LeftOut,
}

impl Summary {
    /// Adds up an outcome; the wall times are the caller's to fill in.
    pub fn of(requests: &[Request], outcome: &Outcome, times: &dyn TravelTimes) -> Self {
        let mut waits = Vec::new();
        let (mut delay_ms, mut max_delay_ms, mut answer_ms) = (0, 0, 0);
        let (mut solo_ms, mut lost_ms) = (0_i64, 0_i64);
        for (request, fate) in requests.iter().zip(&outcome.fates) {
            let direct_ms = i64::from(times.time_ms(request.node, request.to));
            let (Some(pickup_ms), Some(dropoff_ms)) = (fate.pickup_ms, fate.dropoff_ms) else {
                lost_ms += direct_ms;
                continue;
            };
            waits.push(pickup_ms - request.at_ms);
            solo_ms += direct_ms;
            let delay = dropoff_ms - request.at_ms - direct_ms;
            delay_ms += delay;
            max_delay_ms = max_delay_ms.max(delay);
            answer_ms += fate.accepted_ms.unwrap_or(pickup_ms) - request.at_ms;
        }
        waits.sort_unstable();
        let served = waits.len();
        let mean_s = |sum_ms: i64, of: usize| sum_ms as f64 / 1e3 / of.max(1) as f64;
        let lost = requests.len() - served;
        let mut batch_ms = outcome.batch_ms.clone();
        batch_ms.sort_unstable_by(f64::total_cmp);
        let (mean_served_s, mean_lost_s) = (mean_s(solo_ms, served), mean_s(lost_ms, lost));
        Self {
            requests: requests.len(),
            served,
            served_share: served as f64 / requests.len().max(1) as f64,
            mean_wait_s: mean_s(waits.iter().sum(), served),
            p95_wait_s: quantile(&waits, 0.95).map_or(0.0, |ms| ms as f64 / 1e3),
            max_wait_s: waits.last().map_or(0.0, |&ms| ms as f64 / 1e3),
            mean_delay_s: mean_s(delay_ms, served),
            max_delay_s: max_delay_ms as f64 / 1e3,
            late_pickups: outcome.late_pickups,
            late_dropoffs: outcome.late_dropoffs,
            served_share_after_20min: share_after(requests, outcome, 20 * 60_000),
            drive_over_solo: outcome.drive_ms as f64 / solo_ms.max(1) as f64,
            pickup_drive_s: mean_s(outcome.pickup_drive_ms, served),
            empty_drive_s: mean_s(outcome.empty_ms, served),
            direct_lost_over_served: if mean_served_s > 0.0 { mean_lost_s / mean_served_s } else { 0.0 },
            mean_answer_s: mean_s(answer_ms, served),
            wall_s: 0.0,
            replay_s: 0.0,
            batches: batch_ms.len(),
            batch_ms_p50: quantile(&batch_ms, 0.5).unwrap_or(0.0),
            batch_ms_p99: quantile(&batch_ms, 0.99).unwrap_or(0.0),
            fleet: 0,
            seed: 0,
            left_out: LeftOut::default(),
        }
    }
}

fn share_after(requests: &[Request], outcome: &Outcome, after_ms: i64) -> f64 {
    let late = requests.iter().zip(&outcome.fates).filter(|(request, _)| request.at_ms >= after_ms);
    let (all, served) = late.fold((0_usize, 0_usize), |(all, served), (_, fate)| {
        (all + 1, served + usize::from(fate.dropoff_ms.is_some()))
    });
    served as f64 / all.max(1) as f64
}

/// The smallest value that at least the share `q` of the sorted values do not exceed.
fn quantile<T: Copy>(sorted: &[T], q: f64) -> Option<T> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_ranks() {
        assert_eq!(quantile(&[1, 2, 3, 4], 0.5), Some(2));
        assert_eq!(quantile(&[1, 2, 3, 4], 0.99), Some(4));
        assert_eq!(quantile::<i64>(&[], 0.5), None);
    }
}
