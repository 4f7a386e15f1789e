//! One record per driver, and the indices kept in step with it.
//!
//! The roster is what lies behind the lock of [`super::Supply`]: every method sees and leaves all of
//! records, grid, tally, counts and wheel in agreement.

use doorstep_clock::Timestamp;
use doorstep_geo::{BoundingBox, Cell, Point, Resolution};

use super::DriverIx;
use super::cells::{CellSupply, Stand, Tally};
use super::error::SupplyError;
use super::fixed::Fixed;
use super::grid::{Entry, Grid, NO_NODE, Place, Spot};
use super::heartbeat::Wheel;
use super::near::{Near, nearest};
use super::state::{DriverState, Filter, StateCounts};

const OFFLINE: u8 = DriverState::Offline as u8;
const IDLE: u8 = DriverState::Online as u8;
const NOT_GIVEN: u16 = u16::MAX;
/// Bearings are kept in hundredths of a degree, speeds in centimetres per second.
const HUNDREDTHS: f32 = 100.0;

/// What a driver tells of themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Where they are.
    pub point: Point,
    /// The road node they were snapped to, if the caller did that.
    pub node: Option<u32>,
    /// Where they head, degrees clockwise from north.
    pub bearing_deg: Option<f32>,
    /// How fast, metres per second.
    pub speed_mps: Option<f32>,
    /// When.
    pub at: Timestamp,
}

impl Report {
    /// A bare position.
    #[must_use]
    pub const fn at(point: Point, at: Timestamp) -> Self {
        Self { point, node: None, bearing_deg: None, speed_mps: None, at }
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The driver stands there now.
    Accepted,
    /// A later report is known already; nothing changed.
    Stale,
    /// The driver is offline and has to go online first; nothing changed.
    Offline,
    /// No such driver here.
    Unknown,
}

impl Reported {
    /// The one stable string form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Stale => "stale",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a driver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Driver {
    /// The driver's index.
    pub ix: DriverIx,
    /// The last known position.
    pub point: Point,
    /// The road node it was snapped to.
    pub node: Option<u32>,
    /// Heading, degrees clockwise from north.
    pub bearing_deg: Option<f32>,
    /// Speed, metres per second.
    pub speed_mps: Option<f32>,
    /// When the driver was last heard of.
    pub at: Timestamp,
    /// What they do.
    pub state: DriverState,
    /// How many seats they have.
    pub seats: u8,
}

/// A driver who went silent and is offline now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// Who.
    pub driver: DriverIx,
    /// The state they fell silent in.
    pub was: DriverState,
    /// When they were last heard of.
    pub last_at: Timestamp,
}

/// One cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Record {
    at_ms: i64,
    position: Fixed,
    node: u32,
    spot: Spot,
    place: Place,
    stand: Stand,
    bearing: u16,
    speed: u16,
    state: u8,
    seats: u8,
    /// In the grid and the tally.
    mapped: bool,
    /// In a slot of the wheel.
    watched: bool,
    /// Has told a position at least once.
    located: bool,
}

const _: () = assert!(size_of::<Record>() == 64, "a record is one cache line");

pub(super) struct Roster {
    heartbeat_ms: i64,
    records: Vec<Record>,
    grid: Grid,
    tally: Tally,
    wheel: Wheel,
    counts: StateCounts,
}

impl Roster {
    pub(super) fn new(heartbeat_ms: i64, resolution: Resolution) -> Self {
        Self {
            heartbeat_ms,
            records: Vec::new(),
            grid: Grid::new(),
            tally: Tally::new(resolution),
            wheel: Wheel::new(heartbeat_ms),
            counts: StateCounts::default(),
        }
    }

    /// Makes a record for the next driver, or updates the seats of a known one.
    pub(super) fn admit(&mut self, driver: DriverIx, seats: u8) {
        let fresh = Record {
            at_ms: i64::MIN,
            position: Fixed::default(),
            node: NO_NODE,
            spot: Spot::default(),
            place: Place::default(),
            stand: Stand::default(),
            bearing: NOT_GIVEN,
            speed: NOT_GIVEN,
            state: OFFLINE,
            seats,
            mapped: false,
            watched: false,
            located: false,
        };
        if self.records.len() == driver as usize {
            self.records.push(fresh);
            self.counts.enter(OFFLINE);
        }
        let record = &mut self.records[driver as usize];
        record.seats = seats;
        if record.mapped {
            self.grid.entry_mut(record.place, record.spot).seats = seats;
        }
    }

