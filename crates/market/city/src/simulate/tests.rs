//! The market of people on a small grid of streets.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use doorstep_clock::SeededRng;
use doorstep_geo::Resolution;
use doorstep_pricing::{DemandSignal, SurgeConfig};
use doorstep_roads::{CityFile, Hierarchy, WeekProfile, import};
use rand::RngExt as _;

use super::*;
use crate::replay::Request;

/// A grid of 24 by 24 corners, 300 m apart, 20 km/h, with rides between random corners: 20 a minute.
fn stage(cars: usize) -> Stage {
    let (mut nodes, mut edges) = ("node,lon,lat\n".to_owned(), "from,to,length,speed\n".to_owned());
    let side = 24;
    for row in 0..side {
        for column in 0..side {
            let id = row * side + column;
            let (lon, lat) = (-74.0 + f64::from(column) * 0.003_56, 40.7 + f64::from(row) * 0.002_7);
            writeln!(nodes, "{id},{lon},{lat}").unwrap();
            for (to, there) in [(id + 1, column + 1 < side), (id + side, row + 1 < side)] {
                if there {
                    writeln!(edges, "{id},{to},0.3,20\n{to},{id},0.3,20").unwrap();
                }
            }
        }
    }
    let graph = import::tables(nodes.as_bytes(), edges.as_bytes()).unwrap().graph;
    let hierarchy = Hierarchy::build(&graph);
    let week = WeekProfile::flat(graph.arc_count());
    let corners = graph.node_count() as u32;
    let mut rng = SeededRng::new(1, "simulate.test");
    let mut requests: Vec<Request> = (0..1_200)
        .map(|n| Request::plain(n * 3_000, rng.random_range(0..corners), rng.random_range(0..corners)))
        .collect();
    requests.retain(|r| r.node != r.to);
    let homes = (0..200).map(|_| rng.random_range(0..corners)).collect();
    let city = CityFile {
        id: "grid".to_owned(),
        name: "Grid".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "UTC".to_owned(),
        graph,
        hierarchy,
        week,
        sources: Vec::new(),
    };
    let town = Town::new(city, &requests, homes, Resolution::Eight).unwrap();
    let people = People { cars, ..People::default() };
    let surge = SurgeConfig { demand: DemandSignal::Orders, ..SurgeConfig::default() };
    Stage::new(town, people, surge, 1).unwrap()
}

#[test]
fn the_chase_is_there_with_a_flat_fare_and_not_with_surge() {
    let report = stage(320).wgc(&[0.5, 1.0, 2.0, 3.0], || {}).unwrap();
    assert!(report.flat_kept < 0.9, "{report:?}");
    assert!(report.surge_kept > 0.97 && report.surge_worst_step < 0.03, "{report:?}");
    let last = report.rows.last().unwrap();
    assert!(last.surge.rides_per_hour > 1.1 * last.flat.rides_per_hour, "{last:?}");
    assert!(last.surge.pickup_s < 0.6 * last.flat.pickup_s && last.surge.multiplier > 1.5, "{last:?}");
    // Where there is plenty of cars surge costs nothing and changes nothing.
    let first = report.rows[0];
    assert!(
        first.surge.multiplier < 1.01 && (first.surge.rides_per_hour / first.flat.rides_per_hour - 1.0).abs() < 0.02
    );
    assert!(Page::wgc(&report).ends_with("</html>\n"));
}

#[test]
fn without_surge_pickups_run_away_and_they_come_back_with_it() {
    let report = stage(320).outage(2.0, || {}).unwrap();
    assert!(report.eta_worst_s > 1.5 * report.eta_before_s, "{} {}", report.eta_worst_s, report.eta_before_s);
    // Near the target, which the outage leaves far behind.
    let target_s = SurgeConfig::default().target_pickup_s;
    assert!(report.eta_worst_with_surge_s < 1.4 * target_s, "{}", report.eta_worst_with_surge_s);
    assert!(report.eta_worst_s > 3.0 * target_s, "{}", report.eta_worst_s);
    assert!(report.recovered_after_min.unwrap() < 40);
    // Nothing differs until the outage begins.
    assert_eq!(report.outage[..84], report.surge[..84]);
    assert!(Page::outage(&report).contains("<polyline"));
}

#[test]
fn a_step_of_demand_does_not_swing() {
    let report = stage(320).step(2.0).unwrap();
    assert!(report.settled > report.before + 0.1, "{report:?}");
    assert!(report.rise_min.unwrap() < 30 && report.fall_min.unwrap() < 40);
    assert!(report.swing > -0.75, "{}", report.swing);
    assert!(Page::step(&report).contains("Multiplier"));
}

#[test]
fn the_same_seed_is_the_same_run_and_money_adds_up() {
    let stage = stage(320);
    let (a, b) = (stage.welfare(2, || {}).unwrap(), stage.welfare(2, || {}).unwrap());
    assert_eq!(a, b);
    for row in &a.rows {
        assert!((row.total - row.riders - row.drivers - row.platform).abs() < 1e-9);
    }
    for totals in [a.uniform, a.surge] {
        assert!((totals.gross - totals.pay - totals.platform).abs() < 1e-6 * totals.gross);
        assert!(totals.served <= totals.ordered && totals.served > 1_000);
        // The platform's commission of a fifth, to within rounding.
        assert!((totals.platform / totals.gross - 0.2).abs() < 0.01);
    }
    assert!(Page::welfare(&a).contains("uniform fare"));
}

#[test]
fn impossible_people_are_refused() {
    let people = People { elasticity: 0.0, ..People::default() };
    assert!(matches!(people.check(), Err(SimulateError::Setting { name: "--elasticity", .. })));
    let demand = Demand { curve: vec![(60.0, 1.0), (120.0, 3.0)], bursts: Vec::new(), swing: 0.0 };
    assert_eq!([0.0, 60.0, 90.0, 120.0, 500.0].map(|s| demand.at(s)), [1.0, 1.0, 2.0, 3.0, 3.0]);
}
