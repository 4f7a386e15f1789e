//! Records, counts and bills.

use doorstep_clock::Clock as _;
use doorstep_meter::{MeterError, Month, Outcome, RecordsQuery, Resource, UsageRecord, ledger};
use doorstep_money::{Currency, FineMoney, Money};

use crate::setting::Setting;

fn november() -> Month {
    "2026-11".parse().unwrap()
}

/// All records of a tenant's month, by pages of three.
async fn records(s: &Setting, tenant: &str, query: RecordsQuery) -> Vec<UsageRecord> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let query = RecordsQuery { after, limit: 3, ..query.clone() };
        let page = s.meter.ledger().records(tenant, november(), &query).await.unwrap();
        let more = page.len() == 3;
        after = page.last().map(ledger::cursor);
        all.extend(page);
        if !more {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_the_sum_of_its_records() {
    for s in Setting::each().await {
        for n in 0..5 {
            let usage = s.usage(&format!("qry_{n}"), "main").amount(Resource::QueryScan, 1 << 37).by("key_1");
            s.meter.record(usage.clone()).await.unwrap();
            s.meter.record(usage).await.unwrap();
        }
        s.meter.record(s.usage("qry_fast", "main").at_speed("fast")).await.unwrap();
        s.meter.record(s.usage("qry_bad", "main").ended(Outcome::Failed)).await.unwrap();
        s.meter.record(s.usage("qry_0", "other")).await.unwrap();
        for n in 0..1000 {
            s.meter.count("main", ["photos", "logs"][n % 2], Resource::RequestsRead, 3);
        }
        s.meter.catch_up().await.unwrap();
        s.pass(3_600_000);
        s.meter.count("main", "photos", Resource::RequestsRead, 1);
        s.meter.catch_up().await.unwrap();

        let bill = s.meter.ledger().bill("main", november()).await.unwrap();
        let lines: Vec<_> =
            bill.lines.iter().map(|l| (l.resource, l.speed.as_str(), l.quantity, l.free, l.records)).collect();
        assert_eq!(
            lines,
            [
                (Resource::QueryCpu, "fast", 3_600_000, 0, 1),
                (Resource::QueryCpu, "standard", 18_000_000, 3_600_000, 6),
                (Resource::QueryScan, "", 5 << 37, 0, 5),
                (Resource::RequestsRead, "", 3001, 0, 3),
            ]
        );
        // 0.08 + 5 × 0.05 + 0.625 + 3001 × 0.0000004, and rounded once.
        assert_eq!(bill.total, FineMoney::new(956_200_400, Currency::USD));
        assert_eq!((bill.due, bill.is_final), (Money::new(96, Currency::USD), false));

        let all = records(&s, "main", RecordsQuery::default()).await;
        assert_eq!(all.len(), 5 * 2 + 2 + 3);
        assert!(all.is_sorted_by(|a, b| (a.at, &a.id, a.resource.as_str()) > (b.at, &b.id, b.resource.as_str())));
        for line in &bill.lines {
            let of = all.iter().filter(|r| r.resource == line.resource && r.speed == line.speed);
            let amount = FineMoney::sum(Currency::USD, of.map(|r| r.amount)).unwrap();
            assert_eq!(amount, line.amount, "{line:?}");
        }
        let photos = RecordsQuery { source: Some("photos".into()), ..RecordsQuery::default() };
        let photos: Vec<_> = records(&s, "main", photos).await.into_iter().map(|r| (r.id, r.quantity)).collect();
        assert_eq!(photos, [("hour/2026-11-10T10/photos".into(), 1), ("hour/2026-11-10T09/photos".into(), 1500)]);
        let scans = RecordsQuery { resource: Some(Resource::QueryScan), ..RecordsQuery::default() };
        assert_eq!(records(&s, "main", scans).await.len(), 5);
        let broken = RecordsQuery { after: Some("x".into()), limit: 1, ..RecordsQuery::default() };
        let broken = s.meter.ledger().records("main", november(), &broken).await;
        assert!(matches!(broken, Err(MeterError::Field { field: "?cursor", .. })));

        let other = s.meter.ledger().bill("other", november()).await.unwrap();
        assert_eq!((other.lines.len(), other.due.minor), (1, 5));
        assert_eq!(s.meter.ledger().months("main").await.unwrap(), [november()]);
        assert!(s.meter.ledger().months("nobody").await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_over_restarts() {
    for mut s in Setting::each().await {
        for round in 0..4 {
            // On disk, and not folded in when the process ends.
            s.meter.record(s.usage(&format!("qry_{round}"), "main")).await.unwrap();
            // Told again, since nobody knows whether it was heard.
            s.meter.record(s.usage("qry_0", "main")).await.unwrap();
            if round == 2 {
                s.meter.catch_up().await.unwrap();
            }
            s = s.restart().await;
        }
        s.meter.catch_up().await.unwrap();
        s.meter.catch_up().await.unwrap();
        let bill = s.meter.ledger().bill("main", november()).await.unwrap();
        assert_eq!((bill.lines[0].quantity, bill.lines[0].records, bill.due.minor), (4 * 3_600_000, 4, 20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_accounts() {
    for s in Setting::each().await {
        let dir = tempfile::tempdir().unwrap();
        let clock = std::sync::Arc::new(s.clock.clone());
        let journal = doorstep_journal::Journal::open(dir.path(), Default::default(), clock.clone()).unwrap();
        let there = doorstep_meter::Meter::open(s.store.clone(), journal, clock, "there").await.unwrap();
        let mut work = Vec::new();
        for (meter, name) in [(s.meter.clone(), "a"), (there, "b")] {
            let usages: Vec<_> = (0..40).map(|n| s.usage(&format!("{name}{n}"), "main")).collect();
            let same = s.usage("both", "main");
            work.push(tokio::spawn(async move {
                for usage in usages {
                    meter.record(usage).await.unwrap();
                    meter.record(same.clone()).await.unwrap();
                    meter.count("main", "photos", Resource::RequestsWrite, 1);
                    meter.catch_up().await.unwrap();
                }
            }));
        }
        for one in work {
            one.await.unwrap();
        }
        let bill = s.meter.ledger().bill("main", november()).await.unwrap();
        let lines: Vec<_> = bill.lines.iter().map(|l| (l.resource, l.quantity, l.records)).collect();
        assert_eq!(lines, [(Resource::QueryCpu, 81 * 3_600_000, 81), (Resource::RequestsWrite, 80, 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_ends_and_what_comes_late_is_refused() {
    for s in Setting::each().await {
        let late = s.usage("late", "main");
        s.pass(4 * 86_400_000);
        assert!(matches!(s.meter.record(late).await, Err(MeterError::Field { field: "at", .. })));
        s.meter.record(s.usage("qry_1", "main")).await.unwrap();
        s.meter.catch_up().await.unwrap();
        let month = november();
        s.pass(month.end().ms_since(s.clock.now()) + 1);
        s.meter.record(s.usage("qry_2", "main")).await.unwrap();
        s.meter.catch_up().await.unwrap();
        let ledger = s.meter.ledger();
        let bill = |month| async move { ledger.bill("main", month).await.unwrap() };
        assert!(!bill(month).await.is_final);
        s.pass(3 * 86_400_000);
        assert!(bill(month).await.is_final);
        assert_eq!((bill(month).await.due.minor, bill(month.next()).await.due.minor), (5, 5));
        assert_eq!(s.meter.ledger().months("main").await.unwrap(), [month.next(), month]);
        let empty = bill("2025-01".parse().unwrap()).await;
        assert!(empty.lines.is_empty() && empty.due == Money::zero(Currency::USD));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_records_go_and_their_sums_stay() {
    for s in Setting::each().await {
        for n in 0..30 {
            s.meter.record(s.usage(&format!("qry_{n}"), "main")).await.unwrap();
        }
        let (meter, shortly) = (s.meter.clone(), || tokio::time::sleep(std::time::Duration::from_millis(100)));
        meter.clone().run(shortly()).await;
        assert_eq!(records(&s, "main", RecordsQuery::default()).await.len(), 30);
        s.pass(13 * 31 * 86_400_000);
        meter.count("main", "photos", Resource::RequestsRead, 5);
        meter.clone().run(shortly()).await;
        assert_eq!(records(&s, "main", RecordsQuery::default()).await.len(), 30);
        s.pass(31 * 86_400_000);
        meter.run(shortly()).await;
        assert!(records(&s, "main", RecordsQuery::default()).await.is_empty());
        assert_eq!(s.meter.ledger().bill("main", november()).await.unwrap().due.minor, 150);
        let months = s.meter.ledger().months("main").await.unwrap();
        assert_eq!(months.len(), 2);
        let later = s.meter.ledger().bill("main", months[0]).await.unwrap();
        assert_eq!((later.lines[0].resource, later.lines[0].quantity), (Resource::RequestsRead, 5));
    }
}
