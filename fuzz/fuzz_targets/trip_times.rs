//! How long recorded trips took (`import::trip_times`), over three corners; the roads' week is learned from what is taken.
#![no_main]

use std::sync::OnceLock;

use doorstep_roads::{Roads, import, learn_week};
use libfuzzer_sys::fuzz_target;

const NODES: &str = "node,lon,lat\n1,-73.98,40.75\n2,-73.97,40.76\n3,-73.99,40.74\n";
const EDGES: &str = "from,to,length,speed\n1,2,1,30\n2,3,2,30\n3,1,1,30\n";

fn roads() -> &'static Roads {
    static ROADS: OnceLock<Roads> = OnceLock::new();
    ROADS.get_or_init(|| {
        Roads::build(import::tables(NODES.as_bytes(), EDGES.as_bytes()).expect("three corners in a circle").graph)
    })
}

fuzz_target!(|data: &[u8]| {
    let roads = roads();
    if let Ok((trips, _)) = import::trip_times(data, roads, 2_000.0) {
        let learned = learn_week(roads, &trips);
        assert!(learned.trips <= trips.len() && learned.profile.check(roads.graph().arc_count()).is_ok());
        assert!(learned.hour_factor.iter().all(|factor| factor.is_finite() && *factor > 0.0));
    }
});