    #[inline]
    pub(super) fn report(&mut self, driver: DriverIx, report: &Report, now: Timestamp) -> Reported {
        let Some(record) = self.records.get(driver as usize) else { return Reported::Unknown };
        let at_ms = report.at.min(now).millis();
        if record.state == OFFLINE {
            return Reported::Offline;
        }
        if at_ms < record.at_ms {
            return Reported::Stale;
        }
        self.take(driver, report, at_ms);
        Reported::Accepted
    }

    /// Takes many reports. Their records lie anywhere in memory, so a piece is looked at as a whole
    /// first: the processor then fetches many at once instead of waiting for one after the other.
    pub(super) fn report_many(
        &mut self,
        reports: impl Iterator<Item = (Option<DriverIx>, Report)>,
        now: Timestamp,
        out: &mut Vec<Reported>,
    ) {
        const PIECE: usize = 32;
        let mut reports = reports.peekable();
        let mut piece: Vec<(Option<DriverIx>, Report)> = Vec::with_capacity(PIECE);
        let mut spots: Vec<(Place, Spot)> = Vec::with_capacity(PIECE);
        while reports.peek().is_some() {
            piece.clear();
            piece.extend(reports.by_ref().take(PIECE));
            spots.clear();
            spots.extend(piece.iter().filter_map(|(driver, _)| {
                let record = self.records.get((*driver)? as usize)?;
                record.mapped.then_some((record.place, record.spot))
            }));
            let seen = spots.iter().fold(0, |seen, &(place, spot)| seen ^ self.grid.look(place, spot));
            std::hint::black_box(seen);
            out.extend(piece.iter().map(|(driver, report)| match driver {
                Some(driver) => self.report(*driver, report, now),
                None => Reported::Unknown,
            }));
        }
    }

    pub(super) fn place(
        &mut self,
        driver: DriverIx,
        state: DriverState,
        report: &Report,
        now: Timestamp,
    ) -> Result<DriverState, SupplyError> {
        let before = self.set_state(driver, state, now)?;
        self.take(driver, report, report.at.min(now).millis());
        Ok(before)
    }

    pub(super) fn set_state(
        &mut self,
        driver: DriverIx,
        state: DriverState,
        now: Timestamp,
    ) -> Result<DriverState, SupplyError> {
        let record = self.records.get_mut(driver as usize).ok_or(SupplyError::Unknown { driver })?;
        let (before, after) = (record.state, state as u8);
        if before == after {
            return Ok(state);
        }
        self.counts.leave(before);
        self.counts.enter(after);
        if after == OFFLINE {
            self.take_off(driver);
            return Ok(DriverState::from_number(before));
        }
        record.state = after;
        if before == OFFLINE {
            // Whoever comes online is heard of now, and not on the map before they say where they are.
            record.at_ms = now.millis();
            self.watch(driver, now.millis());
        } else if record.mapped {
            self.grid.entry_mut(record.place, record.spot).state = after;
            if (before == IDLE) != (after == IDLE) {
                self.tally.set_idle(record.stand.slot, after == IDLE);
            }
        }
        Ok(DriverState::from_number(before))
    }

