//! Caps hold, however much is asked for at once.

use std::sync::Arc;

use doorstep_clock::Clock as _;
use doorstep_meter::{Amounts, CapKind, Caps, MeterError, Outcome, Resource, Usage, Wish};
use doorstep_money::{Currency, FineMoney};

use crate::setting::Setting;

const HOUR: i64 = 3_600_000;

fn usd(text: &str) -> Option<FineMoney> {
    Some(FineMoney::parse(text, Currency::USD).unwrap())
}

fn cpu(ms: i64) -> Amounts {
    [(Resource::QueryCpu, ms)].into()
}

fn wish(id: &str, ms: i64) -> Wish {
    Wish { tenant: "main".into(), id: id.into(), speed: None, estimate: cpu(ms) }
}

fn reached(error: &MeterError) -> CapKind {
    match error {
        MeterError::CapReached { cap, .. } => *cap,
        other => panic!("{other}"),
    }
}

async fn spent(s: &Setting) -> i64 {
    s.meter.catch_up().await.unwrap();
    s.meter.ledger().bill("main", "2026-11".parse().unwrap()).await.unwrap().total.nanos
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_never_spent_beyond_its_cap() {
    for s in Setting::each().await {
        // Room for ten hours of CPU; forty queries at once want about one each, and use it bit by bit. Every other one
        // thought that it needs half of that.
        s.meter.ledger().put_caps("main", Caps { month: usd("0.5"), ..Caps::default() }).await.unwrap();
        let now = s.clock.now();
        let mut work = Vec::new();
        for n in 0..40_i64 {
            let meter = s.meter.clone();
            work.push(tokio::spawn(async move {
                let id = format!("qry_{n}");
                let needs = HOUR + n * 1000;
                let estimate = if n % 2 == 0 { needs } else { HOUR / 2 };
                let allowance = match meter.allow(wish(&id, estimate)).await {
                    Ok(allowance) => allowance,
                    Err(error) => {
                        assert_eq!(reached(&error), CapKind::Month);
                        return false;
                    }
                };
                let mut outcome = Outcome::Done;
                for part in 1..=8 {
                    if let Err(error) = allowance.hold(&cpu(needs * part / 8)).await {
                        assert_eq!(reached(&error), CapKind::Month);
                        outcome = Outcome::Failed;
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                let done = outcome == Outcome::Done;
                let usage = Usage::new(id, "main", now).amount(Resource::QueryCpu, needs as u64).ended(outcome);
                allowance.settle(usage).await.unwrap();
                if n % 3 == 0 {
                    meter.catch_up().await.unwrap();
                }
                done
            }));
        }
        let mut done = 0;
        for one in work {
            done += i64::from(one.await.unwrap());
        }
        let nanos = spent(&s).await;
        assert!(nanos <= 500_000_000, "{nanos} with {done} done");
        assert!(done >= 1, "nobody got through");
        // What remains is free again once all have settled.
        let room = (500_000_000 - nanos) / 50_000_000 * HOUR;
        s.meter.allow(wish("last", room)).await.unwrap();
        let error = s.meter.allow(wish("too much", HOUR * 10)).await.unwrap_err();
        assert_eq!(reached(&error), CapKind::Month);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_back_can_be_had_again() {
    for s in Setting::each().await {
        s.meter.ledger().put_caps("main", Caps { month: usd("0.05"), ..Caps::default() }).await.unwrap();
        let first = s.meter.allow(wish("a", HOUR)).await.unwrap();
        assert_eq!(reached(&s.meter.allow(wish("b", 1000)).await.unwrap_err()), CapKind::Month);
        drop(first);
        s.meter.catch_up().await.unwrap();
        let second = s.meter.allow(wish("b", HOUR)).await.unwrap();
        // A process that died with its reservation does not hold it for ever.
        std::mem::forget(second);
        assert!(s.meter.allow(wish("c", 1000)).await.is_err());
        s.pass(601_000);
        let third = s.meter.allow(wish("c", HOUR)).await.unwrap();
        let failed = s.usage("c", "main").ended(Outcome::Failed);
        third.settle(failed).await.unwrap();
        assert_eq!(spent(&s).await, 0);
        // Done after all, under the same id.
        let fourth = s.meter.allow(wish("c", HOUR)).await.unwrap();
        fourth.settle(s.usage("c", "main")).await.unwrap();
        assert_eq!(spent(&s).await, 50_000_000);
        let error = s.meter.admit("main").await.unwrap_err();
        assert!(error.to_string().contains("raise the cap"), "{error}");
        s.meter.admit("other").await.unwrap();
        s.meter.ledger().put_caps("main", Caps::default()).await.unwrap();
        s.pass(1001);
        s.meter.admit("main").await.unwrap();
        s.meter.allow(wish("d", HOUR * 1000)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_its_own_caps_and_its_speed() {
    for s in Setting::each().await {
        let caps = Caps { query: usd("0.05"), query_scan_bytes: Some(1000), month: None };
        s.meter.ledger().put_caps("main", caps).await.unwrap();
        let allowance = s.meter.allow(wish("a", 0)).await.unwrap();
        assert_eq!((allowance.scan_bytes(), allowance.speed().cores), (Some(1000), 2));
        allowance.hold(&cpu(HOUR)).await.unwrap();
        assert_eq!(reached(&allowance.hold(&cpu(HOUR + 1000)).await.unwrap_err()), CapKind::Query);
        let scan: Amounts = [(Resource::QueryScan, 1001)].into();
        assert_eq!(reached(&allowance.hold(&scan).await.unwrap_err()), CapKind::QueryScan);
        let fast = Wish { speed: Some("fast".into()), ..wish("b", HOUR) };
        assert_eq!(reached(&s.meter.allow(fast).await.unwrap_err()), CapKind::Query);
        let lightning = Wish { speed: Some("lightning".into()), ..wish("b", 0) };
        let error = s.meter.allow(lightning).await.unwrap_err();
        assert!(error.to_string().contains("economy, standard, fast"), "{error}");
        assert!(matches!(error, MeterError::Field { field: "speed", .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trait_object_does_the_same() {
    let s = Setting::each().await.remove(0);
    let meter: doorstep_meter::SharedMetering = Arc::new(s.meter.clone());
    meter.count("main", "photos", Resource::RequestsWrite, 1000);
    let allowance = meter.allow(wish("a", 5)).await.unwrap();
    allowance.settle(s.usage("a", "main")).await.unwrap();
    assert_eq!(spent(&s).await, 55_000_000);
    let none: doorstep_meter::SharedMetering = Arc::new(doorstep_meter::Unmetered);
    none.admit("main").await.unwrap();
    let allowance = none.allow(wish("a", i64::MAX)).await.unwrap();
    allowance.hold(&cpu(i64::MAX)).await.unwrap();
    allowance.settle(s.usage("b", "main")).await.unwrap();
    assert_eq!(spent(&s).await, 55_000_000);
}
