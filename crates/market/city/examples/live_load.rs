//! A live city under load: positions pour in while quotes are asked for and orders are made.
//!
//! `cargo run --profile profiling -p doorstep-city --example live_load -- [seconds] [store url]`
//! prints how long quotes took beside 20,000 positions a second of 100,000 drivers, and how many
//! durable orders a second the store took. Without a URL a SQLite file in a temporary folder.

#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use doorstep_city::live::{CityClock, CityMap, CityRoads, LiveCity, LiveConfig, PositionReport, Wanted};
use doorstep_clock::{Environment, SharedClock, SystemClock, monotonic};
use doorstep_geo::{BoundingBox, Point, destination};
use doorstep_identity::Signer;
use doorstep_journal::{Journal, Options};
use doorstep_money::Currency;
use doorstep_orders::{Actor, CarProfile, DriverId, NewDriver, NewOrder, Orders, RiderRef, WomenRides};
use doorstep_pricing::{SurgeConfig, Tariff};
use doorstep_roads::{ArcRow, NodeIx, RoadClass, RoadGraph, Roads};
use doorstep_store::{Migration, Store};
use rand::RngExt;

const SIDE: u32 = 63;
const DRIVERS: usize = 100_000;
const POSITIONS_PER_S: usize = 20_000;
const CALLERS: usize = 64;
const TENANT: &str = "ten_load";

fn corner(x: f64, y: f64) -> Point {
    let east = destination(Point::new(40.70, -74.0).unwrap(), 90.0, x * 150.0);
    destination(east, 0.0, y * 150.0)
}

