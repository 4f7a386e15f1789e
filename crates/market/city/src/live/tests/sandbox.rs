//! A small city: ten by ten corners 200 m apart, 30 s from corner to corner.

use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{ManualClock, SharedClock, Timestamp};
use doorstep_geo::{BoundingBox, Point, destination};
use doorstep_identity::Signer;
use doorstep_journal::{Journal, Options};
use doorstep_money::Currency;
use doorstep_orders::{
    Actor, CarProfile, Command, Driver, DriverId, NewDriver, NewOrder, Order, OrderId, Orders, RiderRef, Shift, State,
    WomenRides,
};
use doorstep_pricing::{SurgeConfig, Tariff};
use doorstep_roads::{ArcRow, NodeIx, RoadClass, RoadGraph, Roads};
use doorstep_store::testing::TestDatabase;
use doorstep_store::{Migration, Store};

use crate::live::{CityClock, CityMap, CityRoads, LiveCity, LiveConfig, PositionReport, Wanted};

pub(crate) const TENANT: &str = "ten_main";
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);
const SIDE: u32 = 10;

/// Corner of street `x` and avenue `y`.
pub(crate) fn corner(x: u32, y: u32) -> Point {
    let origin = Point::new(40.70, -74.0).unwrap();
    let east = destination(origin, 90.0, f64::from(x) * 200.0);
    destination(east, 0.0, f64::from(y) * 200.0)
}

pub(crate) fn grid() -> RoadGraph {
    let points: Vec<(i64, Point)> = (0..SIDE * SIDE).map(|n| (i64::from(n), corner(n % SIDE, n / SIDE))).collect();
    let mut arcs = Vec::new();
    let mut street = |tail: NodeIx, head: NodeIx| {
        for (tail, head) in [(tail, head), (head, tail)] {
            arcs.push(ArcRow {
                tail,
                head,
                length_m: 200.0,
                time_ms: 30_000,
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

pub(crate) fn map(id: &str) -> CityMap {
    let roads = Roads::build(grid());
    let bbox = BoundingBox::of([corner(0, 0), corner(SIDE - 1, SIDE - 1)]).unwrap();
    CityMap {
        id: id.to_owned(),
        name: "Grid".to_owned(),
        currency: Currency::USD,
        time_zone: "America/New_York".to_owned(),
        bbox,
        roads: CityRoads::fixed(roads),
        tariff: Arc::new(Tariff::standard(Currency::USD, "America/New_York").compile().unwrap()),
        surge: SurgeConfig::default(),
        snap_m: 300.0,
    }
}

/// Everything a city needs that outlives it.
pub(crate) struct Sandbox {
    pub(crate) clock: ManualClock,
    pub(crate) wall: ManualClock,
    pub(crate) store: Store,
    pub(crate) orders: Orders,
    pub(crate) journal: Journal,
    _dir: tempfile::TempDir,
    _database: TestDatabase,
}

impl Sandbox {
    /// One per kind of store.
    pub(crate) async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for database in TestDatabase::each() {
            all.push(Self::on(database).await);
        }
        all
    }

    pub(crate) async fn new() -> Self {
        Self::on(TestDatabase::sqlite()).await
    }

    async fn on(database: TestDatabase) -> Self {
        let migrations: Vec<Migration> =
            doorstep_identity::MIGRATIONS.iter().chain(doorstep_orders::MIGRATIONS).copied().collect();
        let store = Store::open(database.url(), &migrations).unwrap();
        let signer = Arc::new(Signer::load_or_create(&store).await.unwrap());
        let dir = tempfile::tempdir().unwrap();
        let wall = ManualClock::new(NOON);
        let shared: SharedClock = Arc::new(wall.clone());
        let journal = Journal::open(dir.path(), Options::default(), shared).unwrap();
        Self {
            clock: ManualClock::new(NOON),
            wall,
            orders: Orders::new(store.clone(), signer),
            store,
            journal,
            _dir: dir,
            _database: database,
        }
    }

    pub(crate) async fn city(&self, id: &str, owner: &str) -> LiveCity {
        self.city_with(id, owner, LiveConfig::default()).await
    }

    pub(crate) async fn city_with(&self, id: &str, owner: &str, config: LiveConfig) -> LiveCity {
        self.city_on(map(id), owner, config).await
    }

    pub(crate) async fn city_on(&self, map: CityMap, owner: &str, config: LiveConfig) -> LiveCity {
        let clock = CityClock::Real(Arc::new(self.clock.clone()));
        LiveCity::start(
            map,
            config,
            clock,
            Arc::new(self.wall.clone()),
            self.orders.clone(),
            self.journal.clone(),
            owner,
        )
        .await
        .unwrap()
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        doorstep_clock::Clock::now(&self.clock)
    }

    /// City and wall go on together.
    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.wall.advance(Duration::from_secs(seconds));
    }

    /// Time goes on in steps while these drivers keep reporting where they stand.
    pub(crate) async fn advance_reporting(&self, city: &LiveCity, seconds: u64, drivers: &[(DriverId, Point)]) {
        for _ in 0..seconds {
            self.advance(1);
            for answer in city.report_positions(TENANT, &reports(drivers)) {
                answer.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

pub(crate) fn reports(drivers: &[(DriverId, Point)]) -> Vec<PositionReport> {
    drivers
        .iter()
        .map(|(driver, point)| PositionReport {
            driver: *driver,
            point: *point,
            at: None,
            bearing_deg: None,
            speed_mps: None,
        })
        .collect()
}

/// Waits for something the loop will do.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain: {what}");
}

/// What riders and drivers do through the handle.
pub(crate) trait Street {
    async fn driver(&self, name: &str, at: Point) -> Driver;
    async fn ride(&self, from: Point, to: Point) -> Order;
    async fn drive(&self, order: OrderId, command: Command) -> Order;
    async fn reaches(&self, order: OrderId, state: State) -> Order;
}

impl Street for LiveCity {
    async fn driver(&self, name: &str, at: Point) -> Driver {
        let (city, name, plate) = (self.id().to_owned(), name.to_owned(), format!("T-{name}"));
        let (car, women_rides) = (CarProfile::default(), WomenRides::None);
        let new = NewDriver { city, name, plate, seats: 4, car, women_rides };
        let driver = self.orders().register_driver(TENANT, new, self.clock().now()).await.unwrap();
        self.set_shift(TENANT, driver.id, Shift::Online, Some(at)).await.unwrap()
    }

    async fn ride(&self, from: Point, to: Point) -> Order {
        let answer = self.quote(TENANT, &Wanted::plain(from, to, 1)).unwrap();
        let new = NewOrder { rider: RiderRef { name: "Ada".to_owned(), reference: None }, note: None, share: false };
        self.create(TENANT, &answer.quote.token, new, Actor::Rider).await.unwrap()
    }

    async fn drive(&self, order: OrderId, command: Command) -> Order {
        self.command(TENANT, order, command, Actor::Driver, None).await.unwrap()
    }

    async fn reaches(&self, order: OrderId, state: State) -> Order {
        until(&format!("{order} to be {state}"), async || {
            let now = self.orders().get(TENANT, order).await.unwrap();
            (now.state == state).then_some(now)
        })
        .await
    }
}
