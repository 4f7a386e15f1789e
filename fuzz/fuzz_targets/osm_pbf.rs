//! OSM PBF. Besides whole files, the input is tried as the uncompressed block of one blob, so that the fuzzer
//! need not learn zlib and lengths.
#![no_main]

use std::io::Cursor;

use doorstep_roads::import;
use libfuzzer_sys::fuzz_target;

fn import(bytes: &[u8]) {
    if let Ok(imported) = import::osm_pbf(Cursor::new(bytes)) {
        assert!(imported.graph.is_sound());
    }
}

fn varint(mut value: usize, into: &mut Vec<u8>) {
    while value > 0x7f {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fuzz_target!(|data: &[u8]| {
    import(data);
    let mut blob = vec![0x0a];
    varint(data.len(), &mut blob);
    blob.extend_from_slice(data);
    let mut header = b"\x0a\x07OSMData\x18".to_vec();
    varint(blob.len(), &mut header);
    let mut file = (header.len() as u32).to_be_bytes().to_vec();
    file.extend(header);
    file.extend(blob);
    import(&file);
});
