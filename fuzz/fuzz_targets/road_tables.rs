//! Node and edge tables: the input is cut in two at the first zero byte.
#![no_main]

use doorstep_roads::import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|b| *b == 0).unwrap_or(data.len());
    let (nodes, edges) = (&data[..cut], data.get(cut + 1..).unwrap_or_default());
    if let Ok(imported) = import::tables(nodes, edges) {
        assert!(imported.graph.is_sound());
    }
});
