//! The watched cells and which of them touch.

use doorstep_geo::Cell;
use hashbrown::HashMap;

/// Regions are so many resolutions coarser than cells: 49 cells each.
const COARSER: u8 = 2;

/// Cells by number, with up to six neighbours each.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    by_cell: HashMap<Cell, u32>,
    /// The numbers of a cell's neighbours; its own number stands for one that is not watched.
    neighbours: Vec<[u32; 6]>,
    /// The number of each cell's region.
    pub(super) region_of: Vec<u32>,
    by_region: HashMap<Cell, u32>,
}

impl Grid {
    /// The cell's number; a new cell gets the next one.
    pub(super) fn number(&mut self, cell: Cell) -> usize {
        if let Some(ix) = self.by_cell.get(&cell) {
            return *ix as usize;
        }
        // A city has far fewer than 2^32 cells.
        let new = self.cells.len() as u32;
        self.by_cell.insert(cell, new);
        self.cells.push(cell);
        let mut touching = [new; 6];
        for (slot, neighbour) in touching.iter_mut().zip(cell.ring(1)) {
            let Some(&other) = self.by_cell.get(&neighbour) else { continue };
            *slot = other;
            // The other may be a pentagon, whose sixth place stays its own.
            let back = &mut self.neighbours[other as usize];
            if let Some(free) = back.iter_mut().find(|n| **n == other) {
                *free = new;
            }
        }
        self.neighbours.push(touching);
        let coarse = u8::from(cell.0.resolution()).saturating_sub(COARSER);
        let regions = self.by_region.len() as u32;
        let region = cell.parent(coarse).unwrap_or(cell);
        self.region_of.push(*self.by_region.entry(region).or_insert(regions));
        new as usize
    }

    pub(super) fn regions(&self) -> usize {
        self.by_region.len()
    }

    pub(super) fn find(&self, cell: Cell) -> Option<usize> {
        self.by_cell.get(&cell).map(|ix| *ix as usize)
    }

    /// `share` of each cell's value is spread evenly over its six sides; what would leave the watched cells
    /// stays. The sum stays the same.
    pub(super) fn spread(&self, values: &mut Vec<f32>, scratch: &mut Vec<f32>, share: f32) {
        scratch.clear();
        scratch.extend(self.neighbours.iter().enumerate().map(|(ix, around)| {
            let near: f32 = around.iter().map(|n| values[*n as usize]).sum();
            values[ix] * (1.0 - share) + near * (share / 6.0)
        }));
        std::mem::swap(values, scratch);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use doorstep_geo::Point;

    #[test]
    fn spreading_loses_nothing_whatever_the_order() {
        let middle = Cell::of(Point::new(40.75, -73.98).unwrap(), 8).unwrap();
        let mut cells: Vec<Cell> = middle.disk(3).collect();
        cells.reverse();
        let mut grid = Grid::default();
        for cell in &cells {
            grid.number(*cell);
        }
        let at = grid.find(middle).unwrap();
        let mut values = vec![0.0; cells.len()];
        values[at] = 6.0;
        grid.spread(&mut values, &mut Vec::new(), 0.5);
        assert_eq!(values[at], 3.0);
        assert!(middle.ring(1).all(|n| values[grid.find(n).unwrap()] == 0.5));
        for _ in 0..20 {
            grid.spread(&mut values, &mut Vec::new(), 0.5);
        }
        assert!((values.iter().sum::<f32>() - 6.0).abs() < 1e-4);
    }
}