fn grid() -> RoadGraph {
    let points: Vec<(i64, Point)> =
        (0..SIDE * SIDE).map(|n| (i64::from(n), corner(f64::from(n % SIDE), f64::from(n / SIDE)))).collect();
    let mut arcs = Vec::new();
    let mut street = |tail: NodeIx, head: NodeIx| {
        for (tail, head) in [(tail, head), (head, tail)] {
            arcs.push(ArcRow {
                tail,
                head,
                length_m: 150.0,
                time_ms: 20_000,
                class: RoadClass::Residential,
                shape: Vec::new(),
                name: String::new(),
            });
        }
    };
    for y in 0..SIDE {
        for x in 0..SIDE {
            let here = y * SIDE + x;
            if x + 1 < SIDE {
                street(here, here + 1);
            }
            if y + 1 < SIDE {
                street(here, here + SIDE);
            }
        }
    }
    RoadGraph::build(&points, arcs).0
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(15, |s| s.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let url = arguments.next().unwrap_or_else(|| format!("sqlite://{}/load.db", dir.path().display()));
    let migrations: Vec<Migration> =
        doorstep_identity::MIGRATIONS.iter().chain(doorstep_orders::MIGRATIONS).copied().collect();
    let store = Store::open(&url, &migrations).unwrap();
    let signer = Arc::new(Signer::load_or_create(&store).await.unwrap());
    let wall: SharedClock = Arc::new(SystemClock);
    let journal = Journal::open(&dir.path().join("journal"), Options::default(), Arc::clone(&wall)).unwrap();
    let roads = Roads::build(grid());
    let map = CityMap {
        id: "load".to_owned(),
        name: "Load".to_owned(),
        currency: Currency::USD,
        time_zone: "UTC".to_owned(),
        bbox: BoundingBox::of([corner(0.0, 0.0), corner(f64::from(SIDE), f64::from(SIDE))]).unwrap(),
        roads: CityRoads::fixed(roads),
        tariff: Arc::new(Tariff::standard(Currency::USD, "America/New_York").compile().unwrap()),
        surge: SurgeConfig::default(),
        snap_m: 300.0,
    };
    let orders = Orders::new(store, signer);
    let city = LiveCity::start(
        map,
        LiveConfig { surge: true, ..LiveConfig::default() },
        CityClock::Real(Arc::clone(&wall)),
        Arc::clone(&wall),
        orders,
        journal,
        "load",
    )
    .await
    .unwrap();

    let environment = Environment { clock: wall, seed: 1 };
    let mut rng = environment.rng("places");
    let mut place =
        move || corner(rng.random::<f64>() * f64::from(SIDE - 1), rng.random::<f64>() * f64::from(SIDE - 1));
    let started = monotonic();
    let mut drivers: Vec<(DriverId, Point)> = Vec::with_capacity(DRIVERS);
    while drivers.len() < DRIVERS {
        let now = city.clock().now();
        let made = city
            .orders()
            .write(move |orders, tx| {
                let new = |n: usize| NewDriver {
                    city: "load".to_owned(),
                    name: format!("Driver {n}"),
                    plate: format!("L{n}"),
                    seats: 4,
                    car: CarProfile::default(),
                    women_rides: WomenRides::None,
                };
                (0..1_000).map(|n| orders.register_driver_in(tx, TENANT, &new(n), now)).collect::<Result<Vec<_>, _>>()
            })
            .await
            .unwrap();
        let placed: Vec<(DriverId, Point)> = made.iter().map(|d| (d.id, place())).collect();
        city.drivers_online(TENANT, placed.clone()).await.unwrap();
        drivers.extend(placed);
    }
    println!("{DRIVERS} drivers registered and online in {:.1} s", started.elapsed().as_secs_f64());

    let stop = Arc::new(AtomicBool::new(false));
    let flood = {
        let (city, stop) = (city.clone(), Arc::clone(&stop));
        std::thread::spawn(move || pour(&city, &drivers, &stop))
    };
    let end = monotonic() + Duration::from_secs(seconds);
    let mut times = Vec::new();
    while monotonic() < end {
        let (from, to) = (place(), place());
        let asked = monotonic();
        let answer = city.quote(TENANT, &Wanted::plain(from, to, 1));
        times.push(asked.elapsed());
        assert!(answer.is_ok() || from == to, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    println!(
        "quotes beside {:.0} positions/s: {} asked, p50 {:.3} ms, p99 {:.3} ms, worst {:.3} ms",
        city.stats(TENANT).positions_per_s,
        times.len(),
        percentile(&mut times, 50),
        percentile(&mut times, 99),
        percentile(&mut times, 100)
    );
    stop.store(true, Ordering::Relaxed);
    flood.join().unwrap();

    let made = Arc::new(AtomicU64::new(0));
    let started = monotonic();
    let end = started + Duration::from_secs(seconds);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (city, made, from, to) = (city.clone(), Arc::clone(&made), place(), place());
            tokio::spawn(async move {
                while monotonic() < end {
                    let token = city.quote(TENANT, &Wanted::plain(from, to, 1)).unwrap().quote.token;
                    let new = NewOrder {
                        rider: RiderRef { name: "Ada".to_owned(), reference: None },
                        note: None,
                        share: false,
                    };
                    city.create(TENANT, &token, new, Actor::Rider).await.unwrap();
                    made.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let rate = made.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    println!("durable orders by {CALLERS} callers, each with its own quote: {rate:.0}/s; {:?}", city.stats(TENANT));
}

/// Every driver reports every five seconds, in steps of ten milliseconds.
fn pour(city: &LiveCity, drivers: &[(DriverId, Point)], stop: &AtomicBool) {
    let step = POSITIONS_PER_S / 100;
    let started: Instant = monotonic();
    for (n, chunk) in (1_u32..).zip(drivers.chunks(step).cycle()) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let reports: Vec<PositionReport> = chunk
            .iter()
            .map(|(driver, point)| PositionReport {
                driver: *driver,
                point: *point,
                at: None,
                bearing_deg: None,
                speed_mps: None,
            })
            .collect();
        let refused = city.report_positions(TENANT, &reports).iter().filter(|a| a.is_err()).count();
        assert_eq!(refused, 0);
        std::thread::sleep((Duration::from_millis(10) * n).saturating_sub(started.elapsed()));
    }
}
