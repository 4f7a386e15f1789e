//! The roads' week learned from how long trips took.
//!
//! A trip's time is taken as (factor of its hour) x sum over the groups of roads of (factor of the group) x
//! (base time on the group along the fastest way). The two kinds of factors are fitted in turn. An hour with
//! few trips leans on the same hour of all days, and that on all hours, so a quiet night does not follow from
//! three trips.

use crate::{HOURS, NodeIx, RoadClass, Roads, WeekProfile};

/// How long a recorded trip took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TripTime {
    /// Where it began.
    pub from: NodeIx,
    /// Where it ended.
    pub to: NodeIx,
    /// The local hour of the week when it began, 0 is Monday 00:00.
    pub hour_of_week: u8,
    /// Milliseconds from pickup to drop-off.
    pub duration_ms: u32,
}

/// A learned week and what stands behind it.
#[derive(Clone, Debug)]
pub struct LearnedWeek {
    /// The factors.
    pub profile: WeekProfile,
    /// Trips that were of use: not too short, not too far from what roads allow.
    pub trips: usize,
    /// The factor of each kind of day (weekday, Saturday, Sunday) and hour.
    pub hour_factor: Vec<f64>,
}

/// Groups of roads that share a factor: fast, middling, slow.
const GROUPS: usize = 3;
/// Kinds of day times hours of the day.
const CLASSES: usize = 3 * 24;
/// How many trips an hour needs to weigh as much as what it leans on.
const LEAN: f64 = 20.0;
/// How many trips the groups need to move halfway from 1, in trips.
const RIDGE: f64 = 200.0;
/// Trips shorter than this at base times say more about kerbs than about roads, milliseconds.
const SHORTEST_MS: f64 = 60_000.0;
const ROUNDS: usize = 4;

fn group(class: RoadClass) -> usize {
    match class {
        RoadClass::Motorway | RoadClass::Trunk | RoadClass::Primary => 0,
        RoadClass::Secondary | RoadClass::Tertiary => 1,
        RoadClass::Residential | RoadClass::Service => 2,
    }
}

/// The class of an hour of the week: weekdays share theirs.
fn class(hour_of_week: usize) -> usize {
    [0, 0, 0, 0, 0, 1, 2][hour_of_week / 24 % 7] * 24 + hour_of_week % 24
}

struct Sample {
    class: usize,
    /// Base time on each group, milliseconds.
    on: [f64; GROUPS],
    took: f64,
}

/// Learns the week of `roads` from trips. Without a usable trip the week is flat.
#[must_use]
pub fn learn_week(roads: &Roads, trips: &[TripTime]) -> LearnedWeek {
    let samples: Vec<Sample> = trips.iter().filter_map(|trip| sample(roads, trip)).collect();
    let mut hour = vec![1.0; CLASSES];
    let mut share = [1.0; GROUPS];
    for _ in 0..ROUNDS {
        hour = hours(&samples, share);
        share = groups(&samples, &hour);
    }
    let graph = roads.graph();
    let permille = hour
        .iter()
        .map(|h| {
            (0..graph.arc_count() as u32)
                .map(|arc| (h * share[group(graph.arc_class(arc))] * 1000.0).round().clamp(100.0, 20_000.0) as u16)
                .collect()
        })
        .collect();
    let class_of_hour = (0..HOURS).map(|h| class(h) as u8).collect();
    let profile = WeekProfile::new(class_of_hour, permille, graph.arc_count())
        .expect("72 classes for 168 hours, each over all arcs");
    LearnedWeek { profile, trips: samples.len(), hour_factor: hour }
}

fn sample(roads: &Roads, trip: &TripTime) -> Option<Sample> {
    let route = roads.route(trip.from, trip.to)?;
    let (base, took) = (f64::from(route.time_ms), f64::from(trip.duration_ms));
    // Five times faster or eight times slower than the roads: a broken meter or a wait, not traffic.
    if base < SHORTEST_MS || !(0.2..8.0).contains(&(took / base)) {
        return None;
    }
    let graph = roads.graph();
    let mut on = [0.0; GROUPS];
    for step in route.nodes.windows(2) {
        let arc = graph.arcs_of(step[0]).find(|arc| graph.head(*arc) == step[1])?;
        on[group(graph.arc_class(arc))] += f64::from(graph.arc_time_ms(arc));
    }
    Some(Sample { class: class(usize::from(trip.hour_of_week)), on, took })
}

