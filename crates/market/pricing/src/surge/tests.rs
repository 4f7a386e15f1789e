//! The watcher over time: it rises, settles, falls, and says when it knows nothing.
#![allow(clippy::unwrap_used)]

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point};
use proptest::prelude::*;

use super::*;
use crate::Multiplier;

fn place() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn book(config: SurgeConfig) -> (SurgeBook, Vec<Cell>) {
    let mut book = SurgeBook::new(config).unwrap();
    let cells: Vec<Cell> = book.cell_of(place()).disk(4).collect();
    for cell in &cells {
        book.watch(*cell);
    }
    (book, cells)
}

/// Runs `minutes` with the same counts each 10 seconds; the middle cell's multiplier after each.
fn run(book: &mut SurgeBook, from_s: i64, minutes: i64, riders: u32, supply: Supply) -> Vec<f64> {
    let cells: Vec<Cell> = book.cell_of(place()).disk(4).collect();
    (1..=minutes * 6)
        .map(|tick| {
            for cell in &cells {
                book.observe_demand(cell.center(), riders);
            }
            book.observe_supply(cells.iter().map(|c| (*c, supply)));
            let now = Timestamp::from_millis((from_s + tick * 10) * 1000);
            book.recompute(now).map.at(place(), now).multiplier.get()
        })
        .collect()
}

#[test]
fn a_rush_raises_the_multiplier_and_its_end_lowers_it() {
    let (mut book, _) = book(SurgeConfig::default());
    let calm = run(&mut book, 0, 20, 1, Supply { idle: 20, soon_free: 30 });
    assert!(calm.iter().all(|m| *m == 1.0));
    let rush = run(&mut book, 1_200, 20, 4, Supply { idle: 1, soon_free: 40 });
    assert!(*rush.last().unwrap() > 1.5, "{rush:?}");
    assert!(rush.windows(2).all(|w| w[1] >= w[0]), "it rises without swinging: {rush:?}");
    let over = run(&mut book, 2_400, 20, 1, Supply { idle: 20, soon_free: 30 });
    assert!(over.windows(2).all(|w| w[1] <= w[0]) && *over.last().unwrap() == 1.0, "{over:?}");
}

#[test]
fn a_window_is_chosen_with_the_price_and_saves_some_of_it() {
    let joint = SurgeConfig { window: Some(crate::WindowLimits::default()), ..SurgeConfig::default() };
    let (mut with, _) = book(joint);
    let (mut without, _) = book(SurgeConfig::default());
    let thin = Supply { idle: 1, soon_free: 40 };
    let (gathered, at_once) = (run(&mut with, 0, 20, 4, thin), run(&mut without, 0, 20, 4, thin));
    assert!(gathered.last() < at_once.last(), "{gathered:?} {at_once:?}");
    let now = Timestamp::from_millis(1_210_000);
    let window = with.recompute(now).map.window_s().unwrap();
    assert!((2.0..=30.0).contains(&window) && window > 3.0, "{window}");
    assert_eq!(without.recompute(now).map.window_s(), None);
    // Where cars are plenty nobody is kept waiting, and the price is the flat one either way.
    let calm = run(&mut with, 1_220, 20, 1, Supply { idle: 40, soon_free: 30 });
    assert_eq!(calm.last(), Some(&1.0));
    assert!(with.recompute(Timestamp::from_millis(2_430_000)).map.window_s().unwrap() < 2.5);
}

#[test]
fn the_forecast_counts_where_little_was_seen() {
    let (mut book, cells) = book(SurgeConfig { warm_up_s: 0.0, ..SurgeConfig::default() });
    book.recompute(Timestamp(0));
    book.observe_supply(cells.iter().map(|c| (*c, Supply { idle: 0, soon_free: 2 })));
    book.expect_demand(cells.iter().map(|c| (*c, 6.0)));
    let map = book.recompute(Timestamp(10_000)).map;
    let seen = map.at(place(), Timestamp(10_000)).seen.unwrap();
    assert!(seen.demand_per_min > 4.0, "{seen:?}");
    book.expect_demand([]);
    let map = book.recompute(Timestamp(20_000)).map;
    assert!(map.at(place(), Timestamp(20_000)).seen.unwrap().demand_per_min < 0.1);
}

