//! Pictures: the header of any bytes, and a small thumbnail of them within tight limits.
#![no_main]

use std::time::Duration;

use doorstep_images::grammar::iopcmd;
use doorstep_images::{Format, Limits, probe, process};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(header) = probe(data) else { return };
    assert!(header.width > 0 && header.height > 0);
    // Their pixels come from a process of its own, which is not what is tried here.
    if matches!(header.format, Format::Avif | Format::Heic) {
        return;
    }
    let limits = Limits {
        source_pixels: 1_000_000,
        result_pixels: 1_000_000,
        memory_bytes: 64 << 20,
        frames: 4,
        time: Duration::from_secs(5),
        ..Limits::default()
    };
    let pipeline = iopcmd::parse("iopcmd=thumbnail&type=14&width=16&height=16|iopcmd=convert&dst=bmp").expect("known");
    if let Ok(output) = process(data, &pipeline, &limits, &|_| Err(String::new())) {
        assert!(output.width <= 16 && output.height <= 16);
    }
});
