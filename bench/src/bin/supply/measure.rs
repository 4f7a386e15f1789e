//! The same work for every candidate, and what it cost.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use doorstep_bench::fleet::{Fleet, Spread};
use doorstep_clock::{SeededRng, Timestamp, monotonic};
use doorstep_dispatch::supply::{Filter, Report};
use doorstep_geo::Point;

use crate::candidates::{Candidate, MAX_M, NEAREST, Ours};

/// Reports that travel together, and queries beside them, ten to one.
const PIECE: usize = 250;
/// Movement is worked out before the clock runs; after so many rounds it goes backwards.
const ROUNDS: usize = 10;

/// Everything that is asked of a candidate.
pub(crate) struct Work {
    pub(crate) fleet: Fleet,
    /// Per round, every driver's report in the order of arrival: who and where.
    rounds: Vec<Vec<(u32, Point)>>,
    /// Per round, the ids as they lie one after the other in what arrived.
    arrived: Vec<String>,
    pub(crate) points: Vec<Point>,
}

impl Work {
    pub(crate) fn new(mut fleet: Fleet, spread: Spread, seed: u64) -> Self {
        let mut rounds = Vec::with_capacity(ROUNDS);
        let mut arrived = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            fleet.step();
            let order = fleet.order();
            arrived.push(order.iter().map(|&driver| &*fleet.ids[driver as usize]).collect::<String>());
            rounds.push(order.into_iter().map(|driver| (driver, fleet.points[driver as usize])).collect());
        }
        let mut rng = SeededRng::new(seed, "bench.queries");
        let points = (0..20_000).map(|_| spread.place(&mut rng)).collect();
        Self { fleet, rounds, arrived, points }
    }

    /// The first so many reports, in pieces.
    fn reports(&self, count: usize) -> impl Iterator<Item = Vec<(&str, Point)>> {
        let length = self.fleet.ids[0].len();
        // There and back again, so that nobody jumps where the movement begins anew.
        let there = self.rounds.iter().zip(&self.arrived);
        let back = there.clone().rev().skip(1).take(ROUNDS - 2);
        let rounds = there.chain(back).cycle();
        let pieces = rounds.flat_map(move |(round, arrived)| {
            let ids = arrived.as_bytes().chunks(length * PIECE);
            round.chunks(PIECE).zip(ids).map(move |(piece, ids)| {
                let ids = ids.chunks(length).map(|id| std::str::from_utf8(id).expect("invariant: ids are ASCII"));
                ids.zip(piece).map(|(id, &(_, at))| (id, at)).collect()
            })
        });
        pieces.take(count / PIECE)
    }

    /// The first so many queries, in pieces.
    fn queries(&self, count: usize) -> impl Iterator<Item = &[Point]> {
        self.points.chunks(PIECE / 10).cycle().take(count / (PIECE / 10))
    }
}

/// How much of the work a candidate gets: enough to measure, little enough to finish.
pub(crate) struct Amount {
    pub(crate) rounds: usize,
    pub(crate) queries: usize,
    /// Updates of the mixed part.
    pub(crate) mixed: usize,
}

/// CPU seconds per operation.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) update_s: f64,
    pub(crate) query_s: f64,
    pub(crate) mixed_s: f64,
}

/// Gives the candidate the work and reads the CPU clock between its parts.
pub(crate) fn measure(candidate: &mut dyn Candidate, work: &Work, amount: &Amount) -> Result<Cost> {
    for piece in work.reports(work.fleet.ids.len()) {
        candidate.update(&piece)?; // everybody is known before the clock runs
    }
    let updates = amount.rounds * work.fleet.ids.len();
    let mut update_s = 0.0;
    for piece in work.reports(updates).collect::<Vec<_>>().chunks(400) {
        let before = candidate.cpu_seconds()?;
        for reports in piece {
            candidate.update(reports)?;
        }
        update_s += candidate.cpu_seconds()? - before;
    }

    let before = candidate.cpu_seconds()?;
    let mut found = 0;
    for points in work.queries(amount.queries) {
        found += candidate.query(points)?;
    }
    let query_s = candidate.cpu_seconds()? - before;
    ensure!(found > amount.queries * NEAREST * 9 / 10, "only {found} drivers found by {} queries", amount.queries);

    let pieces: Vec<_> = work.reports(amount.mixed).collect();
    let before = candidate.cpu_seconds()?;
    for (reports, points) in pieces.iter().zip(work.queries(amount.mixed / 10)) {
        candidate.update(reports)?;
        candidate.query(points)?;
    }
    let mixed_s = candidate.cpu_seconds()? - before;
    let mixed = (amount.mixed / PIECE) * (PIECE + PIECE / 10);
    Ok(Cost {
        update_s: update_s / updates as f64,
        query_s: query_s / amount.queries as f64,
        mixed_s: mixed_s / mixed as f64,
    })
}

