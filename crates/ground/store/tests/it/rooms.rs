//! Outbox, leases, idempotency, settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use doorstep_clock::Timestamp;
use doorstep_store::idempotency::{self, Answer};
use doorstep_store::{StoreError, kv, lease, outbox};
use serde_json::json;

use super::stores;

const T0: Timestamp = Timestamp(1_700_000_000_000);

#[tokio::test]
async fn outbox_rows_leave_only_by_their_numbers() {
    for store in stores() {
        store
            .write(|tx| {
                for n in 0..1200 {
                    outbox::append(tx, "orders.porto", "order.created", &format!("ord_{n}"), &json!({"n": n}), T0)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let rows = store.read(|tx| outbox::take(tx, 1000)).await.unwrap();
        assert_eq!(rows.len(), 1000);
        assert!(rows.windows(2).all(|w| w[0].seq < w[1].seq));
        assert_eq!((rows[7].key.as_str(), &rows[7].payload, rows[7].at), ("ord_7", &json!({"n": 7}), T0));
        // Leave one out: it must still be there although later ones are gone.
        let gone: Vec<i64> = rows.iter().map(|r| r.seq).filter(|s| *s != rows[3].seq).collect();
        assert_eq!(store.write(move |tx| outbox::delete_through(tx, &gone)).await.unwrap(), 999);
        let left = store.read(|tx| outbox::take(tx, 1000)).await.unwrap();
        assert_eq!((left.len(), left[0].key.as_str()), (201, "ord_3"));
        assert_eq!(store.read(outbox::waiting).await.unwrap(), 201);
        // Numbers are never used again, even when the table was emptied.
        let top = left[200].seq;
        store
            .write(|tx| {
                tx.execute("DELETE FROM outbox", &[])?;
                outbox::append(tx, "s", "k", "x", &json!(null), T0)
            })
            .await
            .unwrap();
        assert!(store.read(|tx| outbox::take(tx, 1)).await.unwrap()[0].seq > top);
    }
}

#[tokio::test]
async fn each_stream_can_have_its_own_relay() {
    for store in stores() {
        store
            .write(|tx| {
                for n in 0..6 {
                    let stream = if n % 2 == 0 { "orders.porto" } else { "orders.lyon" };
                    outbox::append(tx, stream, "k", &n.to_string(), &json!(n), T0)?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let rows = store.read(|tx| outbox::take_stream(tx, "orders.lyon", 2)).await.unwrap();
        assert_eq!(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["1", "3"]);
    }
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_rising_epoch() {
    for store in stores() {
        let first = store.write(|tx| lease::acquire(tx, "city/porto", "a", 5_000, T0)).await.unwrap();
        assert_eq!((first.epoch, first.expires), (1, T0.plus_ms(5_000)));
        let held = store.write(|tx| lease::acquire(tx, "city/porto", "b", 5_000, T0.plus_ms(4_999))).await;
        match held.unwrap_err() {
            StoreError::LeaseHeld { by, until, .. } => assert_eq!((by.as_str(), until), ("a", T0.plus_ms(5_000))),
            other => panic!("{other}"),
        }
        let lease = first.clone();
        let first = store.write(move |tx| lease::renew(tx, &lease, 5_000, T0.plus_ms(3_000))).await.unwrap();
        assert_eq!(first.expires, T0.plus_ms(8_000));
        let second = store.write(|tx| lease::acquire(tx, "city/porto", "b", 5_000, T0.plus_ms(8_000))).await.unwrap();
        assert_eq!(second.epoch, 2);
        for lost in [first.clone(), lease::Lease { epoch: 1, ..second.clone() }] {
            let (again, fence) = (lost.clone(), lost.clone());
            let error = store.write(move |tx| lease::renew(tx, &again, 5_000, T0)).await.unwrap_err();
            assert!(matches!(error, StoreError::LeaseLost { epoch: 1, .. }));
            assert!(store.write(move |tx| lease::check(tx, &fence)).await.is_err());
            store.write(move |tx| lease::release(tx, &lost)).await.unwrap();
        }
        let (fence, done) = (second.clone(), second.clone());
        store.write(move |tx| lease::check(tx, &fence)).await.unwrap();
        store.write(move |tx| lease::release(tx, &done)).await.unwrap();
        let third = store.write(|tx| lease::acquire(tx, "city/porto", "c", 5_000, T0)).await.unwrap();
        assert_eq!(third.epoch, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rivals_for_a_lease_get_it_once() {
    for store in stores() {
        let mut rivals = tokio::task::JoinSet::new();
        for n in 0..16 {
            let store = store.clone();
            rivals.spawn(async move {
                store.write(move |tx| lease::acquire(tx, "one", &format!("p{n}"), 1_000, T0)).await.is_ok()
            });
        }
        assert_eq!(rivals.join_all().await.into_iter().filter(|won| *won).count(), 1);
    }
}

fn answer(n: u32) -> Answer {
    Answer { status: 201, body: json!({ "n": n }).to_string(), replayed: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_act_once_and_get_one_answer() {
    for store in stores() {
        let runs = Arc::new(AtomicU32::new(0));
        let mut requests = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (store, runs) = (store.clone(), Arc::clone(&runs));
            requests.spawn(async move {
                store
                    .write(move |tx| {
                        idempotency::once(tx, "ten_1/key_1", "K", b"hash", T0, 60_000, &mut |tx| {
                            std::thread::sleep(std::time::Duration::from_millis(20));
                            tx.execute("INSERT INTO notes(id, n) VALUES ('acted', 1)", &[])?;
                            Ok::<_, StoreError>(answer(runs.fetch_add(1, Ordering::Relaxed)))
                        })
                    })
                    .await
                    .unwrap()
            });
        }
        let answers = requests.join_all().await;
        assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1, "{:?}", store.backend());
        assert!(answers.iter().all(|a| a.status == 201 && a.body == answers[0].body));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_request_its_scope_and_its_time() {
    for store in stores() {
        let ask = |scope: &'static str, hash: &'static [u8], at: Timestamp, n: u32| {
            store.write(move |tx| {
                idempotency::once(tx, scope, "K", hash, at, 1_000, &mut |_| Ok::<_, StoreError>(answer(n)))
            })
        };
        assert_eq!(ask("a", b"1", T0, 1).await.unwrap(), answer(1));
        assert_eq!(ask("a", b"1", T0, 2).await.unwrap(), Answer { replayed: true, ..answer(1) });
        let other = ask("a", b"2", T0, 3).await.unwrap_err();
        assert!(matches!(&other, StoreError::IdempotencyMismatch { key } if key == "K"));
        assert_eq!(ask("b", b"2", T0, 4).await.unwrap(), answer(4));
        // After its time the key is free, swept or not.
        assert_eq!(ask("a", b"2", T0.plus_ms(1_000), 5).await.unwrap(), answer(5));
        assert_eq!(store.write(|tx| idempotency::sweep(tx, T0.plus_ms(1_500))).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_failed_first_try_leaves_the_key_free() {
    for store in stores() {
        let failed = store
            .write(|tx| idempotency::once(tx, "s", "K", b"1", T0, 1_000, &mut |_| Err::<Answer, _>(StoreError::Closed)))
            .await;
        assert!(failed.is_err());
        let second = store
            .write(|tx| idempotency::once(tx, "s", "K", b"1", T0, 1_000, &mut |_| Ok::<_, StoreError>(answer(1))))
            .await
            .unwrap();
        assert!(!second.replayed);
    }
}

#[tokio::test]
async fn settings_keep_json() {
    for store in stores() {
        let got: Option<Vec<u8>> = store.read(|tx| kv::get(tx, "k")).await.unwrap();
        assert_eq!(got, None);
        store.write(|tx| kv::put(tx, "k", &vec![1_u8, 2])).await.unwrap();
        let held = store.write(|tx| kv::put_if_absent(tx, "k", &vec![9_u8])).await.unwrap();
        assert_eq!(held, vec![1, 2]);
        let wrong = store.read(|tx| kv::get::<String>(tx, "k")).await.unwrap_err();
        assert!(wrong.to_string().contains("setting k"), "{wrong}");
        assert!(store.write(|tx| kv::remove(tx, "k")).await.unwrap());
        assert!(!store.write(|tx| kv::remove(tx, "k")).await.unwrap());
    }
}