#[test]
fn orders_are_corrected_for_those_whom_the_price_kept_away() {
    let seen = |demand| {
        let (mut book, _) = book(SurgeConfig { demand, ..SurgeConfig::default() });
        run(&mut book, 0, 30, 4, Supply { idle: 1, soon_free: 40 });
        let now = Timestamp(1_800_000);
        book.recompute(now).map.at(place(), now).seen.unwrap().demand_per_min
    };
    assert!(seen(DemandSignal::Orders) > 1.5 * seen(DemandSignal::Quotes));
}

#[test]
fn small_movements_do_not_make_the_price_flicker() {
    let (mut book, _) = book(SurgeConfig::default());
    run(&mut book, 0, 20, 4, Supply { idle: 1, soon_free: 40 });
    let mut changes = 0;
    let cells: Vec<Cell> = book.cell_of(place()).disk(4).collect();
    for tick in 1..=60_i64 {
        for cell in &cells {
            book.observe_demand(cell.center(), 4);
        }
        let soon_free = if tick % 2 == 0 { 40 } else { 41 };
        book.observe_supply(cells.iter().map(|c| (*c, Supply { idle: 1, soon_free })));
        let middle = book.cell_of(place());
        let recomputed = book.recompute(Timestamp::from_millis((1_200 + tick * 10) * 1000));
        changes += recomputed.changes.iter().filter(|c| c.cell == middle).count();
    }
    assert!(changes <= 1, "{changes}");
}

#[test]
fn it_warms_up_before_it_prices() {
    let (mut book, _) = book(SurgeConfig::default());
    book.recompute(Timestamp(0));
    let map = book.recompute(Timestamp(59_000)).map;
    assert_eq!(map.at(place(), Timestamp(59_000)).basis, Basis::WarmingUp);
    let map = book.recompute(Timestamp(60_000)).map;
    assert_eq!(map.at(place(), Timestamp(60_000)).basis, Basis::Measured);
}

#[test]
fn every_number_out_of_range_is_named() {
    let config = SurgeConfig { gain: 2.0, speed_mps: f64::NAN, resolution: 15, ..SurgeConfig::default() };
    let error = SurgeBook::new(config).unwrap_err().to_string();
    assert!(["/gain", "/speed_mps", "/resolution"].iter().all(|f| error.contains(f)), "{error}");
}

proptest! {
    #[test]
    fn whatever_is_counted_multipliers_stay_in_bounds_and_changes_tell_all(
        counts in proptest::collection::vec((0..61_usize, 0..100_u32, 0..20_u32, 0..20_u32, -5_000..60_000_i64), 1..60),
    ) {
        let (mut book, cells) = book(SurgeConfig { warm_up_s: 0.0, ..SurgeConfig::default() });
        let (mut now, mut known) = (0, vec![Multiplier::ONE; cells.len()]);
        for (cell, riders, idle, soon_free, step_ms) in counts {
            book.observe_demand(cells[cell].center(), riders);
            book.observe_supply([(cells[cell], Supply { idle, soon_free })]);
            now += step_ms;
            let recomputed = book.recompute(Timestamp(now));
            for change in &recomputed.changes {
                let ix = cells.iter().position(|c| *c == change.cell).unwrap();
                prop_assert_eq!(known[ix], change.from);
                known[ix] = change.now.multiplier;
            }
            for (cell, known) in cells.iter().zip(&known) {
                let surge = recomputed.map.cell(*cell).unwrap();
                prop_assert_eq!(surge.multiplier, *known);
                prop_assert!((1.0..=5.0).contains(&surge.multiplier.get()));
                prop_assert_eq!(surge.multiplier.floor_to(50), surge.multiplier);
                prop_assert!(surge.demand_per_min.is_finite() && surge.pickup_s.is_finite());
            }
        }
    }
}
