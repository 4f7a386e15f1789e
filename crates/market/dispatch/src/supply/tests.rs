//! Supply as a whole: against brute force, round the poles, under threads.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use doorstep_clock::{SeededRng, Timestamp};
use doorstep_geo::{Cell, Point, destination, haversine_m};
use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_000_000);

fn point(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).unwrap()
}

fn supply() -> Supply {
    Supply::new(SupplyConfig::default()).unwrap()
}

fn online(supply: &Supply, id: &str, at: Point) -> DriverIx {
    let driver = supply.intern(id, 4);
    supply.place(driver, DriverState::Online, &Report::at(at, START), START).unwrap();
    driver
}

/// Places that are hard: poles, the antimeridian, a pentagon of the H3 grid, borders of grid bands.
const HARD: [(f64, f64); 8] = [
    (40.75, -73.98),
    (90.0, 0.0),
    (-89.9995, 120.0),
    (0.0, 180.0),
    (-16.8, -179.999),
    (64.700_000_128, 10.536_199_075), // the centre of a pentagon of base cell 4
    (59.999_9, 24.9),
    (0.0, 0.0),
];

/// The nearest by looking at everybody.
fn brute(supply: &Supply, from: Point, k: usize, max_m: f64, filter: &Filter) -> Vec<f64> {
    let mut all: Vec<f64> = supply
        .drivers(filter)
        .into_iter()
        .map(|driver| haversine_m(from, driver.point))
        .filter(|&distance| distance <= max_m)
        .collect();
    all.sort_by(f64::total_cmp);
    all.truncate(k);
    all
}

