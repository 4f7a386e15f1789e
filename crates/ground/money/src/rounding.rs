//! Rounding, always chosen by name.

/// Which way what lies between two whole units goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; a half goes to the even one (banker's rounding, no drift).
    HalfEven,
    /// To the nearest; a half goes away from zero.
    HalfUp,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
}

impl Rounding {
    /// `num / den` as a whole number. `den` is not zero.
    pub(crate) fn divide(self, num: i128, den: i128) -> i128 {
        let (num, den) = if den < 0 { (-num, -den) } else { (num, den) };
        let (floor, rest) = (num.div_euclid(den), num.rem_euclid(den));
        let up = match self {
            Self::Down => false,
            Self::Up => rest > 0,
            Self::HalfUp => rest * 2 > den || (rest * 2 == den && num > 0),
            Self::HalfEven => rest * 2 > den || (rest * 2 == den && floor % 2 != 0),
        };
        floor + i128::from(up)
    }
}

#[cfg(test)]
mod tests {
    use super::Rounding::{Down, HalfEven, HalfUp, Up};

    #[test]
    fn halves_and_signs() {
        for (rounding, num, den, want) in [
            (HalfEven, 5, 2, 2),
            (HalfEven, 7, 2, 4),
            (HalfEven, -5, 2, -2),
            (HalfUp, 5, 2, 3),
            (HalfUp, -5, 2, -3),
            (Down, -1, 2, -1),
            (Up, 1, 2, 1),
            (Up, -1, 2, 0),
            (Down, 9, 3, 3),
            (Up, 9, -3, -3),
        ] {
            assert_eq!(rounding.divide(num, den), want, "{num}/{den} {rounding:?}");
        }
    }
}
