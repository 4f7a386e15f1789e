//! Cars and the people in them: when they drive, and where they wait.

use doorstep_clock::SeededRng;
use doorstep_roads::NodeIx;
use rand::RngExt as _;

use super::demand::gauss;
use super::{People, Town};

/// What a driver does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Doing {
    /// Not working.
    Home,
    /// Free since a moment, at `at`; on the way from `left` until `arrive_ms` when it moves to another place.
    Free { since_ms: i64, at: NodeIx, left: Option<(NodeIx, i64, i64)> },
    /// With a rider, or on the way to one; free at `to`.
    Busy { to: NodeIx, until_ms: i64 },
}

/// A driver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Driver {
    pub(super) home: NodeIx,
    pub(super) doing: Doing,
    /// Since when on the road.
    pub(super) online_ms: i64,
    /// Earnings per hour below which the driver stays at home, minor units.
    pub(super) reservation: f64,
}

impl Driver {
    /// Where a free driver can be met now: half of a move is spent at its start, half at its end.
    pub(super) fn place(&self, now_ms: i64) -> Option<NodeIx> {
        match self.doing {
            Doing::Free { at, left: Some((from, left_ms, arrive_ms)), .. } if 2 * now_ms < left_ms + arrive_ms => {
                let _ = at;
                Some(from)
            }
            Doing::Free { at, .. } => Some(at),
            _ => None,
        }
    }
}

/// All drivers of a run; those who begin on the road come first.
pub(super) fn fleet(town: &Town, people: &People, usual_pay: f64, seed: u64) -> Vec<Driver> {
    let mut rng = SeededRng::new(seed, "simulate.drivers");
    let pool = if people.choose_hours { (people.cars as f64 * people.pool).round() as usize } else { people.cars };
    // So many have a reservation below the usual pay as there are cars at it.
    let shift = normal_quantile(people.cars as f64 / pool.max(1) as f64);
    let mut drivers: Vec<Driver> = (0..pool)
        .map(|_| {
            let home = town.homes[rng.random_range(0..town.homes.len())];
            let z = gauss(&mut rng);
            let reservation =
                if people.choose_hours { usual_pay * (people.reservation_spread * (z - shift)).exp() } else { 0.0 };
            Driver { home, doing: Doing::Home, online_ms: 0, reservation }
        })
        .collect();
    drivers.sort_by(|a, b| a.reservation.total_cmp(&b.reservation));
    for driver in drivers.iter_mut().take(people.cars) {
        driver.doing = Doing::Free { since_ms: 0, at: driver.home, left: None };
        // Shifts began before the run, so not all end at once.
        driver.online_ms = -rng.random_range(0..3_600_000_i64);
    }
    drivers
}

/// Where the standard normal law reaches `share` (Abramowitz and Stegun 26.2.23).
fn normal_quantile(share: f64) -> f64 {
    let tail = share.min(1.0 - share).max(1e-9);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if share < 0.5 { -z } else { z }
}
