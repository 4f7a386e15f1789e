//! The hierarchy against Dijkstra's algorithm, and the demo city as a whole.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorstep_geo::{Point, haversine_m};
use doorstep_roads::{
    ArcRow, CityFile, Metric, RoadClass, RoadGraph, Roads, RoadsByHour, TravelTimes, TripTime, UNREACHABLE,
    WeekProfile, dijkstra_to, import, learn_week, tiles,
};
use proptest::prelude::*;

fn demo_graph() -> RoadGraph {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../demo/manhattan");
    let open = |name: &str| std::fs::File::open(dir.join(name)).unwrap();
    import::tables(open("road_nodes.csv.gz"), open("road_edges.csv.gz")).unwrap().graph
}

fn graphs() -> impl Strategy<Value = RoadGraph> {
    (2_usize..40, prop::collection::vec((any::<u32>(), any::<u32>(), 0_u32..5_000), 1..160)).prop_map(|(n, arcs)| {
        let corner = |i: usize| {
            Point::new(40.0 + (i * 7919 % 97) as f64 * 1e-3, -73.0 - (i * 104_729 % 89) as f64 * 1e-3).unwrap()
        };
        let points: Vec<_> = (0..n).map(|i| (i as i64, corner(i))).collect();
        let arcs = arcs.into_iter().map(|(a, b, time_ms)| ArcRow {
            tail: a % n as u32,
            head: b % n as u32,
            length_m: 10.0,
            time_ms,
            class: RoadClass::Tertiary,
            shape: vec![],
            name: String::new(),
        });
        RoadGraph::build(&points, arcs.collect()).0
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_way_of_asking_agrees_with_dijkstra(graph in graphs()) {
        let roads = Roads::build(graph);
        let graph = roads.graph();
        prop_assert!(graph.is_sound());
        let all: Vec<u32> = (0..graph.node_count() as u32).collect();
        let matrix = roads.metric().matrix();
        let table = roads.table(&all, &all);
        let mut swept = Vec::new();
        for &target in &all {
            let want = dijkstra_to(graph, target);
            roads.times_to(target, &mut swept);
            prop_assert_eq!(&swept, &want);
            for &source in &all {
                let time = want[source as usize];
                prop_assert_eq!(roads.metric().time_ms(source, target), time);
                prop_assert_eq!(matrix.time_ms(source, target), time);
                prop_assert_eq!(table.row(source as usize)[target as usize], time);
                match roads.route(source, target) {
                    None => prop_assert_eq!(time, UNREACHABLE),
                    Some(route) => {
                        prop_assert_eq!(route.time_ms, time);
                        prop_assert_eq!((route.nodes[0], *route.nodes.last().unwrap()), (source, target));
                        let sum: u32 = route.nodes.windows(2).map(|s| {
                            let arc = graph.arcs_of(s[0]).find(|a| graph.head(*a) == s[1]).unwrap();
                            graph.arc_time_ms(arc)
                        }).sum();
                        prop_assert_eq!(sum, time);
                    }
                }
            }
        }
        for &source in &all {
            roads.times_from(source, &mut swept);
            for &target in &all {
                prop_assert_eq!(swept[target as usize], matrix.time_ms(source, target));
            }
        }
    }
}

/// Dijkstra's algorithm over given arc times; closed arcs take `u32::MAX`.
fn times_to(graph: &RoadGraph, times: &[u32], target: u32) -> Vec<u32> {
    let mut best = vec![UNREACHABLE; graph.node_count()];
    let mut heap = std::collections::BinaryHeap::from([(std::cmp::Reverse(0_u32), target)]);
    best[target as usize] = 0;
    while let Some((std::cmp::Reverse(time), node)) = heap.pop() {
        for arc in (0..graph.arc_count() as u32).filter(|a| graph.head(*a) == node && times[*a as usize] != u32::MAX) {
            let (tail, there) = (graph.tail(arc) as usize, time + times[arc as usize]);
            if there < best[tail] {
                best[tail] = there;
                heap.push((std::cmp::Reverse(there), tail as u32));
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// One hierarchy, other times: arcs that cost nothing, closed arcs, parts without a way between them.
    #[test]
    fn any_times_can_be_put_on_a_hierarchy(graph in graphs(), seed in any::<u64>(), closed in 0_u64..100) {
        let roads = Roads::build(graph);
        let graph = roads.graph();
        let times: Vec<u32> = (0..graph.arc_count() as u64)
            .map(|arc| (arc + 1).wrapping_mul(seed | 1).rotate_left(29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32)
            .map(|r| if r % 100 < closed { u32::MAX } else { (r / 100 % 7) as u32 })
            .collect();
        let roads = roads.with_metric(Arc::new(Metric::customize(roads.hierarchy().clone(), &times)));
        let all: Vec<u32> = (0..graph.node_count() as u32).collect();
        let matrix = roads.metric().matrix();
        let some: Vec<u32> = all.iter().copied().filter(|n| n % 3 == 0).collect();
        let (wide, tall) = (roads.table(&some, &all), roads.table(&all, &some));
        let (mut to, mut from) = (Vec::new(), Vec::new());
        for &target in &all {
            let want = times_to(graph, &times, target);
            roads.times_to(target, &mut to);
            prop_assert_eq!(&to, &want);
            prop_assert_eq!(matrix.row_to(target), &want[..]);
            for &source in &all {
                let time = want[source as usize];
                prop_assert_eq!(roads.time_ms(source, target), Some(time).filter(|t| *t != UNREACHABLE));
                let Some(route) = roads.route(source, target) else { prop_assert_eq!(time, UNREACHABLE); continue };
                let mut sum = 0;
                for step in route.nodes.windows(2) {
                    let arc = graph.arcs_of(step[0]).find(|a| graph.head(*a) == step[1]).unwrap();
                    sum += times[arc as usize];
                }
                prop_assert_eq!(sum, time);
                if source % 3 == 0 {
                    prop_assert_eq!(wide.time_ms(source as usize / 3, target as usize), time);
                }
                if target % 3 == 0 {
                    prop_assert_eq!(tall.time_ms(source as usize, target as usize / 3), time);
                }
            }
            roads.times_from(target, &mut from);
            for &other in &all {
                prop_assert_eq!(from[other as usize], matrix.time_ms(target, other));
            }
        }
    }
}

#[test]
fn tables_may_be_empty() {
    let roads = Roads::build(demo_graph());
    assert!(roads.table(&[], &[1, 2]).times_ms.is_empty() && roads.table(&[1, 2], &[]).times_ms.is_empty());
    assert_eq!(roads.table(&[5], &[5, 5]).times_ms, [0, 0]);
    assert_eq!(Roads::build(RoadGraph::build(&[], vec![]).0).metric().matrix().node_count(), 0);
}

#[test]
fn a_route_follows_the_streets() {
    let roads = Roads::build(demo_graph());
    let route = roads.route(17, 3_001).unwrap();
    assert_eq!(route.geometry.first(), Some(&roads.graph().point(17)));
    assert_eq!(route.geometry.last(), Some(&roads.graph().point(3_001)));
    let drawn: f64 = route.geometry.windows(2).map(|s| haversine_m(s[0], s[1])).sum();
    assert!((drawn / route.length_m - 1.0).abs() < 0.05, "{drawn} m drawn, {} m driven", route.length_m);
}

#[test]
fn manhattan_tiles_are_drawn_in_time() {
    let graph = demo_graph();
    // The tile of 40.75, -73.985 and those around it, at zoom 13.
    let began = std::time::Instant::now();
    let tiles: Vec<Vec<u8>> = (2411..=2414)
        .flat_map(|x| (3077..=3080).map(move |y| (x, y)))
        .map(|(x, y)| tiles::encode(&graph, 13, x, y))
        .collect();
    let each_ms = began.elapsed().as_secs_f64() * 1e3 / tiles.len() as f64;
    let largest = tiles.iter().map(Vec::len).max().unwrap();
    println!("tiles at zoom 13: {each_ms:.2} ms each, the largest {largest} bytes");
    assert!(largest > 5_000, "{largest}");
    assert!(!tiles::encode(&graph, 9, 150, 192).is_empty(), "a small graph is drawn from afar, too");
}

/// The shared data sets, or `None` after one line that says so.
fn shared(set: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DOORSTEP_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared"), PathBuf::from);
    let dir = root.join("data").join(set);
    if dir.is_dir() {
        return Some(dir);
    }
    println!("skipped: the shared data set {set} is not here");
    None
}

#[test]
fn real_extracts_become_drivable_networks() {
    let Some(dir) = shared("osm_extracts") else { return };
    for name in [
        "andorra.osm.pbf",
        "baltimore.osm.pbf",
        "harrisburg.osm.pbf",
        "helsinki.osm.pbf",
        "liechtenstein-latest.osm.pbf",
        "nyc.osm.pbf",
        "monaco.osm.gz",
        "berlin-siegessaeule.osm.gz",
    ] {
        let open = || std::fs::File::open(dir.join(name)).unwrap();
        let began = std::time::Instant::now();
        let imported = if name.ends_with(".pbf") { import::osm_pbf(open()) } else { import::osm_xml(open()) }.unwrap();
        let read_s = began.elapsed().as_secs_f64();
        let roads = Roads::build(imported.graph);
        let graph = roads.graph();
        let (n, metres) = (
            graph.node_count() as u32,
            (0..graph.arc_count() as u32).map(|a| f64::from(graph.arc_length_m(a))).sum::<f64>(),
        );
        println!(
            "{name}: {n} corners, {} arcs, {:.0} km, left out {:?}; read in {read_s:.2} s, built in {:.2} s",
            graph.arc_count(),
            metres / 1e3,
            imported.dropped,
            began.elapsed().as_secs_f64() - read_s
        );
        assert!(n >= 10 && graph.is_sound(), "{name}");
        let mut swept = Vec::new();
        for target in [0, n / 2, n - 1] {
            let want = dijkstra_to(graph, target);
            roads.times_to(target, &mut swept);
            assert_eq!(swept, want, "{name}");
            let route = roads.route(n / 3, target).unwrap();
            assert_eq!(route.time_ms, want[n as usize / 3]);
            let drawn: f64 = route.geometry.windows(2).map(|s| haversine_m(s[0], s[1])).sum();
            assert!(
                (drawn - route.length_m).abs() <= 1.0 + drawn * 1e-3,
                "{name}: {drawn} m drawn, {} m driven",
                route.length_m
            );
        }
    }
    // Cut off anywhere, a file is refused, never half taken.
    let whole = std::fs::read(dir.join("nyc.osm.pbf")).unwrap();
    for share in [3, 7, 11] {
        let error = import::osm_pbf(std::io::Cursor::new(&whole[..whole.len() * share / 12])).unwrap_err().to_string();
        assert!(error.contains("osm.pbf: at byte") && error.contains("cut off"), "{error}");
    }
}

#[test]
fn hourly_times_of_manhattan() {
    let Some(dir) = shared("manhattan_pnas") else { return };
    let open = |name: &str| std::fs::File::open(dir.join(name)).unwrap();
    let (imported, week) = import::hours(
        open("points.csv.gz"),
        open("edges.csv.gz"),
        open("week.csv.gz"),
        open("sat.csv.gz"),
        open("sun.csv.gz"),
    )
    .unwrap();
    let graph = Arc::new(imported.graph);
    println!("{} corners, {} arcs, left out {:?}", graph.node_count(), graph.arc_count(), imported.dropped);
    assert!(graph.node_count() > 4_000);
    let hierarchy = Roads::build((*graph).clone()).hierarchy().clone();
    let roads = RoadsByHour::new(Arc::clone(&graph), hierarchy, week.clone()).unwrap();
    for hour in [0, 17, 130, 167] {
        let times = week.arc_times_ms(&graph, week.class(hour));
        for (a, b) in [(5, 3_000), (2_500, 99)] {
            let metric = roads.at(hour);
            let path = metric.path(a, b).unwrap();
            let sum: u32 = path
                .windows(2)
                .map(|s| times[graph.arcs_of(s[0]).find(|x| graph.head(*x) == s[1]).unwrap() as usize])
                .sum();
            assert_eq!(metric.time_ms(a, b), sum);
        }
    }
}

#[test]
fn real_trips_teach_the_week() {
    let Some(dir) = shared("nyc_green_2013") else { return };
    let roads = Roads::build(demo_graph());
    let file = std::fs::File::open(dir.join("trips.csv.gz")).unwrap();
    let (trips, elsewhere) = import::trip_times(file, &roads, 200.0).unwrap();
    let (learn, judge): (Vec<_>, Vec<_>) = trips.iter().enumerate().partition(|(ix, _)| ix % 4 != 0);
    let strip = |v: Vec<(usize, &TripTime)>| -> Vec<TripTime> { v.into_iter().map(|(_, t)| *t).collect() };
    let (learn, judge) = (strip(learn), strip(judge));
    let learned = learn_week(&roads, &learn);
    let week = RoadsByHour::new(roads.graph().clone(), roads.hierarchy().clone(), learned.profile).unwrap();
    let of_use = |t: &&TripTime| (60_000..7_200_000).contains(&t.duration_ms) && t.from != t.to;
    let error = |time: &dyn Fn(&TripTime) -> u32| {
        let errors: Vec<f64> =
            judge.iter().filter(of_use).map(|t| (f64::from(time(t)) - f64::from(t.duration_ms)).abs() / 1e3).collect();
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    let before = error(&|t| roads.metric().time_ms(t.from, t.to));
    // By class, so that none is customized twice.
    let mut hours: Vec<usize> = (0..168).collect();
    hours.sort_by_key(|h| (h / 24 % 7 / 5 + h / 24 % 7 / 6, h % 24));
    let mut metrics = vec![roads.metric().clone(); 168];
    for hour in hours {
        metrics[hour] = week.at(hour);
    }
    let after = error(&|t| metrics[usize::from(t.hour_of_week)].time_ms(t.from, t.to));
    println!(
        "{} trips learned from, {elsewhere} elsewhere; mean error on others {before:.0} s at base times, {after:.0} s learned",
        learned.trips
    );
    assert!(after < before, "{after} {before}");
}

#[test]
fn manhattan_is_whole_and_quick_to_ask() {
    let roads = Roads::build(demo_graph());
    assert_eq!((roads.graph().node_count(), roads.graph().arc_count()), (3_957, 8_904));
    let matrix = roads.metric().matrix();
    for target in [0_u32, 1_234, 3_956] {
        let want = dijkstra_to(roads.graph(), target);
        assert_eq!(matrix.row_to(target), want);
        assert!(want.iter().all(|t| *t != UNREACHABLE), "all corners are reachable");
    }
    println!("{} arcs, {} edges in the hierarchy", roads.graph().arc_count(), roads.hierarchy().edge_count());
}

#[test]
fn a_city_file_comes_back_and_damage_is_seen() {
    let graph = demo_graph();
    let roads = Roads::build(graph.clone());
    let city = CityFile {
        id: "manhattan".into(),
        name: "Manhattan".into(),
        currency: "USD".into(),
        time_zone: "America/New_York".into(),
        week: WeekProfile::flat(graph.arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph,
        sources: vec!["a test".into()],
    };
    let dir = tempfile::tempdir().unwrap();
    city.save(dir.path()).unwrap();
    assert_eq!(CityFile::load(dir.path()).unwrap(), city);

    let path = dir.path().join(doorstep_roads::FILE_NAME);
    let good = std::fs::read(&path).unwrap();
    for (bytes, want) in [
        (good[..good.len() - 1].to_vec(), "damaged"),
        (good[..10].to_vec(), "cut off"),
        (b"PK\x03\x04".to_vec(), "not a city file"),
        (
            {
                let mut b = good.clone();
                b[8] = 99;
                b
            },
            "format 99",
        ),
        (
            {
                let mut b = good.clone();
                let at = b.len() / 2;
                b[at] ^= 1;
                b
            },
            "checksum",
        ),
    ] {
        let error = CityFile::parse(&bytes, &path).unwrap_err().to_string();
        assert!(error.contains(want), "{error} does not say {want}");
    }
}
