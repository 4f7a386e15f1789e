//! Whatever way entries come in, and however often: the same accounts, and sums that are those of their records.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::PriceBook;

const BOOKS: [&str; 2] = [
    r#"{"name":"a","currency":"USD","from":"2026-11-01T00:00:00Z",
        "speeds":[{"name":"standard","cores":2,"priority":5,"factor":"1"},{"name":"fast","cores":8,"priority":9,"factor":"1.7"}],
        "prices":{"query_cpu":{"price":"0.05","free":"0.001"},"query_scan":{"price":"3.3333"},
            "requests_read":{"price":"0.0004","tiers":[{"above":"2","price":"0.0003"}]}}}"#,
    r#"{"name":"b","currency":"USD","from":"2026-11-15T00:00:00Z",
        "speeds":[{"name":"standard","cores":2,"priority":5,"factor":"1"}],
        "prices":{"query_cpu":{"price":"0.07"},"requests_read":{"price":"0.000000001"}}}"#,
];

fn books() -> Books {
    Books::new(BOOKS.iter().map(|text| PriceBook::read(text).unwrap()))
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let start = Timestamp::parse("2026-11-10T00:00:00Z").unwrap();
    let used = (0..12_u8, 0..2_u8, 0_u64..30_000, 0_u64..1 << 40, 0..3_u8, any::<bool>(), 0..30_i64).prop_map(
        move |(id, tenant, cpu, scan, outcome, fast, day)| {
            let outcome = [Outcome::Done, Outcome::Cancelled, Outcome::Failed][outcome as usize];
            let usage = Usage::new(format!("qry_{id}"), format!("t{tenant}"), start.plus_ms(day * 86_400_000))
                .amount(Resource::QueryCpu, cpu)
                .amount(Resource::QueryScan, scan)
                .at_speed(if fast { "fast" } else { "standard" })
                .ended(outcome);
            Entry::Used { usage, reservation: None }
        },
    );
    let counted = (0..2_u8, 0..3_u8, 1_i64..900, 0..200_i64).prop_map(move |(tenant, source, quantity, hours)| {
        let (tenant, source) = (format!("t{tenant}"), format!("b{source}"));
        let at = start.plus_ms(hours * 1_234_567);
        Entry::Counted { tenant, source, resource: Resource::RequestsRead, quantity, at }
    });
    proptest::collection::vec(prop_oneof![used, counted], 0..60)
}

fn folded(entries: &[Entry]) -> Accounts {
    let (mut accounts, books) = (Accounts::default(), books());
    for entry in entries {
        accounts.apply(entry, &books).unwrap();
    }
    accounts
}

proptest! {
    /// A sum is the sum of its records: quantity, free quantity, money, count.
    #[test]
    fn sums_are_those_of_their_records(entries in entries()) {
        let accounts = folded(&entries);
        let mut again: BTreeMap<SumKey, (i64, i64, i64, i64)> = BTreeMap::new();
        for ((tenant, _, resource), row) in &accounts.rows {
            let sum = again.entry((tenant.clone(), Month::of(row.at), *resource, row.speed.clone())).or_default();
            if row.outcome.is_charged() { sum.0 += row.quantity } else { sum.1 += row.quantity; prop_assert_eq!(row.nanos, 0); }
            sum.2 += row.nanos;
            sum.3 += 1;
        }
        let sums: BTreeMap<SumKey, (i64, i64, i64, i64)> = accounts.sums.iter()
            .map(|(key, sum)| (key.clone(), (sum.quantity, sum.free, sum.nanos, sum.records)))
            .filter(|(_, sum)| sum.3 != 0).collect();
        prop_assert_eq!(sums, again);
    }

    /// Work that is told again changes nothing, whatever it says then.
    #[test]
    fn a_retry_is_never_charged_twice(entries in entries()) {
        let used: Vec<Entry> = entries.into_iter().filter(|e| matches!(e, Entry::Used { .. })).collect();
        let once = folded(&used);
        let mut twice = once.clone();
        for entry in used.iter().rev() {
            twice.apply(entry, &books()).unwrap();
        }
        // What failed only ever may have been done in the second telling; nothing else may move.
        let failed_then_done = |key: &RowKey| {
            once.rows[key].outcome == Outcome::Failed && twice.rows[key].outcome.is_charged()
        };
        prop_assert!(once.rows.keys().all(|key| !failed_then_done(key)));
        prop_assert_eq!(&once.rows, &twice.rows);
        prop_assert_eq!(&once.sums, &twice.sums);
    }

    /// Where the stream is cut into batches does not matter: each sees only what it touches.
    #[test]
    fn batches_do_not_matter(entries in entries(), size in 1..9_usize) {
        let whole = folded(&entries);
        let (mut kept, books) = (Accounts::default(), books());
        for batch in entries.chunks(size) {
            let mut part = Accounts::default();
            for key in batch.iter().flat_map(touched) {
                part.rows.extend(kept.rows.get(&key).map(|row| (key, row.clone())));
            }
            let mut months: BTreeSet<(String, Month)> = batch.iter().filter_map(month).collect();
            months.extend(part.rows.iter().map(|((tenant, ..), row)| (tenant.clone(), Month::of(row.at))));
            part.sums.extend(kept.sums.iter()
                .filter(|((t, m, ..), _)| months.contains(&(t.clone(), *m))).map(|(k, s)| (k.clone(), s.clone())));
            for entry in batch {
                part.apply(entry, &books).unwrap();
            }
            kept.rows.extend(part.rows);
            kept.sums.extend(part.sums);
        }
        prop_assert_eq!(kept.rows, whole.rows);
        prop_assert_eq!(kept.sums, whole.sums);
    }
}

#[test]
fn work_that_failed_is_free_until_it_is_done() {
    let at = Timestamp::parse("2026-11-10T00:00:00Z").unwrap();
    let attempt = |outcome, cpu| Entry::Used {
        usage: Usage::new("job_1", "t", at).amount(Resource::QueryCpu, cpu).ended(outcome),
        reservation: Some("job_1".into()),
    };
    let key = ("t".to_owned(), "job_1".to_owned(), Resource::QueryCpu);
    let failed = folded(&[attempt(Outcome::Failed, 3_600_000)]);
    assert_eq!((failed.rows[&key].nanos, failed.rows[&key].quantity), (0, 3_600_000));
    let done =
        folded(&[attempt(Outcome::Failed, 3_600_000), attempt(Outcome::Done, 7_200_000), attempt(Outcome::Done, 9)]);
    assert_eq!((done.rows[&key].nanos, done.rows[&key].quantity, done.repeated), (99_950_000, 7_200_000, 1));
    assert_eq!(done.sums.values().next().map(|s| (s.quantity, s.free, s.records)), Some((7_200_000, 0, 1)));
    assert_eq!(done.released.len(), 1);
}
#[test]
fn what_is_too_large_changes_nothing() {
    let at = Timestamp::parse("2026-11-10T00:00:00Z").unwrap();
    let entry = |id: &str| Entry::Used {
        usage: Usage::new(id, "t", at).amount(Resource::QueryCpu, 1).amount(Resource::QueryScan, u64::MAX),
        reservation: None,
    };
    let mut accounts = folded(&[]);
    assert_eq!(
        accounts.apply(&entry("a"), &books()).and_then(|()| accounts.apply(&entry("b"), &books())),
        Err(MoneyError::TooLarge)
    );
    assert!(accounts.rows.keys().all(|(_, id, _)| id == "a"));
}
