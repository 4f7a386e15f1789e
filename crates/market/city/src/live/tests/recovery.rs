//! Coming back after a sudden end, and taking over from another process.

use doorstep_journal::NewRecord;
use doorstep_orders::{Actor, Command, NewOrder, RiderRef, Shift, State};
use doorstep_store::outbox;

use crate::live::tests::sandbox::{Sandbox, Street, TENANT, corner, reports, until};
use crate::live::{LiveError, Wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_city_dropped_without_a_word_goes_on_from_its_store() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city("grid", "one").await;
        let a = city.driver("A", corner(0, 0)).await.id;
        let b = city.driver("B", corner(9, 9)).await.id;
        let accepted = city.ride(corner(1, 0), corner(1, 5)).await;
        let offered = city.ride(corner(9, 8), corner(5, 5)).await;
        sandbox.advance(5);
        assert_eq!(city.reaches(accepted.id, State::Offered).await.holder(), Some(a));
        assert_eq!(city.reaches(offered.id, State::Offered).await.holder(), Some(b));
        city.drive(accepted.id, Command::Accept { driver: a }).await;
        let searching = city.ride(corner(5, 5), corner(1, 1)).await;
        drop(city);

        let city = sandbox.city("grid", "one").await;
        assert!(city.is_owner());
        assert_eq!((city.stats(TENANT).requests, city.stats(TENANT).waiting), (3, 3));
        assert_eq!(city.driver_live(a).unwrap().state, "en_route");
        assert_eq!(city.driver_live(b).unwrap().state, "offered");
        for command in [Command::Arrive { driver: a }, Command::Pickup { driver: a }, Command::Complete { driver: a }] {
            city.drive(accepted.id, command).await;
        }
        assert!(
            city.report_positions(TENANT, &reports(&[(a, corner(1, 5)), (b, corner(9, 9))])).iter().all(Result::is_ok)
        );
        until("A to be free", async || (city.driver_live(a).unwrap().state == "idle").then_some(())).await;
        sandbox.advance(5);
        assert_eq!(city.reaches(searching.id, State::Offered).await.holder(), Some(a));
        city.drive(offered.id, Command::Accept { driver: b }).await;

        until("the outbox to be empty", async || {
            (sandbox.store.read(outbox::waiting).await.unwrap() == 0).then_some(())
        })
        .await;
        let records = city.journal().read(&city.stream(), 0, 1_000).unwrap();
        for id in [accepted.id, offered.id, searching.id] {
            let order = city.orders().get(TENANT, id).await.unwrap();
            let versions: Vec<i64> = records
                .iter()
                .filter(|r| r.key == id.to_string())
                .map(|r| serde_json::from_slice::<serde_json::Value>(&r.payload).unwrap()["version"].as_i64().unwrap())
                .collect();
            assert_eq!(versions, (1..=order.version).collect::<Vec<_>>());
        }
    }
}

/// The process died between the journal and the outbox: the rows are in both.
#[tokio::test(flavor = "multi_thread")]
async fn rows_already_in_the_journal_are_not_doubled() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city("grid", "one").await;
        let token = city.quote(TENANT, &Wanted::plain(corner(1, 1), corner(5, 5), 1)).unwrap().quote.token;
        let stream = city.stream();
        let now = city.clock().now();
        city.shutdown().await;
        drop(city);
        let new = NewOrder { rider: RiderRef { name: "Ada".to_owned(), reference: None }, note: None, share: false };
        let order = sandbox.orders.create(TENANT, &token, new, Actor::Rider, now).await.unwrap();
        sandbox
            .orders
            .command(TENANT, order.id, Command::Cancel { reason: "no".to_owned() }, Actor::Rider, None, now)
            .await
            .unwrap();
        let rows = sandbox.store.read(|tx| outbox::take(tx, 10)).await.unwrap();
        assert_eq!(rows.len(), 2);
        let first = &rows[0];
        let record = NewRecord {
            kind: first.kind.clone(),
            key: first.key.clone(),
            at: first.at,
            payload: first.payload.to_string().into_bytes().into(),
            dedupe: u64::try_from(first.seq).ok(),
        };
        sandbox.journal.append(&stream, vec![record]).await.unwrap();

        let city = sandbox.city("grid", "two").await;
        until("the outbox to be empty", async || {
            (sandbox.store.read(outbox::waiting).await.unwrap() == 0).then_some(())
        })
        .await;
        let kinds: Vec<String> = city.journal().read(&stream, 0, 10).unwrap().into_iter().map(|r| r.kind).collect();
        assert_eq!(kinds, ["requested", "cancelled"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_stands_by_and_takes_over() {
    for sandbox in Sandbox::each().await {
        let first = sandbox.city("grid", "one").await;
        let second = sandbox.city("grid", "two").await;
        assert!(first.is_owner() && !second.is_owner());
        assert!(
            matches!(second.quote(TENANT, &Wanted::plain(corner(1, 0), corner(5, 0), 1)), Err(LiveError::NotOwner { owner, .. }) if owner == "one")
        );
        let d = first.driver("Lee", corner(0, 0)).await.id;
        let order = first.ride(corner(1, 0), corner(5, 0)).await;
        sandbox.wall.advance(std::time::Duration::from_secs(3));
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        drop(first);
        sandbox.wall.advance(std::time::Duration::from_secs(11));
        until("the second to take over", async || second.is_owner().then_some(())).await;
        sandbox.advance(5);
        assert_eq!(second.reaches(order.id, State::Offered).await.holder(), Some(d));
        second.shutdown().await;
        assert!(!second.is_owner());
        let third = sandbox.city("grid", "three").await;
        assert!(third.is_owner());
    }
}

/// An owner that slept through its lease writes nothing and steps back.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_lost_its_lease_stops() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let d = city.driver("Lee", corner(0, 0)).await.id;
    let now = doorstep_clock::Clock::now(&sandbox.wall).plus_ms(3_600_000);
    let lease = sandbox
        .store
        .write(move |tx| doorstep_store::lease::acquire(tx, "city:grid", "thief", 3_600_000, now))
        .await
        .unwrap();
    assert_eq!(lease.owner, "thief");
    let order = city.ride(corner(1, 0), corner(5, 0)).await;
    sandbox.clock.advance(std::time::Duration::from_secs(5));
    until("the owner to step back", async || (!city.is_owner()).then_some(())).await;
    assert_eq!(sandbox.orders.get(TENANT, order.id).await.unwrap().state, State::Searching);
    assert!(matches!(city.set_shift(TENANT, d, Shift::Offline, None).await, Err(LiveError::NotOwner { .. })));
}

/// A change whose news never reached the loop is found by comparing with the store.
#[tokio::test(flavor = "multi_thread")]
async fn lost_news_is_found_in_the_store() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let d = city.driver("Lee", corner(0, 0)).await.id;
    let order = city.ride(corner(1, 0), corner(5, 0)).await;
    sandbox.advance(5);
    city.reaches(order.id, State::Offered).await;
    let now = city.clock().now();
    sandbox
        .orders
        .command(TENANT, order.id, Command::Cancel { reason: "no".to_owned() }, Actor::Rider, None, now)
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(city.driver_live(d).unwrap().state, "offered");
    sandbox.wall.advance(std::time::Duration::from_secs(16));
    until("the driver to be free", async || (city.driver_live(d).unwrap().state == "idle").then_some(())).await;
    assert_eq!(city.stats(TENANT).cancelled, 1);
}
