//! Backtests on a small made city: equal policies differ in nothing, better ones clearly, and files are judged whole.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use doorstep_clock::SeededRng;
use doorstep_roads::{CityFile, Roads, WeekProfile, import};
use rand::RngExt as _;

use super::*;

const SIDE: usize = 14;

struct Made {
    replay: Replay,
    record: Record,
    _dir: tempfile::TempDir,
}

/// A grid of streets, twenty minutes of requests, forty taxis.
fn made() -> Made {
    let (mut nodes, mut edges) = ("node,lon,lat\n".to_owned(), "from,to,length,speed\n".to_owned());
    let place = |row: usize, column: usize| (40.70 + 0.002 * row as f64, -74.0 + 0.002 * column as f64);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (lat, lon) = place(row, column);
            let id = row * SIDE + column;
            writeln!(nodes, "{id},{lon:.4},{lat:.4}").unwrap();
            for (inside, end) in [(row + 1 < SIDE, id + SIDE), (column + 1 < SIDE, id + 1)] {
                if inside {
                    writeln!(edges, "{id},{end},0.2,24\n{end},{id},0.2,24").unwrap();
                }
            }
        }
    }
    let roads = Roads::build(import::tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph);
    let city = CityFile {
        id: "grid".to_owned(),
        name: "Grid".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "America/New_York".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: vec!["made for tests".to_owned()],
    };
    let dir = tempfile::tempdir().unwrap();
    let rng = &mut SeededRng::new(1, "backtest.tests");
    let mut any = || place(rng.random_range(0..SIDE), rng.random_range(0..SIDE));
    let mut rows = "request_time,pu_lon,pu_lat,do_lon,do_lat\n".to_owned();
    for i in 0..360 {
        let ((pu_lat, pu_lon), (do_lat, do_lon)) = (any(), any());
        writeln!(rows, "2013-11-18T16:{:02}:00,{pu_lon:.4},{pu_lat:.4},{do_lon:.4},{do_lat:.4}", i / 18).unwrap();
    }
    let mut taxis = "lon,lat\n".to_owned();
    for _ in 0..60 {
        let (lat, lon) = any();
        writeln!(taxis, "{lon:.4},{lat:.4}").unwrap();
    }
    let (requests, places) = (dir.path().join("requests.csv"), dir.path().join("taxis.csv"));
    std::fs::write(&requests, rows).unwrap();
    std::fs::write(&places, taxis).unwrap();
    let replay = Replay::new(city);
    let record = Record::of_files(std::slice::from_ref(&requests), &places, replay.corners(), None).unwrap();
    Made { replay, record, _dir: dir }
}

fn run(made: &Made, policies: [&TrialPolicy; 2], threads: usize) -> Result<Report, BacktestError> {
    tried(made, policies, threads).map(|tried| tried.report)
}

fn tried(made: &Made, policies: [&TrialPolicy; 2], threads: usize) -> Result<Tried, BacktestError> {
    let trial = Trial {
        replay: &made.replay,
        record: &made.record,
        fleet: Some(40),
        seeds: &[1, 2, 3, 4],
        assumptions: Assumptions::default(),
        threads,
    };
    trial.run(policies, &|_| true)
}

fn policy(text: &str) -> TrialPolicy {
    TrialPolicy::from_toml(text, "unnamed").unwrap()
}

#[test]
fn equal_policies_differ_in_nothing_and_threads_do_not_show() {
    let made = made();
    let (one, two) = (policy("name = \"one\""), policy("name = \"two\""));
    let report = run(&made, [&one, &two], 1).unwrap();
    for m in &report.metrics {
        assert!(m.difference.mean.abs() < 1e-12 && !m.difference.clear, "{m:?}");
        assert_eq!(m.a_by_seed, m.b_by_seed, "{}", m.key);
    }
    assert!(report.metric("served_share").unwrap().a > 20.0, "{:?}", report.metric("served_share"));
    let again = run(&made, [&one, &two], 3).unwrap();
    assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());
}

