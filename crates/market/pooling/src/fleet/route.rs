//! One car's plan with its times, and how much later each part of it may come.

use doorstep_roads::NodeIx;

use super::board::{Board, FAR_MS, Halt};
use super::room::Room;

/// Stops of one plan at most: seats and promises keep real ones far below.
pub(super) const MOST_STOPS: usize = 32;

/// The stops of one car with their arrival times. It lies in one piece, so that a search can keep and
/// restore it by a copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) len: usize,
    pub(super) halts: [Halt; MOST_STOPS],
    /// Corner of each stop.
    pub(super) node: [u32; MOST_STOPS],
    /// Drive to each stop from the one before or from the car; negative: not looked up yet.
    pub(super) leg: [i32; MOST_STOPS + 1],
    /// Arrival at each stop.
    pub(super) arrival: [i32; MOST_STOPS],
    /// How much later the stop and all after it may come.
    pub(super) slack: [i32; MOST_STOPS],
    /// Room taken after the stop.
    pub(super) load: [Room; MOST_STOPS],
    /// Room taken now.
    pub(super) start_load: Room,
    /// Sum of delays, driving and the end's place.
    pub(super) cost: i64,
    /// Different for every state that a plan had: what is known of a plan holds as long as this does.
    pub(super) state: u32,
}

impl Route {
    /// A plan without stops, not worked out yet.
    pub(super) fn new() -> Self {
        Self {
            len: 0,
            halts: [Halt::pickup(0); MOST_STOPS],
            node: [0; MOST_STOPS],
            leg: [-1; MOST_STOPS + 1],
            arrival: [0; MOST_STOPS],
            slack: [0; MOST_STOPS],
            load: [Room::NONE; MOST_STOPS],
            start_load: Room::NONE,
            cost: 0,
            state: 0,
        }
    }

    pub(super) fn halts(&self) -> &[Halt] {
        &self.halts[..self.len]
    }

    /// Where the last stop is, or the car itself.
    pub(super) fn end(&self, board: &Board<'_>, car: usize) -> NodeIx {
        if self.len == 0 { board.cars[car].corner } else { board.riders[self.halts[self.len - 1].rider()].goal }
    }

    /// Works out all times and the cost from the stops. False when a promise breaks.
    pub(super) fn settle(&mut self, board: &Board<'_>, car: usize) -> bool {
        let cab = &board.cars[car];
        let mut fine = self.len <= board.most_stops;
        // Who gets out without getting in is aboard.
        let mut load = Room::NONE;
        for halt in self.halts() {
            if board.riders[halt.rider()].aboard {
                load = load.plus(board.room_in(halt.rider(), car));
            }
        }
        self.start_load = load;
        let (mut at, mut place) = (cab.at, cab.node);
        let (mut delay, mut drive) = (0_i64, 0_i64);
        for k in 0..self.len {
            let halt = self.halts[k];
            let rider = &board.riders[halt.rider()];
            let node = if halt.is_pickup() { rider.node } else { rider.to };
            if self.leg[k] < 0 {
                self.leg[k] = board.table.from(place).ms(node);
            }
            let ms = self.leg[k];
            drive += i64::from(ms);
            at = at.saturating_add(ms).min(FAR_MS);
            place = node;
            self.node[k] = node;
            self.arrival[k] = at;
            if halt.is_pickup() {
                load = load.plus(board.room_in(halt.rider(), car));
                self.slack[k] = rider.latest_pickup - at;
                fine &= load.fits(cab.room) && rider.needs & !cab.offers == 0;
                delay += i64::from(at) * board.later[1];
                at += board.boarding;
            } else {
                load = load.minus(board.room_in(halt.rider(), car));
                self.slack[k] = rider.latest_dropoff.min(cab.until) - at;
                delay += i64::from(at - rider.due) * board.later[0];
            }
            self.load[k] = load;
        }
        let mut slack = FAR_MS;
        for k in (0..self.len).rev() {
            slack = slack.min(self.slack[k]);
            self.slack[k] = slack;
        }
        fine &= slack >= 0;
        self.cost = ((delay + drive * board.drive) >> 10) + board.end_price(self.end(board, car));
        fine && (!board.picky || self.all_get_on(board))
    }

    /// Nobody sits with somebody whom one of them refuses.
    fn all_get_on(&self, board: &Board<'_>) -> bool {
        let mut aboard: Vec<usize> =
            self.halts().iter().map(|h| h.rider()).filter(|&rider| board.riders[rider].aboard).collect();
        for halt in self.halts() {
            let rider = halt.rider();
            if halt.is_pickup() {
                if aboard.iter().any(|&other| !board.get_on(rider, other)) {
                    return false;
                }
                aboard.push(rider);
            } else {
                aboard.retain(|&other| other != rider);
            }
        }
        true
    }

    /// Takes a rider who is not aboard out of the stops.
    pub(super) fn remove(&mut self, rider: usize) {
        let (mut kept, mut gap) = (0, false);
        for k in 0..self.len {
            if self.halts[k].rider() == rider {
                gap = true;
                continue;
            }
            self.halts[kept] = self.halts[k];
            self.leg[kept] = if gap { -1 } else { self.leg[k] };
            (kept, gap) = (kept + 1, false);
        }
        self.len = kept;
    }

    /// Adds a stop at the end; false when there is no room.
    pub(super) fn push(&mut self, halt: Halt) -> bool {
        if self.len == MOST_STOPS {
            return false;
        }
        self.halts[self.len] = halt;
        self.leg[self.len] = -1;
        self.len += 1;
        true
    }

    /// Puts a rider in: the pickup before stop `pickup`, the dropoff before stop `dropoff` of the old order.
    pub(super) fn insert(&mut self, rider: usize, pickup: usize, dropoff: usize) {
        let n = self.len;
        let new = [(dropoff, Halt::dropoff(rider)), (pickup, Halt::pickup(rider))];
        for (end, (at, halt)) in (n..).zip(new) {
            self.halts.copy_within(at..end, at + 1);
            self.leg.copy_within(at..end, at + 1);
            self.halts[at] = halt;
            (self.leg[at], self.leg[at + 1]) = (-1, -1);
        }
        self.len = n + 2;
    }
}
