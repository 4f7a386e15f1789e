//! How many drivers stand in each H3 cell.
//!
//! Projecting a point into H3 costs far more than everything else a report does. Each known cell
//! therefore keeps its six sides, and each driver how far they may go before a side could be near:
//! most reports end there, without even a look at the cell.

use doorstep_geo::{Cell, Resolution};
use hashbrown::HashMap;

use super::fixed::{Fixed, PER_DEGREE, RADIANS, turn};

/// The supply in one H3 cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellSupply {
    /// The cell.
    pub cell: Cell,
    /// Drivers on the map in it.
    pub online: u32,
    /// Idle ones among them.
    pub idle: u32,
}

/// How much of the way to a side counts as clear of it: the plane is true to a few thousandths.
const CLEAR: f64 = 0.985;

/// An index into the tally's cells.
pub(super) type CellSlot = u32;

/// A driver's cell, and how far from where they may go and surely still be in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stand {
    pub(super) slot: CellSlot,
    at: Fixed,
    /// Units of latitude; as many units of longitude are never longer.
    clear: u16,
}

impl Stand {
    /// Whether the cell is surely still the same at this point. `false` says nothing.
    #[inline]
    pub(super) fn reaches(&self, to: Fixed) -> bool {
        // In floating point: across the antimeridian the square of the difference would not fit an i64.
        let dlat = f64::from(to.lat) - f64::from(self.at.lat);
        let dlon = f64::from(to.lon) - f64::from(self.at.lon);
        dlat * dlat + dlon * dlon < f64::from(self.clear) * f64::from(self.clear)
    }
}

struct Counted {
    cell: Cell,
    center: Fixed,
    /// Cosine of the centre's latitude.
    cos: f32,
    /// The sides: outward normal and distance from the centre; no distance where not trusted.
    sides: [(f32, f32, f32); 6],
    online: u32,
    idle: u32,
}

pub(super) struct Tally {
    resolution: Resolution,
    slots: HashMap<Cell, CellSlot>,
    cells: Vec<Counted>,
    free: Vec<CellSlot>,
    /// Drivers counted in all cells.
    drivers: usize,
}

impl Tally {
    pub(super) fn new(resolution: Resolution) -> Self {
        Self { resolution, slots: HashMap::new(), cells: Vec::new(), free: Vec::new(), drivers: 0 }
    }

    /// Counts a driver in at `at`.
    pub(super) fn enter(&mut self, at: Fixed, idle: bool) -> Stand {
        let slot = self.slot_of(Cell::at(at.point(), self.resolution));
        self.count_in(slot, idle);
        self.stand(slot, at)
    }

    /// Counts a driver out.
    pub(super) fn leave(&mut self, slot: CellSlot, idle: bool) {
        let counted = &mut self.cells[slot as usize];
        counted.online -= 1;
        counted.idle -= u32::from(idle);
        self.drivers -= 1;
    }

    /// Moves a driver to `at` and returns where that leaves them.
    pub(super) fn shift(&mut self, slot: CellSlot, at: Fixed, idle: bool) -> Stand {
        let stand = self.stand(slot, at);
        if stand.clear > 0 {
            return stand;
        }
        let cell = Cell::at(at.point(), self.resolution);
        if cell == self.cells[slot as usize].cell {
            return stand;
        }
        self.leave(slot, idle);
        let slot = self.slot_of(cell);
        self.count_in(slot, idle);
        self.stand(slot, at)
    }

    /// A driver of `slot` became idle or stopped being so.
    pub(super) fn set_idle(&mut self, slot: CellSlot, idle: bool) {
        let counted = &mut self.cells[slot as usize];
        if idle {
            counted.idle += 1;
        } else {
            counted.idle -= 1;
        }
    }

    pub(super) fn cell(&self, slot: CellSlot) -> Cell {
        self.cells[slot as usize].cell
    }

