//! Measures surge and price on one core: `pricing_bench [CELLS]`.
#![allow(clippy::print_stdout)]

use std::hint::black_box;

use anyhow::Context as _;
use doorstep_clock::{SeededRng, Timestamp, monotonic};
use doorstep_geo::{Cell, Point};
use doorstep_pricing::{HeatBook, Supply, SurgeBook, SurgeConfig, Tariff, Trip, price};
use rand::RngExt as _;

const ROUNDS: usize = 50;
const PRICES: usize = 1_000_000;

/// A city's usual tariff: zones, an airport, a peak, tolls without a route, a legal cap.
const TARIFF: &str = r#"
name = "bench"
version = 1
currency = "USD"
time_zone = "America/New_York"
base = 250
per_km = 155
per_minute = 40
minimum = 700
booking_fee = 100
tax = { name = "Tax", permille = 89 }
times = [{ name = "Night", from = "20:00", to = "06:00", flat = 50 }]
zones = [{ id = "centre", polygon = [[[-74.03, 40.69], [-73.90, 40.69], [-73.90, 40.89], [-74.03, 40.89], [-74.03, 40.69]]] }]
zone_rules = [{ name = "Congestion", to = "centre", surcharge = 75 }]
airports = [{ name = "Airport", zone = "centre", pickup_fee = 0, max_multiplier = 4.0 }]

[surge]
law = "None."
caps = [{ name = "Emergency", law = "At most 2.", max_multiplier = 2.0, from = "2026-01-01T00:00:00Z" }]
"#;

fn main() -> anyhow::Result<()> {
    let wanted: usize = std::env::args().nth(1).map_or(Ok(50_000), |n| n.parse()).context("CELLS is a number")?;
    let mut rng = SeededRng::new(1, "pricing.bench");
    let mut book = SurgeBook::new(SurgeConfig { warm_up_s: 0.0, ..SurgeConfig::default() })?;
    let middle = book.cell_of(Point::new(40.75, -73.98)?);
    let rings = (0_u32..).find(|k| 3 * k * (k + 1) + 1 >= wanted as u32).context("too many cells")?;
    let cells: Vec<Cell> = middle.disk(rings).take(wanted).collect();
    cells.iter().for_each(|cell| book.watch(*cell));

    let (mut recompute_ms, mut heat_ms, mut map) = (Vec::new(), Vec::new(), None);
    let mut heat = HeatBook::default();
    for round in 0..ROUNDS {
        for cell in cells.iter().step_by(3) {
            book.observe_demand(cell.center(), rng.random_range(0..8));
        }
        let mut supply = |_: &Cell| Supply { idle: rng.random_range(0..4), soon_free: rng.random_range(0..6) };
        let cars: Vec<(Cell, Supply)> = cells.iter().map(|cell| (*cell, supply(cell))).collect();
        book.observe_supply(cars);
        let now = Timestamp::from_millis(1_767_300_000_000 + round as i64 * 60_000);
        let started = monotonic();
        let recomputed = book.recompute(now);
        recompute_ms.push(started.elapsed().as_secs_f64() * 1e3);
        let started = monotonic();
        heat.observe(&recomputed.map);
        black_box(heat.outlook(&recomputed.map));
        heat_ms.push(started.elapsed().as_secs_f64() * 1e3);
        map = Some(recomputed.map);
    }
    let map = map.context("at least one round")?;
    let surging = map.cells().filter(|(_, c)| c.multiplier.permille() > 1000).count();

    let tariff = Tariff::from_toml(TARIFF)?;
    let trips: Vec<Trip> = (0..4_096)
        .map(|_| Trip {
            pickup: cells[rng.random_range(0..cells.len())].center(),
            dropoff: cells[rng.random_range(0..cells.len())].center(),
            distance_m: rng.random_range(500..20_000),
            trip_ms: rng.random_range(60_000..3_600_000),
            at: map.as_of().plus_ms(rng.random_range(0..60_000)),
            route: Vec::new(),
        })
        .collect();
    let started = monotonic();
    for n in 0..PRICES {
        let trip = &trips[n % trips.len()];
        black_box(map.at(trip.pickup, trip.at));
    }
    let lookup_ns = started.elapsed().as_secs_f64() * 1e9 / PRICES as f64;
    let started = monotonic();
    for n in 0..PRICES {
        black_box(price(&tariff, &map, &trips[n % trips.len()]));
    }
    let price_ns = started.elapsed().as_secs_f64() * 1e9 / PRICES as f64;

    recompute_ms.sort_by(f64::total_cmp);
    heat_ms.sort_by(f64::total_cmp);
    let worst = |ms: &[f64]| ms.last().copied().unwrap_or_default();
    println!("| what | median | worst of {ROUNDS} |\n|---|---:|---:|");
    let (median, most) = (recompute_ms[ROUNDS / 2], worst(&recompute_ms));
    println!("| surge anew, {} cells ({surging} of them above 1) | {median:.1} ms | {most:.1} ms |", cells.len());
    let (median, most) = (heat_ms[ROUNDS / 2], worst(&heat_ms));
    println!("| heat map learned and made, the same cells | {median:.1} ms | {most:.1} ms |");
    println!("| multiplier of a place, {PRICES} times | {lookup_ns:.0} ns | |");
    println!("| whole price with its reason, {PRICES} times | {price_ns:.0} ns | |");
    Ok(())
}
