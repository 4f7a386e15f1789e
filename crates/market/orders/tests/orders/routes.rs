//! Drivers with several orders: places, seats, kept stops, and the way from the tables before.

use doorstep_orders::{
    Actor, Command, DriverRoute, MIGRATIONS, NewOrder, Order, OrderId, OrdersError, RouteStop, SharePromise, Shift,
    State,
};
use doorstep_store::{Migration, Store, testing};

use crate::setting::{CITY, NOON, Setting, TENANT, rider, settings};

const PROMISE: SharePromise = SharePromise { max_wait_ms: 300_000, max_delay_ms: 600_000 };

async fn shared(s: &Setting, seats: u8) -> Order {
    let quote = s.quote_for(seats, Some(PROMISE), NOON);
    let share = quote.share.unwrap();
    assert_eq!(share.fare.minor + share.split.discount.minor, quote.fare.minor);
    let order =
        s.orders.create(TENANT, &quote.token, NewOrder { share: true, ..rider() }, Actor::Rider, NOON).await.unwrap();
    let kept = s.orders.price(TENANT, order.id).await.unwrap();
    assert_eq!((order.fare, kept.price.total, &kept.price.parts), (share.fare, share.fare, &share.parts));
    assert_eq!(share.split.payout.total(), share.fare.minor);
    order
}

