//! The eight ways in which a picture can lie, and how they combine.

use serde::Serialize;

/// One of EXIF's eight orientations, as what must be done to make a picture upright: mirror it left to right or not,
/// then turn it clockwise by quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "u8")]
pub struct Orientation {
    /// Left and right are swapped first.
    pub mirror: bool,
    /// Clockwise quarter turns afterwards, 0 to 3.
    pub quarters: u8,
}

impl From<Orientation> for u8 {
    fn from(orientation: Orientation) -> Self {
        orientation.exif()
    }
}

impl Orientation {
    /// Nothing to be done.
    pub const UPRIGHT: Self = Self { mirror: false, quarters: 0 };
    /// Left and right swapped.
    pub const MIRRORED: Self = Self { mirror: true, quarters: 0 };

    /// Clockwise quarter turns.
    pub const fn turned(quarters: u8) -> Self {
        Self { mirror: false, quarters: quarters % 4 }
    }

    /// From EXIF's number; anything but 1 to 8 is upright.
    pub const fn from_exif(number: u16) -> Self {
        match number {
            2 => Self { mirror: true, quarters: 0 },
            3 => Self { mirror: false, quarters: 2 },
            4 => Self { mirror: true, quarters: 2 },
            5 => Self { mirror: true, quarters: 3 },
            6 => Self { mirror: false, quarters: 1 },
            7 => Self { mirror: true, quarters: 1 },
            8 => Self { mirror: false, quarters: 3 },
            _ => Self::UPRIGHT,
        }
    }

    /// EXIF's number.
    pub const fn exif(self) -> u8 {
        match (self.mirror, self.quarters) {
            (false, 1) => 6,
            (false, 2) => 3,
            (false, 3) => 8,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, _) => 5,
            (false, _) => 1,
        }
    }

    /// This one, then another.
    pub const fn then(self, next: Self) -> Self {
        // Mirroring after a turn is mirroring before the opposite turn.
        let quarters = if next.mirror { 4 - self.quarters } else { self.quarters };
        Self { mirror: self.mirror != next.mirror, quarters: (quarters + next.quarters) % 4 }
    }

    /// What takes it back.
    pub const fn inverse(self) -> Self {
        if self.mirror { self } else { Self { mirror: false, quarters: (4 - self.quarters) % 4 } }
    }

    /// Whether width and height are swapped.
    pub const fn swaps(self) -> bool {
        self.quarters % 2 == 1
    }

    /// What becomes of a size.
    pub const fn apply_size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.swaps() { (height, width) } else { (width, height) }
    }

    /// Where a pixel of a picture of `size` goes.
    pub const fn apply_point(self, (x, y): (u32, u32), (width, height): (u32, u32)) -> (u32, u32) {
        let x = if self.mirror { width - 1 - x } else { x };
        match self.quarters {
            0 => (x, y),
            1 => (height - 1 - y, x),
            2 => (width - 1 - x, height - 1 - y),
            _ => (y, width - 1 - x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moving points one after the other is moving them by the combination.
    #[test]
    fn orientations_combine_as_points_do() {
        let size = (3, 2);
        for a in (1..=8).map(Orientation::from_exif) {
            assert_eq!(Orientation::from_exif(u16::from(a.exif())), a);
            assert_eq!(a.then(a.inverse()), Orientation::UPRIGHT, "{a:?}");
            for b in (1..=8).map(Orientation::from_exif) {
                for point in [(0, 0), (2, 0), (1, 1)] {
                    let two = b.apply_point(a.apply_point(point, size), a.apply_size(size));
                    assert_eq!(a.then(b).apply_point(point, size), two, "{a:?} {b:?}");
                }
            }
        }
    }

    /// The corners where EXIF's definition puts them: 6 has the stored first row on the right.
    #[test]
    fn exif_numbers_mean_what_the_standard_says() {
        let size = (3, 2);
        for (number, first, last_of_row) in
            [(1, (0, 0), (2, 0)), (2, (2, 0), (0, 0)), (3, (2, 1), (0, 1)), (4, (0, 1), (2, 1))]
        {
            let o = Orientation::from_exif(number);
            assert_eq!((o.apply_point((0, 0), size), o.apply_point((2, 0), size)), (first, last_of_row), "{number}");
        }
        for (number, first, last_of_row) in
            [(5, (0, 0), (0, 2)), (6, (1, 0), (1, 2)), (7, (1, 2), (1, 0)), (8, (0, 2), (0, 0))]
        {
            let o = Orientation::from_exif(number);
            assert_eq!((o.apply_point((0, 0), size), o.apply_point((2, 0), size)), (first, last_of_row), "{number}");
        }
    }
}