fn same(got: &[Near], want: &[f64]) -> Result<(), TestCaseError> {
    let got: Vec<f64> = got.iter().map(|near| near.distance_m).collect();
    prop_assert_eq!(got.len(), want.len(), "{:?} {:?}", got, want);
    for (a, b) in got.iter().zip(want) {
        prop_assert!((a - b).abs() < 0.02 + b * 1e-9, "{:?} {:?}", got, want);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nearest_is_exact_wherever_and_however_dense(
        hard in 0..HARD.len(), seed in any::<u64>(), count in 1..400_usize, spread in 2.0..6.9_f64,
        k in 1..20_usize, max in 1.5..7.5_f64, away in 0.0..6.5_f64,
    ) {
        use rand::RngExt;
        let mut rng = SeededRng::new(seed, "supply-test");
        let supply = supply();
        let center = point(HARD[hard].0, HARD[hard].1);
        for i in 0..count {
            let at = destination(center, rng.random_range(0.0..360.0), 10_f64.powf(spread) * rng.random::<f64>().sqrt());
            let driver = supply.intern(&format!("drv_{i}"), rng.random_range(1..7));
            let state = DriverState::ALL[rng.random_range(0..7)];
            supply.place(driver, state, &Report::at(at, START), START).unwrap();
        }
        let from = destination(center, rng.random_range(0.0..360.0), 10_f64.powf(away));
        for filter in [Filter::any(), Filter::idle(4)] {
            for max_m in [10_f64.powf(max), f64::INFINITY] {
                let brute = brute(&supply, from, k, max_m, &filter);
                // Positions are rounded to a centimetre, so a driver on the rim may be in or out.
                let near = supply.nearest(from, k, max_m, &filter);
                if near.len() == brute.len() {
                    same(&near, &brute)?;
                } else {
                    let rim = near.last().map(|near| near.distance_m).into_iter().chain(brute.last().copied());
                    prop_assert!(near.len().abs_diff(brute.len()) == 1 && rim.fold(0.0, f64::max) > max_m - 0.02);
                }
            }
        }
    }

    #[test]
    fn indices_stay_in_step_through_any_history(
        hard in 0..HARD.len(),
        steps in prop::collection::vec((0..12_u32, 0..8_u8, 0.0..360.0_f64, 0.0..900.0_f64, 0..9_000_i64), 1..300),
    ) {
        let supply = supply();
        let center = point(HARD[hard].0, HARD[hard].1);
        let mut now = START;
        let mut heard: BTreeMap<DriverIx, Timestamp> = BTreeMap::new();
        for i in 0..12 {
            supply.intern(&format!("drv_{i}"), 4);
        }
        for (driver, what, bearing, metres, pass) in steps {
            now = now.plus_ms(pass);
            let report = Report::at(destination(center, bearing, metres), now);
            match what {
                0 => { supply.set_state(driver, DriverState::Offline, now).unwrap(); heard.remove(&driver); }
                1 => { supply.place(driver, DriverState::Online, &report, now).unwrap(); heard.insert(driver, now); }
                2 => {
                    let was = supply.state(driver).unwrap();
                    supply.set_state(driver, DriverState::OnTrip, now).unwrap();
                    if was == DriverState::Offline { heard.insert(driver, now); }
                }
                3 => {
                    let gone = supply.expire(now);
                    for expired in &gone {
                        let last = heard.remove(&expired.driver);
                        prop_assert_eq!(last, Some(expired.last_at));
                        prop_assert!(now.ms_since(expired.last_at) >= 30_000);
                    }
                    // Nobody is overdue by more than the wheel's step.
                    prop_assert!(heard.values().all(|&at| now.ms_since(at) < 30_000 + 500));
                }
                _ => {
                    let reported = supply.report(driver, &report, now);
                    prop_assert_eq!(reported == Reported::Accepted, heard.contains_key(&driver));
                    if reported == Reported::Accepted { heard.insert(driver, now); }
                }
            }
        }
        let counts = supply.counts();
        prop_assert_eq!(counts.online() as usize, heard.len());
        let on_map = supply.drivers(&Filter::any());
        let mut cells: BTreeMap<Cell, (u32, u32)> = BTreeMap::new();
        for driver in &on_map {
            let cell = Cell::of(driver.point, 9).unwrap();
            prop_assert_eq!(supply.cell(driver.ix), Some(cell));
            let count = cells.entry(cell).or_default();
            count.0 += 1;
            count.1 += u32::from(driver.state == DriverState::Online);
        }
        let told: BTreeMap<Cell, (u32, u32)> =
            supply.supply_by_cell().into_iter().map(|c| (c.cell, (c.online, c.idle))).collect();
        prop_assert_eq!(told, cells);
        let near = supply.nearest(center, 50, f64::INFINITY, &Filter::any());
        same(&near, &brute(&supply, center, 50, f64::INFINITY, &Filter::any()))?;
    }
}

#[test]
fn a_driver_is_on_the_map_from_the_first_report_to_going_offline() {
    let supply = supply();
    let here = point(40.75, -73.98);
    let driver = supply.intern("drv_a", 4);
    assert_eq!(supply.intern("drv_a", 6), driver);
    assert_eq!(supply.id(driver).as_deref(), Some("drv_a"));
    assert_eq!(supply.report(driver, &Report::at(here, START), START), Reported::Offline);
    assert_eq!(supply.report_id("drv_b", &Report::at(here, START), START), Reported::Unknown);
    assert_eq!(supply.get(driver), None);

    assert_eq!(supply.set_state(driver, DriverState::Online, START), Ok(DriverState::Offline));
    assert!(supply.nearest(here, 1, 1e3, &Filter::any()).is_empty());
    let report =
        Report { node: Some(7), bearing_deg: Some(271.5), speed_mps: Some(f32::NAN), ..Report::at(here, START) };
    assert_eq!(supply.report_id("drv_a", &report, START), Reported::Accepted);
    let near = supply.nearest(here, 1, 1e3, &Filter::idle(6));
    assert_eq!((near[0].driver, near[0].node, near[0].seats), (driver, Some(7), 6));
    let known = supply.get(driver).unwrap();
    assert_eq!((known.bearing_deg, known.speed_mps), (Some(271.5), None));

    let older = Report::at(point(40.76, -73.98), START.plus_ms(-1));
    assert_eq!(supply.report(driver, &older, START), Reported::Stale);
    let ahead = Report::at(here, START.plus_ms(3_600_000));
    assert_eq!(supply.report(driver, &ahead, START.plus_ms(5)), Reported::Accepted);
    assert_eq!(supply.get(driver).unwrap().at, START.plus_ms(5));

    assert_eq!(supply.set_state(driver, DriverState::Offline, START), Ok(DriverState::Online));
    assert!(supply.drivers(&Filter::any()).is_empty());
    assert_eq!(supply.get(driver).unwrap().state, DriverState::Offline);
    assert_eq!(supply.set_state(9, DriverState::Online, START), Err(SupplyError::Unknown { driver: 9 }));
}

#[test]
fn a_batch_does_what_its_reports_would_one_by_one() {
    let (batched, single) = (supply(), supply());
    let here = point(40.75, -73.98);
    for i in 0..100 {
        online(&batched, &format!("drv_{i}"), here);
        online(&single, &format!("drv_{i}"), here);
    }
    batched.set_state(7, DriverState::Offline, START).unwrap();
    single.set_state(7, DriverState::Offline, START).unwrap();
    let ids: Vec<String> = (0..150).map(|i| format!("drv_{}", i % 110)).collect();
    let reports: Vec<(&str, Report)> = ids
        .iter()
        .enumerate()
        .map(|(i, id)| {
            let at = START.plus_ms(10 - i as i64 % 3);
            (&**id, Report::at(destination(here, i as f64 * 7.0, i as f64 * 40.0), at))
        })
        .collect();
    let now = START.plus_ms(20);
    let mut told = Vec::new();
    batched.report_ids(&reports, now, &mut told);
    let want: Vec<Reported> = reports.iter().map(|(id, report)| single.report_id(id, report, now)).collect();
    assert_eq!(told, want);
    assert!(
        [Reported::Accepted, Reported::Stale, Reported::Offline, Reported::Unknown].iter().all(|r| told.contains(r))
    );
    assert_eq!(batched.drivers(&Filter::any()), single.drivers(&Filter::any()));
    let by_index: Vec<(DriverIx, Report)> = vec![(3, Report::at(here, now)), (4_000, Report::at(here, now))];
    told.clear();
    batched.report_batch(&by_index, now, &mut told);
    assert_eq!(told, [Reported::Accepted, Reported::Unknown]);
    assert!(batched.nearest(here, 9, 10.0, &Filter::any()).iter().any(|near| near.driver == 3));
}

#[test]
fn settings_outside_their_range_are_named() {
    let heartbeat = Supply::new(SupplyConfig { heartbeat_ms: 0, ..SupplyConfig::default() }).err();
    assert!(matches!(heartbeat, Some(SupplyError::Setting { field: "heartbeat_ms", .. })));
    let resolution = Supply::new(SupplyConfig { cell_resolution: 16, ..SupplyConfig::default() }).err();
    assert!(matches!(resolution, Some(SupplyError::Setting { field: "cell_resolution", .. })));
}

#[test]
fn silence_is_told_once_and_only_of_the_silent() {
    let supply = supply();
    let here = point(40.75, -73.98);
    let silent = online(&supply, "drv_silent", here);
    let alive = online(&supply, "drv_alive", here);
    supply.set_state(silent, DriverState::EnRoute, START).unwrap();
    let mut told = Vec::new();
    for second in 1..100 {
        let now = START.plus_ms(second * 1_000);
        assert_eq!(supply.report(alive, &Report::at(here, now), now), Reported::Accepted);
        told.extend(supply.expire(now).into_iter().map(|gone| (second, gone)));
    }
    let gone = Expired { driver: silent, was: DriverState::EnRoute, last_at: START };
    assert_eq!(told.len(), 1);
    assert!((30..=31).contains(&told[0].0));
    assert_eq!(told[0].1, gone);
    assert_eq!(supply.counts().idle(), 1);
    // A clock that stood still for an hour and jumped tells everybody, and one that goes back nobody.
    assert_eq!(supply.expire(START.plus_ms(3_700_000)).len(), 1);
    assert!(supply.expire(START).is_empty());
}

#[test]
fn by_road_the_order_may_differ_and_the_unreachable_are_left_out() {
    let supply = supply();
    let here = point(40.75, -73.98);
    for i in 0..6 {
        online(&supply, &format!("drv_{i}"), destination(here, 90.0, f64::from(i) * 100.0));
    }
    let by_road = supply.nearest_by_road(here, 2, 2, 5e3, &Filter::idle(1), &mut |near| match near.driver {
        0 => None,
        driver => Some(1_000 - driver * 100),
    });
    let order: Vec<(DriverIx, u32)> = by_road.iter().map(|r| (r.near.driver, r.time_ms)).collect();
    assert_eq!(order, [(3, 700), (2, 800)]);
}

#[test]
fn of_many_who_take_the_same_driver_one_wins() {
    let supply = Arc::new(supply());
    let driver = online(&supply, "drv_a", point(40.75, -73.98));
    let wins: usize = (0..8)
        .map(|_| {
            let supply = Arc::clone(&supply);
            std::thread::spawn(move || {
                usize::from(supply.change_state(driver, DriverState::Online, DriverState::Offered, START).is_ok())
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    assert_eq!(wins, 1);
    let late = supply.change_state(driver, DriverState::Online, DriverState::Offered, START);
    assert_eq!(
        late,
        Err(SupplyError::StateChanged { driver, expected: DriverState::Online, found: DriverState::Offered })
    );
}

#[test]
fn a_query_sees_every_driver_once_while_all_of_them_move() {
    const DRIVERS: u32 = 200;
    let supply = Arc::new(supply());
    let here = point(40.75, -73.98);
    for i in 0..DRIVERS {
        online(&supply, &format!("drv_{i}"), here);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3_u32)
        .map(|writer| {
            let (supply, stop) = (Arc::clone(&supply), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut round = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    let now = START.plus_ms(i64::from(round));
                    for driver in (writer..DRIVERS).step_by(3) {
                        let at = destination(here, f64::from(driver * 7 + round), f64::from(round * 37 % 1_500));
                        assert_eq!(
                            supply.report_id(&format!("drv_{driver}"), &Report::at(at, now), now),
                            Reported::Accepted
                        );
                    }
                    online(&supply, &format!("drv_new_{writer}_{}", round % 50), point(41.5, -73.98));
                }
            })
        })
        .collect();
    for _ in 0..300 {
        let near = supply.nearest(here, 1_000, 5_000.0, &Filter::idle(1));
        let mut seen: Vec<DriverIx> = near.iter().map(|near| near.driver).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..DRIVERS).collect::<Vec<_>>());
        assert!(supply.supply_by_cell().iter().map(|cell| cell.online).sum::<u32>() >= DRIVERS);
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn a_hundred_thousand_drivers_fit_in_few_megabytes() {
    let supply = supply();
    let here = point(40.75, -73.98);
    for i in 0..100_000_u32 {
        let id = format!("drv_{:032x}", u128::from(i) << 64);
        online(&supply, &id, destination(here, f64::from(i), f64::from(i) * 0.2));
    }
    let megabytes = supply.heap_bytes() / 1_000_000;
    assert!(megabytes < 40, "{megabytes} MB");
}
