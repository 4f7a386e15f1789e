//! The exact nearest drivers, by rings of cells, then rings of blocks, then what is left.
//!
//! Rings of small cells answer a dense city. Where they do not, rings of blocks go on; and once more
//! block positions would be probed than there are live blocks, the remaining live blocks are visited
//! in the order of their lower bounds. Each stage stops by a bound that holds everywhere, also round a
//! pole and across the antimeridian: a window that covers so much latitude and longitude leaves out
//! only points at least so far away.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use doorstep_geo::Point;

use super::DriverIx;
use super::fixed::{FULL, Fixed, turn};
use super::grid::{Block, Entry, Grid, Level, NO_NODE};
use super::sphere::{Eye, half_sine_squared, hav_of, metres, reach};
use super::state::{DriverState, Filter};

/// Rings of small cells before blocks take over: a window of 9 × 9 cells spans two blocks at most.
const CELL_RINGS: i64 = 4;

/// A driver found near a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Who.
    pub driver: DriverIx,
    /// Where they are.
    pub point: Point,
    /// The road node they were last snapped to.
    pub node: Option<u32>,
    /// What they do.
    pub state: DriverState,
    /// How many seats they have.
    pub seats: u8,
    /// Great-circle distance, metres.
    pub distance_m: f64,
}

/// A driver ranked by road.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearByRoad {
    /// The driver.
    pub near: Near,
    /// The drive to the point, milliseconds.
    pub time_ms: u32,
}

/// A candidate.
#[derive(Clone, Copy)]
struct Found {
    hav: f64,
    entry: Entry,
}

