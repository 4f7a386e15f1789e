//! Times for a tour: the least and the greatest schedule that keep windows, longest rides and the shift.
//!
//! The constraints are differences (begin of service here at least so much after there), so a least schedule
//! exists exactly when any does, and it is found by pushing times up until nothing is violated: a ride that
//! is too long pushes its own pickup, and what follows is walked again. A ride whose mere driving is longer
//! than allowed ends the search at once.

use super::insertion::SetDown;
use super::model::{EPS, Model, Node};
use super::route::Position;

/// Buffers that are used again and again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) at_stop: Vec<u32>,
    rows: Vec<Row>,
    /// What the delivery of the ride at hand adds at each position of the tour at hand.
    pub(super) drops: Vec<SetDown>,
}

/// One position of a tour that is being tried.
#[derive(Clone, Copy, Debug)]
struct Row {
    time: f64,
    late: f64,
    /// Driving and service from the start of the tour to the begin of service here.
    run: f64,
    service: f64,
    /// Longest ride that ends here; infinite when none does.
    longest: f64,
    mate: u32,
}

impl Scratch {
    pub(super) fn new(model: &Model<'_>) -> Self {
        Self { at_stop: vec![0; model.nodes.len()], rows: Vec::new(), drops: Vec::new() }
    }
}

/// A ride put into a tour: pickup after position `i`, delivery after position `j` of the tour before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    pub(super) request: u32,
    pub(super) i: usize,
    pub(super) j: usize,
}

/// Fills in `early` and `late`; false when there is no schedule.
pub(super) fn fill(model: &Model<'_>, fleet: u32, at: &mut [Position], scratch: &mut Scratch) -> bool {
    let last = at.len() - 1;
    let mut time = f64::NEG_INFINITY;
    for position in at.iter_mut() {
        let node = model.node(position.stop);
        time = time.max(node.earliest);
        if time > node.latest + EPS {
            return false;
        }
        position.early = time;
        position.late = node.latest;
        time += position.service + position.leg_time;
    }
    if model.timed && !least(model, fleet, at, scratch) {
        return false;
    }
    for k in (0..last).rev() {
        at[k].late = at[k].late.min(at[k + 1].late - at[k].leg_time - at[k].service);
    }
    if model.timed {
        greatest(model, fleet, at);
    }
    true
}

fn least(model: &Model<'_>, fleet: u32, at: &mut [Position], scratch: &mut Scratch) -> bool {
    scratch.rows.clear();
    scratch.rows.extend(at.iter().map(|position| row(position, position.mate, 0.0)));
    let shift = model.instance.fleets()[fleet as usize].max_duration.unwrap_or(f64::INFINITY);
    if !settle(&mut scratch.rows, 1, at.len() - 1, shift) {
        return false;
    }
    for (position, row) in at.iter_mut().zip(&scratch.rows) {
        position.early = row.time;
    }
    true
}

/// Pulls times down where a ride would be too long otherwise. It stops after a number of steps: a bound that
/// is not the tightest is still a bound.
fn greatest(model: &Model<'_>, fleet: u32, at: &mut [Position]) {
    let last = at.len() - 1;
    let shift = model.instance.fleets()[fleet as usize].max_duration.unwrap_or(f64::INFINITY);
    let mut steps = 4 * at.len() + 8;
    at[last].late = at[last].late.min(at[0].late + shift);
    let mut k = last;
    while k > 0 && steps > 0 {
        k -= 1;
        steps -= 1;
        let node = model.node(at[k].stop);
        at[k].late = at[k].late.min(at[k + 1].late - at[k].leg_time - at[k].service);
        if k == 0 {
            if at[last].late > at[0].late + shift + EPS {
                at[last].late = at[0].late + shift;
                k = last;
            }
        } else if node.is_pickup {
            let mate = at[k].mate as usize;
            let latest = at[k].late + node.service + model.rides[node.request as usize].longest;
            if at[mate].late > latest + EPS {
                at[mate].late = latest;
                k = mate;
            }
        }
    }
}

