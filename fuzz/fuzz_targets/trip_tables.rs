//! Request and taxi tables of a replay, read over three corners. The readers take files, so the input becomes one.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use doorstep_city::replay::{read_requests, read_taxis};
use doorstep_roads::{Snapper, import};
use libfuzzer_sys::fuzz_target;

const NODES: &str = "node,lon,lat\n1,-73.98,40.75\n2,-73.97,40.76\n3,-73.99,40.74\n";
const EDGES: &str = "from,to,length,speed\n1,2,1,30\n2,3,2,30\n3,1,1,30\n";

fn corners() -> &'static (Snapper, PathBuf) {
    static CORNERS: OnceLock<(Snapper, PathBuf)> = OnceLock::new();
    CORNERS.get_or_init(|| {
        let graph = import::tables(NODES.as_bytes(), EDGES.as_bytes()).expect("three corners in a circle").graph;
        (Snapper::new(&graph), std::env::temp_dir().join(format!("doorstep-fuzz-{}.csv", std::process::id())))
    })
}

fuzz_target!(|data: &[u8]| {
    let (snapper, path) = corners();
    std::fs::write(path, data).expect("a temporary file can be written");
    let _ = read_requests(std::slice::from_ref(path), snapper, None, Some(1));
    let _ = read_taxis(path, snapper);
});
