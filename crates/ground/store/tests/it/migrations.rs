//! Schema changes across restarts, mistakes and rival processes.

use doorstep_store::testing::TestDatabase;
use doorstep_store::{Migration, Store, StoreError};

const FIRST: Migration = Migration::same("m/0001_a", "CREATE TABLE a(id BIGINT PRIMARY KEY)");
const SECOND: Migration = Migration::same("m/0002_b", "ALTER TABLE a ADD COLUMN b TEXT");

fn tables(store: &Store) -> i64 {
    store
        .read_blocking(|tx| {
            tx.query("SELECT COUNT(*) AS n FROM doorstep_migrations WHERE id LIKE 'm/%'", &[])?[0].int("n")
        })
        .unwrap()
}

#[test]
fn each_is_applied_once_and_in_order() {
    for database in TestDatabase::each() {
        assert_eq!(tables(&Store::open(database.url(), &[FIRST]).unwrap()), 1);
        assert_eq!(tables(&Store::open(database.url(), &[FIRST, SECOND]).unwrap()), 2);
        let store = Store::open(database.url(), &[FIRST, SECOND]).unwrap();
        store.write_blocking(|tx| tx.execute("INSERT INTO a(id, b) VALUES (1, 'x')", &[])).unwrap();
    }
}

#[test]
fn a_changed_one_is_refused_by_name() {
    for database in TestDatabase::each() {
        drop(Store::open(database.url(), &[FIRST]).unwrap());
        let edited = Migration::same(FIRST.id, "CREATE TABLE a(id BIGINT PRIMARY KEY, c TEXT)");
        let error = Store::open(database.url(), &[edited, SECOND]).unwrap_err();
        assert!(matches!(&error, StoreError::MigrationChanged { id } if id == "m/0001_a"), "{error}");
        // Nothing else was applied meanwhile.
        assert_eq!(tables(&Store::open(database.url(), &[FIRST]).unwrap()), 1);
    }
}

#[test]
fn a_failing_one_leaves_nothing_behind() {
    for database in TestDatabase::each() {
        let broken = Migration::same("m/0002_b", "CREATE TABLE c(id BIGINT); CREATE TABLE a(id BIGINT)");
        let error = Store::open(database.url(), &[FIRST, broken]).unwrap_err();
        assert!(matches!(&error, StoreError::Migration { id, .. } if id == "m/0002_b"), "{error}");
        let repaired = Migration::same("m/0002_b", "CREATE TABLE c(id BIGINT)");
        assert_eq!(tables(&Store::open(database.url(), &[FIRST, repaired]).unwrap()), 2);
    }
}

#[test]
fn an_id_used_twice_is_refused() {
    let error = Store::open("sqlite::memory:", &[FIRST, FIRST]).unwrap_err();
    assert!(matches!(error, StoreError::MigrationRepeated { .. }));
}

#[test]
fn rivals_starting_together_agree() {
    for database in TestDatabase::each() {
        let openers: Vec<_> = (0..4)
            .map(|_| {
                let url = database.url().to_owned();
                std::thread::spawn(move || Store::open(&url, &[FIRST, SECOND]))
            })
            .collect();
        let stores: Vec<Store> = openers.into_iter().map(|t| t.join().unwrap().unwrap()).collect();
        assert_eq!(tables(&stores[0]), 2);
    }
}

#[test]
fn an_unusable_address_says_why_without_the_password() {
    let error = Store::open("postgres://u:secret@127.0.0.1:1/none", &[]).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }));
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = Store::open("sqlite:///dev/null/x/store.db", &[]).unwrap_err();
    assert!(error.to_string().contains("folder"), "{error}");
}
