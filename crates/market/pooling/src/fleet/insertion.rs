//! The cheapest way to put one rider into one plan, without building the plan.
//!
//! With the arrival and the slack of every stop known, each pair of positions is judged in constant time:
//! a detour shifts all later stops by the same span, which is allowed as long as it is no more than the
//! slack there (Savelsbergh 1992), and costs the span once for each rider who gets out later.

use super::board::{Board, FAR_MS, Halt};
use super::route::{MOST_STOPS, Route};

/// Where a rider goes in, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) cost: i64,
    pub(super) pickup: u8,
    pub(super) dropoff: u8,
}

/// No place.
pub(super) const NOWHERE: i64 = i64::MAX / 4;

/// The cheapest place of `rider` in `route`.
pub(super) fn cheapest(board: &Board<'_>, route: &Route, car: usize, rider: usize) -> Option<Place> {
    let (cab, man) = (&board.cars[car], &board.riders[rider]);
    let n = route.len;
    if !board.suits(rider, car) || n + 2 > board.most_stops {
        return None;
    }
    // As much as this may be taken where the rider gets in and on the way.
    let free = cab.room.minus(board.room_in(rider, car));
    let (to_pickup, from_pickup) = (board.table.to(man.node), board.table.from(man.node));
    let (to_goal, from_goal) = (board.table.to(man.to), board.table.from(man.to));
    let latest_drop = man.latest_dropoff.min(cab.until);
    // What a millisecond later costs from each stop on.
    let mut best = Place { cost: NOWHERE, pickup: 0, dropoff: 0 };
    let mut later_from = [0_i64; MOST_STOPS + 1];
    for k in (0..n).rev() {
        later_from[k] = later_from[k + 1] + board.later_price(route.halts[k]);
    }
    // To and from the dropoff's corner, asked for only where it matters.
    let mut to_drop = [-1_i32; MOST_STOPS];
    let mut detour_at_drop = [FAR_MS; MOST_STOPS];
    let own = |pickup: i32, arrival: i32| {
        (i64::from(arrival - man.due) * board.later[0] + i64::from(pickup) * board.later[1]) >> 10
    };
    let end_now = board.end_price(route.end(board, car));
    let end_then = board.end_price(man.goal);
    for i in 0..=n {
        // The car stands at stop i - 1 (or where it is now) and goes to the pickup.
        let (place, leave, load) = if i == 0 {
            (cab.node, cab.at, route.start_load)
        } else {
            let halt = route.halts[i - 1];
            let boarding = if halt.is_pickup() { board.boarding } else { 0 };
            (route.node[i - 1], route.arrival[i - 1] + boarding, route.load[i - 1])
        };
        if leave > man.latest_pickup {
            break;
        }
        if !load.fits(free) {
            continue;
        }
        let pickup_at = leave + to_pickup.ms(place);
        if pickup_at > man.latest_pickup {
            continue;
        }
        let ready = pickup_at + board.boarding;
        // Straight on to the goal.
        {
            let arrival = ready + man.direct;
            if arrival <= latest_drop {
                let delay = own(pickup_at, arrival);
                if i == n {
                    let drive = (pickup_at - leave) + man.direct;
                    let cost = delay + board.drive_price(drive) + end_then - end_now;
                    consider(&mut best, cost, i, n, board, route, rider);
                } else {
                    let next = from_goal.ms(route.node[i]);
                    let shift = arrival + next - route.arrival[i];
                    if shift <= route.slack[i] {
                        let cost = delay
                            + ((i64::from(shift) * later_from[i]) >> 10)
                            + board.drive_price(shift - board.boarding);
                        consider(&mut best, cost, i, i, board, route, rider);
                    }
                }
            }
        }
        if i == n {
            break;
        }
        // The pickup before stop i, the dropoff after some of the later ones.
        let shift = ready + from_pickup.ms(route.node[i]) - route.arrival[i];
        if shift > route.slack[i] {
            continue;
        }
        let mut passed = 0_i64;
        for j in i..n {
            // Aboard through stop j and on to the goal.
            if !route.load[j].fits(free) || route.arrival[j] + shift > latest_drop {
                break;
            }
            let halt = route.halts[j];
            passed += board.later_price(halt);
            let boarding = if halt.is_pickup() { board.boarding } else { 0 };
            if to_drop[j] < 0 {
                to_drop[j] = to_goal.ms(route.node[j]);
                detour_at_drop[j] = if j + 1 < n {
                    let leg = route.arrival[j + 1] - route.arrival[j] - boarding;
                    to_drop[j] + from_goal.ms(route.node[j + 1]) - leg
                } else {
                    to_drop[j]
                };
            }
            let arrival = route.arrival[j] + boarding + shift + to_drop[j];
            if arrival > latest_drop {
                continue;
            }
            let delay = own(pickup_at, arrival);
            let drive = board.drive_price(shift - board.boarding + detour_at_drop[j]);
            if j + 1 == n {
                let cost = delay + ((i64::from(shift) * passed) >> 10) + drive + end_then - end_now;
                consider(&mut best, cost, i, n, board, route, rider);
            } else {
                let later = shift + detour_at_drop[j];
                if later <= route.slack[j + 1] {
                    let cost =
                        delay + ((i64::from(shift) * passed + i64::from(later) * later_from[j + 1]) >> 10) + drive;
                    consider(&mut best, cost, i, j + 1, board, route, rider);
                }
            }
        }
    }
    (best.cost < NOWHERE).then_some(best)
}

#[inline]
fn consider(
    best: &mut Place,
    cost: i64,
    pickup: usize,
    dropoff: usize,
    board: &Board<'_>,
    route: &Route,
    rider: usize,
) {
    if cost < best.cost && (!board.picky || gets_on(board, route, rider, pickup, dropoff)) {
        *best = Place { cost, pickup: pickup as u8, dropoff: dropoff as u8 };
    }
}

/// The rider and those who are aboard between the two positions do not refuse each other.
fn gets_on(board: &Board<'_>, route: &Route, rider: usize, pickup: usize, dropoff: usize) -> bool {
    let inside = |at: usize| at < pickup;
    route.halts().iter().enumerate().all(|(k, halt)| {
        let other = halt.rider();
        // Who gets out before the pickup or gets in after the dropoff is never met.
        let met = if halt.is_pickup() {
            k < dropoff && {
                let out = route.halts().iter().position(|h| *h == Halt::dropoff(other));
                out.is_none_or(|out| !inside(out))
            }
        } else {
            !inside(k) && board.riders[other].aboard
        };
        !met || board.get_on(rider, other)
    })
}
