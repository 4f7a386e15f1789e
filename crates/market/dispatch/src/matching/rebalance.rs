//! Idle cars towards where the next requests are expected.

use doorstep_roads::{NodeIx, TravelTimes};

use super::assignment::Problem;
use super::view::{FAR_MS, Shortlist, View};
use super::{Assign, Rebalance};

/// Cars looked at for each expected request. More changes nothing that a replay could measure.
const CANDIDATES: usize = 24;
/// A rate is not read off less than this much of the past, milliseconds.
const LEAST_SEEN_MS: i64 = 60_000;

/// Sends idle cars so that the requests of the near future, taken to look like those of the recent past,
/// find a car close by. Cars about to finish a trip count where they will be free; the cheapest assignment
/// of cars to expected requests tells who moves.
pub(super) fn spread(
    view: &View<'_>,
    promised: &[Assign],
    times: &dyn TravelTimes,
    policy: &Rebalance,
) -> Vec<(u32, NodeIx)> {
    let mut taken = vec![false; view.cars.len()];
    for promise in promised {
        if let Some(car) = view.car(promise.car) {
            taken[car] = true;
        }
    }
    let ahead_ms = i32::try_from(policy.ahead_ms).unwrap_or(FAR_MS);
    let free = view.columns(|index, _| !taken[index] && view.ready_ms(index) <= ahead_ms);
    let expected = expected(view, policy, free.index.len());
    let reach_ms = policy.reach_ms.min(FAR_MS as u32);
    let later: Vec<i32> = free.ready_ms.iter().map(|&ms| (policy.later_weight * f64::from(ms)) as i32).collect();

    let (mut problem, mut list, mut drives) = (Problem::default(), Shortlist::default(), Vec::new());
    let mut listed = None;
    for &node in &expected {
        // Several requests from one place see the same cars.
        if listed.replace(node) != Some(node) {
            times.times_to(node, &free.node, &mut drives);
            list.start(CANDIDATES);
            for (column, (&drive_ms, &later_ms)) in drives.iter().zip(&later).enumerate() {
                if drive_ms <= reach_ms {
                    list.offer(later_ms.saturating_add_unsigned(drive_ms), column as u32);
                }
            }
        }
        problem.push_row(list.finish().0, 2 * i64::from(reach_ms));
    }
    let solution = problem.solve(free.index.len());
    let mut moves = Vec::new();
    for (&node, column) in expected.iter().zip(&solution.column_of) {
        let Some(car) = column.map(|column| view.cars[free.index[column as usize] as usize]) else { continue };
        if !car.on_trip && car.node != node {
            moves.push((car.id, node));
        }
    }
    moves.sort_unstable();
    moves
}

/// Where requests are expected: as many of the recent ones, evenly drawn through time, as come in the time
/// that is looked ahead, but no more than there are cars.
fn expected(view: &View<'_>, policy: &Rebalance, cars: usize) -> Vec<NodeIx> {
    let since_ms = view.now_ms.saturating_sub(i64::from(policy.recent_ms));
    let mut recent: Vec<_> =
        view.recent.iter().filter(|r| r.requested_ms > since_ms && r.requested_ms <= view.now_ms).collect();
    recent.sort_unstable();
    let Some(first) = recent.first() else { return Vec::new() };
    // Early on the past is shorter than `recent_ms`: the rate comes from what has been seen.
    let seen_ms = (view.now_ms - first.requested_ms).max(LEAST_SEEN_MS);
    let count = (recent.len() as f64 * f64::from(policy.ahead_ms) / seen_ms as f64).round() as usize;
    let count = count.min(cars);
    let drawn = |k: usize| recent[(k * recent.len() + recent.len() / 2) / count % recent.len()].node;
    let mut nodes: Vec<NodeIx> = (0..count).map(drawn).collect();
    nodes.sort_unstable();
    nodes
}
