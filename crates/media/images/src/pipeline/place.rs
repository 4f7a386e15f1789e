//! Where a smaller rectangle lies in a larger one.

/// One of nine places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Gravity {
    /// Top left.
    #[default]
    NorthWest,
    /// Top.
    North,
    /// Top right.
    NorthEast,
    /// Left.
    West,
    /// Middle.
    Center,
    /// Right.
    East,
    /// Bottom left.
    SouthWest,
    /// Bottom.
    South,
    /// Bottom right.
    SouthEast,
}

impl Gravity {
    /// All nine, by rows.
    pub const ALL: [Self; 9] = [
        Self::NorthWest,
        Self::North,
        Self::NorthEast,
        Self::West,
        Self::Center,
        Self::East,
        Self::SouthWest,
        Self::South,
        Self::SouthEast,
    ];

    /// The name, as UFile writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NorthWest => "NorthWest",
            Self::North => "North",
            Self::NorthEast => "NorthEast",
            Self::West => "West",
            Self::Center => "Center",
            Self::East => "East",
            Self::SouthWest => "SouthWest",
            Self::South => "South",
            Self::SouthEast => "SouthEast",
        }
    }

    /// Column and row, each 0, 1 or 2.
    const fn cell(self) -> (u32, u32) {
        let at = self as u32;
        (at % 3, at / 3)
    }
}

/// A place by gravity, with an offset from there into the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct Place {
    /// The edge or corner to measure from.
    pub gravity: Gravity,
    /// Pixels from that edge inwards; to the right when measured from the middle.
    pub x: i32,
    /// Pixels from that edge inwards; downwards when measured from the middle.
    pub y: i32,
}

impl Place {
    /// Without an offset.
    pub const fn at(gravity: Gravity) -> Self {
        Self { gravity, x: 0, y: 0 }
    }

    /// The top left corner of a `small` rectangle in a `large` one; it may lie outside.
    pub fn corner(self, small: (u32, u32), large: (u32, u32)) -> (i64, i64) {
        let (column, row) = self.gravity.cell();
        let along = |cell: u32, small: u32, large: u32, offset: i32| {
            let (room, offset) = (i64::from(large) - i64::from(small), i64::from(offset));
            match cell {
                0 => offset,
                1 => room.div_euclid(2) + offset,
                _ => room - offset,
            }
        };
        (along(column, small.0, large.0, self.x), along(row, small.1, large.1, self.y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_go_inwards() {
        let corner = |gravity, x, y| Place { gravity, x, y }.corner((10, 20), (100, 100));
        assert_eq!(corner(Gravity::NorthWest, 3, 4), (3, 4));
        assert_eq!(corner(Gravity::Center, 0, 0), (45, 40));
        assert_eq!(corner(Gravity::Center, -5, 5), (40, 45));
        assert_eq!(corner(Gravity::SouthEast, 10, 10), (80, 70));
        assert_eq!(corner(Gravity::North, 0, 7), (45, 7));
        assert_eq!(Place::at(Gravity::Center).corner((200, 20), (100, 100)), (-50, 40));
    }
}