    /// The cells with somebody in them, in the order of the cells.
    pub(super) fn counts(&self) -> Vec<CellSupply> {
        let mut counts: Vec<CellSupply> = self
            .cells
            .iter()
            .filter(|c| c.online > 0)
            .map(|c| CellSupply { cell: c.cell, online: c.online, idle: c.idle })
            .collect();
        counts.sort_unstable_by_key(|c| c.cell);
        counts
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * 17 + self.cells.capacity() * size_of::<Counted>() + self.free.capacity() * 4
    }

    fn stand(&self, slot: CellSlot, at: Fixed) -> Stand {
        Stand { slot, at, clear: self.cells[slot as usize].clear_of_sides(at) }
    }

    fn count_in(&mut self, slot: CellSlot, idle: bool) {
        let counted = &mut self.cells[slot as usize];
        counted.online += 1;
        counted.idle += u32::from(idle);
        self.drivers += 1;
    }

    fn slot_of(&mut self, cell: Cell) -> CellSlot {
        if let Some(&slot) = self.slots.get(&cell) {
            return slot;
        }
        // Cells that emptied are kept, for somebody is likely to come by again, but not without end.
        if self.free.is_empty() && self.cells.len() > 2 * self.drivers + 4_096 {
            self.forget_empty();
        }
        let counted = measure(cell);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.cells[slot as usize] = counted;
                slot
            }
            None => {
                self.cells.push(counted);
                (self.cells.len() - 1) as CellSlot
            }
        };
        self.slots.insert(cell, slot);
        slot
    }

    fn forget_empty(&mut self) {
        for (slot, counted) in self.cells.iter().enumerate() {
            if counted.online == 0 && self.slots.remove(&counted.cell).is_some() {
                self.free.push(slot as CellSlot);
            }
        }
    }
}

impl Counted {
    /// How far the point, if it is inside, surely is from the border, in whole units; 0 says nothing.
    #[inline]
    fn clear_of_sides(&self, at: Fixed) -> u16 {
        let y = (i64::from(at.lat) - i64::from(self.center.lat)) as f32;
        let x = turn(i64::from(self.center.lon), i64::from(at.lon)) as f32 * self.cos;
        let nearest = self.sides.iter().fold(f32::INFINITY, |least, &(nx, ny, away)| least.min(away - x * nx - y * ny));
        // The cast saturates at both ends.
        nearest as u16
    }
}

/// Measures a cell on the plane that touches the globe at its centre.
fn measure(cell: Cell) -> Counted {
    let center = Fixed::of(cell.center());
    let cos = (f64::from(center.lat) * RADIANS).cos();
    let corners: Vec<(f64, f64)> = cell
        .0
        .boundary()
        .iter()
        .map(|corner| {
            let lon = (corner.lng() * PER_DEGREE) as i64;
            let dlon = turn(i64::from(center.lon), lon) as f64 * cos;
            (dlon, corner.lat() * PER_DEGREE - f64::from(center.lat))
        })
        .collect();
    // Small cells away from the poles are flat to a thousandth; elsewhere every report projects.
    let flat = u8::from(cell.0.resolution()) >= 7 && f64::from(center.lat).abs() < 85.0 * PER_DEGREE;
    let mut sides = [(0.0, 0.0, 0.0); 6];
    // Pentagons and cells across an edge of the icosahedron have more or fewer corners: they project too.
    if flat && corners.len() == sides.len() {
        for (i, side) in sides.iter_mut().enumerate() {
            let (nx, ny, away) = side_of(corners[i], corners[(i + 1) % corners.len()]);
            *side = (nx as f32, ny as f32, (away * CLEAR) as f32);
        }
    }
    Counted { cell, center, cos: cos as f32, sides, online: 0, idle: 0 }
}

/// The line through `a` and `b`: its unit normal away from the origin, and its distance.
fn side_of(a: (f64, f64), b: (f64, f64)) -> (f64, f64, f64) {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy).max(1.0);
    let (nx, ny) = (dy / length, -dx / length);
    let away = a.0 * nx + a.1 * ny;
    if away < 0.0 { (-nx, -ny, -away) } else { (nx, ny, away) }
}
