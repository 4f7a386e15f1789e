//! Idle cars towards where the next requests are expected.

use doorstep_roads::{NodeIx, TravelTimes};

use super::assignment::{Edge, Problem};
use super::candidates::View;
use super::{Assign, Rebalance};

/// Sends idle cars so that the requests of the near future, taken to look like those of the recent
/// past, find a car close by; cars about to finish a trip count where they will be free.
pub(super) fn spread(
    view: &View<'_>,
    assign: &[Assign],
    times: &dyn TravelTimes,
    policy: &Rebalance,
) -> Vec<(u32, NodeIx)> {
    let mut recent: Vec<_> =
        view.recent.iter().copied().filter(|r| r.requested_ms > view.now_ms - policy.recent_ms && r.requested_ms <= view.now_ms).collect();
    recent.sort_unstable();
    let Some(first) = recent.first() else { return Vec::new() };
    // Early on the past is shorter than `recent_ms`: take the rate from what has been seen.
    let seen_ms = (view.now_ms - first.requested_ms).clamp(60_000, policy.recent_ms);
    let want = (recent.len() as f64 * policy.ahead_ms as f64 / seen_ms as f64 * policy.scale).round() as usize;
    let mut taken: Vec<u32> = assign.iter().map(|a| a.car).collect();
    taken.sort_unstable();
    let free: Vec<usize> = (0..view.cars.len())
        .filter(|&j| {
            let car = view.cars[j];
            taken.binary_search(&car.id).is_err() && car.free_at_ms - view.now_ms <= policy.ahead_ms
        })
        .collect();
    let want = want.min((free.len() as f64 * policy.per_free) as usize);
    let nodes: Vec<NodeIx> = free.iter().map(|&j| view.car_nodes[j]).collect();
    let mut problem = Problem::default();
    let mut row = Vec::new();
    let mut targets = Vec::new();
    let mut edges = Vec::new();
    let later: Vec<i32> = free
        .iter()
        .map(|&j| (policy.drive_weight * (view.cars[j].free_at_ms - view.now_ms).max(0) as f64) as i32)
        .collect();
    for k in 0..want {
        let at = recent[(k * recent.len() + recent.len() / 2) / want % recent.len()];
        times.times_to(at.node, &nodes, &mut row);
        edges.clear();
        edges.extend(row.iter().zip(&later).enumerate().filter_map(|(column, (&drive, &later))| {
            (i64::from(drive) <= policy.reach_ms).then(|| Edge { cost: drive as i32 + later, column: column as u32 })
        }));
        if edges.len() > policy.k {
            edges.select_nth_unstable(policy.k);
            edges.truncate(policy.k);
        }
        problem.push_row(&edges, policy.reach_ms * 2);
        targets.push(at.node);
    }
    let solution = problem.solve(free.len());
    let mut moves = Vec::new();
    for (&target, column) in targets.iter().zip(&solution.column_of) {
        let Some(column) = *column else { continue };
        let car = view.cars[free[column as usize]];
        if !car.on_trip && i64::from(times.time_ms(car.node, target)) >= policy.least_ms {
            moves.push((car.id, target));
        }
    }
    moves.sort_unstable();
    moves
}