fn row(position: &Position, mate: u32, later: f64) -> Row {
    Row {
        time: position.early,
        late: position.late,
        run: position.run + later,
        service: position.service,
        longest: position.longest,
        mate,
    }
}

/// Whether a schedule exists for the tour with the ride put in.
pub(super) fn admits(model: &Model<'_>, fleet: u32, at: &[Position], trial: Trial, scratch: &mut Scratch) -> bool {
    let Trial { request, i, j } = trial;
    let ride = &model.rides[request as usize];
    let (p, d) = (model.node(ride.pickup), model.node(ride.delivery));
    let way = |from: u32, to: u32| model.time(from, to);
    let new = |node: &Node, run: f64, longest: f64, mate: usize| Row {
        time: node.earliest,
        late: node.latest,
        run,
        service: node.service,
        longest,
        mate: mate as u32,
    };
    // How much later everything after the pickup, and then after the delivery, is driven to.
    let run_p = at[i].run + at[i].service + way(at[i].stop, ride.pickup);
    let off = run_p + p.service;
    let rows = &mut scratch.rows;
    rows.clear();
    let moved = |k: u32| k + u32::from(k as usize > i) + u32::from(k as usize > j);
    rows.extend(at[..=i].iter().map(|position| row(position, moved(position.mate), 0.0)));
    rows.push(new(p, run_p, f64::INFINITY, j + 2));
    let run_d = if i == j {
        off + way(ride.pickup, ride.delivery)
    } else {
        let later = off + way(ride.pickup, at[i + 1].stop) - at[i + 1].run;
        rows.extend(at[i + 1..=j].iter().map(|position| row(position, moved(position.mate), later)));
        at[j].run + later + at[j].service + way(at[j].stop, ride.delivery)
    };
    rows.push(new(d, run_d, ride.longest, i + 1));
    let later = run_d + d.service + way(ride.delivery, at[j + 1].stop) - at[j + 1].run;
    rows.extend(at[j + 1..].iter().map(|position| row(position, moved(position.mate), later)));
    let shift = model.instance.fleets()[fleet as usize].max_duration.unwrap_or(f64::INFINITY);
    settle(rows, i + 1, j + 3, shift)
}

/// Pushes times up until every promise is kept; false when one cannot be. Rows before `from` and after `until`
/// keep theirs already as long as nothing is pushed.
fn settle(rows: &mut [Row], from: usize, until: usize, shift: f64) -> bool {
    let last = rows.len() - 1;
    if rows[last].run - rows[0].run > shift + EPS {
        return false;
    }
    let mut far = until.min(last);
    let mut steps = 6 * rows.len() + 16;
    let mut k = from;
    while k <= last {
        let before = rows[k - 1];
        let arrival = before.time + rows[k].run - before.run;
        if arrival > rows[k].time {
            rows[k].time = arrival;
            far = far.max(k);
        } else if k > far {
            break;
        }
        let row = rows[k];
        if row.time > row.late + EPS {
            return false;
        }
        if row.longest < f64::INFINITY {
            let mate = row.mate as usize;
            let pickup = rows[mate];
            if row.time - pickup.time - pickup.service > row.longest + EPS {
                if row.run - pickup.run - pickup.service > row.longest + EPS {
                    return false;
                }
                if !push(rows, mate, row.time - pickup.service - row.longest, &mut steps) {
                    return false;
                }
                far = far.max(k);
                k = mate;
            }
        }
        if k == last && row.time - rows[0].time > shift + EPS {
            if !push(rows, 0, row.time - shift, &mut steps) {
                return false;
            }
            far = last;
            k = 0;
        }
        k += 1;
    }
    true
}

fn push(rows: &mut [Row], k: usize, time: f64, steps: &mut usize) -> bool {
    rows[k].time = time;
    // Whoever still pushes after so many steps pushes in a circle.
    *steps = steps.saturating_sub(1);
    *steps > 0 && time <= rows[k].late + EPS
}
