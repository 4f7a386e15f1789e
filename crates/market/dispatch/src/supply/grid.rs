//! The grid that finds the nearest: small cells in blocks of 8 × 8.
//!
//! Rows are bands of latitude 2^14 units high (182 m). Columns are 2^(14+s) units of longitude wide,
//! where `s` is chosen per band of eight rows so that a cell stays about as wide as it is high; at the
//! poles one column goes all the way round. A block holds the buckets of its 64 cells and two bitmaps,
//! so that an empty neighbourhood is skipped by a glance.

use hashbrown::HashMap;

use super::DriverIx;
use super::bucket::Bucket;
use super::fixed::{FULL, Fixed, QUARTER, RADIANS};

const CELL_SHIFT: u32 = 14;
/// Rows and columns of cells in a block, as a power of two.
const BLOCK_SHIFT: u32 = 3;
const BANDS: usize = ((2 * QUARTER as u32) >> (CELL_SHIFT + BLOCK_SHIFT)) as usize + 1;
/// Enough for one column round the pole: 2^(14+18) units are more than a full turn.
const WIDEST: u32 = 18;

/// Stands for a position that was not snapped to a road node.
pub(super) const NO_NODE: u32 = u32::MAX;

/// The two sizes of grid squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Cell,
    Block,
}

impl Level {
    pub(super) const fn shift(self) -> u32 {
        match self {
            Self::Cell => CELL_SHIFT,
            Self::Block => CELL_SHIFT + BLOCK_SHIFT,
        }
    }

    /// Rows from pole to pole.
    pub(super) const fn rows(self) -> i64 {
        ((2 * QUARTER as i64) >> self.shift()) + 1
    }
}

/// A driver as the search sees them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub(super) at: Fixed,
    pub(super) driver: DriverIx,
    /// The road node, or [`NO_NODE`].
    pub(super) node: u32,
    pub(super) state: u8,
    pub(super) seats: u8,
}

/// The cell of a position: its block's key and its number inside the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) key: u32,
    pub(super) cell: u8,
}

/// Where an entry lies: its block and its position in the bucket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spot {
    pub(super) block: u32,
    pub(super) slot: u32,
}

#[derive(Default)]
pub(super) struct Block {
    pub(super) key: u32,
    /// Cells that have a bucket, be it empty.
    present: u64,
    /// Cells with somebody in them.
    pub(super) occupied: u64,
    /// The buckets of the present cells, in the order of the cells.
    buckets: Vec<Bucket>,
    drivers: u32,
}

impl Block {
    fn rank(&self, cell: u8) -> usize {
        (self.present & ((1 << cell) - 1)).count_ones() as usize
    }

    /// The drivers of a cell that has a bucket.
    #[inline]
    pub(super) fn bucket(&self, cell: u8) -> &[Entry] {
        self.buckets[self.rank(cell)].entries()
    }

    pub(super) const fn is_live(&self) -> bool {
        self.drivers > 0
    }
}

pub(super) struct Grid {
    /// Per band: how many powers of two its columns are wider than its rows are high.
    widths: Box<[u8]>,
    /// Per band: a lower bound of the cosine of the latitudes in it.
    cosines: Box<[f32]>,
    index: HashMap<u32, u32>,
    blocks: Vec<Block>,
    free: Vec<u32>,
}

impl Grid {
    pub(super) fn new() -> Self {
        let edge = |band: usize| {
            let units = ((band as i64) << Level::Block.shift()).min(2 * i64::from(QUARTER)) - i64::from(QUARTER);
            (units as f64 * RADIANS).cos().max(0.0)
        };
        let widths = (0..BANDS).map(|band| {
            let middle = f64::midpoint(edge(band), edge(band + 1));
            (1.0 / middle).log2().round().clamp(0.0, f64::from(WIDEST)) as u8
        });
        let cosines = (0..BANDS).map(|band| (edge(band).min(edge(band + 1)) * 0.999_999) as f32);
        Self {
            widths: widths.collect(),
            cosines: cosines.collect(),
            index: HashMap::new(),
            blocks: Vec::new(),
            free: Vec::new(),
        }
    }

    /// The band of a row of this level.
    pub(super) const fn band(level: Level, row: i64) -> usize {
        match level {
            Level::Cell => (row >> BLOCK_SHIFT) as usize,
            Level::Block => row as usize,
        }
    }

    /// The power of two of a column's width in a band, in units.
    #[inline]
    pub(super) fn column_shift(&self, level: Level, band: usize) -> u32 {
        level.shift() + u32::from(self.widths[band])
    }

    pub(super) fn cos_min(&self, band: usize) -> f64 {
        f64::from(self.cosines[band])
    }