async fn give(s: &Setting, id: OrderId, command: Command) -> Result<Order, OrdersError> {
    let dispatch = matches!(command, Command::Assign { .. } | Command::Reassign { .. });
    let actor = if dispatch { Actor::Dispatcher } else { Actor::Driver };
    s.orders.command(TENANT, id, command, actor, None, NOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_has_room_for_so_many_and_a_car_for_so_many_seats() {
    for s in settings().await {
        let (lee, kim) = (s.driver("Lee").await, s.driver("Kim").await);
        let d = lee.id;
        let assign = || Command::Assign { driver: lee.reference(), pickup_eta_ms: Some(60_000), room: 3 };
        let (two, three, alone, late) =
            (shared(&s, 2).await.id, shared(&s, 3).await.id, s.order(NOON).await.id, s.order(NOON).await.id);
        for id in [two, three, alone] {
            let order = give(&s, id, assign()).await.unwrap();
            assert_eq!((order.state, order.route, order.holder()), (State::Accepted, Some(3), Some(d)));
        }
        assert!(matches!(give(&s, late, assign()).await, Err(OrdersError::DriverBusy { order: Some(_), .. })));

        for id in [two, three, alone] {
            give(&s, id, Command::Arrive { driver: d }).await.unwrap();
        }
        give(&s, two, Command::Pickup { driver: d }).await.unwrap();
        for id in [three, alone] {
            let full = give(&s, id, Command::Pickup { driver: d }).await.unwrap_err();
            assert!(matches!(full, OrdersError::CarFull { seats: 4, taken: 2, .. }), "{full}");
        }
        give(&s, two, Command::Complete { driver: d }).await.unwrap();
        give(&s, alone, Command::Pickup { driver: d }).await.unwrap();
        let full = give(&s, three, Command::Pickup { driver: d }).await.unwrap_err();
        assert!(matches!(full, OrdersError::CarFull { taken: 4, .. }), "who rides alone has the whole car: {full}");

        // The car is at the door: that rider stays. One who is on the way may change the car.
        let reassign = || Command::Reassign { driver: kim.reference(), pickup_eta_ms: None, room: 3 };
        assert!(matches!(give(&s, three, reassign()).await, Err(OrdersError::Refused(_))));
        let moved = give(&s, late, assign()).await.unwrap();
        assert_eq!(moved.searching_since, NOON);
        let moved = give(&s, late, reassign()).await.unwrap();
        assert_eq!((moved.holder(), moved.state, moved.reassigned), (Some(kim.id), State::Accepted, 1));
        assert_eq!(moved.searching_since, NOON, "the promise does not begin anew");
        give(&s, three, Command::Release { driver: Some(d), reason: doorstep_orders::ReassignReason::DriverCancelled })
            .await
            .unwrap();

        let busy = s.orders.set_shift(TENANT, d, Shift::Offline, None, NOON).await.unwrap_err();
        assert!(matches!(busy, OrdersError::DriverBusy { order: Some(id), .. } if id == alone));
        give(&s, alone, Command::Complete { driver: d }).await.unwrap();
        give(&s, three, Command::Assign { driver: kim.reference(), pickup_eta_ms: None, room: 3 }).await.unwrap();
        let off = s.orders.set_shift(TENANT, kim.id, Shift::Offline, None, NOON).await.unwrap();
        assert_eq!(off.released.iter().map(|o| o.state).collect::<Vec<_>>(), [State::Searching; 2]);
        let held = s.store.read(|tx| tx.query("SELECT driver FROM driver_orders", &[])).await.unwrap();
        let ours = |who: String| who == d.to_string() || who == kim.id.to_string();
        assert!(!held.iter().any(|row| ours(row.text("driver").unwrap())));
    }
}

/// Many orders reach for one route at once: the primary key lets in as many as there is room for.
#[tokio::test(flavor = "multi_thread")]
async fn a_race_for_the_places_of_one_route_fills_them_and_no_more() {
    for s in settings().await {
        let lee = s.driver("Lee").await;
        let mut races = Vec::new();
        for _ in 0..10 {
            let (orders, id) = (s.orders.clone(), shared(&s, 1).await.id);
            let assign = Command::Assign { driver: lee.reference(), pickup_eta_ms: None, room: 4 };
            races.push(tokio::spawn(async move {
                orders.command(TENANT, id, assign, Actor::Dispatcher, None, NOON).await.is_ok()
            }));
        }
        let mut won = 0;
        for race in races {
            won += usize::from(race.await.unwrap());
        }
        assert_eq!(won, 4);
        let beyond = s.store.write(|tx| {
            tx.execute(
                "INSERT INTO driver_orders (driver, place, order_id, seats, aboard) VALUES ('drv', 16, 'ord', 1, 0)",
                &[],
            )
            .map(|_| ())
        });
        assert!(beyond.await.is_err(), "no driver has more places than the check allows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sharing_is_refused_where_the_quote_does_not_offer_it() {
    for s in settings().await {
        let token = s.quote(NOON).token;
        let new = NewOrder { share: true, ..rider() };
        let refused = s.orders.create(TENANT, &token, new, Actor::Rider, NOON).await.unwrap_err();
        assert!(matches!(refused, OrdersError::InvalidField { field: "/share", .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_are_kept_and_forgotten() {
    for s in settings().await {
        let (lee, order) = (s.driver("Lee").await.id, shared(&s, 1).await.id);
        let stop = |pickup| RouteStop { order, pickup };
        let write = async |stops: Vec<RouteStop>| {
            let route = DriverRoute { driver: lee, stops };
            s.orders.write(move |orders, tx| orders.write_route_in(tx, CITY, &route, NOON)).await.unwrap();
        };
        let read = async || s.orders.read(|orders, tx| orders.routes_in(tx, CITY)).await.unwrap();
        write(vec![stop(true), stop(false)]).await;
        write(vec![stop(false)]).await;
        assert_eq!(read().await, [DriverRoute { driver: lee, stops: vec![stop(false)] }]);
        write(Vec::new()).await;
        assert_eq!(read().await, []);
    }
}

/// A store of the time when a driver had one order, and one to follow.
#[tokio::test(flavor = "multi_thread")]
async fn holds_of_before_become_places() {
    let before: Vec<Migration> = doorstep_identity::MIGRATIONS.iter().chain(&MIGRATIONS[..4]).copied().collect();
    let all: Vec<Migration> = doorstep_identity::MIGRATIONS.iter().chain(MIGRATIONS).copied().collect();
    for database in testing::TestDatabase::each() {
        let store = Store::open(database.url(), &before).unwrap();
        store
            .write(|tx| {
                for (id, state) in [("ord_a", "on_trip"), ("ord_b", "accepted")] {
                    tx.execute(
                        "INSERT INTO orders (id, tenant, city, state, open, version, quote_id, body)
                         VALUES ($1, 'ten', 'c', $2, 1, 1, $1, '{}')",
                        &[id.into(), state.into()],
                    )?;
                }
                tx.execute("INSERT INTO driver_holds (driver, order_id) VALUES ('drv_1', 'ord_a')", &[])?;
                tx.execute("INSERT INTO driver_next (driver, order_id) VALUES ('drv_1', 'ord_b')", &[])?;
                tx.execute("INSERT INTO driver_holds (driver, order_id) VALUES ('drv_2', 'ord_b')", &[]).map(|_| ())
            })
            .await
            .unwrap();
        drop(store);
        let store = Store::open(database.url(), &all).unwrap();
        let sql = "SELECT driver, place, order_id, aboard FROM driver_orders ORDER BY driver, place";
        let rows = store.read(move |tx| tx.query(sql, &[])).await.unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|r| {
                (
                    r.text("driver").unwrap(),
                    r.int("place").unwrap(),
                    r.text("order_id").unwrap(),
                    r.int("aboard").unwrap(),
                )
            })
            .collect();
        let row = |d: &str, place, o: &str, aboard| (d.to_owned(), place, o.to_owned(), aboard);
        assert_eq!(found, [row("drv_1", 0, "ord_a", 1), row("drv_1", 1, "ord_b", 0), row("drv_2", 0, "ord_b", 0)]);
    }
}
