//! Whole rides, refusals, races, pages, shifts.

use doorstep_identity::Signer;
use doorstep_orders::{Actor, Command, DriverFilter, EventKind, OrderFilter, OrdersError, Refusal, Shift, State};
use doorstep_store::{idempotency, outbox};

use crate::setting::{CITY, NOON, Setting, TENANT, rider, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_leaves_events_and_outbox_rows_and_frees_its_driver() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let order = s.order(NOON).await;
        let id = order.id;
        let d = driver.id;
        let steps = [
            (Setting::offer(&driver, NOON), Actor::Dispatcher),
            (Command::Accept { driver: d }, Actor::Driver),
            (Command::Depart { driver: d }, Actor::Driver),
            (Command::Arrive { driver: d }, Actor::Driver),
            (Command::Pickup { driver: d }, Actor::Driver),
            (Command::Complete { driver: d }, Actor::Driver),
        ];
        for (n, (command, actor)) in (1..).zip(steps) {
            let after = s.orders.command(TENANT, id, command, actor, Some(n), NOON.plus_ms(n * 1_000)).await.unwrap();
            assert_eq!(after.version, n + 1);
        }
        let events = s.orders.events(TENANT, id, 0, 100).await.unwrap();
        let kinds: Vec<EventKind> = events.iter().map(|e| e.kind).collect();
        assert_eq!(
            kinds,
            [
                EventKind::Requested,
                EventKind::Offered,
                EventKind::Accepted,
                EventKind::Arriving,
                EventKind::Arrived,
                EventKind::PickedUp,
                EventKind::Completed
            ]
        );
        assert_eq!(s.orders.events(TENANT, id, 5, 100).await.unwrap().len(), 2);
        let rows = s.store.read(|tx| outbox::take(tx, 100)).await.unwrap();
        assert_eq!(rows.len(), 7);
        assert!(rows.iter().all(|r| r.stream == "orders.manhattan" && r.key == id.to_string()));
        assert_eq!(rows[6].payload["order"]["state"], "completed");

        let next = s.order(NOON).await;
        s.orders.command(TENANT, next.id, Setting::offer(&driver, NOON), Actor::Dispatcher, None, NOON).await.unwrap();
        let totals = s.orders.read(|o, tx| o.totals_in(tx, CITY)).await.unwrap();
        assert_eq!(totals.keys().collect::<Vec<_>>(), [TENANT]);
        let totals = totals[TENANT];
        assert_eq!((totals.requests, totals.served, totals.picked_up, totals.wait_ms), (2, 1, 1, 5_000));
        let story = s.orders.driver_story(TENANT, d, 100).await.unwrap();
        assert_eq!(story.len(), 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_orders_that_want_one_driver_at_once_get_one() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let mut races = Vec::new();
        for _ in 0..8 {
            let order = s.order(NOON).await;
            let (orders, offer) = (s.orders.clone(), Setting::offer(&driver, NOON));
            races.push(tokio::spawn(async move {
                orders.command(TENANT, order.id, offer, Actor::Dispatcher, None, NOON).await
            }));
        }
        let mut won = 0;
        for race in races {
            match race.await.unwrap() {
                Ok(order) => {
                    won += 1;
                    assert_eq!(order.state, State::Offered);
                }
                Err(OrdersError::DriverBusy { order: Some(_), .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_accepts_at_once_exactly_one_wins() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let order = s.order(NOON).await;
        s.orders.command(TENANT, order.id, Setting::offer(&driver, NOON), Actor::Dispatcher, None, NOON).await.unwrap();
        let mut races = Vec::new();
        for _ in 0..8 {
            let (orders, command) = (s.orders.clone(), Command::Accept { driver: driver.id });
            races.push(tokio::spawn(async move {
                orders.command(TENANT, order.id, command, Actor::Driver, None, NOON).await
            }));
        }
        let mut won = 0;
        for race in races {
            match race.await.unwrap() {
                Ok(_) => won += 1,
                Err(OrdersError::Refused(Refusal::Illegal { from: State::Accepted, .. })) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(s.orders.events(TENANT, order.id, 0, 100).await.unwrap().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_expire_and_make_one_order_and_belong_to_their_tenant() {
    for s in settings().await {
        let quote = s.quote(NOON);
        let late = quote.expires_at.plus_ms(1);
        let expired = s.orders.create(TENANT, &quote.token, rider(), Actor::Rider, late).await.unwrap_err();
        assert!(matches!(expired, OrdersError::QuoteExpired { .. }));
        let foreign = s.orders.create("ten_other", &quote.token, rider(), Actor::Rider, NOON).await.unwrap_err();
        assert!(matches!(foreign, OrdersError::QuoteForeign { .. }));
        let order = s.orders.create(TENANT, &quote.token, rider(), Actor::Rider, NOON).await.unwrap();
        assert_eq!(order.fare, quote.fare);
        let again = s.orders.create(TENANT, &quote.token, rider(), Actor::Rider, NOON).await.unwrap_err();
        assert!(matches!(again, OrdersError::QuoteUsed { order: Some(id), .. } if id == order.id));
        let nameless = doorstep_orders::NewOrder {
            rider: doorstep_orders::RiderRef { name: " ".to_owned(), reference: None },
            note: None,
            share: false,
        };
        let refused = s.orders.create(TENANT, &s.quote(NOON).token, nameless, Actor::Rider, NOON).await.unwrap_err();
        assert!(matches!(refused, OrdersError::InvalidField { field: "/rider/name", .. }));
    }
}

/// Every single-letter change of a token, over the whole token.
#[tokio::test(flavor = "multi_thread")]
async fn an_altered_quote_never_passes() {
    for s in settings().await {
        let token = s.quote(NOON).token;
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).unwrap();
            let refused = s.orders.create(TENANT, &altered, rider(), Actor::Rider, NOON).await.unwrap_err();
            assert!(matches!(refused, OrdersError::QuoteAltered { .. }), "letter {at}: {refused}");
        }
        for altered in ["", ".", "v1..", &token[..token.len() - 1], &format!("{token}A")] {
            let refused = s.orders.create(TENANT, altered, rider(), Actor::Rider, NOON).await.unwrap_err();
            assert!(matches!(refused, OrdersError::QuoteAltered { .. }), "{altered}: {refused}");
        }
        let other: Signer = {
            let store = doorstep_store::testing::memory(doorstep_identity::MIGRATIONS);
            Signer::load_or_create(&store).await.unwrap()
        };
        let foreign = other.sign("rides.quote", &serde_json::json!({"fare": 1}));
        assert!(matches!(
            s.orders.create(TENANT, &foreign, rider(), Actor::Rider, NOON).await,
            Err(OrdersError::QuoteAltered { .. })
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_order_once() {
    for s in settings().await {
        let mut made = Vec::new();
        for n in 0..25 {
            made.push(s.order(NOON.plus_ms(n)).await.id);
        }
        made.reverse();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let filter = OrderFilter {
                city: Some(CITY.to_owned()),
                open: true,
                rider: Some("r-1".to_owned()),
                ..OrderFilter::default()
            };
            let page = s.orders.list(TENANT, filter, cursor, 7).await.unwrap();
            seen.extend(page.items.iter().map(|o| o.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, made);
        let bad = s.orders.list(TENANT, OrderFilter::default(), Some("' OR 1=1".to_owned()), 7).await.unwrap_err();
        assert!(matches!(bad, OrdersError::BadCursor { .. }));
        assert!(s.orders.list("ten_other", OrderFilter::default(), None, 7).await.unwrap().items.is_empty());
        assert!(matches!(s.orders.get("ten_other", made[0]).await, Err(OrdersError::NotFound { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_shift_gives_the_order_back_but_not_with_the_rider_aboard() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let d = driver.id;
        let place = crate::setting::point(40.75, -73.98);
        let online = s.orders.set_shift(TENANT, d, Shift::Online, Some(place), NOON).await.unwrap();
        assert_eq!((online.driver.shift, online.driver.position), (Shift::Online, Some(place)));
        let order = s.order(NOON).await;
        s.orders.command(TENANT, order.id, Setting::offer(&driver, NOON), Actor::Dispatcher, None, NOON).await.unwrap();
        let rest = s.orders.set_shift(TENANT, d, Shift::Break, None, NOON).await.unwrap();
        assert_eq!(rest.released[0].state, State::Searching);

        for command in [Setting::offer(&driver, NOON), Command::Accept { driver: d }, Command::Arrive { driver: d }] {
            let actor = if matches!(command, Command::Offer { .. }) { Actor::Dispatcher } else { Actor::Driver };
            s.orders.command(TENANT, order.id, command, actor, None, NOON).await.unwrap();
        }
        let off = s.orders.set_shift(TENANT, d, Shift::Offline, None, NOON).await.unwrap();
        let released = &off.released[0];
        assert_eq!((released.state, released.reassigned), (State::Searching, 1));

        for command in [
            Setting::offer(&driver, NOON),
            Command::Accept { driver: d },
            Command::Arrive { driver: d },
            Command::Pickup { driver: d },
        ] {
            let actor = if matches!(command, Command::Offer { .. }) { Actor::Dispatcher } else { Actor::Driver };
            s.orders.command(TENANT, order.id, command, actor, None, NOON).await.unwrap();
        }
        let refused = s.orders.set_shift(TENANT, d, Shift::Offline, None, NOON).await.unwrap_err();
        assert!(matches!(refused, OrdersError::DriverBusy { order: Some(id), .. } if id == order.id));
        let listed = s
            .orders
            .list_drivers(TENANT, DriverFilter { city: Some(CITY.to_owned()), shift: Some(Shift::Offline) }, None, 10)
            .await
            .unwrap();
        assert_eq!(listed.items.len(), 1);
        assert_eq!(s.orders.read(|o, tx| o.on_shift_in(tx, CITY)).await.unwrap().len(), 0);
    }
}

/// The tx form inside `once`: one order however often the same request comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_makes_one_order() {
    for s in settings().await {
        let token = s.quote(NOON).token;
        let mut calls = Vec::new();
        for _ in 0..6 {
            let (orders, token) = (s.orders.clone(), token.clone());
            calls.push(tokio::spawn(async move {
                orders
                    .write(move |orders, tx| {
                        idempotency::once(tx, "ten_main/key_1", "abc", b"hash", NOON, 86_400_000, &mut |tx| {
                            let order = orders.create_in(tx, TENANT, &token, &rider(), Actor::Rider, NOON)?;
                            Ok::<_, OrdersError>(idempotency::Answer {
                                status: 201,
                                body: serde_json::to_string(&order.view()).unwrap(),
                                replayed: false,
                            })
                        })
                    })
                    .await
            }));
        }
        let mut bodies = std::collections::HashSet::new();
        for call in calls {
            bodies.insert(call.await.unwrap().unwrap().body);
        }
        assert_eq!(bodies.len(), 1);
        assert_eq!(s.orders.list(TENANT, OrderFilter::default(), None, 10).await.unwrap().items.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_next_ride_waits_behind_the_one_that_is_driven() {
    for s in settings().await {
        let driver = s.driver("Lee").await;
        let d = driver.id;
        let give = async |id, command, actor| s.orders.command(TENANT, id, command, actor, None, NOON).await;
        let first = s.order(NOON).await.id;
        give(first, Setting::offer(&driver, NOON), Actor::Dispatcher).await.unwrap();
        for command in [Command::Accept { driver: d }, Command::Arrive { driver: d }] {
            give(first, command, Actor::Driver).await.unwrap();
        }
        let early = s.order(NOON).await.id;
        let refused = give(early, Setting::offer(&driver, NOON), Actor::Dispatcher).await.unwrap_err();
        assert!(matches!(refused, OrdersError::DriverBusy { order: Some(id), .. } if id == first), "{refused}");
        give(first, Command::Pickup { driver: d }, Actor::Driver).await.unwrap();

        // Many want to be next while the trip ends: one gets in, before the end or after it.
        let mut races = Vec::new();
        for n in 0..8 {
            let (orders, offer, id) = (s.orders.clone(), Setting::offer(&driver, NOON), s.order(NOON).await.id);
            races.push(tokio::spawn(async move {
                if n == 4 {
                    let complete = Command::Complete { driver: d };
                    orders.command(TENANT, first, complete, Actor::Driver, None, NOON).await.unwrap();
                }
                (id, orders.command(TENANT, id, offer, Actor::Dispatcher, None, NOON).await.is_ok())
            }));
        }
        let mut next = Vec::new();
        for race in races {
            let (id, won) = race.await.unwrap();
            next.extend(won.then_some(id));
        }
        assert_eq!(next.len(), 1);
        give(next[0], Command::Accept { driver: d }, Actor::Driver).await.unwrap();

        // Behind it another, which begins when the one before it is over and not sooner.
        for command in [Command::Arrive { driver: d }, Command::Pickup { driver: d }] {
            give(next[0], command, Actor::Driver).await.unwrap();
        }
        give(early, Setting::offer(&driver, NOON), Actor::Dispatcher).await.unwrap();
        give(early, Command::Accept { driver: d }, Actor::Driver).await.unwrap();
        let refused = give(early, Command::Depart { driver: d }, Actor::Driver).await.unwrap_err();
        assert!(matches!(refused, OrdersError::DriverBusy { order: Some(id), .. } if id == next[0]), "{refused}");
        let refused = s.orders.set_shift(TENANT, d, Shift::Offline, None, NOON).await.unwrap_err();
        assert!(matches!(refused, OrdersError::DriverBusy { .. }), "{refused}");
        give(next[0], Command::Complete { driver: d }, Actor::Driver).await.unwrap();
        give(early, Command::Depart { driver: d }, Actor::Driver).await.unwrap();
        let change = s.orders.set_shift(TENANT, d, Shift::Offline, None, NOON).await.unwrap();
        assert_eq!(change.released.iter().map(|order| order.id).collect::<Vec<_>>(), [early]);
        let held = s.store.read(|tx| tx.query("SELECT driver FROM driver_orders", &[])).await.unwrap();
        assert!(!held.iter().any(|row| row.text("driver").unwrap() == d.to_string()));
    }
}