    #[inline]
    pub(super) fn place(&self, at: Fixed) -> Place {
        let row = at.up() >> CELL_SHIFT;
        let column = at.east() >> self.column_shift(Level::Cell, Self::band(Level::Cell, row));
        Self::place_of(row, column)
    }

    /// The place of a cell by its row and column.
    #[inline]
    pub(super) const fn place_of(row: i64, column: i64) -> Place {
        Place {
            key: Self::key(row >> BLOCK_SHIFT, column >> BLOCK_SHIFT),
            cell: ((row & 7) << BLOCK_SHIFT | column & 7) as u8,
        }
    }

    /// Fourteen bits of band and fifteen of column: both fit by the size of the globe.
    pub(super) const fn key(band: i64, column: i64) -> u32 {
        (band << 15 | column) as u32
    }

    /// The band and column of a block.
    pub(super) const fn of_key(key: u32) -> (i64, i64) {
        ((key >> 15) as i64, (key & 0x7fff) as i64)
    }

    /// The row and column of a block's cell.
    pub(super) const fn of_cell(key: u32, cell: u8) -> (i64, i64) {
        let (band, column) = Self::of_key(key);
        (band << BLOCK_SHIFT | (cell >> BLOCK_SHIFT) as i64, column << BLOCK_SHIFT | (cell & 7) as i64)
    }

    pub(super) fn columns(shift: u32) -> i64 {
        ((FULL - 1) >> shift) + 1
    }

    pub(super) fn find(&self, key: u32) -> Option<&Block> {
        self.index.get(&key).map(|&block| &self.blocks[block as usize])
    }

    /// How many blocks have somebody in them.
    pub(super) fn live_blocks(&self) -> usize {
        self.index.len()
    }

    /// All blocks with somebody in them.
    pub(super) fn live(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.is_live())
    }

    /// Puts an entry into the cell of its position.
    pub(super) fn insert(&mut self, place: Place, entry: Entry) -> Spot {
        let block = match self.index.get(&place.key) {
            Some(&block) => block,
            None => self.new_block(place.key),
        };
        let home = &mut self.blocks[block as usize];
        let bit = 1 << place.cell;
        let rank = home.rank(place.cell);
        if home.present & bit == 0 {
            home.present |= bit;
            home.buckets.insert(rank, Bucket::default());
        }
        home.occupied |= bit;
        home.drivers += 1;
        let slot = home.buckets[rank].push(entry);
        Spot { block, slot }
    }

    /// Takes an entry out; the answer is the driver who took over its slot.
    pub(super) fn remove(&mut self, place: Place, spot: Spot) -> Option<DriverIx> {
        let home = &mut self.blocks[spot.block as usize];
        let rank = home.rank(place.cell);
        let bucket = &mut home.buckets[rank];
        bucket.swap_remove(spot.slot);
        let moved = bucket.entries().get(spot.slot as usize).map(|entry| entry.driver);
        if bucket.entries().is_empty() {
            home.occupied &= !(1 << place.cell);
        }
        home.drivers -= 1;
        if home.drivers == 0 {
            *home = Block::default();
            self.index.remove(&place.key);
            self.free.push(spot.block);
        }
        moved
    }

    /// The entry at a spot.
    #[inline]
    pub(super) fn entry_mut(&mut self, place: Place, spot: Spot) -> &mut Entry {
        let home = &mut self.blocks[spot.block as usize];
        let rank = home.rank(place.cell);
        &mut home.buckets[rank].entries_mut()[spot.slot as usize]
    }

    /// Reads the entry at a spot, so that it is near when it is written.
    #[inline]
    pub(super) fn look(&self, place: Place, spot: Spot) -> i32 {
        self.blocks.get(spot.block as usize).map_or(0, |home| {
            let entry = home.buckets.get(home.rank(place.cell)).and_then(|b| b.entries().get(spot.slot as usize));
            entry.map_or(0, |entry| entry.at.lat)
        })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let buckets = |block: &Block| {
            block.buckets.capacity() * size_of::<Bucket>() + block.buckets.iter().map(Bucket::heap_bytes).sum::<usize>()
        };
        BANDS * 5
            + self.index.capacity() * 9
            + self.blocks.capacity() * size_of::<Block>()
            + self.blocks.iter().map(buckets).sum::<usize>()
    }

    fn new_block(&mut self, key: u32) -> u32 {
        let block = self.free.pop().unwrap_or_else(|| {
            self.blocks.push(Block::default());
            (self.blocks.len() - 1) as u32
        });
        self.blocks[block as usize].key = key;
        self.index.insert(key, block);
        block
    }
}