    pub(super) fn state(&self, driver: DriverIx) -> Result<DriverState, SupplyError> {
        let record = self.records.get(driver as usize).ok_or(SupplyError::Unknown { driver })?;
        Ok(DriverState::from_number(record.state))
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> Vec<Expired> {
        let mut due = Vec::new();
        self.wheel.turn(now.millis(), &mut due);
        let mut expired = Vec::new();
        for driver in due {
            let record = &mut self.records[driver as usize];
            if record.state == OFFLINE {
                record.watched = false;
                continue;
            }
            let deadline = record.at_ms.saturating_add(self.heartbeat_ms);
            if deadline > now.millis() {
                self.wheel.enter(driver, deadline, now.millis());
                continue;
            }
            record.watched = false;
            let was = DriverState::from_number(record.state);
            expired.push(Expired { driver, was, last_at: Timestamp::from_millis(record.at_ms) });
            self.counts.leave(record.state);
            self.counts.enter(OFFLINE);
            self.take_off(driver);
        }
        // The order inside a slot depends on who reported when; callers deserve a fixed one.
        expired.sort_unstable_by_key(|gone| gone.driver);
        expired
    }

    pub(super) fn get(&self, driver: DriverIx) -> Option<Driver> {
        let record = self.records.get(driver as usize)?;
        record.located.then(|| record.driver(driver))
    }

    pub(super) fn drivers(&self, filter: &Filter) -> Vec<Driver> {
        self.mapped(filter).map(|(ix, record)| record.driver(ix)).collect()
    }

    pub(super) fn within(&self, bounds: &BoundingBox, filter: &Filter) -> Vec<Driver> {
        self.mapped(filter)
            .filter(|(_, record)| bounds.contains(record.position.point()))
            .map(|(ix, record)| record.driver(ix))
            .collect()
    }

    pub(super) fn nearest(&self, point: Point, k: usize, max_m: f64, filter: &Filter) -> Vec<Near> {
        nearest(&self.grid, point, k, max_m, filter)
    }

    pub(super) const fn counts(&self) -> StateCounts {
        self.counts
    }

    pub(super) fn by_cell(&self) -> Vec<CellSupply> {
        self.tally.counts()
    }

    pub(super) fn cell(&self, driver: DriverIx) -> Option<Cell> {
        let record = self.records.get(driver as usize)?;
        record.mapped.then(|| self.tally.cell(record.stand.slot))
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.records.capacity() * size_of::<Record>()
            + self.grid.heap_bytes()
            + self.tally.heap_bytes()
            + self.wheel.heap_bytes()
    }

    fn mapped(&self, filter: &Filter) -> impl Iterator<Item = (DriverIx, &Record)> {
        let filter = *filter;
        self.records
            .iter()
            .enumerate()
            .filter(move |(_, record)| record.mapped && filter.admits(record.state, record.seats))
            .map(|(ix, record)| (ix as DriverIx, record))
    }

    /// Writes a report into the record and the indices.
    #[inline]
    fn take(&mut self, driver: DriverIx, report: &Report, at_ms: i64) {
        let position = Fixed::of(report.point);
        let record = &mut self.records[driver as usize];
        record.at_ms = at_ms;
        record.located = true;
        record.position = position;
        record.node = report.node.unwrap_or(NO_NODE);
        record.bearing = to_hundredths(report.bearing_deg);
        record.speed = to_hundredths(report.speed_mps);
        if record.state == OFFLINE {
            return;
        }
        let idle = record.state == IDLE;
        let place = self.grid.place(position);
        if record.mapped && place == record.place {
            let entry = self.grid.entry_mut(place, record.spot);
            entry.at = position;
            entry.node = record.node;
            if !record.stand.reaches(position) {
                record.stand = self.tally.shift(record.stand.slot, position, idle);
            }
            return;
        }
        let entry = Entry { at: position, driver, node: record.node, state: record.state, seats: record.seats };
        if record.mapped {
            if !record.stand.reaches(position) {
                record.stand = self.tally.shift(record.stand.slot, position, idle);
            }
            let (old_place, old_spot) = (record.place, record.spot);
            // In before out: a block with one driver moving inside it is not torn down and made anew.
            record.place = place;
            record.spot = self.grid.insert(place, entry);
            self.take_out(old_place, old_spot);
        } else {
            record.stand = self.tally.enter(position, idle);
            record.place = place;
            record.spot = self.grid.insert(place, entry);
            record.mapped = true;
        }
    }

    /// Makes the record say offline and takes the driver off the map.
    fn take_off(&mut self, driver: DriverIx) {
        let record = &mut self.records[driver as usize];
        let idle = record.state == IDLE;
        record.state = OFFLINE;
        if record.mapped {
            record.mapped = false;
            self.tally.leave(record.stand.slot, idle);
            let (place, spot) = (record.place, record.spot);
            self.take_out(place, spot);
        }
    }

    fn take_out(&mut self, place: Place, spot: Spot) {
        if let Some(moved) = self.grid.remove(place, spot) {
            self.records[moved as usize].spot = spot;
        }
    }

    fn watch(&mut self, driver: DriverIx, now_ms: i64) {
        let record = &mut self.records[driver as usize];
        if !record.watched {
            record.watched = true;
            self.wheel.enter(driver, now_ms.saturating_add(self.heartbeat_ms), now_ms);
        }
    }
}

impl Record {
    fn driver(&self, ix: DriverIx) -> Driver {
        Driver {
            ix,
            point: self.position.point(),
            node: (self.node != NO_NODE).then_some(self.node),
            bearing_deg: from_hundredths(self.bearing),
            speed_mps: from_hundredths(self.speed),
            at: Timestamp::from_millis(self.at_ms),
            state: DriverState::from_number(self.state),
            seats: self.seats,
        }
    }
}

/// What is negative, not a number or beyond 655 counts as not given: it would only mislead.
fn to_hundredths(value: Option<f32>) -> u16 {
    match value {
        Some(value) if (0.0..655.0).contains(&value) => (value * HUNDREDTHS + 0.5) as u16,
        _ => NOT_GIVEN,
    }
}

fn from_hundredths(kept: u16) -> Option<f32> {
    (kept != NOT_GIVEN).then(|| f32::from(kept) / HUNDREDTHS)
}
