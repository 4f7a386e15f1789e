//! Prices: lines add up, caps bind in order and by name, shared bills come out even.
#![allow(clippy::unwrap_used)]

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use proptest::prelude::*;

use super::*;
use crate::tariff::tests::CITY;
use crate::{Basis, PricingError, Supply, SurgeBook, SurgeConfig, Tariff};

fn p(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Ten minutes, 4 km, inside Manhattan, on a Tuesday noon.
fn trip() -> Trip {
    Trip {
        pickup: p(40.75, -73.985),
        dropoff: p(40.78, -73.96),
        distance_m: 4_000,
        trip_ms: 600_000,
        at: at("2026-02-03T12:00:00-05:00"),
        route: vec![p(40.75, -73.985), p(40.78, -73.96)],
    }
}

/// A map on which the place of `trip` wants more cars than there are.
fn surging(trip: &Trip, riders: u32) -> std::sync::Arc<crate::SurgeMap> {
    let config =
        SurgeConfig { warm_up_s: 0.0, rise_half_life_s: 0.0, blending: 0.0, pooling: 0.0, ..SurgeConfig::default() };
    let mut book = SurgeBook::new(config).unwrap();
    book.recompute(trip.at.plus_ms(-60_000));
    book.observe_demand(trip.pickup, riders);
    book.observe_supply([(book.cell_of(trip.pickup), Supply { idle: 1, soon_free: 2 })]);
    book.recompute(trip.at).map
}

#[test]
fn a_known_trip_and_its_reason() {
    let book = Tariff::from_toml(CITY).unwrap();
    let price = price(&book, &crate::SurgeMap::off(), &trip());
    let lines: Vec<(PartKind, i64)> = price.parts.iter().map(|p| (p.kind, p.amount.minor)).collect();
    // 2.50 + 4 km * 1.55 + 10 min * 0.40 + congestion 0.75 + booking 1.00, and 8.9 % of 14.45
    let wanted = [
        (PartKind::Base, 250),
        (PartKind::Distance, 620),
        (PartKind::Time, 400),
        (PartKind::ZoneSurcharge, 75),
        (PartKind::Booking, 100),
        (PartKind::Tax, 129),
    ];
    assert_eq!(lines, wanted);
    assert_eq!(price.total.minor, 1_574);
    assert_eq!(price.why.basis, Basis::Off);
    let json = serde_json::to_value(&price.why).unwrap();
    assert_eq!((&json["tariff_version"], &json["multiplier"], &json["basis"]), (&7.into(), &1.0.into(), &"off".into()));
    assert_eq!(json["model"], "pickup-clearing");
    assert!(json["law"].as_str().unwrap().contains("City code 7"));
    assert_eq!(serde_json::from_value::<Why>(json).unwrap(), price.why);
}

#[test]
fn surge_shows_what_was_seen_and_which_law_capped_it() {
    let book = Tariff::from_toml(CITY).unwrap();
    let (calm, mut snow) = (trip(), trip());
    snow.at = at("2026-01-10T12:00:00-05:00");
    let free = price(&book, &surging(&calm, 40), &calm);
    assert_eq!(free.why.basis, Basis::Measured);
    assert!(free.why.multiplier.get() > 1.5 && free.why.multiplier.get() <= 3.0, "{:?}", free.why);
    let seen = free.why.seen.unwrap();
    assert!(seen.demand_per_min > 10.0 && seen.idle == 1.0 && seen.soon_free == 2.0, "{seen:?}");
    let capped = price(&book, &surging(&snow, 40), &snow);
    assert_eq!(capped.why.multiplier.get(), 1.5);
    let law = capped.why.caps.iter().find(|c| c.kind == CapKind::Law).unwrap();
    assert!(law.law.as_ref().unwrap().contains("1.5 times"));
    assert!(capped.total.minor < free.total.minor);
}

#[test]
fn an_airport_has_a_fixed_fare_a_fee_and_no_surge() {
    let book = Tariff::from_toml(CITY).unwrap();
    let from_jfk = Trip { pickup: p(40.6446, -73.7797), ..trip() };
    assert_eq!(crate::tariff::tests::JFK_CELL.parse(), doorstep_geo::Cell::of(from_jfk.pickup, 6));
    let map = surging(&from_jfk, 40);
    let price = price(&book, &map, &from_jfk);
    assert_eq!(price.parts[0].kind, PartKind::FlatFare);
    assert!(price.parts.iter().any(|p| p.kind == PartKind::Airport && p.amount.minor == 125), "{price:?}");
    assert_eq!(price.why.multiplier, Multiplier::ONE);
    assert!(price.why.asked > Multiplier::ONE);
    assert_eq!(price.why.caps.last().unwrap().kind, CapKind::Airport);
}

#[test]
fn nights_peaks_and_tolls_are_lines() {
    let book = Tariff::from_toml(CITY).unwrap();
    let kinds = |trip: Trip| -> Vec<PartKind> {
        price(&book, &crate::SurgeMap::off(), &trip).parts.into_iter().map(|p| p.kind).collect()
    };
    let peak = Trip { at: at("2026-02-03T17:00:00-05:00"), ..trip() };
    assert!(kinds(peak).contains(&PartKind::TimeSurcharge));
    let night = Trip { at: at("2026-02-07T02:00:00-05:00"), ..trip() };
    assert!(kinds(night).contains(&PartKind::TimeSurcharge));
    assert!(!kinds(trip()).contains(&PartKind::TimeSurcharge));
    let through = Trip { route: vec![p(40.75, -73.985), p(40.74, -73.95)], ..trip() };
    assert!(kinds(through).contains(&PartKind::Toll));
    assert!(!kinds(trip()).contains(&PartKind::Toll));
}

#[test]
fn old_or_missing_data_fall_back_to_the_flat_fare_and_say_so() {
    let book = Tariff::from_toml(CITY).unwrap();
    let map = surging(&trip(), 40);
    let later = Trip { at: trip().at.plus_ms(181_000), ..trip() };
    let elsewhere = Trip { pickup: p(40.6, -73.9), ..trip() };
    for (trip, basis) in [(later, Basis::Stale), (elsewhere, Basis::NoData)] {
        let price = price(&book, &map, &trip);
        assert_eq!((price.why.basis, price.why.multiplier), (basis, Multiplier::ONE));
        assert!(price.why.sentence.starts_with("The fare is flat"));
        assert!(price.why.seen.is_none() && price.parts.iter().all(|p| p.kind != PartKind::Surge));
    }
}

#[test]
fn sharing_costs_less_and_less_with_each_rider() {
    let book = Tariff::from_toml(CITY).unwrap();
    let solo = price(&book, &crate::SurgeMap::off(), &trip());
    let offered = solo.shared(&book).unwrap();
    // 15 % off the ride of 13.45, then tax anew.
    assert_eq!(solo.total.minor - offered.total.minor, 202 + 18);
    let rider = |shared_with| SharedRider { solo: solo.clone(), shared_with };
    let bill = book.shared_bill(&[rider(0), rider(1), rider(2), rider(9)]).unwrap();
    let paid: Vec<i64> = bill.riders.iter().map(|p| p.total.minor).collect();
    assert!(paid[0] == offered.total.minor && paid.windows(2).all(|w| w[1] <= w[0]), "{paid:?}");
    assert_eq!(paid[2], paid[3], "35 % is the most");
    assert!(matches!(book.shared_bill(&[]), Err(PricingError::Share { field: "riders", .. })));
    let plain = Tariff { sharing: None, ..book.tariff().clone() }.compile().unwrap();
    assert!(solo.shared(&plain).is_none() && plain.shared_bill(&[rider(1)]).is_err());
}

prop_compose! {
    fn any_tariff()(
        prices in proptest::array::uniform5(0..50_000_i64),
        max in 1.0..10.0_f64, step in 0.0..0.5_f64, commission in 0..=1000_u32,
        tax in proptest::option::of((0..400_u32, any::<bool>())),
        sharing in (0..=400_u32, 0..=300_u32, 400..=1000_u32),
    ) -> Tariff {
        let mut tariff = Tariff::from_toml(CITY).unwrap().tariff().clone();
        [tariff.base, tariff.per_km, tariff.per_minute, tariff.minimum, tariff.booking_fee] = prices;
        tariff.surge.max_multiplier = max;
        tariff.surge.step = step;
        tariff.commission_permille = commission;
        tariff.tax = tax.map(|(permille, included)| crate::Tax { name: "Tax".into(), permille, included });
        tariff.sharing = Some(crate::Sharing {
            offer_permille: sharing.0, matched_permille: sharing.1, max_permille: sharing.2,
        });
        tariff
    }
}

fn any_trip() -> impl Strategy<Value = Trip> {
    (
        40.6..40.9_f64,
        -74.05..-73.75_f64,
        40.6..40.9_f64,
        -74.05..-73.75_f64,
        0..200_000_u32,
        0..10_000_000_u32,
        0..10_080_i64,
    )
        .prop_map(|(lat, lon, to_lat, to_lon, distance_m, trip_ms, minute)| {
            let (pickup, dropoff) = (p(lat, lon), p(to_lat, to_lon));
            let at = trip().at.plus_ms(minute * 60_000);
            Trip { pickup, dropoff, distance_m, trip_ms, at, route: vec![pickup, dropoff] }
        })
}

proptest! {
    #[test]
    fn lines_add_up_and_so_do_the_parts_of_a_payout(
        tariff in any_tariff(), trip in any_trip(), riders in 0..200_u32, others in proptest::collection::vec(0..4_u32, 1..4),
    ) {
        let book = tariff.compile().unwrap();
        let solo = price(&book, &surging(&trip, riders), &trip);
        let offered = solo.shared(&book).unwrap();
        for price in [&solo, &offered] {
            let sum: i64 = price.parts.iter().map(|p| p.amount.minor).sum();
            prop_assert_eq!(sum, price.total.minor);
            prop_assert!(price.parts.iter().all(|p| p.amount.minor > 0 || p.kind == PartKind::Sharing));
            prop_assert_eq!(price.payout(&book).total(), price.total.minor);
        }
        prop_assert!(offered.total.minor <= solo.total.minor);
        // Settled from what was quoted: never above it, less with each rider, and the same as from the price alone.
        let terms = book.share_terms().unwrap();
        let mut before = offered.total.minor;
        for n in [0, 1, 2, 3, u32::MAX] {
            let settled = terms.settle(&offered, n);
            prop_assert!(settled.total.minor <= before);
            prop_assert_eq!(&settled, &terms.settle(&solo, n));
            before = settled.total.minor;
        }
        let riders: Vec<SharedRider> =
            others.iter().map(|n| SharedRider { solo: solo.clone(), shared_with: *n }).collect();
        let bill = book.shared_bill(&riders).unwrap();
        let paid: i64 = bill.riders.iter().map(|p| p.total.minor).sum();
        prop_assert_eq!(paid, bill.payout.total());
        prop_assert!(bill.riders.iter().all(|p| p.total.minor <= offered.total.minor));
    }

    #[test]
    fn a_higher_cap_never_makes_a_price_lower(
        tariff in any_tariff(), trip in any_trip(), riders in 0..200_u32, higher in 0.0..5.0_f64, which in 0..3_usize,
    ) {
        let map = surging(&trip, riders);
        let mut raised = tariff.clone();
        match which {
            0 => raised.surge.max_multiplier += higher,
            1 => raised.surge.caps[0].max_multiplier += higher,
            _ => raised.airports[0].max_multiplier = raised.airports[0].max_multiplier.map(|m| m + higher),
        }
        let of = |tariff: &Tariff| price(&tariff.clone().compile().unwrap(), &map, &trip);
        let (low, high) = (of(&tariff), of(&raised));
        prop_assert!(low.total.minor <= high.total.minor);
        prop_assert!(low.why.multiplier <= high.why.multiplier);
        prop_assert!(low.why.multiplier <= low.why.asked && low.why.multiplier.get() <= tariff.surge.max_multiplier + 1e-3);
        // Every reduction is told.
        prop_assert_eq!(low.why.multiplier < low.why.asked, !low.why.caps.is_empty());
    }

    #[test]
    fn a_locked_price_never_rises(tariff in any_tariff(), trip in any_trip(), riders in proptest::collection::vec(0..200_u32, 1..6)) {
        let book = tariff.compile().unwrap();
        let of = |riders: u32| price(&book, &surging(&trip, riders), &trip);
        let mut locked = LockedPrice::new(of(riders[0]), trip.at.plus_ms(60_000));
        let mut least = locked.price().total.minor;
        for riders in riders {
            let newer = of(riders);
            least = least.min(newer.total.minor);
            prop_assert_eq!(locked.reprice(newer).minor, least);
        }
        prop_assert!(locked.holds(trip.at) && !locked.holds(locked.until()));
    }
}
