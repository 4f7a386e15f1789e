//! City files. The input is tried as it is and as the body behind a right header, so that the checksum does
//! not keep the fuzzer out.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use doorstep_roads::{CityFile, Roads};
use libfuzzer_sys::fuzz_target;

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    })
}

fn load(bytes: &[u8]) {
    if let Ok(city) = CityFile::parse(bytes, Path::new("city.bin")) {
        let nodes = city.graph.node_count() as u32;
        let roads = Roads::assemble(Arc::new(city.graph), Arc::new(city.hierarchy));
        if nodes > 0 {
            let _ = roads.route(0, nodes - 1);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    load(data);
    let mut file = b"DOORCITY".to_vec();
    file.extend(1_u32.to_le_bytes());
    file.extend(crc32(data).to_le_bytes());
    file.extend((data.len() as u64).to_le_bytes());
    file.extend_from_slice(data);
    load(&file);
});