impl Ord for Found {
    /// By distance, then by index, so that answers do not depend on history.
    fn cmp(&self, other: &Self) -> Ordering {
        self.hav.total_cmp(&other.hav).then(self.entry.driver.cmp(&other.entry.driver))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Found {}

impl From<Found> for Near {
    fn from(Found { hav, entry }: Found) -> Self {
        Self {
            driver: entry.driver,
            point: entry.at.point(),
            node: (entry.node != NO_NODE).then_some(entry.node),
            state: DriverState::from_number(entry.state),
            seats: entry.seats,
            distance_m: metres(hav),
        }
    }
}

/// The `k` nearest of the admitted drivers within `max_m`, nearest first.
pub(super) fn nearest(grid: &Grid, point: Point, k: usize, max_m: f64, filter: &Filter) -> Vec<Near> {
    if k == 0 || grid.live_blocks() == 0 || max_m.is_nan() || max_m < 0.0 {
        return Vec::new();
    }
    let eye = Eye::new(Fixed::of(point));
    let mut search = Search { grid, eye, filter: *filter, best: Best::new(k, hav_of(max_m)) };
    search.run();
    search.best.heap.into_sorted_vec().into_iter().map(Near::from).collect()
}

/// The best so far, and how near a newcomer must be.
struct Best {
    k: usize,
    heap: BinaryHeap<Found>,
    /// Nobody farther than this gets in.
    limit: f64,
    /// Nobody who differs by more units of latitude gets in.
    reach: i64,
}

impl Best {
    fn new(k: usize, limit: f64) -> Self {
        Self { k, heap: BinaryHeap::with_capacity(k.min(64) + 1), limit, reach: reach(limit) }
    }

    #[inline]
    fn offer(&mut self, hav: f64, entry: &Entry) {
        if hav > self.limit {
            return;
        }
        self.heap.push(Found { hav, entry: *entry });
        if self.heap.len() > self.k {
            self.heap.pop();
        }
        if self.heap.len() == self.k {
            let worst = self.heap.peek().map_or(f64::INFINITY, |found| found.hav);
            if worst < self.limit {
                self.limit = worst;
                self.reach = reach(worst);
            }
        }
    }
}

/// The columns of one row that a window covers: `count` of them from `first`, modulo `all`.
#[derive(Clone, Copy)]
struct Columns {
    first: i64,
    count: i64,
    all: i64,
}

impl Columns {
    const fn has(&self, column: i64) -> bool {
        (column - self.first).rem_euclid(self.all) < self.count
    }
}

/// The squares of a level within so many rings of the square of a point.
#[derive(Clone, Copy)]
struct Window {
    level: Level,
    east: i64,
    row: i64,
    rings: i64,
    /// Units of longitude covered on either side.
    half: i64,
}

impl Window {
    fn new(grid: &Grid, level: Level, at: Fixed, rings: i64) -> Self {
        let row = at.up() >> level.shift();
        let half = rings << grid.column_shift(level, Grid::band(level, row));
        Self { level, east: at.east(), row, rings, half }
    }

    fn has_row(&self, row: i64) -> bool {
        (row - self.row).abs() <= self.rings
    }

    fn columns(&self, grid: &Grid, row: i64) -> Columns {
        let shift = grid.column_shift(self.level, Grid::band(self.level, row));
        let all = Grid::columns(shift);
        // Ends closer together than a column, seen from behind, would be mistaken for one column.
        if 2 * self.half + (2 << shift) >= FULL {
            return Columns { first: 0, count: all, all };
        }
        let west = self.east - self.half;
        let east = self.east + self.half;
        let first = (if west < 0 { west + FULL } else { west }) >> shift;
        let last = (if east >= FULL { east - FULL } else { east }) >> shift;
        let span = if last < first { last - first + all } else { last - first };
        Columns { first, count: span + 1, all }
    }

    fn has(&self, grid: &Grid, row: i64, column: i64) -> bool {
        self.has_row(row) && self.columns(grid, row).has(column)
    }

    /// No point outside the window has a smaller haversine.
    fn covers(&self, eye: &Eye) -> f64 {
        let shift = self.level.shift();
        let up = eye.at.up();
        let mut hav = f64::INFINITY;
        if self.row - self.rings > 0 {
            hav = half_sine_squared(up - ((self.row - self.rings) << shift));
        }
        if self.row + self.rings < self.level.rows() - 1 {
            hav = hav.min(half_sine_squared(((self.row + self.rings + 1) << shift) - up));
        }
        if 2 * self.half < FULL {
            hav = hav.min(eye.beyond_meridian(self.half));
        }
        hav * (1.0 - 1e-9)
    }
}

struct Search<'a> {
    grid: &'a Grid,
    eye: Eye,
    filter: Filter,
    best: Best,
}

impl<'a> Search<'a> {
    fn run(&mut self) {
        let at = self.eye.at;
        let mut cells = Window::new(self.grid, Level::Cell, at, 0);
        let mut memory = Memory::default();
        for rings in 0..=CELL_RINGS {
            let inner = (rings > 0).then_some(cells);
            cells = Window::new(self.grid, Level::Cell, at, rings);
            self.ring(cells, inner, |search, row, column| search.cell(row, column, &mut memory));
            if cells.covers(&self.eye) > self.best.limit {
                return;
            }
        }
        let mut blocks = Window::new(self.grid, Level::Block, at, 0);
        for rings in 0.. {
            let inner = (rings > 0).then_some(blocks);
            blocks = Window::new(self.grid, Level::Block, at, rings);
            self.ring(blocks, inner, |search, row, column| {
                if let Some(block) = search.grid.find(Grid::key(row, column)) {
                    search.block(block, &cells);
                }
            });
            if blocks.covers(&self.eye) > self.best.limit {
                return;
            }
            if (2 * rings + 3).pow(2) as usize > self.grid.live_blocks() {
                break;
            }
        }
        self.rest(&blocks, &cells);
    }

