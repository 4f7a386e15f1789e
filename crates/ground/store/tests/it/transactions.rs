//! Commit, rollback, values, errors, limits.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use doorstep_store::testing::{TestDatabase, memory};
use doorstep_store::{Backend, Constraint, Store, StoreError, StoreOptions, Tx, Value, params};

use super::{NOTES, stores};

#[derive(Debug, thiserror::Error)]
enum OwnError {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn insert(tx: &mut dyn Tx, id: &str, n: i64) -> Result<u64, StoreError> {
    tx.execute("INSERT INTO notes(id, n) VALUES ($1, $2)", params![id, n])
}

fn count(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    tx.query("SELECT COUNT(*) AS n FROM notes", &[])?[0].int("n")
}

#[tokio::test]
async fn a_result_commits_and_an_error_rolls_back() {
    for store in stores() {
        let changed = store.write(|tx| insert(tx, "kept", 1)).await.unwrap();
        assert_eq!(changed, 1);
        let refused: Result<(), OwnError> = store
            .write(|tx| {
                insert(tx, "dropped", 2)?;
                Err(OwnError::Refused)
            })
            .await;
        assert!(matches!(refused, Err(OwnError::Refused)));
        assert_eq!(store.read(count).await.unwrap(), 1);
        store.ping().await.unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_value_makes_the_round_trip() {
    for store in stores() {
        store
            .write(|tx| {
                // Placeholders out of order and repeated.
                tx.execute(
                    "INSERT INTO notes(raw, id, n, body, ratio) VALUES ($5, $1, $2, $4, $3)",
                    params!["all", i64::MAX, 0.1, "zażółć 'quoted' \"json\"", vec![0_u8, 255, 7]],
                )?;
                tx.execute("INSERT INTO notes(id, n, body) VALUES ($1, $2, $1)", params!["bare", 0])
            })
            .await
            .unwrap();
        let rows = store.read(|tx| tx.query("SELECT * FROM notes ORDER BY id", &[])).await.unwrap();
        assert_eq!(rows[0].int("n").unwrap(), i64::MAX);
        assert_eq!(rows[0].real("ratio").unwrap(), 0.1);
        assert_eq!(rows[0].text("body").unwrap(), "zażółć 'quoted' \"json\"");
        assert_eq!(rows[0].blob("raw").unwrap(), vec![0, 255, 7]);
        assert_eq!(rows[1].text("body").unwrap(), "bare");
        assert_eq!(rows[1].opt_real("ratio").unwrap(), None);
        assert_eq!(*rows[1].value("raw").unwrap(), Value::Null);
        let wrong = rows[1].int("body").unwrap_err().to_string();
        assert_eq!(wrong, "column `body`: wanted int, found text");
        assert!(rows[1].text("bod").unwrap_err().to_string().contains("columns id, n, ratio"));
        assert!(rows[1].real("ratio").unwrap_err().to_string().contains("found null"));
    }
}

#[tokio::test]
async fn sums_and_averages_have_the_same_kind_on_both() {
    for store in stores() {
        let row = store
            .write(|tx| {
                insert(tx, "a", 2)?;
                insert(tx, "b", 3)?;
                tx.query_opt(
                    "SELECT SUM(n) AS total, AVG(n) AS mean, MAX(n) AS top FROM notes WHERE n >= $1",
                    params![1],
                )
            })
            .await
            .unwrap()
            .unwrap();
        assert_eq!((row.int("total").unwrap(), row.real("mean").unwrap(), row.int("top").unwrap()), (5, 2.5, 3));
    }
}

#[tokio::test]
async fn broken_rules_are_named() {
    for store in stores() {
        store.write(|tx| insert(tx, "a", 1)).await.unwrap();
        let cases: [(&str, Constraint); 4] = [
            ("INSERT INTO notes(id, n) VALUES ('a', 1)", Constraint::Unique),
            ("INSERT INTO notes(id, n) VALUES ('b', NULL)", Constraint::NotNull),
            ("INSERT INTO notes(id, n) VALUES ('b', -1)", Constraint::Check),
            ("INSERT INTO lines(note, text) VALUES ('nobody', 'x')", Constraint::ForeignKey),
        ];
        for (sql, expected) in cases {
            let error = store.write(move |tx| tx.execute(sql, &[])).await.unwrap_err();
            match &error {
                StoreError::Constraint { kind, .. } => assert_eq!(*kind, expected, "{sql}"),
                other => panic!("{sql}: {other}"),
            }
            assert_eq!(error.is_unique_violation(), expected == Constraint::Unique);
        }
        let nothing = store
            .write(|tx| tx.execute("INSERT INTO notes(id, n) VALUES ('a', 1) ON CONFLICT DO NOTHING", &[]))
            .await
            .unwrap();
        assert_eq!(nothing, 0);
    }
}

#[tokio::test]
async fn a_caller_may_undo_a_part_with_a_savepoint_of_its_own() {
    for store in stores() {
        store
            .write(|tx| {
                insert(tx, "kept", 1)?;
                tx.execute("SAVEPOINT part", &[])?;
                insert(tx, "undone", 1)?;
                tx.execute("ROLLBACK TO SAVEPOINT part", &[])?;
                tx.execute("RELEASE SAVEPOINT part", &[])?;
                insert(tx, "kept too", 1)
            })
            .await
            .unwrap();
        assert_eq!(store.read(count).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_swallowed_failure_does_not_commit_half() {
    for store in stores() {
        let error = store
            .write(|tx| {
                insert(tx, "half", 1)?;
                let _ = tx.execute("INSERT INTO nowhere VALUES (1)", &[]);
                let next = insert(tx, "more", 1);
                assert!(matches!(next, Err(StoreError::Aborted { .. })));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap_err();
        assert!(matches!(&error, StoreError::Aborted { cause } if cause.contains("nowhere")), "{error}");
        assert_eq!(store.read(count).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn wrong_parameters_are_counted_out() {
    for store in stores() {
        let missing = store.write(|tx| tx.execute("UPDATE notes SET n = $1 WHERE id = $2", params![1])).await;
        assert!(missing.unwrap_err().to_string().starts_with("parameter $2 of `UPDATE notes"));
        let extra = store.write(|tx| tx.execute("UPDATE notes SET n = $1", params![1, 2])).await;
        assert!(extra.unwrap_err().to_string().contains("2 were given, the statement uses 1"));
    }
}

#[tokio::test]
async fn a_panic_is_contained() {
    for store in stores() {
        let error = store
            .write(|tx| -> Result<(), StoreError> {
                insert(tx, "lost", 1)?;
                panic!("by design {}", 7)
            })
            .await
            .unwrap_err();
        assert!(matches!(&error, StoreError::Panicked { message } if message == "by design 7"), "{error}");
        assert_eq!(store.read(count).await.unwrap(), 0);
        store.write(|tx| insert(tx, "after", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn reads_cannot_write() {
    let mut all = stores();
    let database = TestDatabase::sqlite();
    all.push(Store::open(database.url(), NOTES).unwrap());
    for store in all {
        let error = store.read(|tx| insert(tx, "a", 1)).await.unwrap_err();
        assert!(matches!(&error, StoreError::ReadOnly { statement } if statement.starts_with("INSERT")), "{error}");
        let sneaky = store.read(|tx| tx.query("DELETE FROM notes RETURNING id", &[])).await.unwrap_err();
        assert!(matches!(sneaky, StoreError::ReadOnly { .. }));
        assert_eq!(store.read(count).await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_lose_no_update() {
    let mut all = stores();
    let database = TestDatabase::sqlite();
    all.push(Store::open(database.url(), NOTES).unwrap());
    for store in all {
        store.write(|tx| insert(tx, "sum", 0)).await.unwrap();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..32 {
            let store = store.clone();
            writers.spawn(async move {
                for turn in 0..10 {
                    let refused: Result<(), OwnError> = store
                        .write(move |tx| {
                            tx.execute("UPDATE notes SET n = n + 1 WHERE id = 'sum'", &[])?;
                            // Refusals inside a shared commit must not touch their neighbours.
                            if (writer + turn) % 3 == 0 { Err(OwnError::Refused) } else { Ok(()) }
                        })
                        .await;
                    assert_eq!(refused.is_err(), (writer + turn) % 3 == 0);
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let expected = (0..32).flat_map(|w| (0..10).map(move |t| w + t)).filter(|s| s % 3 != 0).count();
        let n = store.read(|tx| tx.query("SELECT n FROM notes", &[])?[0].int("n")).await.unwrap();
        assert_eq!(n, expected as i64, "{:?}", store.backend());
    }
}

#[test]
fn a_full_queue_is_an_answer() {
    let options = StoreOptions { queue_limit: 2, readers: 1, connections: 1, ..StoreOptions::default() };
    for database in TestDatabase::each() {
        let store = Store::open_with(database.url(), NOTES, &options).unwrap();
        let (entered, wait_entered) = sync_channel::<()>(8);
        let (release, wait_release) = sync_channel::<()>(0);
        let wait_release = Arc::new(Mutex::new(wait_release));
        let blocked = std::thread::spawn({
            let store = store.clone();
            move || {
                store.write_blocking(move |_| {
                    entered.send(()).unwrap();
                    let _ = wait_release.lock().unwrap().recv();
                    Ok::<_, StoreError>(())
                })
            }
        });
        wait_entered.recv().unwrap();
        let queued: Vec<_> = (0..3)
            .map(|n| {
                let store = store.clone();
                std::thread::spawn(move || store.write_blocking(move |tx| insert(tx, &format!("q{n}"), 1)))
            })
            .collect();
        // Two fit; the third is refused at once, whatever the order.
        while queued.iter().filter(|t| t.is_finished()).count() == 0 {
            std::thread::yield_now();
        }
        release.send(()).unwrap();
        blocked.join().unwrap().unwrap();
        let refused: Vec<StoreError> = queued.into_iter().filter_map(|t| t.join().unwrap().err()).collect();
        assert_eq!(refused.len(), 1);
        assert!(matches!(refused[0], StoreError::Overloaded { limit: 2 }) && refused[0].is_temporary());
    }
}

#[test]
fn a_closure_may_hold_the_last_handle() {
    let store = memory(NOTES);
    let ran = Arc::new(AtomicU32::new(0));
    let (inner, counter) = (store.clone(), Arc::clone(&ran));
    let answer = std::thread::spawn(move || {
        let held = inner.clone();
        let result = inner.write_blocking(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok::<_, StoreError>(held.backend())
        });
        drop(inner);
        result
    });
    drop(store);
    assert_eq!(answer.join().unwrap().unwrap(), Backend::Sqlite);
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

#[test]
fn a_sqlite_reader_sees_one_snapshot_and_never_waits_for_the_writer() {
    let database = TestDatabase::sqlite();
    let store = Store::open(database.url(), NOTES).unwrap();
    store.write_blocking(|tx| insert(tx, "a", 1)).unwrap();
    let other = store.clone();
    let seen = store
        .read_blocking(move |tx| {
            let before = count(tx)?;
            let other = other.clone();
            let id = format!("b{before}");
            std::thread::spawn(move || other.write_blocking(move |tx| insert(tx, &id, 1))).join().unwrap()?;
            Ok::<_, StoreError>((before, count(tx)?))
        })
        .unwrap();
    assert_eq!(seen, (1, 1));
    assert_eq!(store.read_blocking(count).unwrap(), 2);
}