#[test]
fn a_better_policy_is_clearly_better_and_money_adds_up() {
    let made = made();
    let greedy = policy("name = \"greedy <b>\"\n[dispatch]\nkind = \"greedy\"");
    let pooled = policy("name = \"pooled\"\nseats = 4\n[dispatch]\nkind = \"pooled\"");
    let report = run(&made, [&greedy, &pooled], 2).unwrap();
    let served = report.metric("served_share").unwrap();
    assert_eq!(served.verdict(), Some(true), "{served:?}");
    for (side, of) in [("a", 0), ("b", 1)] {
        let value = |key: &str| {
            let m = report.metric(key).unwrap();
            [m.a, m.b][of]
        };
        // Without tolls and tax, what riders pay is what drivers and the platform get.
        let rides = value("served_share") / 100.0 * report.requests as f64;
        let hours = 60.0 * 20.0 / 3600.0;
        let got = (value("earnings_mean") * 40.0 + value("platform_revenue")) * hours;
        assert!((got / (rides * value("mean_fare")) - 1.0).abs() < 0.06, "{side}: {got}");
        assert!(value("earnings_p10") <= value("earnings_p50") && value("earnings_p50") <= value("earnings_p90"));
        assert!((0.0..1.0).contains(&value("earnings_gini")));
        assert!((value("platform_revenue") / (value("earnings_mean") * 40.0) - 0.25).abs() < 0.01, "a fifth of fares");
    }
    let page = report.html();
    assert!(page.contains("greedy &lt;b&gt;") && !page.contains("<b>"), "names are text");
    assert!(!page.contains("http") && !page.contains("<script") && !page.contains("@import"), "nothing from elsewhere");
    assert_eq!(page.matches("class=\"sheet\"").count(), 3);
    assert!(!page.contains("NaN") && !page.contains("inf"), "figures are figures");
}

#[test]
fn surge_asks_more_and_riders_leave() {
    let made = made();
    let flat = policy("name = \"flat\"");
    let moving = policy("name = \"surge\"\n[surge]\non = true\nwarm_up_s = 0.0");
    let report = run(&made, [&flat, &moving], 2).unwrap();
    let metric = |key: &str| report.metric(key).unwrap();
    assert!((metric("mean_multiplier").a - 1.0).abs() < 1e-9 && metric("left_share").a == 0.0);
    assert!(metric("mean_multiplier").b > 1.01, "{:?}", metric("mean_multiplier"));
    assert!(metric("left_share").b > 0.5 && metric("mean_fare").difference.mean > 0.0);
    assert!(report.b.surge && !report.a.surge);
}

#[test]
fn a_file_is_judged_as_a_whole() {
    let text = "seats = 0\ncolour = 1\nbatch_s = \"soon\"\n\
                [dispatch]\nkind = \"solo\"\nrematch = 3\nchain_ms = -5\nspeed = 2\n\
                [dispatch.rebalance]\nahead_ms = true\n\
                [fare]\ncurrency = \"USD\"\nbase = -1\ncommission_permille = 2000\n\
                [surge]\non = 1\ngain = 7.0\n";
    let told = TrialPolicy::from_toml(text, "x").unwrap_err().to_string();
    for field in [
        "/seats:",
        "/colour:",
        "/batch_s:",
        "/dispatch/rematch:",
        "/dispatch/chain_ms:",
        "/dispatch/speed:",
        "/dispatch/rebalance/ahead_ms:",
        "/fare/base",
        "/fare/commission_permille",
        "/surge/on:",
        "/surge/gain",
    ] {
        assert!(told.contains(field), "{field} is missing in:\n{told}");
    }
    let told = TrialPolicy::from_toml("[dispatch]\nkind = \"best\"", "x").unwrap_err().to_string();
    assert!(told.contains("/dispatch/kind") && told.contains("pooled"), "{told}");
    assert!(matches!(TrialPolicy::from_toml("seats = ", "x"), Err(PolicyError::Unreadable(_))));
    let good = "seats = 3\n[dispatch]\nkind = \"pooled\"\nanswer_after_ms = 5000\n[dispatch.plan]\ncandidates = 9\n[surge]\non = false\n";
    let good = TrialPolicy::from_toml(good, "x").unwrap();
    assert!(good.shares() && good.surge.is_none() && good.batch_ms == 10_000);
    let still = TrialPolicy::from_toml("[dispatch]\nkind = \"solo\"\nrebalance = false\n", "x").unwrap();
    assert!(matches!(still.policy(), crate::replay::Policy::Solo(p) if p.rebalance.is_none() && p.rematch));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let made = made();
    let one = policy("name = \"dollars\"");
    let fare = |more: &str| {
        format!(
            "name = \"other\"\n[fare]\nname = \"f\"\nversion = 1\ncurrency = \"EUR\"\ntime_zone = \"Europe/Berlin\"\nbase = 100\nper_km = 100\n{more}"
        )
    };
    let euros = policy(&fare(""));
    assert!(matches!(run(&made, [&one, &euros], 1), Err(BacktestError::Currencies { .. })));
    let few = Trial {
        replay: &made.replay,
        record: &made.record,
        fleet: Some(61),
        seeds: &[1, 2],
        assumptions: Assumptions::default(),
        threads: 1,
    };
    assert!(matches!(few.run([&one, &one], &|_| true), Err(BacktestError::Replay(ReplayError::FleetTooLarge { .. }))));
}