/// The smallest of some round radii in which 99 % of the points have their neighbours: what a careful
/// user of a radius search would set.
pub(crate) fn radius_for(ours: &Ours, work: &Work) -> f64 {
    let mut farthest: Vec<f64> = work
        .points
        .iter()
        .take(2_000)
        .map(|&point| {
            let near = ours.supply.nearest(point, NEAREST, MAX_M, &Filter::idle(1));
            near.get(NEAREST - 1).map_or(MAX_M, |last| last.distance_m)
        })
        .collect();
    farthest.sort_by(f64::total_cmp);
    let needed = farthest[farthest.len() * 99 / 100];
    [50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1_200.0, 1_800.0, 2_500.0]
        .into_iter()
        .find(|&radius| radius >= needed)
        .unwrap_or(MAX_M)
}

/// Percent of points for which a peer, given the same positions, names the same drivers as ours. Where
/// two lie equally far to the metre, their order is the peer's rounding and the set still counts.
pub(crate) fn agreement(ours: &Ours, peer: &mut dyn Candidate, work: &Work) -> Result<f64> {
    let mut mine = Ours::new(&work.fleet)?;
    debug_assert_eq!(mine.supply.len(), ours.supply.len());
    for (ids, points) in work.fleet.ids.chunks(PIECE).zip(work.fleet.points.chunks(PIECE)) {
        let reports: Vec<(&str, Point)> = ids.iter().map(String::as_str).zip(points.iter().copied()).collect();
        peer.update(&reports)?;
    }
    let sample = &work.points[..1_000];
    let mut same = 0;
    for &point in sample {
        let (a, b) = (mine.answer(point)?, peer.answer(point)?);
        let shared = a.iter().filter(|(id, _)| b.iter().any(|(other, _)| other == id)).count();
        let rim = a.last().zip(b.last()).is_some_and(|(a, b)| (a.1 - b.1).abs() < 1.0 + a.1 * 0.005);
        same += usize::from(a.len() == b.len() && (shared == a.len() || (shared + 1 == a.len() && rim)));
    }
    Ok(100.0 * same as f64 / sample.len() as f64)
}

/// Updates and queries per second of wall time when one thread updates and another asks.
pub(crate) fn together(ours: &Ours, work: &Work) -> Result<(f64, f64)> {
    const SECONDS: f64 = 2.0;
    let stop = AtomicBool::new(false);
    let later = Timestamp::from_millis(2_000_000_000);
    std::thread::scope(|scope| {
        let updating = scope.spawn(|| {
            let mut count = 0_u64;
            for piece in work.reports(usize::MAX) {
                for (id, at) in piece {
                    ours.supply.report_id(id, &Report::at(at, later), later);
                    count += 1;
                }
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            count
        });
        let begun = monotonic();
        let mut asked = 0_u64;
        for points in work.queries(usize::MAX) {
            for &point in points {
                ours.supply.nearest(point, NEAREST, MAX_M, &Filter::idle(1));
                asked += 1;
            }
            if begun.elapsed().as_secs_f64() > SECONDS {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        let seconds = begun.elapsed().as_secs_f64();
        let updated = updating.join().map_err(|_| anyhow::anyhow!("the updating thread panicked"))?;
        Ok((updated as f64 / seconds, asked as f64 / seconds))
    })
}
