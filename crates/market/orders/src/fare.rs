//! Fares: a pure function of distance, time and a table of prices.
//!
//! A fare is the sum of its parts: base, distance, time, the step up to the minimum, booking fee.
//! It never falls when a trip gets longer in metres or seconds.

use doorstep_money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;

/// No price of a table is above this many minor units, which keeps every fare far from overflow.
const MAX_PRICE: i64 = 1_000_000_000;

/// The prices of one city, in minor units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FareTable {
    /// Currency of all prices.
    pub currency: Currency,
    /// For stepping in.
    pub base: i64,
    /// For one kilometre.
    pub per_km: i64,
    /// For one minute.
    pub per_minute: i64,
    /// The least for base, distance and time together.
    pub minimum: i64,
    /// For the booking, on top of everything.
    pub booking_fee: i64,
}

impl FareTable {
    /// A plain table near the taxi tariffs of large cities, scaled to the currency's minor digits.
    #[must_use]
    pub fn standard(currency: Currency) -> Self {
        let unit = 10_i64.pow(currency.minor_digits().min(4));
        let of = |hundredths: i64| hundredths * unit / 100;
        Self { currency, base: of(300), per_km: of(150), per_minute: of(45), minimum: of(700), booking_fee: of(100) }
    }

    /// Refuses prices below zero or absurdly high, naming the field.
    pub fn check(&self) -> Result<(), OrdersError> {
        for (field, price) in [
            ("/fares/base", self.base),
            ("/fares/per_km", self.per_km),
            ("/fares/per_minute", self.per_minute),
            ("/fares/minimum", self.minimum),
            ("/fares/booking_fee", self.booking_fee),
        ] {
            if !(0..=MAX_PRICE).contains(&price) {
                return Err(OrdersError::InvalidField {
                    field,
                    reason: format!("{price} is not a price"),
                    fix: format!("write minor units from 0 to {MAX_PRICE}"),
                });
            }
        }
        Ok(())
    }

    /// The fare of a trip.
    pub fn fare(&self, trip_ms: u32, distance_m: u32) -> Result<Fare, OrdersError> {
        self.check()?;
        let distance = rounded(self.per_km, distance_m, 1_000);
        let time = rounded(self.per_minute, trip_ms, 60_000);
        let ride = self.base + distance + time;
        let step_up = (self.minimum - ride).max(0);
        let mut parts = Vec::with_capacity(5);
        let mut total = 0;
        for (kind, minor) in [
            (FareKind::Base, self.base),
            (FareKind::Distance, distance),
            (FareKind::Time, time),
            (FareKind::Minimum, step_up),
            (FareKind::Booking, self.booking_fee),
        ] {
            if minor > 0 {
                total += minor;
                parts.push(FarePart { kind, label: kind.label().to_owned(), amount: Money::new(minor, self.currency) });
            }
        }
        Ok(Fare { total: Money::new(total, self.currency), parts })
    }
}

/// `price * quantity / per`, half up. Bounded by MAX_PRICE * u32::MAX / per, far below i64::MAX.
fn rounded(price: i64, quantity: u32, per: i64) -> i64 {
    let exact = i128::from(price) * i128::from(quantity);
    i64::try_from((exact + i128::from(per) / 2) / i128::from(per)).unwrap_or(i64::MAX / 8)
}

/// What a part of a fare is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FareKind {
    /// Stepping in.
    Base,
    /// Metres.
    Distance,
    /// Seconds.
    Time,
    /// The step up to the minimum.
    Minimum,
    /// The booking.
    Booking,
}

impl FareKind {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Distance => "distance",
            Self::Time => "time",
            Self::Minimum => "minimum",
            Self::Booking => "booking",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Base => "Base fare",
            Self::Distance => "Distance",
            Self::Time => "Time",
            Self::Minimum => "Up to the minimum fare",
            Self::Booking => "Booking fee",
        }
    }
}

/// One part of a fare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FarePart {
    /// What for.
    pub kind: FareKind,
    /// The same in English words.
    pub label: String,
    /// How much.
    pub amount: Money,
}

/// A price and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fare {
    /// The sum of the parts.
    pub total: Money,
    /// The parts above zero.
    pub parts: Vec<FarePart>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn usd() -> Currency {
        Currency::USD
    }

    fn table() -> impl Strategy<Value = FareTable> {
        let price = 0..100_000_i64;
        (price.clone(), price.clone(), price.clone(), price.clone(), price).prop_map(
            |(base, per_km, per_minute, minimum, booking_fee)| FareTable {
                currency: usd(),
                base,
                per_km,
                per_minute,
                minimum,
                booking_fee,
            },
        )
    }

    #[test]
    fn a_known_trip() {
        let fare = FareTable::standard(usd()).fare(600_000, 4_000).unwrap();
        // 3.00 + 4 km * 1.50 + 10 min * 0.45 + 1.00
        assert_eq!(fare.total, Money::new(1_450, usd()));
        assert_eq!(fare.parts.len(), 4);
    }

    #[test]
    fn a_short_trip_costs_the_minimum() {
        let fare = FareTable::standard(usd()).fare(1_000, 10).unwrap();
        assert_eq!(fare.total, Money::new(800, usd()));
        assert!(fare.parts.iter().any(|p| p.kind == FareKind::Minimum));
    }

    #[test]
    fn currencies_without_minor_digits_get_whole_prices() {
        let yen = FareTable::standard("JPY".parse().unwrap());
        assert_eq!((yen.base, yen.minimum), (3, 7));
    }

    #[test]
    fn a_negative_price_names_its_field() {
        let table = FareTable { per_km: -1, ..FareTable::standard(usd()) };
        assert!(matches!(table.fare(1, 1), Err(OrdersError::InvalidField { field: "/fares/per_km", .. })));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_total(table in table(), trip_ms in any::<u32>(), distance_m in any::<u32>()) {
            let fare = table.fare(trip_ms, distance_m).unwrap();
            let sum: i64 = fare.parts.iter().map(|p| p.amount.minor).sum();
            prop_assert_eq!(sum, fare.total.minor);
            prop_assert!(fare.parts.iter().all(|p| p.amount.minor > 0));
            prop_assert!(fare.total.minor >= table.minimum);
        }

        #[test]
        fn longer_never_costs_less(table in table(), ms in 0..86_400_000_u32, m in 0..1_000_000_u32, more_ms in 0..86_400_000_u32, more_m in 0..1_000_000_u32) {
            let shorter = table.fare(ms, m).unwrap().total.minor;
            prop_assert!(table.fare(ms + more_ms, m).unwrap().total.minor >= shorter);
            prop_assert!(table.fare(ms, m + more_m).unwrap().total.minor >= shorter);
        }
    }
}
