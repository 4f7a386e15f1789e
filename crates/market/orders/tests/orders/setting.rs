//! A store with drivers and a way to quotes, for every store that is there.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_identity::Signer;
use doorstep_money::Currency;
use doorstep_orders::{
    Actor, CarProfile, Command, Driver, MIGRATIONS, NewDriver, NewOrder, Order, Orders, Quote, QuoteInput, RideNeeds,
    RideWishes, RiderRef, SharePromise, SharedRide, WomenRides,
};
use doorstep_pricing::{SurgeMap, Tariff, Trip, price};
use doorstep_store::{Migration, Store, testing};

pub(crate) const TENANT: &str = "ten_main";
pub(crate) const CITY: &str = "manhattan";
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);

pub(crate) struct Setting {
    pub(crate) orders: Orders,
    pub(crate) store: Store,
}

/// One setting per store.
pub(crate) async fn settings() -> Vec<Setting> {
    let migrations: Vec<Migration> = doorstep_identity::MIGRATIONS.iter().chain(MIGRATIONS).copied().collect();
    let mut all = Vec::new();
    for store in testing::stores(&migrations) {
        let signer = Arc::new(Signer::load_or_create(&store).await.unwrap());
        all.push(Setting { orders: Orders::new(store.clone(), signer), store });
    }
    all
}

pub(crate) fn point(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).unwrap()
}

pub(crate) fn rider() -> NewOrder {
    NewOrder { rider: RiderRef { name: "Ada".to_owned(), reference: Some("r-1".to_owned()) }, note: None, share: false }
}

impl Setting {
    pub(crate) fn quote(&self, now: Timestamp) -> Quote {
        self.quote_for(1, None, now)
    }

    pub(crate) fn quote_for(&self, seats: u8, share: Option<SharePromise>, now: Timestamp) -> Quote {
        self.orders.quote(Self::asked(seats, share, now), now).unwrap()
    }

    pub(crate) fn asked(seats: u8, share: Option<SharePromise>, now: Timestamp) -> QuoteInput {
        let (pickup, dropoff) = (point(40.75, -73.98), point(40.71, -74.0));
        let trip = Trip { pickup, dropoff, distance_m: 4_000, trip_ms: 600_000, at: now, route: Vec::new() };
        let book = Tariff::standard(Currency::USD, "America/New_York").compile().unwrap();
        let price = price(&book, &SurgeMap::off(), &trip);
        let share = share.map(|promise| {
            let shared = price.shared(&book).unwrap();
            let terms = book.share_terms().unwrap();
            SharedRide { payout: shared.payout(&book), price: shared, promise, terms }
        });
        QuoteInput {
            tenant: TENANT.to_owned(),
            city: CITY.to_owned(),
            pickup,
            dropoff,
            pickup_node: 1,
            dropoff_node: 2,
            seats,
            needs: RideNeeds::default(),
            wishes: RideWishes::default(),
            trip_ms: 600_000,
            distance_m: 4_000,
            pickup_eta_ms: Some(90_000),
            price,
            share,
        }
    }

    pub(crate) async fn order(&self, now: Timestamp) -> Order {
        let token = self.quote(now).token;
        self.orders.create(TENANT, &token, rider(), Actor::Rider, now).await.unwrap()
    }

    pub(crate) async fn driver(&self, name: &str) -> Driver {
        self.driver_of(name, CarProfile::default(), WomenRides::None).await
    }

    pub(crate) async fn driver_of(&self, name: &str, car: CarProfile, women_rides: WomenRides) -> Driver {
        let (city, plate) = (CITY.to_owned(), format!("T-{name}"));
        let new = NewDriver { city, name: name.to_owned(), plate, seats: 4, car, women_rides };
        self.orders.register_driver(TENANT, new, NOON).await.unwrap()
    }

    pub(crate) fn offer(driver: &Driver, now: Timestamp) -> Command {
        Command::Offer { driver: driver.reference(), expires_at: now.plus_ms(15_000), pickup_eta_ms: Some(60_000) }
    }
}
