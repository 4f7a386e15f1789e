//! Sharing: what it takes off a fare, what it promises, and who gets what.
//!
//! [`offer`] is pure and knows no tariff: whoever prices a ride says what it costs alone and how much of that is
//! for the ride itself.

use doorstep_clock::Timestamp;
use doorstep_money::Money;
use serde::{Deserialize, Serialize};

use crate::order::seconds;

/// On what terms a city offers to share a ride.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareTerms {
    /// Taken off the ride's price, thousandths.
    pub discount_permille: u32,
    /// The platform's part of the ride's price, thousandths.
    pub commission_permille: u32,
    /// The longest wait for the car, from the request on, milliseconds.
    pub max_wait_ms: u32,
    /// The latest arrival, against a direct trip at once, milliseconds.
    pub max_delay_ms: u32,
}

impl ShareTerms {
    /// What a rider on these terms is promised.
    #[must_use]
    pub const fn promise(&self) -> SharePromise {
        SharePromise { max_wait_ms: self.max_wait_ms, max_delay_ms: self.max_delay_ms }
    }
}

/// What is promised to a rider who shares. Whoever else gets in, the car is there in time and arrives in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharePromise {
    /// The longest wait for the car, milliseconds.
    pub max_wait_ms: u32,
    /// The latest arrival, against a direct trip at once, milliseconds.
    pub max_delay_ms: u32,
}

impl SharePromise {
    /// The last moment of the pickup, for a car that is looked for since then.
    #[must_use]
    pub fn pickup_by(&self, since: Timestamp) -> Timestamp {
        since.plus_ms(i64::from(self.max_wait_ms))
    }

    /// The last moment of the arrival.
    #[must_use]
    pub fn dropoff_by(&self, since: Timestamp, direct_ms: u32) -> Timestamp {
        since.plus_ms(i64::from(direct_ms) + i64::from(self.max_delay_ms))
    }
}

/// The shared alternative in a quote's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareClaims {
    /// The price with sharing.
    pub fare: Money,
    /// What is promised.
    pub promise: SharePromise,
}

/// Who gets what of a shared fare. Driver and platform get the fare; with the discount it is the price for riding alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FareSplit {
    /// The driver.
    pub driver: Money,
    /// The platform.
    pub platform: Money,
    /// The rider keeps.
    pub discount: Money,
}

/// The shared alternative as the rider sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShareOffer {
    /// The price with sharing.
    pub fare: Money,
    /// Who gets what of it.
    pub split: FareSplit,
    /// The longest wait for the car that is promised, seconds.
    pub max_wait_s: f64,
    /// The longest delay that is promised, against a direct trip at once, seconds.
    pub max_delay_s: f64,
}

/// The shared alternative of a ride that costs `total` alone, of which `ride` is for the ride itself and not a fee on top.
#[must_use]
pub fn offer(total: Money, ride: i64, terms: &ShareTerms) -> ShareOffer {
    let ride = ride.clamp(0, total.minor.max(0));
    let discount = permille(ride, terms.discount_permille);
    let driver = ride - discount - permille(ride - discount, terms.commission_permille);
    let money = |minor| Money::new(minor, total.currency);
    let fare = total.minor - discount;
    ShareOffer {
        fare: money(fare),
        split: FareSplit { driver: money(driver), platform: money(fare - driver), discount: money(discount) },
        max_wait_s: seconds(i64::from(terms.max_wait_ms)),
        max_delay_s: seconds(i64::from(terms.max_delay_ms)),
    }
}

/// Thousandths of an amount, half up; never more than the amount.
fn permille(amount: i64, permille: u32) -> i64 {
    let exact = i128::from(amount) * i128::from(permille.min(1_000));
    i64::try_from((exact + 500) / 1_000).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorstep_money::Currency;
    use proptest::prelude::*;

    fn terms(discount_permille: u32, commission_permille: u32) -> ShareTerms {
        ShareTerms { discount_permille, commission_permille, max_wait_ms: 300_000, max_delay_ms: 600_000 }
    }

    #[test]
    fn a_known_split() {
        // 14.50, of which 1.00 is the booking fee: a quarter off 13.50, a fifth of the rest is the platform's.
        let offer = offer(Money::new(1_450, Currency::USD), 1_350, &terms(250, 200));
        let minor = [offer.fare, offer.split.driver, offer.split.platform, offer.split.discount].map(|m| m.minor);
        assert_eq!(minor, [1_112, 810, 302, 338]);
        assert_eq!((offer.max_wait_s, offer.max_delay_s), (300.0, 600.0));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_sharing_never_costs_more(
            total in 0..1_000_000_000_i64, ride in -5..1_000_000_000_i64, off in 0..1_200_u32, commission in 0..1_200_u32,
        ) {
            let offer = offer(Money::new(total, Currency::USD), ride, &terms(off, commission));
            let FareSplit { driver, platform, discount } = offer.split;
            prop_assert_eq!(driver.minor + platform.minor, offer.fare.minor);
            prop_assert_eq!(offer.fare.minor + discount.minor, total);
            prop_assert!([driver, platform, discount, offer.fare].iter().all(|part| part.minor >= 0));
        }
    }
}
