//! What only a server can do to us: deadlocks, ended sessions, changed tables.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use doorstep_store::testing::TestDatabase;
use doorstep_store::{Store, StoreError, params};

use super::NOTES;

fn open() -> Option<(Store, TestDatabase)> {
    let database = TestDatabase::postgres()?;
    let store = Store::open(database.url(), NOTES).unwrap();
    store.write_blocking(|tx| tx.execute("INSERT INTO notes(id, n) VALUES ('a', 0), ('b', 0)", &[])).unwrap();
    Some((store, database))
}

#[test]
fn a_deadlock_is_run_again() {
    let Some((store, _database)) = open() else { return };
    let meet = Arc::new(Barrier::new(2));
    let runs = Arc::new(AtomicU32::new(0));
    let writers: Vec<_> = [["a", "b"], ["b", "a"]]
        .into_iter()
        .map(|order| {
            let (store, meet, runs) = (store.clone(), Arc::clone(&meet), Arc::clone(&runs));
            std::thread::spawn(move || {
                store.write_blocking(move |tx| {
                    for (step, id) in order.into_iter().enumerate() {
                        tx.execute("UPDATE notes SET n = n + 1 WHERE id = $1", params![id])?;
                        // The first run of each holds one row while asking for the other's.
                        if step == 0 && runs.fetch_add(1, Ordering::SeqCst) < 2 {
                            meet.wait();
                        }
                    }
                    Ok::<_, StoreError>(())
                })
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap().unwrap();
    }
    assert!(runs.load(Ordering::SeqCst) >= 3, "no deadlock was made");
    let total = store.read_blocking(|tx| tx.query("SELECT SUM(n) AS n FROM notes", &[])?[0].int("n")).unwrap();
    assert_eq!(total, 4);
}

#[test]
fn ended_sessions_are_replaced() {
    let Some(database) = TestDatabase::postgres() else { return };
    let name = format!("doomed-{}", std::process::id());
    let doomed = Store::open(&format!("{}&application_name={name}", database.url()), NOTES).unwrap();
    let healthy = Store::open(database.url(), NOTES).unwrap();
    for round in 0..5 {
        let name = name.clone();
        let ended = healthy
            .write_blocking(move |tx| {
                tx.query(
                    "SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE application_name = $1",
                    params![&name],
                )
            })
            .unwrap();
        assert!(!ended.is_empty());
        for n in 0..16 {
            doomed
                .write_blocking(move |tx| {
                    tx.execute("INSERT INTO notes(id, n) VALUES ($1, 1)", params![format!("{round}-{n}")])
                })
                .unwrap();
        }
    }
    let n = doomed.read_blocking(|tx| tx.query("SELECT COUNT(*) AS n FROM notes", &[])?[0].int("n")).unwrap();
    assert_eq!(n, 80);
}

#[test]
fn a_table_changed_by_another_process_is_prepared_anew() {
    let Some((store, _database)) = open() else { return };
    let read = |store: &Store| store.read_blocking(|tx| tx.query("SELECT * FROM notes ORDER BY id", &[])).unwrap();
    for _ in 0..16 {
        read(&store);
    }
    store.write_blocking(|tx| tx.execute("ALTER TABLE notes ADD COLUMN extra TEXT", &[])).unwrap();
    for _ in 0..16 {
        assert_eq!(read(&store)[0].opt_text("extra").unwrap(), None);
    }
}

#[test]
fn a_misfit_parameter_is_named() {
    let Some((store, _database)) = open() else { return };
    let error =
        store.write_blocking(|tx| tx.execute("UPDATE notes SET n = $1 WHERE id = $2", params![1, 2])).unwrap_err();
    assert!(error.to_string().contains("parameter $2") && error.to_string().contains("int value"), "{error}");
}
