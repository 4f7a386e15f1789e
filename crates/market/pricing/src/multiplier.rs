//! Multipliers in whole thousandths, so that equal prices are equal.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What surge multiplies a ride by; never below one. Written as a number like 1.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u32);

impl Multiplier {
    /// No surge.
    pub const ONE: Self = Self(1000);
    /// No multiplier is above this.
    pub const MOST: Self = Self(100_000);

    /// From a number; `None` below 1, above 100 or not a number. Rounded to thousandths.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        // The range is checked, so the cast holds.
        (1.0..=100.0).contains(&value).then(|| Self((value * 1000.0).round() as u32))
    }

    /// The nearest to `value` from 1 to 100; one for what is not a number.
    #[must_use]
    pub fn clamped(value: f64) -> Self {
        Self::new(if value.is_finite() { value.clamp(1.0, 100.0) } else { 1.0 }).unwrap_or(Self::ONE)
    }

    /// In thousandths.
    #[must_use]
    pub const fn permille(self) -> u32 {
        self.0
    }

    /// As a number.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// Down to one plus a whole number of steps.
    #[must_use]
    pub fn floor_to(self, step_permille: u32) -> Self {
        match step_permille {
            0 => self,
            step => Self(1000 + (self.0 - 1000) / step * step),
        }
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

impl std::fmt::Display for Multiplier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.get())
    }
}

impl std::fmt::Debug for Multiplier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "×{self}")
    }
}

impl Serialize for Multiplier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Multiplier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::new(value).ok_or_else(|| de::Error::custom(format!("{value} is no multiplier: write 1 to 100")))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_down_and_never_below_one() {
        let m = Multiplier::new(1.39).unwrap();
        assert_eq!(m.floor_to(50), Multiplier::new(1.35).unwrap());
        assert_eq!(m.floor_to(0), m);
        assert_eq!(Multiplier::new(1.04).unwrap().floor_to(50), Multiplier::ONE);
        assert_eq!(serde_json::to_string(&m).unwrap(), "1.39");
        assert!(serde_json::from_str::<Multiplier>("0.9").is_err());
        assert_eq!(Multiplier::clamped(f64::NAN), Multiplier::ONE);
    }
}
