//! `doorstep city replay`, judged from the outside.

use std::path::Path;
use std::process::Command;

use doorstep_tests::places;
use serde_json::Value;

use crate::crash::import;

const SOLO: [&str; 6] = ["--seats", "1", "--policy", "solo", "--batch", "30s"];
const POOLED: [&str; 8] = ["--seats", "4", "--policy", "pooled", "--batch", "10s", "--max-delay", "600s"];

fn replay(city: &Path, requests: &Path, taxis: &Path, fleet: &str, how: &[&str], trace: &Path) -> Value {
    let done = Command::new(places::binary())
        .args(["city", "replay", "--city"])
        .arg(city)
        .arg("--requests")
        .arg(requests)
        .arg("--taxis")
        .arg(taxis)
        .args(["--fleet", fleet, "--max-wait", "300s", "--seed", "1", "--json"])
        .args(how)
        .arg("--trace")
        .arg(trace)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn the_demo_city_replays_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let city = dir.path().join("manhattan");
    import(&city);
    let demo = places::root().join("demo/manhattan");
    let run = |name: &str| {
        let trace = dir.path().join(name);
        let report = replay(&city, &demo.join("requests.csv.gz"), &demo.join("taxis.csv.gz"), "3000", &SOLO, &trace);
        (report, std::fs::read(trace).unwrap())
    };
    let (first, second) = (run("a.ndjson"), run("b.ndjson"));
    assert!(first.1 == second.1, "two runs of one seed differ");
    for key in [
        "requests",
        "served",
        "served_share",
        "mean_wait_s",
        "p95_wait_s",
        "max_wait_s",
        "mean_delay_s",
        "max_delay_s",
        "drive_over_solo",
        "pickup_drive_s",
        "wall_s",
        "batches",
        "batch_ms_p50",
        "batch_ms_p99",
    ] {
        assert!(first.0[key].is_number(), "{key} is missing in {}", first.0);
    }
    assert_eq!(first.0["requests"], 10_545);
    assert!(first.0["served_share"].as_f64().unwrap() >= 0.964, "{}", first.0);
    assert!(first.0["mean_wait_s"].as_f64().unwrap() <= 112.0, "{}", first.0);
}

#[test]
fn a_stranger_finds_no_broken_promise() {
    let (Some(hour), Some(checks)) = (places::shared("data/nyc_hour_2013_11_18"), places::shared("checks")) else {
        return;
    };
    let Some(python) = places::python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (city, trace) = (dir.path().join("c"), dir.path().join("trace.ndjson"));
    let (nodes, edges) = (hour.join("road_nodes.csv.gz"), hour.join("road_edges.csv.gz"));
    let done = Command::new(places::binary())
        .args(["city", "import", "--nodes"])
        .arg(&nodes)
        .arg("--edges")
        .arg(&edges)
        .arg("--out")
        .arg(&city)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let runs: [(&str, &[&str], f64, f64, f64); 3] = [
        ("3000", &SOLO, 0.964, 112.0, 2.0),
        ("4000", &SOLO, 0.9999, 69.0, 2.0),
        // Shared rides: better than the cheapest insertion by far, in waits and in driving.
        ("2000", &POOLED, 0.999, 100.0, 0.64),
    ];
    for (fleet, how, share, wait, drive) in runs {
        replay(&city, &hour.join("requests.csv.gz"), &hour.join("taxis.csv.gz"), fleet, how, &trace);
        let judged = Command::new(&python)
            .arg(checks.join("replay_check.py"))
            .arg("--nodes")
            .arg(&nodes)
            .arg("--edges")
            .arg(&edges)
            .arg("--requests")
            .arg(hour.join("requests.csv.gz"))
            .args(["--start", "2013-11-18T16:00:00", "--seats", how[1], "--max-wait", "300", "--fleet", fleet])
            .args(if how[1] == "1" { &[][..] } else { &["--max-delay", "600"] })
            .arg("--trace")
            .arg(&trace)
            .output()
            .unwrap();
        let verdict: Value = serde_json::from_slice(&judged.stdout).unwrap();
        println!("{fleet} cars: {verdict}");
        assert_eq!(verdict["ok"], true, "{verdict}");
        assert!(verdict["served_share"].as_f64().unwrap() >= share, "{verdict}");
        assert!(verdict["mean_wait_s"].as_f64().unwrap() <= wait, "{verdict}");
        assert!(verdict["drive_over_solo"].as_f64().unwrap() <= drive, "{verdict}");
    }
}