/// The factor of each class of hours, given those of the groups: mean logarithms, each leaning on a wider one.
fn hours(samples: &[Sample], share: [f64; GROUPS]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); CLASSES];
    for s in samples {
        let expected: f64 = s.on.iter().zip(share).map(|(on, share)| on * share).sum();
        sums[s.class].0 += (s.took / expected).ln();
        sums[s.class].1 += 1.0;
    }
    let lean = |sum: f64, count: f64, on: f64| (sum + LEAN * on) / (count + LEAN);
    let all = lean(sums.iter().map(|s| s.0).sum(), sums.iter().map(|s| s.1).sum(), 0.0);
    let of_day: Vec<f64> = (0..24)
        .map(|h| lean((0..3).map(|d| sums[d * 24 + h].0).sum(), (0..3).map(|d| sums[d * 24 + h].1).sum(), all))
        .collect();
    sums.iter().enumerate().map(|(class, (sum, count))| lean(*sum, *count, of_day[class % 24]).exp()).collect()
}

/// The factor of each group, given those of the hours: least squares of relative errors, drawn towards 1.
fn groups(samples: &[Sample], hour: &[f64]) -> [f64; GROUPS] {
    let mut left = [[0.0; GROUPS]; GROUPS];
    let mut right = [0.0; GROUPS];
    for s in samples {
        let row = s.on.map(|on| on * hour[s.class] / s.took);
        for i in 0..GROUPS {
            right[i] += row[i];
            for j in 0..GROUPS {
                left[i][j] += row[i] * row[j];
            }
        }
    }
    for i in 0..GROUPS {
        left[i][i] += RIDGE;
        right[i] += RIDGE;
    }
    solve(left, right).map(|share| share.clamp(0.3, 4.0))
}

/// Solves a small positive definite system by elimination.
fn solve(mut left: [[f64; GROUPS]; GROUPS], mut right: [f64; GROUPS]) -> [f64; GROUPS] {
    for pivot in 0..GROUPS {
        let above = left[pivot];
        for row in pivot + 1..GROUPS {
            let factor = left[row][pivot] / above[pivot];
            for (cell, upper) in left[row].iter_mut().zip(above) {
                *cell -= factor * upper;
            }
            right[row] -= factor * right[pivot];
        }
    }
    let mut answer = [0.0; GROUPS];
    for row in (0..GROUPS).rev() {
        let known: f64 = (row + 1..GROUPS).map(|column| left[row][column] * answer[column]).sum();
        answer[row] = (right[row] - known) / left[row][row];
    }
    answer
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::import::tables;

    #[test]
    fn slow_hours_and_slow_roads_are_found() {
        // A line of corners: fast roads in one half, slow ones in the other.
        let nodes: String = (0..40).map(|i| format!("{i},{},40.7\n", -74.0 + f64::from(i) * 0.003)).collect();
        let edges: String = (0..39)
            .flat_map(|i| {
                let kmh = if i < 20 { 40 } else { 10 };
                [format!("{i},{},0.25,{kmh}\n", i + 1), format!("{},{i},0.25,{kmh}\n", i + 1)]
            })
            .collect();
        let graph =
            tables(format!("node,lon,lat\n{nodes}").as_bytes(), format!("from,to,length,speed\n{edges}").as_bytes())
                .unwrap()
                .graph;
        let roads = Roads::build(graph);
        let trips: Vec<TripTime> = (0..4_000_u32)
            .map(|i| {
                let (from, to) = (i * 7 % 40, (i * 13 + 5) % 40);
                let hour_of_week = (i * 11 % 168) as u8;
                let slow_hour = if hour_of_week % 24 == 17 { 2.0 } else { 1.0 };
                let fast = (from..to).chain(to..from).filter(|n| *n < 20).count() as f64 * 22_500.0;
                let slow = (from..to).chain(to..from).filter(|n| *n >= 20).count() as f64 * 90_000.0;
                TripTime { from, to, hour_of_week, duration_ms: ((fast * 1.5 + slow * 0.8) * slow_hour) as u32 }
            })
            .collect();
        let learned = learn_week(&roads, &trips);
        assert!(learned.trips > 3_000, "{}", learned.trips);
        let error = |hour: usize, from: u32, to: u32, want: f64| {
            let times = learned.profile.arc_times_ms(roads.graph(), learned.profile.class(hour));
            let at = crate::Metric::customize(roads.hierarchy().clone(), &times);
            (f64::from(at.time_ms(from, to)) / want - 1.0).abs()
        };
        assert!(error(8, 0, 20, 20.0 * 22_500.0 * 1.5) < 0.1, "fast roads are slower than they claim");
        assert!(error(8, 20, 39, 19.0 * 90_000.0 * 0.8) < 0.1, "slow roads are quicker than they claim");
        assert!(error(17, 20, 39, 19.0 * 90_000.0 * 1.6) < 0.15, "five o'clock is slow");
        assert_eq!(learn_week(&roads, &[]).profile.arc_times_ms(roads.graph(), 0), roads.graph().arc_times_ms());
    }
}
