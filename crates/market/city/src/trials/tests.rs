//! The queue by itself, on every store: one claim at a time, claims that run out, room made for new ones.
#![allow(clippy::unwrap_used)]

use doorstep_clock::Timestamp;
use doorstep_store::{Store, testing};

use super::records::{self, MIGRATIONS};
use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);

fn prepared() -> Prepared {
    Prepared {
        policies: ["one".to_owned(), "two".to_owned()],
        period: Some([NOON, NOON.plus_ms(60_000)]),
        requests: 3,
        cars: 2,
        fleet: None,
        seeds: 2,
        packed: vec![1, 2, 3],
    }
}

fn bounds(queue: usize, kept: usize) -> TrialsConfig {
    TrialsConfig { queue, kept, ..TrialsConfig::default() }
}

fn insert(
    store: &Store,
    tenant: &'static str,
    bounds: TrialsConfig,
    at: Timestamp,
) -> Result<TrialRecord, TrialsError> {
    store.write_blocking(move |tx| records::insert(tx, (tenant, "porto"), &prepared(), &bounds, at))
}

fn claim(store: &Store, owner: &'static str, at: Timestamp) -> Option<TrialRecord> {
    store.write_blocking(move |tx| records::claim(tx, &["porto".to_owned()], owner, at, 15_000)).unwrap()
}

#[test]
fn one_owner_at_a_time_and_a_dead_ones_work_is_taken_over() {
    for store in testing::stores(MIGRATIONS) {
        let first = insert(&store, "ten", bounds(8, 9), NOON).unwrap();
        let second = insert(&store, "ten", bounds(8, 9), NOON.plus_ms(1)).unwrap();
        assert_eq!(first.about.period, Some([NOON, NOON.plus_ms(60_000)]));
        assert_eq!(claim(&store, "p1", NOON).map(|t| t.id), Some(first.id.clone()), "the oldest first");
        assert_eq!(claim(&store, "p2", NOON).map(|t| t.id), Some(second.id.clone()));
        assert!(claim(&store, "p3", NOON.plus_ms(14_000)).is_none(), "both are claimed");

        // The first owner lives and says so; the second one is gone.
        let renew = |id: &str, owner: &'static str, at: Timestamp| {
            let id = id.to_owned();
            store.write_blocking(move |tx| records::renew(tx, &id, owner, 0.5, at)).unwrap()
        };
        assert!(renew(&first.id, "p1", NOON.plus_ms(30_000)));
        let taken = claim(&store, "p3", NOON.plus_ms(16_000)).unwrap();
        assert_eq!(taken.id, second.id);
        assert!(!renew(&second.id, "p2", NOON.plus_ms(99_000)), "it is another's now");
        let end = |id: &str, owner: &'static str| {
            let id = id.to_owned();
            store.write_blocking(move |tx| records::end(tx, &id, owner, None, NOON)).unwrap()
        };
        assert!(!end(&second.id, "p2") && end(&second.id, "p3"), "only the owner's result counts");

        let id = first.id.clone();
        store.write_blocking(move |tx| records::give_back(tx, &id, "p1")).unwrap();
        assert_eq!(claim(&store, "p4", NOON).map(|t| t.id), Some(first.id.clone()), "what is given back waits again");
        let id = first.id.clone();
        store.write_blocking(move |tx| records::cancel(tx, "ten", "porto", &id, NOON)).unwrap();
        assert!(!renew(&first.id, "p4", NOON), "its runner hears that it was called off");
    }
}

#[test]
fn the_queue_is_bounded_by_tenant_and_old_results_make_room() {
    for store in testing::stores(MIGRATIONS) {
        let at = |ms: i64| NOON.plus_ms(ms);
        insert(&store, "ten", bounds(2, 2), at(0)).unwrap();
        insert(&store, "ten", bounds(2, 2), at(1)).unwrap();
        let full = insert(&store, "ten", bounds(2, 2), at(2)).unwrap_err();
        assert!(matches!(full, TrialsError::QueueFull { limit: 2 }), "{full}");
        insert(&store, "other", bounds(2, 2), at(3)).unwrap();
        for ms in 4..8 {
            let claimed = claim(&store, "p", at(ms)).map(|t| t.id);
            if let Some(id) = claimed {
                store.write_blocking(move |tx| records::end(tx, &id, "p", Some("why"), NOON)).unwrap();
            }
        }
        insert(&store, "ten", bounds(2, 2), at(9)).unwrap();
        let (all, next) = store.read_blocking(|tx| records::list(tx, ("ten", "porto"), None, 10)).unwrap();
        let states: Vec<_> = all.iter().map(|t| (t.state, t.problem.as_deref())).collect();
        assert_eq!(states, [(TrialState::Queued, None), (TrialState::Failed, Some("why"))]);
        assert!(next.is_none());
        let (others, _) = store.read_blocking(|tx| records::list(tx, ("other", "porto"), None, 10)).unwrap();
        assert_eq!(others.len(), 1, "each tenant has its own");
        let files = store.read_blocking(|tx| tx.query("SELECT backtest FROM backtest_files", &[])).unwrap();
        assert_eq!(files.len(), 3, "files go with their backtest");
    }
}

#[test]
fn both_policies_are_judged_at_once() {
    let source = |text: &str| PolicySource::Toml(text.to_owned());
    let json = |text: &str| serde_json::from_str::<PolicySource>(text).unwrap();
    let new = |a, b| NewTrial {
        a,
        b,
        input: TrialInput::Tables { requests: String::new(), taxis: String::new() },
        fleet: None,
        seeds: 2,
        first_seed: 1,
        assumptions: crate::backtest::Assumptions::default(),
    };
    let told = new(source("seats = 0"), json(r#"{"seats": 61, "name": null}"#)).policies().unwrap_err().to_string();
    for field in ["/a/seats", "/b/seats", "/b/name"] {
        assert!(told.contains(field), "{told}");
    }
    // The same policy in both spellings.
    let text =
        "name = \"x\"\nseats = 3\nbatch_s = 2.5\n[dispatch]\nkind = \"pooled\"\n[surge]\non = true\ngain = 0.3\n";
    let same = r#"{"name":"x","seats":3,"batch_s":2.5,"dispatch":{"kind":"pooled"},"surge":{"on":true,"gain":0.3}}"#;
    let [one, two] = new(source(text), json(same)).policies().unwrap();
    assert_eq!(one.in_words(), two.in_words());
    assert_eq!(format!("{:?}", one.surge), format!("{:?}", two.surge));
}
