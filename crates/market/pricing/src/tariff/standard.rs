//! The tariff of a city that has written none.

use doorstep_money::Currency;

use super::{Sharing, SurgeLaw, Tariff};

impl Tariff {
    /// A plain tariff near those of the taxis of large cities, scaled to the currency's minor digits. Without surge
    /// it is a sum of base, distance, time and booking fee.
    #[must_use]
    pub fn standard(currency: Currency, time_zone: &str) -> Self {
        let unit = 10_i64.pow(currency.minor_digits().min(4));
        let of = |hundredths: i64| hundredths * unit / 100;
        Self {
            name: "Standard".to_owned(),
            version: 1,
            currency: currency.code().to_owned(),
            time_zone: time_zone.to_owned(),
            base: of(300),
            per_km: of(150),
            per_minute: of(45),
            minimum: of(700),
            booking_fee: of(100),
            surge: SurgeLaw {
                law: "No law of the city is on file; the price is shown before the order.".to_owned(),
                ..SurgeLaw::default()
            },
            sharing: Some(Sharing { offer_permille: 150, matched_permille: 100, max_permille: 400 }),
            commission_permille: 200,
            ..Self::default()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use doorstep_clock::Timestamp;
    use doorstep_geo::Point;

    use super::*;
    use crate::{SurgeMap, Trip, price};

    fn total(currency: &str, trip_ms: u32, distance_m: u32) -> i64 {
        let currency = currency.parse().unwrap();
        let book = Tariff::standard(currency, "America/New_York").compile().unwrap();
        let (pickup, dropoff) = (Point::new(40.75, -73.985).unwrap(), Point::new(40.78, -73.96).unwrap());
        let trip = Trip { pickup, dropoff, distance_m, trip_ms, at: Timestamp(0), route: Vec::new() };
        price(&book, &SurgeMap::off(), &trip).total.minor
    }

    #[test]
    fn a_known_trip_and_the_least_one() {
        // 3.00 + 4 km * 1.50 + 10 min * 0.45 + 1.00
        assert_eq!(total("USD", 600_000, 4_000), 1_450);
        assert_eq!(total("USD", 1_000, 10), 800);
    }

    #[test]
    fn currencies_without_minor_digits_get_whole_prices() {
        let yen = Tariff::standard("JPY".parse().unwrap(), "Asia/Tokyo");
        assert_eq!((yen.base, yen.minimum), (3, 7));
    }
}
