//! The hierarchy against Dijkstra's algorithm, and the demo city as a whole.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use doorstep_geo::Point;
use doorstep_roads::{dijkstra_to, import, ArcRow, CityFile, RoadClass, RoadGraph, Roads, TravelTimes, WeekProfile, UNREACHABLE};
use proptest::prelude::*;

fn demo_graph() -> RoadGraph {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../demo/manhattan");
    let open = |name: &str| std::fs::File::open(dir.join(name)).unwrap();
    import::tables(open("road_nodes.csv.gz"), open("road_edges.csv.gz")).unwrap().graph
}

fn graphs() -> impl Strategy<Value = RoadGraph> {
    (2_usize..40, prop::collection::vec((any::<u32>(), any::<u32>(), 0_u32..5_000), 1..160)).prop_map(|(n, arcs)| {
        let corner = |i: usize| Point::new(40.0 + (i * 7919 % 97) as f64 * 1e-3, -73.0 - (i * 104_729 % 89) as f64 * 1e-3).unwrap();
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
        ({ let mut b = good.clone(); b[8] = 99; b }, "format 99"),
        ({ let mut b = good.clone(); let at = b.len() / 2; b[at] ^= 1; b }, "checksum"),
    ] {
        let error = CityFile::parse(&bytes, &path).unwrap_err().to_string();
        assert!(error.contains(want), "{error} does not say {want}");
    }
}
