//! A city's price list and surge numbers, as TOML. What is taken prices a trip whose lines come to its total.
#![no_main]

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_pricing::{SurgeConfig, SurgeMap, Tariff, Trip, price};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(config) = SurgeConfig::from_toml(text) {
        config.check().expect("what was read was checked");
    }
    let Ok(book) = Tariff::from_toml(text) else { return };
    let point = |lat, lon| Point::new(lat, lon).expect("a place in Manhattan");
    let (pickup, dropoff) = (point(40.75, -73.985), point(40.78, -73.96));
    let route = vec![pickup, dropoff];
    let trip = Trip { pickup, dropoff, distance_m: 4_000, trip_ms: 600_000, at: Timestamp::from_millis(0), route };
    let solo = price(&book, &SurgeMap::off(), &trip);
    for priced in [Some(solo.clone()), solo.shared(&book)].into_iter().flatten() {
        assert_eq!(priced.parts.iter().map(|part| part.amount.minor).sum::<i64>(), priced.total.minor);
        assert_eq!(priced.payout(&book).total(), priced.total.minor);
    }
});
