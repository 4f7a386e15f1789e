//! Shared rides on a recorded period, with any knob of the policy set from the command line.
//!
//! `cargo run --profile profiling -p doorstep-city --example pooling_lab -- CITY REQUESTS TAXIS CARS SEATS
//! [key=value …]` prints figures. CITY is a directory made by `doorstep city import`, or one with
//! `road_nodes.csv.gz` and `road_edges.csv.gz`; keys are those of `SharedPolicy` as JSON paths, like
//! `plan.busy.drive=1.5`, and `rebalance=none`, `noise=0.2`, `boarding=30`, `batch=10`, `seed=1`, `after=1200`,
//! `trace=FILE.ndjson.gz`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use std::fs::File;
use std::path::{Path, PathBuf};

use doorstep_city::replay::{Policy, Replay, Run, Summary, read_requests, read_taxis, sample_fleet, write_trace};
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_pooling::fleet::PooledPolicy;
use doorstep_roads::{CityFile, Roads, WeekProfile, import};

fn fair(plan: &serde_json::Value, share: f64) -> serde_json::Value {
    let plan: PooledPolicy = serde_json::from_value(plan.clone()).unwrap();
    serde_json::to_value(plan.fair(share)).unwrap()
}

fn city(path: &Path) -> CityFile {
    if !path.join("road_nodes.csv.gz").is_file() {
        return CityFile::load(path).unwrap();
    }
    let open = |name: &str| File::open(path.join(name)).unwrap();
    let roads = Roads::build(import::tables(open("road_nodes.csv.gz"), open("road_edges.csv.gz")).unwrap().graph);
    CityFile {
        id: "lab".to_owned(),
        name: "Lab".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "UTC".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: Vec::new(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [roads, requests, taxis, cars, seats, knobs @ ..] = args.as_slice() else {
        panic!("CITY REQUESTS TAXIS CARS SEATS [key=value …]")
    };
    let mut policy = serde_json::to_value(SharedPolicy::default()).unwrap();
    let (mut noise, mut boarding_s, mut batch_s, mut seed, mut after_s) = (0.0, 0, 10, 1, 1200);
    let mut trace = None;
    for knob in knobs {
        let (key, value) = knob.split_once('=').unwrap();
        match key {
            "noise" => noise = value.parse().unwrap(),
            "boarding" => boarding_s = value.parse().unwrap(),
            "batch" => batch_s = value.parse().unwrap(),
            "seed" => seed = value.parse().unwrap(),
            "after" => after_s = value.parse().unwrap(),
            "fair" => policy["plan"] = fair(&policy["plan"], value.parse().unwrap()),
            "trace" => trace = Some(PathBuf::from(value)),
            "rebalance" | "coverage" => policy[key] = serde_json::Value::Null,
            _ => {
                let place = policy.pointer_mut(&format!("/{}", key.replace('.', "/"))).expect("a known knob");
                *place = serde_json::from_str(value).unwrap();
            }
        }
    }
    let policy: SharedPolicy = serde_json::from_value(policy).unwrap();
    let replay = Replay::new(city(&PathBuf::from(roads)));
    let period = read_requests(&[requests.into()], replay.corners(), None, Some(seed)).unwrap();
    let fleet = sample_fleet(read_taxis(&PathBuf::from(taxis), replay.corners()).unwrap(), cars.parse().unwrap(), seed)
        .unwrap();
    let run = Run {
        requests: &period.requests,
        fleet: &fleet,
        cars: &[],
        seats: seats.parse().unwrap(),
        batch_ms: batch_s * 1000,
        windows: &[],
        max_wait_ms: 300_000,
        boarding_ms: boarding_s * 1000,
        max_delay_ms: 600_000,
        noise,
        noise_seed: seed,
        policy: Policy::Pooled(&policy),
    };
    let outcome = replay.run(&run, |_| ()).unwrap();
    if let Some(path) = trace {
        write_trace(&path, &outcome, run.seats, replay.graph()).unwrap();
    }
    let s = Summary::of(&period.requests, &outcome, replay.times());
    let late: Vec<bool> = (period.requests.iter().zip(&outcome.fates))
        .filter(|(r, _)| r.at_ms >= after_s * 1000)
        .map(|(_, fate)| fate.dropoff_ms.is_some())
        .collect();
    let mut by_slot = [(0_u32, 0_u32); 8];
    for (r, fate) in period.requests.iter().zip(&outcome.fates) {
        let slot = &mut by_slot[(r.at_ms / 300_000).clamp(0, 7) as usize];
        slot.0 += 1;
        slot.1 += u32::from(fate.dropoff_ms.is_some());
    }
    let by_slot: Vec<String> = by_slot
        .iter()
        .map(|&(all, served)| format!("{:.0}", 100.0 * f64::from(served) / f64::from(all.max(1))))
        .collect();
    println!("five minutes each: {} | empty {:.1} s", by_slot.join(" "), s.empty_drive_s);
    println!(
        "served {:.2}% after {:.2}% wait {:.1} delay {:.1} drive {:.3} lost/served {:.3} answer {:.0} late {} {} maxw {:.0} maxd {:.0} p50 {:.0} p99 {:.0} ms | {}",
        100.0 * s.served_share,
        100.0 * late.iter().filter(|&&l| l).count() as f64 / late.len().max(1) as f64,
        s.mean_wait_s,
        s.mean_delay_s,
        s.drive_over_solo,
        s.direct_lost_over_served,
        s.mean_answer_s,
        s.late_pickups,
        s.late_dropoffs,
        s.max_wait_s,
        s.max_delay_s,
        s.batch_ms_p50,
        s.batch_ms_p99,
        knobs.join(" ")
    );
}
