//! Sharing an amount out so that the parts add up to the whole.

use crate::{Money, MoneyError};

impl Money {
    /// Parts in proportion to `weights`, in their order; they always sum to the whole.
    ///
    /// Each part is within one minor unit of its exact share; the units that are left over go to
    /// the largest remainders, the earlier weight first among equals.
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when no weight is above zero.
    pub fn split(self, weights: &[u32]) -> Result<Vec<Self>, MoneyError> {
        let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let minor = i128::from(self.minor());
        let mut parts = Vec::with_capacity(weights.len());
        let mut rests = Vec::with_capacity(weights.len());
        let mut left = minor;
        for (i, weight) in weights.iter().enumerate() {
            let exact = minor * i128::from(*weight);
            let part = exact.div_euclid(total);
            left -= part;
            parts.push(part);
            rests.push((exact.rem_euclid(total), i));
        }
        rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let left = usize::try_from(left).expect("invariant: floors sum to at most the whole");
        for (_, i) in rests.into_iter().take(left) {
            parts[i] += 1;
        }
        let fits = "invariant: a share is between zero and the whole";
        Ok(parts
            .into_iter()
            .map(|p| Self::new(i64::try_from(p).expect(fits), self.currency()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Currency, Money, MoneyError};
    use proptest::prelude::*;

    fn split(minor: i64, weights: &[u32]) -> Vec<i64> {
        let parts = Money::new(minor, Currency::USD).split(weights).unwrap();
        parts.iter().map(Money::minor).collect()
    }

    #[test]
    fn left_over_units_go_to_the_largest_remainders() {
        assert_eq!(split(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(split(-100, &[1, 1, 1]), [-33, -33, -34]);
        assert_eq!(split(5, &[0, 3, 1]), [0, 4, 1]);
        let none = Money::new(5, Currency::USD).split(&[0, 0]);
        assert_eq!(none, Err(MoneyError::NoWeights));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(minor: i64, weights in proptest::collection::vec(0u32.., 1..12)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = split(minor, &weights);
            prop_assert_eq!(parts.iter().map(|p| i128::from(*p)).sum::<i128>(), i128::from(minor));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
