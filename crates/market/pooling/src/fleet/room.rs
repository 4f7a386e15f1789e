//! Room in a car: seats, wheelchair places, child seats and luggage, counted side by side in one number, so that the
//! search compares all of them at once.

/// The most of each kind that is counted.
const MOST: u8 = 127;
/// The top bit of each count, which is never part of it.
const TOPS: u32 = 0x8080_8080;

/// What a rider brings, or a car has room for, beside people on seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Extras {
    /// Riders who stay in their wheelchair; places for them.
    pub wheelchairs: u8,
    /// Children who need a seat of their own; such seats.
    pub child_seats: u8,
    /// Pieces of luggage; pieces that fit.
    pub luggage: u8,
}

/// Four counts from 0 to 127, a byte each: seats, wheelchairs, child seats, luggage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Room(u32);

impl Room {
    /// No room.
    pub const NONE: Self = Self(0);

    /// Counts above 127 are taken as 127.
    #[must_use]
    pub fn new(seats: u8, extras: Extras) -> Self {
        let Extras { wheelchairs, child_seats, luggage } = extras;
        Self(u32::from_le_bytes([seats, wheelchairs, child_seats, luggage].map(|count| count.min(MOST))))
    }

    /// The seats of it.
    #[must_use]
    pub const fn seats(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// The same with so many seats.
    #[must_use]
    pub fn with_seats(self, seats: u8) -> Self {
        Self(self.0 & !0xff | u32::from(seats.min(MOST)))
    }

    /// Whether there is as much of every kind in `other`.
    #[inline]
    #[must_use]
    pub const fn fits(self, other: Self) -> bool {
        // No count reaches its top bit, so none borrows from its neighbour.
        (other.0 | TOPS).wrapping_sub(self.0) & TOPS == TOPS
    }

    /// Both together; a kind that overflows stays at the most.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        let sum = self.0.wrapping_add(other.0);
        let over = ((sum & TOPS) >> 7).wrapping_mul(MOST as u32);
        Self(sum & !TOPS | over)
    }

    /// What is left without `other`, kind by kind never below none.
    #[inline]
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        let left = (self.0 | TOPS).wrapping_sub(other.0);
        let enough = ((left & TOPS) >> 7).wrapping_mul(MOST as u32);
        Self(left & enough)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of([seats, wheelchairs, child_seats, luggage]: [u8; 4]) -> Room {
        Room::new(seats, Extras { wheelchairs, child_seats, luggage })
    }

    proptest! {
        #[test]
        fn it_counts_like_four_numbers(a in any::<[u8; 4]>(), b in any::<[u8; 4]>()) {
            let (one, other) = (a.map(|n| n.min(MOST)), b.map(|n| n.min(MOST)));
            let both = |f: fn(u8, u8) -> u8| of([0, 1, 2, 3].map(|k| f(one[k], other[k])));
            prop_assert_eq!(of(a).plus(of(b)), both(|x, y| x.saturating_add(y)));
            prop_assert_eq!(of(a).minus(of(b)), both(u8::saturating_sub));
            prop_assert_eq!(of(a).fits(of(b)), one.iter().zip(other).all(|(x, y)| *x <= y));
            prop_assert_eq!(of(a).with_seats(b[0]).seats(), other[0]);
            prop_assert_eq!(of(a).with_seats(a[0]), of(a));
        }
    }
}