    /// Visits the squares of `outer` that are not in `inner`.
    fn ring(&mut self, outer: Window, inner: Option<Window>, mut visit: impl FnMut(&mut Self, i64, i64)) {
        let last = (outer.row + outer.rings).min(outer.level.rows() - 1);
        for row in (outer.row - outer.rings).max(0)..=last {
            let mut wide = outer.columns(self.grid, row);
            let narrow = inner.filter(|window| window.has_row(row)).map(|window| window.columns(self.grid, row));
            let (skip_from, skip) = match narrow {
                None => (wide.count, 0),
                Some(narrow) if wide.count == wide.all => {
                    // A full circle may begin anywhere: where the part to skip does not wrap.
                    wide.first = narrow.first;
                    (0, narrow.count)
                }
                Some(narrow) => ((narrow.first - wide.first).rem_euclid(wide.all), narrow.count),
            };
            let mut step = 0;
            while step < wide.count {
                if step == skip_from {
                    step += skip;
                    continue;
                }
                let column = wide.first + step;
                visit(self, row, if column >= wide.all { column - wide.all } else { column });
                step += 1;
            }
        }
    }

    fn cell(&mut self, row: i64, column: i64, memory: &mut Memory<'a>) {
        let place = Grid::place_of(row, column);
        let Some(block) = memory.find(self.grid, place.key) else { return };
        if block.occupied >> place.cell & 1 == 0 || self.lower_bound(Level::Cell, row, column) > self.best.limit {
            return;
        }
        self.scan(block.bucket(place.cell));
    }

    /// Visits a block's cells, except those already seen in `seen`.
    fn block(&mut self, block: &Block, seen: &Window) {
        let mut left = block.occupied;
        while left != 0 {
            let cell = left.trailing_zeros() as u8;
            left &= left - 1;
            let (row, column) = Grid::of_cell(block.key, cell);
            if seen.has(self.grid, row, column) || self.lower_bound(Level::Cell, row, column) > self.best.limit {
                continue;
            }
            self.scan(block.bucket(cell));
        }
    }

    /// Visits the live blocks outside `blocks`, nearest bound first.
    fn rest(&mut self, blocks: &Window, cells: &Window) {
        let mut left: Vec<(u64, u32)> = Vec::new();
        for block in self.grid.live() {
            let (row, column) = Grid::of_key(block.key);
            let bound = self.lower_bound(Level::Block, row, column);
            if bound <= self.best.limit && !blocks.has(self.grid, row, column) {
                left.push((bound.to_bits(), block.key));
            }
        }
        left.sort_unstable();
        for (bound, key) in left {
            if f64::from_bits(bound) > self.best.limit {
                return;
            }
            if let Some(block) = self.grid.find(key) {
                self.block(block, cells);
            }
        }
    }

    /// No point of the square has a smaller haversine.
    fn lower_bound(&self, level: Level, row: i64, column: i64) -> f64 {
        let at = self.eye.at;
        let band = Grid::band(level, row);
        let south = row << level.shift();
        let north = south + (1 << level.shift());
        let dlat = (south - at.up()).max(at.up() - north).max(0);
        let shift = self.grid.column_shift(level, band);
        let west = column << shift;
        let east = west + (1 << shift);
        let dlon = if (west..=east).contains(&at.east()) {
            0
        } else {
            let at = at.east();
            turn(west, at).abs().min(turn(east.min(FULL), at).abs())
        };
        self.eye.at_least(dlat, dlon, self.grid.cos_min(band))
    }

    #[inline]
    fn scan(&mut self, bucket: &[Entry]) {
        for entry in bucket {
            let dlat = (i64::from(entry.at.lat) - i64::from(self.eye.at.lat)).abs();
            if dlat <= self.best.reach && self.filter.admits(entry.state, entry.seats) {
                self.best.offer(self.eye.hav(entry.at), entry);
            }
        }
    }
}

/// Remembers the last few blocks asked for: neighbouring cells share them.
#[derive(Default)]
struct Memory<'a> {
    known: [Option<(u32, Option<&'a Block>)>; 4],
}

impl<'a> Memory<'a> {
    fn find(&mut self, grid: &'a Grid, key: u32) -> Option<&'a Block> {
        let (band, column) = Grid::of_key(key);
        let known = &mut self.known[((band & 1) << 1 | column & 1) as usize];
        match known {
            Some((known_key, block)) if *known_key == key => *block,
            _ => {
                let block = grid.find(key);
                *known = Some((key, block));
                block
            }
        }
    }
}
