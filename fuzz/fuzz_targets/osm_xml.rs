//! OSM XML, plain or gzip: what is taken must be sound and routable.
#![no_main]

use std::io::Cursor;

use doorstep_roads::{Roads, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(imported) = import::osm_xml(Cursor::new(data)) {
        assert!(imported.graph.is_sound());
        let last = imported.graph.node_count() as u32 - 1;
        // Beyond 12 days' drive everything counts as unreachable.
        if imported.graph.arc_times_ms().iter().map(|t| u64::from(*t)).sum::<u64>() >= 1 << 30 {
            return;
        }
        assert!(Roads::build(imported.graph).route(0, last).is_some(), "the largest strong component is kept");
    }
});
