//! How a fraction of a minor unit is brought to a whole one.

use serde::{Deserialize, Serialize};

/// The rule for a fraction of a minor unit.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
    /// To the nearest; a half goes away from zero. The rule of most price lists.
    HalfUp,
    /// To the nearest; a half goes to the even neighbour. Adds no bias to long sums.
    HalfEven,
}

impl Rounding {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::HalfUp => "half_up",
            Self::HalfEven => "half_even",
        }
    }

    /// `num / den` as a whole number; `den` is not zero.
    pub(crate) const fn divide(self, num: i128, den: i128) -> i128 {
        let (num, den) = if den < 0 { (-num, -den) } else { (num, den) };
        let floor = num.div_euclid(den);
        let rest = num.rem_euclid(den);
        if rest == 0 {
            return floor;
        }
        let up = match self {
            Self::Down => false,
            Self::Up => true,
            Self::HalfUp => rest > den - rest || (rest == den - rest && num > 0),
            Self::HalfEven => rest > den - rest || (rest == den - rest && floor % 2 != 0),
        };
        if up { floor + 1 } else { floor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_where_the_rule_says() {
        let check = |rule: Rounding, expect: [i128; 6]| {
            let got = [-5, -3, -1, 1, 3, 5].map(|num| rule.divide(num, 2));
            assert_eq!(got, expect, "{}", rule.as_str());
        };
        check(Rounding::Down, [-3, -2, -1, 0, 1, 2]);
        check(Rounding::Up, [-2, -1, 0, 1, 2, 3]);
        check(Rounding::HalfUp, [-3, -2, -1, 1, 2, 3]);
        check(Rounding::HalfEven, [-2, -2, 0, 0, 2, 2]);
        assert_eq!(Rounding::HalfUp.divide(7, -2), -4);
        assert_eq!(Rounding::HalfUp.divide(10, 3), 3);
    }
}
