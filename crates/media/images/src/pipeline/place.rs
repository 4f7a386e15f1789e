//! Where a smaller rectangle lies in a larger one.

/// One of nine places, or a point.
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
    /// A point that should be as near to the middle as the edges allow: ten-thousandths of width and height.
    Focus(u16, u16),
}

impl Gravity {
    /// A point by parts of width and height, from 0.0 to 1.0.
    pub fn focus(x: f32, y: f32) -> Self {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range above")]
        let part = |part: f32| (part.clamp(0.0, 1.0) * 10_000.0).round() as u16;
        Self::Focus(part(x), part(y))
    }

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
            Self::Focus(..) => "Focus",
        }
    }

    /// A margin to the edges, which nobody wants along an axis on which the middle was asked for.
    pub(crate) const fn margins(self, margin: i32) -> (i32, i32) {
        match self.cell() {
            None => (0, 0),
            Some((column, row)) => (if column == 1 { 0 } else { margin }, if row == 1 { 0 } else { margin }),
        }
    }

    /// Column and row, each 0, 1 or 2; a point has none.
    const fn cell(self) -> Option<(u32, u32)> {
        Some(match self {
            Self::NorthWest => (0, 0),
            Self::North => (1, 0),
            Self::NorthEast => (2, 0),
            Self::West => (0, 1),
            Self::Center => (1, 1),
            Self::East => (2, 1),
            Self::SouthWest => (0, 2),
            Self::South => (1, 2),
            Self::SouthEast => (2, 2),
            Self::Focus(..) => return None,
        })
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
        let Some((column, row)) = self.gravity.cell() else { return self.around(small, large) };
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

    /// The corner that puts a point into the middle, as far as the rectangle stays inside.
    fn around(self, small: (u32, u32), large: (u32, u32)) -> (i64, i64) {
        let Gravity::Focus(x, y) = self.gravity else { return (0, 0) };
        let along = |part: u16, small: u32, large: u32, offset: i32| {
            let point = (i64::from(large) * i64::from(part) + 5000) / 10_000;
            let room = (i64::from(large) - i64::from(small)).max(0);
            (point - i64::from(small) / 2 + i64::from(offset)).clamp(0, room)
        };
        (along(x, small.0, large.0, self.x), along(y, small.1, large.1, self.y))
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

    #[test]
    fn a_point_comes_to_the_middle_as_far_as_the_edges_allow() {
        let corner = |x, y| Place::at(Gravity::focus(x, y)).corner((10, 20), (100, 100));
        assert_eq!(corner(0.5, 0.5), (45, 40));
        assert_eq!(corner(0.25, 0.75), (20, 65));
        assert_eq!(corner(0.0, 1.0), (0, 80));
        assert_eq!(corner(0.99, 0.05), (90, 0));
        assert_eq!(Place::at(Gravity::focus(0.7, 0.7)).corner((200, 20), (100, 100)), (0, 60));
    }
}
