//! What both policies are tried on: a recorded period, from tables or from the live city's own store, and the days
//! that seeds make of it.

use std::path::{Path, PathBuf};

use doorstep_clock::{SeededRng, Timestamp};
use doorstep_orders::{Asked, CarKind, Recording, RideWishes};
use doorstep_roads::{NodeIx, RoadGraph, Snapper};
use rand::RngExt as _;

use crate::replay::{
    LeftOut, Period, Recorded, ReplayError, Request, Shift, Spread, Stand, USUAL_CAR, corner, period_of,
    recorded_requests, recorded_stands, sample_fleet,
};

/// A seed moves a recorded car's start by this many blocks at most.
const BLOCKS: u32 = 2;
/// The names that uploaded tables have in messages.
pub const UPLOADED: [&str; 2] = ["tables.requests", "tables.taxis"];

/// A recorded period: requests, and the cars that were there.
#[derive(Debug)]
pub struct Record {
    start: Option<Timestamp>,
    requests: Vec<Recorded>,
    stands: Vec<Stand>,
    /// From the live city: moments are exact, and so are the cars.
    live: bool,
}

/// One day as a seed makes it.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) start: Timestamp,
    pub(super) requests: Vec<Request>,
    pub(super) fleet: Vec<NodeIx>,
    /// What each of them has.
    pub(super) cars: Vec<CarKind>,
    /// When each car works; empty where all do all the time.
    pub(super) shifts: Vec<Shift>,
    pub(super) left_out: LeftOut,
}

impl Record {
    /// From tables in files, as `doorstep city replay` reads them. A taxi table may say `from` and `until` of each
    /// taxi's shift.
    ///
    /// # Errors
    /// [`ReplayError`] with file, line and column.
    pub fn of_files(
        requests: &[PathBuf],
        taxis: &Path,
        corners: &Snapper,
        start: Option<Timestamp>,
    ) -> Result<Self, ReplayError> {
        let mut all = Vec::new();
        for path in requests {
            all.extend(crate::replay::recorded_file(path, corners)?);
        }
        Ok(Self { start, requests: all, stands: recorded_stands(taxis, None, corners)?, live: false })
    }

    /// From the text of such tables.
    ///
    /// # Errors
    /// [`ReplayError`] with line and column; its path is one of [`UPLOADED`].
    pub fn of_text(requests: &str, taxis: &str, corners: &Snapper) -> Result<Self, ReplayError> {
        let [first, second] = UPLOADED.map(Path::new);
        let requests = recorded_requests(first, requests, corners)?;
        Ok(Self { start: None, requests, stands: recorded_stands(second, Some(taxis), corners)?, live: false })
    }

    /// From what the live city's store knows of a period.
    #[must_use]
    pub fn of_live(recording: &Recording, corners: &Snapper) -> Self {
        let request = |r: &doorstep_orders::RecordedRequest| Recorded {
            at: r.at,
            spread: Spread::Around,
            ends: corner(corners, r.pickup).zip(corner(corners, r.dropoff)),
            asked: Asked { seats: 1, needs: r.needs, wishes: RideWishes::default() },
        };
        let stand = |s: &doorstep_orders::RecordedShift| {
            // Who was still at work at the end would have gone on.
            Some(Stand {
                node: corner(corners, s.place)?,
                from: Some(s.from),
                until: (s.until < recording.to).then_some(s.until),
                kind: CarKind { car: s.car, ..USUAL_CAR },
            })
        };
        Self {
            start: Some(recording.from),
            requests: recording.requests.iter().map(request).collect(),
            stands: recording.shifts.iter().filter_map(stand).collect(),
            live: true,
        }
    }

    /// Requests as recorded, the unusable among them.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Cars, or shifts of cars, inside the city.
    #[must_use]
    pub fn cars(&self) -> usize {
        self.stands.len()
    }

    /// Whether it comes from the live city.
    #[must_use]
    pub fn live(&self) -> bool {
        self.live
    }

    /// Whether a day can be made of it.
    ///
    /// # Errors
    /// [`ReplayError::NoRequests`], [`ReplayError::NoCars`].
    pub fn check(&self, graph: &RoadGraph) -> Result<(), ReplayError> {
        self.day(graph, None, 1).map(|_| ())
    }

    /// The day that a seed makes: `fleet` cars of those recorded (all without it), requests in their minutes.
    pub(super) fn day(&self, graph: &RoadGraph, fleet: Option<usize>, seed: u64) -> Result<Day, ReplayError> {
        let Period { start, requests, left_out } = period_of(self.requests.clone(), self.start, Some(seed))?;
        let chosen = match fleet {
            // The draw is of places in the list, so that it is the one of a replay.
            Some(cars) => sample_fleet((0..self.stands.len() as NodeIx).collect(), cars, seed)?,
            None => (0..self.stands.len() as NodeIx).collect(),
        };
        let mut rng = SeededRng::new(seed, "backtest.starts");
        let (mut nodes, mut shifts) = (Vec::with_capacity(chosen.len()), Vec::new());
        let mut cars = Vec::with_capacity(chosen.len());
        let timed = self.stands.iter().any(|s| s.from.is_some() || s.until.is_some());
        for ix in chosen {
            let Stand { mut node, from, until, kind } = self.stands[ix as usize];
            cars.push(kind);
            if self.live {
                for _ in 0..rng.random_range(0..=BLOCKS) {
                    let arcs = graph.arcs_of(node).count();
                    node =
                        graph.arcs_of(node).nth(rng.random_range(0..arcs.max(1))).map_or(node, |arc| graph.head(arc));
                }
            }
            nodes.push(node);
            if timed {
                shifts.push(Shift {
                    from_ms: from.map_or(0, |at| at.ms_since(start).max(0)),
                    until_ms: until.map_or(i64::MAX, |at| at.ms_since(start)),
                });
            }
        }
        if nodes.is_empty() {
            return Err(ReplayError::NoCars);
        }
        Ok(Day { start, requests, fleet: nodes, cars, shifts, left_out })
    }
}
