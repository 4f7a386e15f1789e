//! The recorded Manhattan afternoon: the copy in the project always, the shared original where it is there.

use std::path::{Path, PathBuf};

use doorstep_city::replay::{Policy, Replay, Run, Summary, lines, read_requests, read_taxis, sample_fleet};
use doorstep_dispatch::matching::SoloPolicy;
use doorstep_roads::{CityFile, Roads, WeekProfile, import};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn open(dir: &Path) -> Replay {
    let file = |name: &str| std::fs::File::open(dir.join(name)).expect("the road tables are there");
    let graph = import::tables(file("road_nodes.csv.gz"), file("road_edges.csv.gz")).expect("sound roads").graph;
    let roads = Roads::build(graph);
    Replay::new(CityFile {
        id: "manhattan".to_owned(),
        name: "Manhattan".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "America/New_York".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: Vec::new(),
    })
}

/// Replays the tables in `dir`; gives the figures and the trace.
fn replay(city: &Replay, dir: &Path, cars: usize, policy: &SoloPolicy) -> (Summary, Vec<u8>) {
    let period = read_requests(&[dir.join("requests.csv.gz")], city.corners(), None, Some(1)).expect("sound requests");
    let taxis = read_taxis(&dir.join("taxis.csv.gz"), city.corners()).expect("sound taxis");
    let fleet = sample_fleet(taxis, cars, 1).expect("enough taxis");
    let run = Run {
        requests: &period.requests,
        fleet: &fleet,
        cars: &[],
        seats: 1,
        batch_ms: 30_000,
        windows: &[],
        max_wait_ms: 300_000,
        boarding_ms: 0,
        max_delay_ms: 600_000,
        noise: 0.0,
        noise_seed: 0,
        policy: Policy::Solo(policy),
    };
    let outcome = city.run(&run, |_| ()).expect("sound settings");
    let mut trace = Vec::new();
    lines(&mut trace, &outcome, 1, |node| city.graph().external_id(node)).expect("memory takes all");
    (Summary::of(&period.requests, &outcome, city.times()), trace)
}

/// The bar of the bench, with room for another seed.
fn meets_the_bar(city: &Replay, dir: &Path) {
    let solo = SoloPolicy::default();
    let (at_3000, _) = replay(city, dir, 3000, &solo);
    assert_eq!(at_3000.requests, 10_545);
    assert!(at_3000.served_share >= 0.99 && at_3000.mean_wait_s <= 100.0, "{at_3000:?}");
    assert!(at_3000.drive_over_solo <= 1.25 && at_3000.max_wait_s <= 300.0, "{at_3000:?}");
    let (at_4000, _) = replay(city, dir, 4000, &solo);
    assert!(at_4000.served_share >= 0.9999 && at_4000.mean_wait_s <= 60.0, "{at_4000:?}");
}

#[test]
fn the_demo_afternoon_meets_the_bar_and_repeats_byte_for_byte() {
    let dir = project().join("demo/manhattan");
    let city = open(&dir);
    meets_the_bar(&city, &dir);
    let policy = SoloPolicy::default();
    assert!(replay(&city, &dir, 2500, &policy).1 == replay(&city, &dir, 2500, &policy).1, "two runs, two traces");
    // The yardsticks, so that the bar stands beside what it is measured against.
    let (plain, _) = replay(&city, &dir, 3000, &SoloPolicy::plain());
    let (greedy, _) = replay(&city, &dir, 3000, &SoloPolicy::greedy());
    assert!(plain.mean_wait_s < greedy.mean_wait_s && plain.served_share < 0.975, "{plain:?} {greedy:?}");
}

#[test]
fn the_shared_afternoon_meets_the_bar() {
    let shared = std::env::var_os("DOORSTEP_SHARED").map_or_else(|| project().join("../shared"), PathBuf::from);
    let dir = shared.join("data/nyc_hour_2013_11_18");
    if !dir.is_dir() {
        eprintln!("skipped: the shared afternoon is not in {}", dir.display());
        return;
    }
    meets_the_bar(&open(&dir), &dir);
}
